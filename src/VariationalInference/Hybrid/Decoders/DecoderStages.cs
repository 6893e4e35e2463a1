using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>The stages in which training looks for a better start than the factor analysis of the rows.</summary>
/// <remarks>
/// <para>
/// Two things go wrong from there where rows lie along a curve. Noise variances of their own explain the few columns that a bent factor predicts
/// best, and call all others noise. And loadings move faster than a curve bends: they take its directions, and the curve folds up in what is left.
/// </para>
/// <para>
/// So at first only the level of the noise is learned, in the ratios of the observations' scales. Scouting finds loadings: wrong ones cost more than
/// a folded curve does. Holding begins again with new networks in what these loadings leave over, and does not move them. Either ends with the
/// best parameters seen, those of factor analysis among them: where looking did not help, training begins there, and a
/// stage that has not come as far by half its time is given up.
/// </para>
/// </remarks>
internal sealed class DecoderStages
{
    // What a curve in eight dimensions needs; two thirds of it were too few in a quarter of the trials.
    private const long Steps = 3_000;
    private const int MostEpochs = 30;

    // New networks bend under more noise than is left in the end: with less, they fold now and then.
    private const double Heat = 4;

    private readonly Lazy<RowMoments> _moments;
    private readonly DecoderParts _parts;
    private readonly DecoderOptions _options;
    private readonly double[] _scales;
    private readonly GaussianPrior _amortizedPrior;
    private readonly GaussianPrior? _linearPrior;

    /// <param name="moments">The moments of the training rows.</param>
    /// <param name="parts">What is trained.</param>
    /// <param name="model">The model, for its priors.</param>
    /// <param name="options">The options of the run.</param>
    /// <param name="scales">The scales of the observations.</param>
    public DecoderStages(Lazy<RowMoments> moments, DecoderParts parts, DecoderModel model, DecoderOptions options, double[] scales)
    {
        _moments = moments;
        _parts = parts;
        _options = options;
        _scales = scales;
        _amortizedPrior = model.AmortizedPrior;
        _linearPrior = model.LinearPrior;
    }

    /// <summary>Returns the stage to begin in.</summary>
    /// <param name="model">The model as it was given.</param>
    /// <param name="options">The options.</param>
    /// <param name="areNew">Whether both networks are of the library and new.</param>
    public static DecoderStage First(DecoderModel model, DecoderOptions options, bool areNew)
    {
        bool looks = areNew && options.Decoder && options.ExploringEpochs != 0 && !model.HasNoise;
        return options.NoiseVariances switch
        {
            VarianceLearning.Fixed => DecoderStage.Training,
            _ when looks && options.Loadings && !model.HasLoadings && model.LinearLatentCount > 0 => DecoderStage.BeforeScouting,
            VarianceLearning.Each when looks => DecoderStage.BeforeHolding,
            _ => DecoderStage.Training,
        };
    }

    /// <summary>Holds and ties what the stage holds and ties.</summary>
    public void Enter(DecoderStage stage)
    {
        _parts.Linear.HoldsLoadings = stage == DecoderStage.Holding;
        _parts.Linear.TiesNoise = stage is DecoderStage.Scouting or DecoderStage.Holding;
    }

    /// <summary>Goes over to the next stage if it is time to; returns whether parameters were written.</summary>
    /// <param name="state">Where training stands.</param>
    /// <param name="restore">Writes the best parameters so far.</param>
    public bool Change(TrainingState<DecoderProgress> state, Action restore)
    {
        var stage = (DecoderStage)state.Stage;
        int epochs = Epochs(state.RowCount);
        int end = state.BestEpoch > 0 ? state.StageEnd : state.StageEnd - (epochs / 2);
        bool isOver = stage is DecoderStage.Scouting or DecoderStage.Holding && state.Epoch >= end;
        DecoderStage next = stage switch
        {
            DecoderStage.BeforeScouting => DecoderStage.Scouting,
            DecoderStage.BeforeHolding => DecoderStage.Holding,
            DecoderStage.Scouting when isOver && state.BestEpoch > 0 => DecoderStage.Holding,
            _ when isOver => DecoderStage.Training,
            _ => stage,
        };
        if (next == stage)
        {
            return false;
        }

        if (isOver)
        {
            restore();
            _parts.Linear.Refresh();
        }

        (state.Stage, state.StageEnd) = ((int)next, state.Epoch + epochs);
        Enter(next);
        if (next != DecoderStage.Training)
        {
            Begin(next);
        }

        return true;
    }

    private int Epochs(long rows)
    {
        long steps = (rows + _options.BatchSizeFor(rows) - 1) / _options.BatchSizeFor(rows);
        return _options.ExploringEpochs ?? (int)Math.Clamp((Steps + steps - 1) / steps, 1, MostEpochs);
    }

    /// <summary>Begins a stage from the factor analysis of the rows with one level of noise, given the loadings if they are held.</summary>
    private void Begin(DecoderStage stage)
    {
        LinearPart linear = _parts.Linear;
        RowMoments moments = _moments.Value;
        bool given = stage == DecoderStage.Holding && linear.Count > 0;
        DecoderModel model = given || linear.Count == 0
            ? new DecoderModel(
                _parts.Decoder,
                given ? Matrix<double>.Build.DenseOfRowMajor(linear.Width, linear.Count, linear.Loadings) : null,
                _options.Offset ? moments.Means : linear.Offset,
                amortizedPrior: _amortizedPrior,
                linearPrior: _linearPrior)
            : new DecoderModel(_parts.Decoder, linear.Count);
        var start = new LinearStart(moments, model, _options.NoiseVariances, linear.Floor, _scales);
        if (stage == DecoderStage.Holding)
        {
            ((MlpEncoder)_parts.Encoder).Network.DrawWeights(StreamSeed.Of(_options.Seed, 5, 0));
            ((MlpDecoder)_parts.Decoder).Network.DrawWeights(StreamSeed.Of(_options.Seed, 5, 1));
        }

        start.Begin((MlpEncoder)_parts.Encoder, (MlpDecoder)_parts.Decoder, areDrawn: stage == DecoderStage.Holding);
        linear.Begin(start.Model, heat: stage == DecoderStage.Holding ? Heat : 1);
    }
}
