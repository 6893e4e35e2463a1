namespace VariationalInference;

/// <summary>Measures the ELBO of held-out rows with draws that never change, in opposite pairs.</summary>
internal sealed class DecoderJudge
{
    private const int TileDraws = 512;

    private readonly DecoderParts _parts;
    private readonly DecoderRows _rows;
    private readonly ThreadTeam _team;
    private readonly DecoderTile?[] _tiles;
    private readonly double[] _noise;
    private readonly double[] _elbo;
    private readonly RowReference<DecoderRows>[] _references;
    private readonly Action<int, int> _judgeTile;
    private readonly int _draws;
    private readonly int _tileRows;

    /// <param name="parts">The networks and the linear part.</param>
    /// <param name="rows">The held-out rows.</param>
    /// <param name="pairs">The number of pairs of draws a row.</param>
    /// <param name="seed">The seed of the draws.</param>
    /// <param name="team">The threads to work with.</param>
    public DecoderJudge(DecoderParts parts, DecoderRows rows, int pairs, int seed, ThreadTeam team)
    {
        _parts = parts;
        _rows = rows;
        _team = team;
        _draws = 2 * pairs;
        _tileRows = Math.Max(1, TileDraws / _draws);
        _tiles = new DecoderTile?[team.Size];
        _noise = OppositeDraws(rows.Count, pairs, parts.Prior.Count, seed);
        _elbo = new double[rows.Count];
        _references = [.. Enumerable.Range(0, rows.Count).Select(n => new RowReference<DecoderRows>(rows, n))];
        _judgeTile = JudgeTile;
    }

    /// <summary>Gets the standard error of the mean ELBO over the rows, as they were last judged.</summary>
    public double StandardError { get; private set; }

    /// <summary>Returns how many tiles there are, the most threads that have work.</summary>
    public static int TileCount(int rows, int pairs) => (rows + Math.Max(1, TileDraws / (2 * pairs)) - 1) / Math.Max(1, TileDraws / (2 * pairs));

    /// <summary>
    /// Draws ε of every row, draw by draw: a draw, then its opposite; scaled until each latent's squares average to one. So means and variances of a row's
    /// draws are those of its factors, and of a quadratic nothing but products of two latents is left to chance.
    /// </summary>
    public static double[] OppositeDraws(int rows, int pairs, int latents, int seed)
    {
        var noise = new double[checked(rows * 2 * pairs * latents)];
        var half = new double[pairs * latents];
        for (int n = 0; n < rows; n++)
        {
            NormalStream.Fill(StreamSeed.Of(seed, 3, n), half);
            for (int a = 0; a < latents; a++)
            {
                double squares = 0;
                for (int pair = 0; pair < pairs; pair++)
                {
                    squares += half[(pair * latents) + a] * half[(pair * latents) + a];
                }

                double scale = Math.Sqrt(pairs / squares);
                for (int pair = 0; pair < pairs; pair++)
                {
                    int at = (((n * pairs) + pair) * 2 * latents) + a;
                    noise[at] = scale * half[(pair * latents) + a];
                    noise[at + latents] = -noise[at];
                }
            }
        }

        return noise;
    }

    /// <summary>Judges the parameters as they are.</summary>
    public TrainingJudgement Judge()
    {
        _parts.Prepare();
        _team.Run((_rows.Count + _tileRows - 1) / _tileRows, _judgeTile);
        double sum = 0, least = double.PositiveInfinity;
        foreach (double elbo in _elbo)
        {
            sum += elbo;
            least = Math.Min(least, elbo);
        }

        double mean = sum / _elbo.Length;
        double squares = 0;
        foreach (double elbo in _elbo)
        {
            squares += (elbo - mean) * (elbo - mean);
        }

        StandardError = Math.Sqrt(squares / (_elbo.Length - 1) / _elbo.Length);
        return new TrainingJudgement(-mean, -least);
    }

    private void JudgeTile(int member, int number)
    {
        DecoderTile tile = _tiles[member] ??= new DecoderTile(_parts, Math.Min(_tileRows, _rows.Count), _draws);
        int first = number * _tileRows;
        int count = Math.Min(_tileRows, _rows.Count - first);
        int perRow = _draws * _parts.Prior.Count;
        tile.Load(_references.AsSpan(first, count));
        tile.Evaluate(_noise.AsSpan(first * perRow, count * perRow));
        for (int place = 0; place < count; place++)
        {
            double likelihood = 0;
            foreach (double value in tile.Values(place))
            {
                likelihood += value;
            }

            _elbo[first + tile.RowAt(place)] = (likelihood / _draws) - _parts.Prior.Divergence(tile.Means(place), tile.LogVariances(place));
        }
    }
}
