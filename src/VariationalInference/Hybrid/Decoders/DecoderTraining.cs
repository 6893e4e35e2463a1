using System.Collections.Immutable;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>Sets up one training run of a <see cref="DecoderModel"/>, and makes a result of how it ended.</summary>
internal sealed class DecoderTraining
{
    private readonly DecoderModel _model;
    private readonly IEncoder _encoder;
    private readonly TrainingRows<DecoderRows> _rows;
    private readonly Lazy<RowMoments> _moments;
    private readonly DecoderRows _heldOut;
    private readonly DecoderOptions _options;

    public DecoderTraining(DecoderModel model, IEncoder encoder, TrainingRows<DecoderRows> rows, DecoderRows heldOut, DecoderOptions options)
    {
        _model = model;
        _encoder = encoder;
        _rows = rows;
        _moments = new Lazy<RowMoments>(() => new RowMoments(_rows, _model.ObservationCount));
        _heldOut = heldOut;
        _options = options;
    }

    /// <summary>Begins from the factor analysis of the rows.</summary>
    public DecoderResult Begin(IProgress<DecoderProgress>? progress, CancellationToken cancellationToken)
    {
        RowMoments moments = _moments.Value;
        int column = Array.FindIndex(moments.Variances, static variance => !double.IsFinite(variance));
        if (column >= 0)
        {
            throw new NonFiniteValueException(Guard.Text($"The variance of column {column} of the training rows is {moments.Variances[column]}; it must be finite."));
        }

        double floor = _options.NoiseFloor ?? LinearStart.DefaultFloor(moments);
        var start = new LinearStart(moments, _model, _options.NoiseVariances, floor);
        double[] scales = Scales(moments, floor);
        IEncoder encoder = EncoderFile.Copy(_encoder, nameof(encoder));
        IDecoder decoder = _model.Decoder.Clone();
        bool areNew = Calibrate(encoder, decoder, moments, start, scales);
        var linear = new LinearPart(start.Model, scales, floor, Learning());
        var parts = new DecoderParts(encoder, decoder, linear, _model.AmortizedPrior);
        return Run(parts, scales, DecoderStages.First(_model, _options, areNew), resumed: null, progress, cancellationToken);
    }

    /// <summary>Goes on from a checkpoint.</summary>
    public DecoderResult Resume(DecoderCheckpoint checkpoint, IProgress<DecoderProgress>? progress, CancellationToken cancellationToken)
    {
        var linear = new LinearPart(_model, checkpoint.Scales.AsSpan(), checkpoint.NoiseFloor, Learning());
        var parts = new DecoderParts(EncoderFile.Copy(_encoder, "encoder"), _model.Decoder.Clone(), linear, _model.AmortizedPrior);
        int count = parts.Encoder.Parameters.Length + parts.Decoder.Parameters.Length + linear.Parameters.Length;
        if (count != checkpoint.State.Current.Length)
        {
            throw new ArgumentException(
                Guard.Text($"The checkpoint has {checkpoint.State.Current.Length} parameters and these options {count}; Loadings, Offset and NoiseVariances must be as they were."),
                nameof(checkpoint));
        }

        if (checkpoint.State.Stage != (int)DecoderStage.Training)
        {
            // What reading chunks may throw is thrown before training goes on.
            _ = _moments.Value;
        }

        return Run(parts, [.. checkpoint.Scales], (DecoderStage)checkpoint.State.Stage, checkpoint.State, progress, cancellationToken);
    }

    /// <summary>Returns which numbers of a model options let be learned.</summary>
    public static LinearLearning LearningOf(DecoderOptions options, DecoderModel model) =>
        new(options.Loadings && model.LinearLatentCount > 0, options.Offset, options.NoiseVariances);

    private LinearLearning Learning() => LearningOf(_options, _model);

    /// <summary>
    /// Returns the scale of each observation: one for all when they look like readings of one kind, else each column's own deviation. One scale keeps
    /// columns that hardly vary from being blown up, which is what new rows would then trip over.
    /// </summary>
    private static double[] Scales(RowMoments moments, double floor)
    {
        // Readings of one kind may hardly vary, but do not vary by far more than the others.
        const double sameKind = 5;
        double[] deviations = [.. moments.Variances.Select(variance => Math.Sqrt(Math.Max(variance, floor)))];
        double[] ordered = [.. deviations.Order()];
        double middle = ordered[ordered.Length / 2];
        double root = Math.Sqrt(deviations.Average(deviation => deviation * deviation));
        return ordered[^1] <= sameKind * middle ? [.. deviations.Select(_ => root)] : deviations;
    }

