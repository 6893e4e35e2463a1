using System.Collections.Immutable;
using System.Diagnostics;
using System.Numerics.Tensors;
using MathNet.Numerics;
using MathNet.Numerics.Random;

namespace VariationalInference;

/// <summary>One training run: the alternation of section 5.1.3 over minibatches, with the exact held-out gap as its judge.</summary>
internal sealed class HybridTraining : IDisposable
{
    private const double RateReduction = 0.5;
    private const double SmallestRateFactor = 1e-3;
    private const double RequiredImprovement = 0.01;
    private const double AveragingEpochs = 3;

    // Shards are cut by the size of the batch alone, so that results do not depend on the number of threads.
    private const int PreferredShards = 8;
    private const int SmallestShard = 64;
    private const int LargestShard = 256;

    private readonly HybridRows _validation;
    private readonly AmortizedBlock _block;
    private readonly HybridOptions _options;
    private readonly IEncoder _encoder;
    private readonly HybridEvaluation _evaluation;
    private readonly OptimizerState _optimizer;
    private readonly HybridShard[] _shards;
    private readonly ShardTeam _team;
    private readonly double[] _currentParameters;
    private readonly int _shardRows;
    private readonly double[] _gradient;
    private readonly double[] _bestParameters;
    private readonly double[] _averageParameters;
    private readonly double _averageRate;
    private readonly int[] _order;
    private readonly IProgress<HybridProgress>? _progress;
    private readonly CancellationToken _cancellation;
    private readonly ImmutableArray<HybridProgress>.Builder _history = ImmutableArray.CreateBuilder<HybridProgress>();
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private double _rateFactor = 1;
    private long _step;

    // The minibatch at work.
    private int _first;
    private int _size;

    public HybridTraining(
        HybridRows training,
        HybridRows validation,
        AmortizedBlock block,
        HybridOptions options,
        IEncoder encoder,
        IProgress<HybridProgress>? progress,
        CancellationToken cancellation)
    {
        _validation = validation;
        _block = block;
        _options = options;
        _encoder = encoder;
        _progress = progress;
        _cancellation = cancellation;
        _evaluation = new HybridEvaluation(validation, block, encoder);
        _optimizer = options.Optimizer.CreateState(encoder.Parameters.Length);
        double[]? state = options.CoordinateSweeps is null ? null : new double[training.Count * block.Coordinate.Length];
        int batch = Math.Min(options.BatchSize, training.Count);
        _shardRows = Math.Clamp(batch / PreferredShards, SmallestShard, LargestShard);
        int shards = (batch + _shardRows - 1) / _shardRows;
        _shards = [.. Enumerable.Range(0, shards).Select(_ => new HybridShard(training, block, options, encoder, state, _shardRows))];
        int threads = options.MaxDegreeOfParallelism == -1 ? Environment.ProcessorCount : options.MaxDegreeOfParallelism;
        _team = new ShardTeam(Math.Min(threads, shards), RunShard);
        _gradient = new double[encoder.Parameters.Length];
        _currentParameters = encoder.Parameters.ToArray();
        _bestParameters = encoder.Parameters.ToArray();
        _averageParameters = encoder.Parameters.ToArray();
        double steps = Math.Ceiling((double)training.Count / options.BatchSize);
        _averageRate = 1 / (1 + (AveragingEpochs * steps));
        _order = [.. Enumerable.Range(0, training.Count)];
    }

    public ImmutableArray<HybridProgress> History => _history.ToImmutable();

    /// <summary>Gets the gap of the parameters that the run leaves in the encoder.</summary>
    public double BestGap { get; private set; }

    public int BestEpoch { get; private set; }

    public void Dispose() => _team.Dispose();

    /// <summary>Trains; whatever ends the run, the encoder is left with the best parameters seen.</summary>
    public HybridStopReason Run()
    {
        BestGap = _evaluation.MeanGap();
        if (!double.IsFinite(BestGap))
        {
            throw new NonFiniteValueException(
                Guard.Text($"The untrained encoder's mean amortization gap on the held-out rows is {BestGap}; its outputs must be finite."));
        }

        Report(epoch: 0, trainingElbo: double.NaN, BestGap);
        HybridStopReason? reason = BestGap <= _options.GapTolerance ? HybridStopReason.GapBelowTolerance : null;
        int waited = 0;
        for (int epoch = 1; reason is null; epoch++)
        {
            double before = BestGap;
            double trainingElbo = RunEpoch(epoch);
            double gap = Judge(epoch);
            Report(epoch, trainingElbo, gap);
            waited = BestGap < before * (1 - RequiredImprovement) ? 0 : waited + 1;
            if (waited >= _options.Patience)
            {
                waited = 0;
                _rateFactor *= RateReduction;
                _bestParameters.CopyTo(_encoder.Parameters);
                _bestParameters.CopyTo(_averageParameters.AsSpan());
            }

            reason = Stop(epoch, gap);
        }

        _bestParameters.CopyTo(_encoder.Parameters);
        return reason.Value;
    }

