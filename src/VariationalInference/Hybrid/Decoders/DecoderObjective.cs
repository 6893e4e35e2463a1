namespace VariationalInference;

/// <summary>The ELBO in the parameters of encoder, decoder and linear part, judged on held-out rows with draws that never change.</summary>
internal sealed class DecoderObjective : TrainingObjective<DecoderRows, DecoderProgress>
{
    private readonly DecoderParts _parts;
    private readonly DecoderOptions _options;
    private readonly DecoderStages _stages;
    private readonly DecoderJudge _judge;

    /// <param name="parts">What is trained, in place.</param>
    /// <param name="heldOut">The rows held out.</param>
    /// <param name="options">The options of the run.</param>
    /// <param name="stages">How training looks for its start.</param>
    /// <param name="first">The stage to begin in.</param>
    /// <param name="team">The threads to work with.</param>
    public DecoderObjective(DecoderParts parts, DecoderRows heldOut, DecoderOptions options, DecoderStages stages, DecoderStage first, ThreadTeam team)
    {
        _parts = parts;
        _options = options;
        _stages = stages;
        FirstStage = (int)first;
        _judge = new DecoderJudge(parts, heldOut, options.JudgePairs, options.Seed, team);
        Fingerprint = FingerprintOf(parts, options);
        using var fingerprint = new BitFingerprint();
        heldOut.AddTo(fingerprint);
        HeldOutFingerprint = fingerprint.Value();
    }

    public override int BlockCount => 3;

    public override int FirstStage { get; }

    public override UInt128 Fingerprint { get; }

    public override string GivenName => "The given numbers (sizes, priors, what is learned, and what is not)";

    public override UInt128 HeldOutFingerprint { get; }

    public override int NumbersCarriedByRow => 0;

    public override string CarriedName => "numbers of rows";

    public override string CarriedOptions => "the rows and options";

    public override Memory<double> Block(int block) => block switch
    {
        0 => _parts.Encoder.Parameters,
        1 => _parts.Decoder.Parameters,
        _ => _parts.Linear.Parameters,
    };

    public override void Prepare() => _parts.Prepare();

    public override ITrainingWorker<DecoderRows> NewWorker(int capacity, double[] carried) => new DecoderWorker(_parts, _options, capacity);

    public override TrainingJudgement Judge() => _judge.Judge();

    public override bool IsExploring(int stage) => stage != (int)DecoderStage.Training;

    public override bool ChangeStage(TrainingState<DecoderProgress> state) => _stages.Change(state, () => SetParameters(state.Best));

    public override bool IsGoodEnough(double loss) => false;

    public override double RequiredImprovement(double loss) => _options.ImprovementTolerance * _judge.StandardError;

    public override Exception Unjudgeable(double loss) => new NonFiniteValueException(
        Guard.Text($"The mean ELBO of the held-out rows is {-loss} before training; the outputs of encoder and decoder must be finite."));

    public override DecoderProgress Describe(in TrainingEpoch epoch) => new()
    {
        Epoch = epoch.Number,
        MaxEpochs = epoch.MaxEpochs,
        TrainingElbo = epoch.Objective,
        ValidationElbo = -epoch.Loss,
        ValidationStandardError = _judge.StandardError,
        LearningRate = epoch.LearningRate,
        IsExploring = epoch.Number > 0 && IsExploring(epoch.Stage),
        Elapsed = epoch.Elapsed,
    };

    /// <summary>Rows and given numbers are known by their fingerprints: there is nothing more to compare.</summary>
    public override void RequireSame(TrainingState<DecoderProgress> checkpoint)
    {
    }

    private static UInt128 FingerprintOf(DecoderParts parts, DecoderOptions options)
    {
        LinearPart linear = parts.Linear;
        using var fingerprint = new BitFingerprint();
        fingerprint.Add(
        [
            parts.Prior.Count,
            linear.Count,
            linear.Width,
            linear.Floor,
            options.Loadings ? 1 : 0,
            options.Offset ? 1 : 0,
            (int)options.NoiseVariances,
            options.Decoder ? 1 : 0,
            options.JudgePairs,
        ]);
        fingerprint.Add(parts.Prior.Numbers);
        fingerprint.Add(linear.GivenNumbers);
        return fingerprint.Value();
    }
}