    /// <summary>Gives the networks their scales, and those of the library that were never calibrated the factors to begin with; returns whether it did.</summary>
    private bool Calibrate(IEncoder encoder, IDecoder decoder, RowMoments moments, LinearStart start, double[] scales)
    {
        GaussianPrior prior = _model.AmortizedPrior;
        ImmutableArray<double> deviations = [.. prior.Variances.Select(Math.Sqrt)];
        ImmutableArray<double> variances = [.. prior.Variances.Select((variance, a) => variance * start.Variances[a])];
        bool bothNew = encoder is MlpEncoder { IsCalibrated: false } && decoder is MlpDecoder { IsCalibrated: false } && prior.IsIndependent;
        encoder.Calibrate(new EncoderScales(
            [.. moments.Means], [.. scales], prior.Means, deviations, bothNew ? variances : prior.Variances));
        decoder.Calibrate(new NetworkScales(prior.Means, deviations, [.. new double[scales.Length]], [.. scales]));
        if (bothNew)
        {
            start.Begin((MlpEncoder)encoder, (MlpDecoder)decoder, areDrawn: true);
        }

        return bothNew;
    }

    private DecoderResult Run(
        DecoderParts parts,
        double[] scales,
        DecoderStage stage,
        TrainingState<DecoderProgress>? resumed,
        IProgress<DecoderProgress>? progress,
        CancellationToken cancellationToken)
    {
        TrainingOptions options = _options.Training(_rows.Count);
        int most = Math.Max(BatchShape.Of(_rows.Count, options.BatchSize).Shards, DecoderJudge.TileCount(_heldOut.Count, _options.JudgePairs));
        using var team = new ThreadTeam(Math.Min(_options.MaxThreads, most));
        var stages = new DecoderStages(_moments, parts, _model, _options, scales);
        stages.Enter(stage);
        var objective = new DecoderObjective(parts, _heldOut, _options, stages, stage, team);
        if (resumed is not null)
        {
            objective.SetParameters(resumed.Current);
        }

        var run = new TrainingLoop<DecoderRows, DecoderProgress>(
            _rows, objective, options, resumed, team, SaveTo(_options.CheckpointPath, parts, scales), progress, cancellationToken);
        StopReason reason = run.Run();
        parts.Prepare();
        TrainingState<DecoderProgress> state = run.State;
        DecoderModel model = ModelOf(parts);
        var checkpoint = new DecoderCheckpoint(model, parts.Encoder, _options, [.. scales], parts.Linear.Floor, run.Resumable);
        var evaluator = new DecoderEvaluator(parts, _heldOut, _options.FinalDraws, _options.RefinedRows, _options.Seed);
        DecoderEvaluation evaluation = evaluator.Run(_options.MaxThreads, refuses: false, CancellationToken.None);
        return new DecoderResult(model, parts.Encoder, checkpoint, evaluation)
        {
            ElboLimit = -state.LargestLoss,
            StopReason = reason,
            History = state.History,
            BestEpoch = state.BestEpoch,
            Failure = run.Failure,
            CheckpointFailure = run.CheckpointFailure,
        };
    }

    /// <summary>Returns what saves a state on the way, with networks of its best parameters; null where nothing is saved.</summary>
    private Action<TrainingState<DecoderProgress>>? SaveTo(string? path, DecoderParts parts, double[] scales) => path is null ? null : state =>
    {
        IEncoder encoder = EncoderFile.Copy(parts.Encoder, nameof(encoder));
        IDecoder decoder = parts.Decoder.Clone();
        var linear = new LinearPart(ModelOf(parts), scales, parts.Linear.Floor, Learning());
        ReadOnlySpan<double> best = state.Best;
        best[..encoder.Parameters.Length].CopyTo(encoder.Parameters.Span);
        best.Slice(encoder.Parameters.Length, decoder.Parameters.Length).CopyTo(decoder.Parameters.Span);
        best[(encoder.Parameters.Length + decoder.Parameters.Length)..].CopyTo(linear.Parameters);
        var own = new DecoderParts(encoder, decoder, linear, _model.AmortizedPrior);
        new DecoderCheckpoint(ModelOf(own), encoder, _options, [.. scales], linear.Floor, state).Save(path);
    };

    private DecoderModel ModelOf(DecoderParts parts) => new(
        parts.Decoder,
        parts.Linear.Count == 0 ? null : Matrix<double>.Build.DenseOfRowMajor(parts.Linear.Width, parts.Linear.Count, parts.Linear.Loadings),
        parts.Linear.Offset,
        parts.Linear.NoiseVariances,
        _model.AmortizedPrior,
        _model.LinearPrior)
    {
        ObservationNames = _model.ObservationNames,
        AmortizedLatentNames = _model.AmortizedLatentNames,
        LinearLatentNames = _model.LinearLatentNames,
    };
}