    private HybridStopReason? Stop(int epoch, double gap) => gap switch
    {
        _ when BestGap <= _options.GapTolerance => HybridStopReason.GapBelowTolerance,
        _ when !double.IsFinite(gap) => HybridStopReason.Diverged,
        _ when _cancellation.IsCancellationRequested => HybridStopReason.Cancelled,
        _ when _rateFactor < SmallestRateFactor => HybridStopReason.NoImprovement,
        _ when epoch >= _options.MaxEpochs => HybridStopReason.EpochLimit,
        _ => null,
    };

    /// <summary>Measures the current parameters and their running average, keeps the best, and returns the smaller gap.</summary>
    private double Judge(int epoch)
    {
        double gap = _evaluation.MeanGap();
        KeepIfBest(gap, epoch);
        _encoder.Parameters.CopyTo(_currentParameters);
        _averageParameters.CopyTo(_encoder.Parameters);
        double averageGap = _evaluation.MeanGap();
        KeepIfBest(averageGap, epoch);
        _currentParameters.CopyTo(_encoder.Parameters);
        return double.IsFinite(gap) ? Math.Min(gap, averageGap) : gap;
    }

    private void KeepIfBest(double gap, int epoch)
    {
        if (gap < BestGap)
        {
            BestGap = gap;
            BestEpoch = epoch;
            _encoder.Parameters.CopyTo(_bestParameters);
        }
    }

    private void Report(int epoch, double trainingElbo, double gap)
    {
        double approximation = _block.Shape.ApproximationGap;
        var progress = new HybridProgress(
            epoch,
            _options.MaxEpochs,
            trainingElbo,
            _validation.LogEvidence - approximation - gap,
            _validation.LogEvidence,
            gap,
            approximation,
            _options.Optimizer.LearningRate * _rateFactor,
            _clock.Elapsed);
        _history.Add(progress);
        _progress?.Report(progress);
    }

    /// <summary>Visits every training row once, or stops at a cancellation; returns the mean ELBO of the rows visited.</summary>
    private double RunEpoch(int epoch)
    {
        Combinatorics.SelectPermutationInplace(_order, new Xoshiro256StarStar(StreamSeed.Of(_options.Seed, 1, epoch), threadSafe: false));
        double elbo = 0;
        int visited = 0;
        while (visited < _order.Length && !_cancellation.IsCancellationRequested)
        {
            int size = Math.Min(_options.BatchSize, _order.Length - visited);
            elbo += RunStep(visited, size);
            visited += size;
        }

        return elbo / visited;
    }

    /// <summary>One minibatch: shards in any order, merged in theirs, and one step uphill along the mean gradient.</summary>
    private double RunStep(int first, int size)
    {
        int shards = (size + _shardRows - 1) / _shardRows;
        PreparedTapes.Refresh(_encoder);
        (_first, _size) = (first, size);
        _team.Run(shards);

        double share = 1.0 / size;
        double elbo = _shards[0].Elbo;
        TensorPrimitives.Multiply(_shards[0].Gradient, share, _gradient);
        for (int shard = 1; shard < shards; shard++)
        {
            elbo += _shards[shard].Elbo;
            TensorPrimitives.MultiplyAdd(_shards[shard].Gradient, share, _gradient, _gradient);
        }

        _optimizer.Step(_encoder.Parameters.Span, _gradient, _rateFactor);
        TensorPrimitives.Lerp(_averageParameters, _encoder.Parameters.Span, _averageRate, _averageParameters);
        _step++;
        return elbo;
    }

    private void RunShard(int shard)
    {
        int start = shard * _shardRows;
        int count = Math.Min(_shardRows, _size - start);
        long stream = (_step * _shards.Length) + shard;
        _shards[shard].Run(_order.AsSpan(_first + start, count), StreamSeed.Of(_options.Seed, 2, stream));
    }
}
