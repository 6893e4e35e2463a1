namespace VariationalInference;

/// <summary>What is known of held-out rows, and how an encoder does on them.</summary>
internal sealed class HybridEvaluation
{
    private const int TileRows = 256;

    private readonly HybridRows _rows;
    private readonly IEncoder _encoder;
    private readonly ShardTeam _team;
    private readonly HybridJudge[] _workers;
    private readonly Action<int> _evaluate;
    private readonly (double Sum, double Largest)[] _tiles;

    /// <param name="rows">The held-out rows.</param>
    /// <param name="complete">The block of complete rows.</param>
    /// <param name="encoder">The encoder in training.</param>
    /// <param name="team">The threads to work with.</param>
    public HybridEvaluation(HybridRows rows, AmortizedBlock complete, IEncoder encoder, ShardTeam team)
    {
        _rows = rows;
        _encoder = encoder;
        _team = team;
        _tiles = new (double, double)[TileCount(rows.Count)];
        int shares = Math.Min(team.Size, _tiles.Length);
        _workers = [.. Enumerable.Range(0, shares).Select(_ =>
            new HybridJudge(rows, complete, encoder, Math.Min(TileRows, rows.Count)))];
        _evaluate = EvaluateShare;
        var whitened = new double[encoder.ObservationCount];
        var residual = new double[encoder.ObservationCount];
        var optimum = new double[complete.Shape.LatentCount];
        for (int n = 0; n < rows.Count; n++)
        {
            (AmortizedBlock block, double likelihoodBase) = rows.Condition(rows.Observations(n), whitened);
            SharedShape shape = block.Shape;
            ReadOnlySpan<double> w = whitened.AsSpan(0, shape.Rank);
            shape.GoToOptimum(w, optimum);
            LogEvidence += shape.LogEvidence(w, optimum, likelihoodBase, residual.AsSpan(0, shape.Rank)) / rows.Count;
            ApproximationGap += shape.ApproximationGap / rows.Count;
        }
    }

    /// <summary>Returns the number of tiles, each the work of one thread at a time, that rows are cut into.</summary>
    public static int TileCount(int rows) => ((rows - 1) / TileRows) + 1;

    /// <summary>Gets the mean log evidence of a row, in nats.</summary>
    public double LogEvidence { get; }

    /// <summary>Gets the mean approximation gap of a row, in nats.</summary>
    public double ApproximationGap { get; }

    /// <summary>Computes the mean and the largest amortization gap of a row, in nats; not finite when the encoder's outputs are not.</summary>
    public TrainingJudgement Judge()
    {
        _encoder.Prepare();
        _team.Run(_workers.Length, _evaluate);
        double sum = 0;
        double largest = 0;
        foreach ((double tileSum, double tileLargest) in _tiles)
        {
            sum += tileSum;
            largest = Math.Max(largest, tileLargest);
        }

        return new TrainingJudgement(sum / _rows.Count, largest);
    }

    /// <summary>Evaluates the tiles of one share; the result of a tile does not depend on the thread that evaluates it.</summary>
    private void EvaluateShare(int share)
    {
        for (int tile = share; tile < _tiles.Length; tile += _workers.Length)
        {
            int first = tile * TileRows;
            _tiles[tile] = _workers[share].Judge(first, Math.Min(TileRows, _rows.Count - first));
        }
    }
}
