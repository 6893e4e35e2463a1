using System.Collections.Immutable;
using System.Numerics.Tensors;
using MathNet.Numerics.Random;

namespace VariationalInference;

/// <summary>Measures the gradients that minibatches have, without taking a step.</summary>
internal sealed class GradientProbe
{
    private readonly HybridRows _rows;
    private readonly HybridOptions _options;
    private readonly RowReference<HybridRows>[] _batch;
    private readonly ImmutableArray<(GradientEstimator Estimator, HybridWorker Worker)> _workers;
    private readonly double[] _exact;
    private readonly double[] _gradient;

    /// <param name="rows">The rows.</param>
    /// <param name="complete">The block of complete rows.</param>
    /// <param name="options">The size of a minibatch, the number of draws and whether gradients are natural.</param>
    /// <param name="encoder">The encoder.</param>
    public GradientProbe(HybridRows rows, AmortizedBlock complete, HybridOptions options, IEncoder encoder)
    {
        _rows = rows;
        _options = options;
        _batch = new RowReference<HybridRows>[Math.Min(options.BatchSize, rows.Count)];
        _workers =
        [
            .. Enum.GetValues<GradientEstimator>().Select(estimator => (estimator, new HybridWorker(
                complete, options with { Estimator = estimator, CoordinateSweeps = null }, encoder, [], _batch.Length))),
        ];
        _exact = new double[encoder.Parameters.Length];
        _gradient = new double[_exact.Length];
    }

    public ImmutableSortedDictionary<GradientEstimator, GradientQuality> Measure(int batches)
    {
        SumExact();
        double rowNoise = 0;
        var drawNoise = new double[_workers.Length];
        var analytic = new double[_exact.Length];
        var random = new Xoshiro256StarStar(StreamSeed.Of(_options.Seed, 3, 0), threadSafe: false);
        for (int batch = 0; batch < batches; batch++)
        {
            for (int i = 0; i < _batch.Length; i++)
            {
                _batch[i] = new RowReference<HybridRows>(_rows, random.Next(_rows.Count));
            }

            MeanGradient(GradientEstimator.Analytic, batch).CopyTo(analytic.AsSpan());
            rowNoise += SquaredDistance(analytic, _exact) / batches;
            for (int i = 0; i < _workers.Length; i++)
            {
                drawNoise[i] += SquaredDistance(MeanGradient(_workers[i].Estimator, batch), analytic) / batches;
            }
        }

        double signal = TensorPrimitives.Norm(_exact);
        return _workers.Select((entry, i) => new GradientQuality
        {
            Estimator = entry.Estimator,
            Signal = signal,
            RowNoise = Math.Sqrt(rowNoise),
            DrawNoise = Math.Sqrt(drawNoise[i]),
        })
            .ToImmutableSortedDictionary(quality => quality.Estimator, quality => quality);
    }

    /// <summary>Computes the exact mean gradient over all rows.</summary>
    private void SumExact()
    {
        HybridWorker worker = Worker(GradientEstimator.Analytic);
        for (int first = 0; first < _rows.Count; first += _batch.Length)
        {
            int count = Math.Min(_batch.Length, _rows.Count - first);
            for (int i = 0; i < count; i++)
            {
                _batch[i] = new RowReference<HybridRows>(_rows, first + i);
            }

            worker.Run(_batch.AsSpan(0, count), streamSeed: 0, _gradient);
            TensorPrimitives.MultiplyAdd(_gradient, 1.0 / _rows.Count, _exact, _exact);
        }
    }

    private double[] MeanGradient(GradientEstimator estimator, int batch)
    {
        Worker(estimator).Run(_batch, StreamSeed.Of(_options.Seed, 4, batch), _gradient);
        TensorPrimitives.Multiply(_gradient, 1.0 / _batch.Length, _gradient);
        return _gradient;
    }

    private HybridWorker Worker(GradientEstimator estimator) => _workers.First(entry => entry.Estimator == estimator).Worker;

    private static double SquaredDistance(double[] a, double[] b)
    {
        double distance = TensorPrimitives.Distance(a, b);
        return distance * distance;
    }
}
