namespace VariationalInference;

/// <summary>Evaluates rows: each with fresh independent draws, and some of them refined.</summary>
internal sealed class DecoderEvaluator
{
    private const int RefinementPairs = 32;

    private readonly DecoderParts _parts;
    private readonly DecoderRows _rows;
    private readonly int _draws;
    private readonly int _seed;
    private readonly RowBound[] _encoded;
    private readonly RowBound[] _refined;
    private readonly double[] _amortizationGaps;
    private readonly double[][] _divergences;

    /// <param name="parts">The networks and the linear part.</param>
    /// <param name="rows">The rows.</param>
    /// <param name="draws">The number of draws a row.</param>
    /// <param name="refined">The number of rows to refine, the first ones.</param>
    /// <param name="seed">The seed of the draws.</param>
    public DecoderEvaluator(DecoderParts parts, DecoderRows rows, int draws, int refined, int seed)
    {
        _parts = parts;
        _rows = rows;
        _draws = draws;
        _seed = seed;
        _encoded = new RowBound[rows.Count];
        _refined = new RowBound[Math.Min(refined, rows.Count)];
        _amortizationGaps = new double[_refined.Length];
        _divergences = new double[rows.Count][];
    }

    /// <summary>Evaluates all rows.</summary>
    /// <param name="maxThreads">The largest number of threads.</param>
    /// <param name="refuses">Whether a row of which nothing finite can be said ends the work; otherwise the means say so, and it is not refined.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <exception cref="OperationCanceledException">The work was cancelled.</exception>
    /// <exception cref="NonFiniteValueException">There is such a row.</exception>
    public DecoderEvaluation Run(int maxThreads, bool refuses, CancellationToken cancellationToken)
    {
        var refinement = new RowRefinement(_parts, RefinementPairs, StreamSeed.Of(_seed, 5, 0));
        using var team = new ThreadTeam(Math.Min(maxThreads, _rows.Count));
        var tiles = new DecoderTile?[team.Size];
        team.Run(_rows.Count, (member, n) =>
        {
            cancellationToken.ThrowIfCancellationRequested();
            Evaluate(tiles[member] ??= new DecoderTile(_parts, capacity: 1, _draws), n, refinement, refuses, cancellationToken);
        });
        return Sum();
    }

    private void Evaluate(DecoderTile tile, int n, RowRefinement refinement, bool refuses, CancellationToken cancellationToken)
    {
        int latents = _parts.Prior.Count;
        var noise = new double[_draws * latents];
        NormalStream.Fill(StreamSeed.Of(_seed, 4, n), noise);
        tile.Load([new RowReference<DecoderRows>(_rows, n)]);
        double[] means = [.. tile.Means(0)], logVariances = [.. tile.LogVariances(0)];
        _divergences[n] = [.. means.Select((mean, a) => _parts.Prior.Divergence(a, mean, logVariances[a]))];
        tile.Evaluate(noise);
        if (refuses)
        {
            tile.RequireFinite(place: 0, n);
        }

        _encoded[n] = Bound(tile);
        if (n >= _refined.Length || !double.IsFinite(_encoded[n].Elbo))
        {
            return;
        }

        var row = new DecoderRows(_rows.Observations(n));
        var start = new MeanFieldGaussian(means, [.. logVariances.Select(Math.Exp)]);
        MeanFieldGaussian best = refinement.Refine(row, start, cancellationToken);
        tile.Load(row, best.Means.AsSpan(), [.. best.Variances.Select(Math.Log)]);
        tile.Evaluate(noise);
        _refined[n] = Bound(tile);
        _amortizationGaps[n] = _refined[n].Elbo - _encoded[n].Elbo;
    }

    /// <summary>Works out the bounds of the row in a tile: log p(x, z) − log q(z) = log p(x | z) + log p(z) + ½ Σ (ε² + ρ + log 2π).</summary>
    private RowBound Bound(DecoderTile tile)
    {
        int latents = _parts.Prior.Count;
        var weights = new double[_draws];
        var gradient = new double[latents];
        double constant = 0.5 * latents * Math.Log(2 * Math.PI);
        foreach (double logVariance in tile.LogVariances(0))
        {
            constant += 0.5 * logVariance;
        }

        double likelihood = 0, largest = double.NegativeInfinity;
        for (int draw = 0; draw < _draws; draw++)
        {
            double square = 0;
            foreach (double noise in tile.Noise(draw))
            {
                square += noise * noise;
            }

            double value = tile.Values(0)[draw];
            likelihood += value;
            weights[draw] = value + _parts.Prior.LogDensity(tile.Drawn(draw), gradient) + (0.5 * square) + constant;
            largest = Math.Max(largest, weights[draw]);
        }

        double mean = likelihood / _draws;
        double squares = 0, sum = 0;
        for (int draw = 0; draw < _draws; draw++)
        {
            double difference = tile.Values(0)[draw] - mean;
            squares += difference * difference;
            sum += Math.Exp(weights[draw] - largest);
        }

        return new RowBound(
            mean - _parts.Prior.Divergence(tile.Means(0), tile.LogVariances(0)),
            squares / (_draws - 1) / _draws,
            largest + Math.Log(sum / _draws),
            ParetoTail.Shape(weights));
    }

    private DecoderEvaluation Sum()
    {
        double[] elbos = [.. _encoded.Select(row => row.Elbo)];
        double[] weighted = [.. _encoded.Select(row => row.Weighted)];
        double[] shapes = [.. _refined.Select(row => row.Shape).Order()];
        return new DecoderEvaluation
        {
            RowCount = elbos.Length,
            DrawCount = _draws,
            Elbo = elbos.Average(),
            ElboStandardError = StandardError(elbos),
            ElboMonteCarloError = Math.Sqrt(_encoded.Sum(row => row.DrawVariance)) / elbos.Length,
            ImportanceWeightedBound = weighted.Average(),
            ImportanceWeightedStandardError = StandardError(weighted),
            LowestElbo = elbos.Min(),
            LatentDivergences = [.. Enumerable.Range(0, _parts.Prior.Count).Select(a => _divergences.Average(row => row[a]))],
            RefinedRowCount = _refined.Length,
            AmortizationGap = _refined.Length == 0 ? double.NaN : _amortizationGaps.Average(),
            AmortizationGapStandardError = StandardError(_amortizationGaps),
            ApproximationGap = _refined.Length == 0 ? double.NaN : _refined.Average(row => row.Weighted - row.Elbo),
            ParetoShape = shapes.Length == 0 ? double.NaN : shapes[shapes.Length / 2],
        };
    }

    private static double StandardError(double[] values)
    {
        if (values.Length < 2)
        {
            return double.NaN;
        }

        double mean = values.Average();
        return Math.Sqrt(values.Sum(value => (value - mean) * (value - mean)) / (values.Length - 1) / values.Length);
    }

    /// <summary>What a row comes to.</summary>
    /// <param name="Elbo">Its ELBO.</param>
    /// <param name="DrawVariance">The variance of that by its draws.</param>
    /// <param name="Weighted">Its importance-weighted bound.</param>
    /// <param name="Shape">The Pareto shape of its weights.</param>
    private readonly record struct RowBound(double Elbo, double DrawVariance, double Weighted, double Shape);
}
