using System.Numerics.Tensors;

namespace VariationalInference;

/// <summary>One fixed part of a minibatch: the encoder's forward pass, the coordinate step, the estimator and the backward pass.</summary>
/// <remarks>Shards share nothing that they write to, and are merged in order; so the number of threads never changes a result.</remarks>
internal sealed class HybridShard : ITrainingShard<HybridRows>
{
    private readonly HybridOptions _options;
    private readonly double[] _coordinateState;
    private readonly OutputGradient _outputGradient;
    private readonly EncodedTile _encoded;
    private readonly double[] _observations;
    private readonly double[] _whitened;
    private readonly double[] _likelihoodBase;
    private readonly double[] _outputGradients;
    private readonly double[] _noise;
    private readonly double[] _varianceRatios;
    private readonly AmortizedBlock[] _blocks;
    private readonly HybridRow _row;
    private readonly int _width;
    private readonly int _latents;

    /// <param name="complete">The block of complete rows.</param>
    /// <param name="options">The options of the run.</param>
    /// <param name="encoder">The encoder in training.</param>
    /// <param name="coordinateState">The whitened coordinate means of every row, where sweeps continue from the last visit.</param>
    /// <param name="capacity">The number of rows in a full shard.</param>
    public HybridShard(AmortizedBlock complete, HybridOptions options, IEncoder encoder, double[] coordinateState, int capacity)
    {
        _options = options;
        _coordinateState = coordinateState;
        _outputGradient = new OutputGradient(complete, options.Estimator, options.NaturalGradient);
        _encoded = new EncodedTile(encoder, capacity);
        _width = encoder.ObservationCount;
        _latents = complete.Count;
        int values = capacity * _latents;
        _observations = new double[capacity * _width];
        _whitened = new double[capacity * _width];
        _likelihoodBase = new double[capacity];
        _outputGradients = new double[2 * values];
        _noise = new double[options.Estimator == GradientEstimator.Analytic ? 0 : values * options.DrawCount];
        _varianceRatios = new double[values];
        _blocks = new AmortizedBlock[capacity];
        _row = new HybridRow(complete);
        Gradient = new double[encoder.Parameters.Length];
    }

    /// <summary>Gets the gradient of the rows' summed ELBO in the encoder's parameters.</summary>
    public double[] Gradient { get; }

    /// <summary>Gets the rows' summed exact ELBO, in nats.</summary>
    public double Elbo { get; private set; }

    /// <summary>Gets the rows' summed optimization gap, in nats.</summary>
    public double OptimizationGap { get; private set; }

    double ITrainingShard<HybridRows>.Objective => Elbo;

    double ITrainingShard<HybridRows>.Shortfall => OptimizationGap;

    /// <inheritdoc/>
    public void Run(ReadOnlySpan<RowReference<HybridRows>> rows, int streamSeed)
    {
        for (int n = 0; n < rows.Length; n++)
        {
            rows[n].Rows.Observations(rows[n].Index).CopyTo(_observations.AsSpan(n * _width, _width));
            (_blocks[n], _likelihoodBase[n]) = rows[n].Rows.Condition(rows[n].Index, _whitened.AsSpan(n * _width, _width));
        }

        _encoded.Encode(_observations.AsSpan(0, rows.Length * _width), rows.Length);
        if (_noise.Length > 0)
        {
            NormalStream.Fill(streamSeed, _noise);
        }

        ComputeVarianceRatios(rows.Length);
        Elbo = 0;
        OptimizationGap = 0;
        for (int n = 0; n < rows.Length; n++)
        {
            Visit(n, rows[n]);
        }

        Gradient.AsSpan().Clear();
        _encoded.Backward(_outputGradients, Gradient);
    }

    private void Visit(int position, RowReference<HybridRows> reference)
    {
        AmortizedBlock block = _blocks[position];
        Range latents = (position * _latents)..((position + 1) * _latents);
        ReadOnlySpan<double> whitened = _whitened.AsSpan(position * _width, block.Shape.Rank);
        ReadOnlySpan<double> means = _encoded.MeansOf(position);
        if (_options.CoordinateSweeps is int sweeps)
        {
            int width = block.Coordinate.Length;
            _row.Sweep(block, whitened, means, _coordinateState.AsSpan((int)(reference.Number * width), width), sweeps);
        }
        else
        {
            _row.Solve(block, whitened, means);
        }

        int draws = _latents * (_noise.Length / _varianceRatios.Length);
        ReadOnlySpan<double> ratios = _varianceRatios.AsSpan(latents);
        Span<double> gradients = _outputGradients.AsSpan(2 * position * _latents, 2 * _latents);
        _outputGradient.Evaluate(
            block,
            _row.Amortized,
            _row.Residual,
            ratios,
            _noise.AsSpan(position * draws, draws),
            gradients[.._latents],
            gradients[_latents..]);
        Elbo += _row.Elbo(_likelihoodBase[position]) - VarianceGap(block, ratios, _encoded.LogVariancesOf(position));
        OptimizationGap += _row.OptimizationGap;
    }

    /// <summary>Computes q = Λ_aa σ_a² of every factor, all rows at once.</summary>
    private void ComputeVarianceRatios(int rows)
    {
        for (int n = 0; n < rows; n++)
        {
            ReadOnlySpan<double> logVariances = _encoded.LogVariancesOf(n);
            ReadOnlySpan<double> best = _blocks[n].LogMeanFieldVariances.AsSpan();
            for (int i = 0; i < best.Length; i++)
            {
                _varianceRatios[(n * _latents) + i] = logVariances[i] - best[i];
            }
        }

        Span<double> ratios = _varianceRatios.AsSpan(0, rows * _latents);
        TensorPrimitives.Exp(ratios, ratios);
    }

    /// <summary>½ Σ_a (q_a − 1 − log q_a): what the ELBO loses by the factors' variances.</summary>
    private static double VarianceGap(AmortizedBlock block, ReadOnlySpan<double> ratios, ReadOnlySpan<double> logVariances)
    {
        double gap = 0;
        for (int i = 0; i < ratios.Length; i++)
        {
            gap += PosteriorShape.VarianceGap(ratios[i], logVariances[i] - block.LogMeanFieldVariances[i]);
        }

        return gap;
    }
}
