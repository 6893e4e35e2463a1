using MathNet.Numerics.Distributions;
using MathNet.Numerics.Random;

namespace VariationalInference;

/// <summary>One fixed part of a minibatch: the encoder's forward pass, the coordinate step, the estimator and the backward pass.</summary>
/// <remarks>Shards share nothing that they write to, and are merged in order; so the number of threads never changes a result.</remarks>
internal sealed class HybridShard
{
    /// <summary>The number of rows in a full shard.</summary>
    public const int Capacity = 64;

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
    private readonly HybridRow _row;

    /// <param name="rows">The training rows.</param>
    /// <param name="block">The split of the latents.</param>
    /// <param name="options">The options of the run.</param>
    /// <param name="encoder">The encoder in training.</param>
    /// <param name="coordinateState">The whitened coordinate means of every row, when sweeps continue from the last visit.</param>
    public HybridShard(HybridRows rows, AmortizedBlock block, HybridOptions options, IEncoder encoder, double[]? coordinateState)
    {
        _rows = rows;
        _block = block;
        _options = options;
        _coordinateState = coordinateState;
        _outputGradient = new OutputGradient(block, options.Estimator, options.NaturalGradient);
        _tape = encoder.CreateTape(Capacity);
        int outputs = Capacity * block.Count;
        _observations = new double[Capacity * encoder.ObservationCount];
        _means = new double[outputs];
        _logVariances = new double[outputs];
        _meanGradients = new double[outputs];
        _logVarianceGradients = new double[outputs];
        _noise = new double[options.Estimator == GradientEstimator.Analytic ? 0 : outputs * options.DrawCount];
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
            _observations.AsSpan(0, indices.Length * (_observations.Length / Capacity)),
            _means.AsSpan(0, outputs),
            _logVariances.AsSpan(0, outputs));
        if (_noise.Length > 0)
        {
            Normal.Samples(new Xoshiro256StarStar(streamSeed, threadSafe: false), _noise, 0, 1);
        }

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
        int width = _observations.Length / Capacity;
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

        int draws = _noise.Length / Capacity;
        _outputGradient.Evaluate(
            _row.Amortized,
            _row.Residual,
            logVariances,
            _noise.AsSpan(position * draws, draws),
            _meanGradients.AsSpan(position * count, count),
            _logVarianceGradients.AsSpan(position * count, count));
        Elbo += RowElbo(row, coordinates, logVariances);
    }

    /// <summary>The exact ELBO of the row's hybrid posterior, (4-2) with optimal variances for the coordinate block.</summary>
    private double RowElbo(int row, ReadOnlySpan<double> coordinates, ReadOnlySpan<double> logVariances)
    {
        double squares = PosteriorShape.SquaredNorm(_row.Residual) + PosteriorShape.SquaredNorm(_row.Amortized)
            + PosteriorShape.SquaredNorm(coordinates) + _block.Shape.LogScaledPrecisionSum;
        double elbo = _rows.LikelihoodBase(row) - (0.5 * squares);
        for (int i = 0; i < logVariances.Length; i++)
        {
            elbo -= _block.Shape.VarianceGap(_block.Amortized[i], logVariances[i]);
        }

        return elbo;
    }
}
