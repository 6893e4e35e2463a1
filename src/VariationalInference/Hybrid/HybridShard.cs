using System.Numerics.Tensors;

namespace VariationalInference;

/// <summary>One fixed part of a minibatch: the encoder's forward pass, the coordinate step, the estimator and the backward pass.</summary>
/// <remarks>Shards share nothing that they write to, and are merged in order; so the number of threads never changes a result.</remarks>
internal sealed class HybridShard
{
    private readonly HybridRows _rows;
    private readonly AmortizedBlock _block;
    private readonly HybridOptions _options;
    private readonly double[]? _coordinateState;
    private readonly OutputGradient _outputGradient;
    private readonly IEncoderTape _tape;
    private readonly double[] _observations;
    private readonly double[] _means;
    private readonly double[] _logVariances;
    private readonly double[] _meanGradients;
    private readonly double[] _logVarianceGradients;
    private readonly double[] _noise;
    private readonly double[] _varianceRatios;
    private readonly double[] _logVariances0;
    private readonly HybridRow _row;
    private readonly int _capacity;

    /// <param name="rows">The training rows.</param>
    /// <param name="block">The split of the latents.</param>
    /// <param name="options">The options of the run.</param>
    /// <param name="encoder">The encoder in training.</param>
    /// <param name="coordinateState">The whitened coordinate means of every row, when sweeps continue from the last visit.</param>
    /// <param name="capacity">The number of rows in a full shard.</param>
    public HybridShard(
        HybridRows rows, AmortizedBlock block, HybridOptions options, IEncoder encoder, double[]? coordinateState, int capacity)
    {
        _capacity = capacity;
        _rows = rows;
        _block = block;
        _options = options;
        _coordinateState = coordinateState;
        _outputGradient = new OutputGradient(block, options.Estimator, options.NaturalGradient);
        _tape = PreparedTapes.Create(encoder, capacity);
        int outputs = capacity * block.Count;
        _observations = new double[capacity * encoder.ObservationCount];
        _means = new double[outputs];
        _logVariances = new double[outputs];
        _meanGradients = new double[outputs];
        _logVarianceGradients = new double[outputs];
        _noise = new double[options.Estimator == GradientEstimator.Analytic ? 0 : outputs * options.DrawCount];
        _varianceRatios = new double[outputs];
        _logVariances0 = [.. block.Amortized.Select(j => Math.Log(block.Shape.MeanFieldVariances[j]))];
        _row = new HybridRow(block);
        Gradient = new double[encoder.Parameters.Length];
    }

    /// <summary>Gets the gradient of the rows' summed ELBO in the encoder's parameters.</summary>
    public double[] Gradient { get; }

    /// <summary>Gets the rows' summed exact ELBO, in nats.</summary>
    public double Elbo { get; private set; }

    public void Run(ReadOnlySpan<int> indices, int streamSeed)
    {
        int outputs = indices.Length * _block.Count;
        Gather(indices);
        _tape.Forward(
            _observations.AsSpan(0, indices.Length * (_observations.Length / _capacity)),
            _means.AsSpan(0, outputs),
            _logVariances.AsSpan(0, outputs));
        if (_noise.Length > 0)
        {
            NormalStream.Fill(streamSeed, _noise);
        }

        ComputeVarianceRatios(outputs);

        Elbo = 0;
        for (int n = 0; n < indices.Length; n++)
        {
            Visit(n, indices[n]);
        }

        Gradient.AsSpan().Clear();
        _tape.Backward(_meanGradients.AsSpan(0, outputs), _logVarianceGradients.AsSpan(0, outputs), Gradient);
    }

    private void Gather(ReadOnlySpan<int> indices)
    {
        int width = _observations.Length / _capacity;
        for (int n = 0; n < indices.Length; n++)
        {
            _rows.Observations(indices[n]).CopyTo(_observations.AsSpan(n * width, width));
        }
    }

    private void Visit(int position, int row)
    {
        int count = _block.Count;
        ReadOnlySpan<double> means = _means.AsSpan(position * count, count);
        ReadOnlySpan<double> logVariances = _logVariances.AsSpan(position * count, count);
        ReadOnlySpan<double> coordinates;
        if (_options.CoordinateSweeps is int sweeps && _coordinateState is not null)
        {
            int width = _block.Coordinate.Length;
            Span<double> state = _coordinateState.AsSpan(row * width, width);
            _row.Sweep(_rows.Whitened(row), means, state, sweeps);
            coordinates = state;
        }
        else
        {
            _row.Solve(_rows.Whitened(row), means);
            coordinates = _row.Coordinates;
        }

        int draws = _noise.Length / _capacity;
        ReadOnlySpan<double> ratios = _varianceRatios.AsSpan(position * count, count);
        _outputGradient.Evaluate(
            _row.Amortized,
            _row.Residual,
            ratios,
            _noise.AsSpan(position * draws, draws),
            _meanGradients.AsSpan(position * count, count),
            _logVarianceGradients.AsSpan(position * count, count));
        Elbo += RowElbo(row, coordinates, logVariances, ratios);
    }

    /// <summary>Computes q = Λ_aa σ_a² of every factor, all rows at once.</summary>
    private void ComputeVarianceRatios(int outputs)
    {
        for (int i = 0; i < outputs; i++)
        {
            _varianceRatios[i] = _logVariances[i] - _logVariances0[i % _block.Count];
        }

        TensorPrimitives.Exp(_varianceRatios.AsSpan(0, outputs), _varianceRatios);
    }

    /// <summary>The exact ELBO of the row's hybrid posterior, (4-2) with optimal variances for the coordinate block.</summary>
    private double RowElbo(
        int row, ReadOnlySpan<double> coordinates, ReadOnlySpan<double> logVariances, ReadOnlySpan<double> ratios)
    {
        double squares = PosteriorShape.SquaredNorm(_row.Residual) + PosteriorShape.SquaredNorm(_row.Amortized)
            + PosteriorShape.SquaredNorm(coordinates) + _block.Shape.LogScaledPrecisionSum;
        double elbo = _rows.LikelihoodBase(row) - (0.5 * squares);
        for (int i = 0; i < logVariances.Length; i++)
        {
            elbo -= 0.5 * (ratios[i] - 1 - (logVariances[i] - _logVariances0[i]));
        }

        return elbo;
    }
}
