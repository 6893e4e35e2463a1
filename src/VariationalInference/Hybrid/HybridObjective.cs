namespace VariationalInference;

/// <summary>
/// The exact ELBO of a linear-Gaussian model in the parameters of an encoder, by alternating between encoder and coordinates, judged by the exact
/// amortization gap.
/// </summary>
internal sealed class HybridObjective : TrainingObjective<HybridRows, HybridProgress>
{
    private const double RequiredShareOfGap = 0.01;

    private readonly AmortizedBlock _complete;
    private readonly HybridOptions _options;
    private readonly IEncoder _encoder;
    private readonly HybridEvaluation _evaluation;

    /// <param name="model">The model.</param>
    /// <param name="complete">Its block of complete rows.</param>
    /// <param name="heldOut">The rows held out.</param>
    /// <param name="options">The options of the run.</param>
    /// <param name="encoder">The encoder to train, in place.</param>
    /// <param name="team">The threads to work with.</param>
    public HybridObjective(
        LinearGaussianModel model, AmortizedBlock complete, HybridRows heldOut, HybridOptions options, IEncoder encoder, ThreadTeam team)
    {
        _complete = complete;
        _options = options;
        _encoder = encoder;
        _evaluation = new HybridEvaluation(heldOut, complete, encoder, team);
        Fingerprint = FingerprintOf(model);
        using var fingerprint = new BitFingerprint();
        heldOut.AddTo(fingerprint);
        HeldOutFingerprint = fingerprint.Value();
    }

    /// <summary>Gets the mean log evidence of a held-out row, in nats.</summary>
    public double LogEvidence => _evaluation.LogEvidence;

    /// <summary>Gets the mean approximation gap of a held-out row, in nats.</summary>
    public double ApproximationGap => _evaluation.ApproximationGap;

    public override int BlockCount => 1;

    public override UInt128 Fingerprint { get; }

    public override string GivenName => "The model's numbers (prior, loadings, offset, noise variances)";

    public override UInt128 HeldOutFingerprint { get; }

    public override int NumbersCarriedByRow => _options.CoordinateSweeps is null ? 0 : _complete.Coordinate.Length;

    public override string CarriedName => "coordinate means";

    public override string CarriedOptions => "CoordinateSweeps and AmortizedLatents";

    /// <summary>Returns the largest number of threads that a run has work for.</summary>
    public static int MostThreads(long rows, int heldOut, HybridOptions options) =>
        Math.Max(BatchShape.Of(rows, options.BatchSize).Shards, HybridEvaluation.TileCount(heldOut));

    public override Memory<double> Block(int block) => _encoder.Parameters;

    public override void Prepare() => _encoder.Prepare();

    public override ITrainingWorker<HybridRows> NewWorker(int capacity, double[] carried) =>
        new HybridWorker(_complete, _options, _encoder, carried, capacity);

    public override TrainingJudgement Judge() => _evaluation.Judge();

    public override bool IsGoodEnough(double loss) => loss <= _options.GapTolerance;

    public override double RequiredImprovement(double loss) =>
        Math.Max(RequiredShareOfGap * loss, _options.ImprovementTolerance * Math.Abs(LogEvidence - ApproximationGap - loss));

    public override Exception Unjudgeable(double loss) => new NonFiniteValueException(
        Guard.Text($"The untrained encoder's mean amortization gap on the held-out rows is {loss}; its outputs must be finite."));

    public override HybridProgress Describe(in TrainingEpoch epoch) => new()
    {
        Epoch = epoch.Number,
        MaxEpochs = epoch.MaxEpochs,
        TrainingElbo = epoch.Objective,
        OptimizationGap = epoch.Shortfall,
        ValidationElbo = LogEvidence - ApproximationGap - epoch.Loss,
        ValidationLogEvidence = LogEvidence,
        AmortizationGap = epoch.Loss,
        ApproximationGap = ApproximationGap,
        LearningRate = epoch.LearningRate,
        Elapsed = epoch.Elapsed,
    };

    /// <summary>
    /// Requires that the held-out rows have the evidence that they had, all that a checkpoint without fingerprints is known by, and that the
    /// best parameters do here what they did there: the run builds on their gap, and reports it.
    /// </summary>
    public override void RequireSame(TrainingState<HybridProgress> checkpoint)
    {
        const double sameEvidence = 1e-9;
        double evidence = checkpoint.History[0].ValidationLogEvidence;
        if (!(Math.Abs(LogEvidence - evidence) <= sameEvidence * Math.Max(1, Math.Abs(evidence))))
        {
            throw new ArgumentException(
                Guard.Text($"The held-out rows have a mean log evidence of {LogEvidence} and had {evidence} at the checkpoint; the model, the rows, Seed, ShuffleRows and ValidationFraction must be the same."),
                nameof(checkpoint));
        }

        // Far above what single precision differs by from one processor to another.
        const double sameGap = 0.01;
        const double rounding = 1e-6;
        SetParameters(checkpoint.Best);
        double gap = Judge().Loss;
        SetParameters(checkpoint.Current);
        if (!(Math.Abs(gap - checkpoint.BestLoss) <= (sameGap * gap) + rounding))
        {
            throw new ArgumentException(
                Guard.Text($"The best parameters of the checkpoint have a mean amortization gap of {gap} on the held-out rows and had {checkpoint.BestLoss}; the model, the encoder, the rows and AmortizedLatents must be the same."),
                nameof(checkpoint));
        }
    }

    private static UInt128 FingerprintOf(LinearGaussianModel model)
    {
        using var fingerprint = new BitFingerprint();
        fingerprint.Add([model.LatentCount, model.ObservationCount]);
        fingerprint.Add(model.Offset.AsSpan());
        fingerprint.Add(model.NoiseVariances.AsSpan());
        fingerprint.Add(model.PriorMeans.AsSpan());
        fingerprint.Add(model.PriorVariances.AsSpan());
        fingerprint.Add(model.Loadings().ToRowMajorArray());
        if (!model.Prior.IsIndependent)
        {
            fingerprint.Add(model.Prior.CovarianceMatrix().ToRowMajorArray());
        }

        return fingerprint.Value();
    }
}
