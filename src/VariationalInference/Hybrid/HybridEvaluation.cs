namespace VariationalInference;

/// <summary>What is known of held-out rows, and how an encoder does on them.</summary>
internal sealed class HybridEvaluation
{
    private const int TileRows = 256;

    private readonly HybridRows _rows;
    private readonly AmortizedBlock _complete;
    private readonly IEncoder _encoder;
    private readonly ThreadTeam _team;
    private readonly HybridJudge?[] _workers;
    private readonly Action<int, int> _evaluate;
    private readonly (double Sum, double Largest)[] _tiles;

    /// <param name="rows">The held-out rows.</param>
    /// <param name="complete">The block of complete rows.</param>
    /// <param name="encoder">The encoder in training.</param>
    /// <param name="team">The threads to work with.</param>
    public HybridEvaluation(HybridRows rows, AmortizedBlock complete, IEncoder encoder, ThreadTeam team)
    {
        _rows = rows;
        _complete = complete;
        _encoder = encoder;
        _team = team;
        _tiles = new (double, double)[TileCount(rows.Count)];
        _workers = new HybridJudge?[team.Size];
        _evaluate = Evaluate;
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
        _team.Run(_tiles.Length, _evaluate);
        double sum = 0;
        double largest = 0;
        foreach ((double tileSum, double tileLargest) in _tiles)
        {
            sum += tileSum;
            largest = Math.Max(largest, tileLargest);
        }

        return new TrainingJudgement(sum / _rows.Count, largest);
    }

    /// <summary>Evaluates a tile; the result does not depend on the thread that does.</summary>
    private void Evaluate(int member, int tile)
    {
        int first = tile * TileRows;
        HybridJudge judge = _workers[member] ??= new HybridJudge(_rows, _complete, _encoder, Math.Min(TileRows, _rows.Count));
        _tiles[tile] = judge.Judge(first, Math.Min(TileRows, _rows.Count - first));
    }
}
