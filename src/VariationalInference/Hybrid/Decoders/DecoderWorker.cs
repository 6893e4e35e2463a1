namespace VariationalInference;

/// <summary>Computes shards of minibatches: the ELBO of drawn rows, and its gradient in φ, θ and the linear part.</summary>
/// <remarks>
/// The ELBO of a row is mean_l log p(x | z_l) − KL(q ‖ p) with z_l = μ + σε_l. Its derivative is Σ_l weight (∂ log p(x | z_l)/∂z) ∂z/∂φ less that of
/// the divergence; or, by paths alone, that of log p(x, z_l) − log q(z_l) through z_l, with ∂ log q/∂z = −ε/σ. Either leaves out the part of a latent
/// whose divergence in the row is below the free nats λ: it is the gradient of mean_l log p(x | z_l) − Σ_a max(λ, KL_a).
/// </remarks>
internal sealed class DecoderWorker : ITrainingWorker<DecoderRows>
{
    /// <summary>So many draws go through decoder and block at a time: their values stay in the second cache.</summary>
    private const int TileDraws = 256;

    private readonly DecoderParts _parts;
    private readonly DecoderTile _tile;
    private readonly bool _learnsDecoder;
    private readonly bool _byPaths;
    private readonly double _freeNats;
    private readonly int _tileRows;
    private readonly int _latents;
    private readonly double[] _noise;
    private readonly double[] _weights;
    private readonly double[] _outputGradients;
    private readonly double[] _meanSlope;
    private readonly double[] _priorSlope;
    private readonly bool[] _isFree;

    /// <param name="parts">The networks and the linear part.</param>
    /// <param name="options">The options of the run.</param>
    /// <param name="capacity">The number of rows in a full shard.</param>
    public DecoderWorker(DecoderParts parts, DecoderOptions options, int capacity)
    {
        _parts = parts;
        _learnsDecoder = options.Decoder;
        _byPaths = options.Estimator == GradientEstimator.StickingTheLanding;
        _freeNats = options.FreeNats;
        _latents = parts.Prior.Count;
        _tileRows = Math.Min(capacity, Math.Max(1, TileDraws / options.DrawCount));
        _tile = new DecoderTile(parts, _tileRows, options.DrawCount);
        _noise = new double[checked(capacity * options.DrawCount * _latents)];
        _weights = new double[_tileRows * options.DrawCount];
        Array.Fill(_weights, 1.0 / options.DrawCount);
        _outputGradients = new double[2 * _tileRows * _latents];
        _meanSlope = new double[_latents];
        _priorSlope = new double[_latents];
        _isFree = new bool[_latents];
    }

    /// <inheritdoc/>
    public ShardSums Run(ReadOnlySpan<RowReference<DecoderRows>> rows, int streamSeed, Span<double> gradient)
    {
        int perRow = _tile.DrawCount * _latents;
        Span<double> noise = _noise.AsSpan(0, rows.Length * perRow);
        NormalStream.Fill(streamSeed, noise);
        return Run(rows, noise, gradient);
    }

    /// <summary>Does the same with draws that are given, row by row.</summary>
    public ShardSums Run(ReadOnlySpan<RowReference<DecoderRows>> rows, ReadOnlySpan<double> noise, Span<double> gradient)
    {
        gradient.Clear();
        int perRow = _tile.DrawCount * _latents;
        Span<double> encoderGradient = gradient[.._parts.Encoder.Parameters.Length];
        Span<double> decoderGradient = gradient.Slice(encoderGradient.Length, _parts.Decoder.Parameters.Length);
        Span<double> linearGradient = gradient[(encoderGradient.Length + decoderGradient.Length)..];
        double elbo = 0;
        for (int first = 0; first < rows.Length; first += _tileRows)
        {
            int count = Math.Min(_tileRows, rows.Length - first);
            _tile.Load(rows.Slice(first, count));
            _tile.Evaluate(noise.Slice(first * perRow, count * perRow));
            _tile.Differentiate(_weights.AsSpan(0, count * _tile.DrawCount), decoderGradient, linearGradient);
            for (int place = 0; place < count; place++)
            {
                elbo += Row(place);
            }

            _tile.Backward(_outputGradients, encoderGradient);
        }

        if (!_learnsDecoder)
        {
            decoderGradient.Clear();
        }

        return new ShardSums(elbo, Shortfall: 0);
    }

    /// <summary>Writes the gradient in the encoder's outputs for a row, and returns the row's ELBO.</summary>
    private double Row(int place)
    {
        ReadOnlySpan<double> deviations = _tile.Deviations(place);
        Span<double> meanGradient = _outputGradients.AsSpan(2 * place * _latents, _latents);
        Span<double> logVarianceGradient = _outputGradients.AsSpan(((2 * place) + 1) * _latents, _latents);
        double divergence = _parts.Prior.Divergence(_tile.Means(place), _tile.LogVariances(place), meanGradient, logVarianceGradient);
        SetFree(place);
        if (_byPaths)
        {
            meanGradient.Clear();
            logVarianceGradient.Clear();
        }
        else
        {
            for (int a = 0; a < _latents; a++)
            {
                meanGradient[a] = _isFree[a] ? 0 : -meanGradient[a];
                logVarianceGradient[a] = _isFree[a] ? 0 : -logVarianceGradient[a];
            }
        }

        double likelihood = 0;
        foreach (double value in _tile.Values(place))
        {
            likelihood += value;
        }

        for (int draw = place * _tile.DrawCount; draw < (place + 1) * _tile.DrawCount; draw++)
        {
            Slope(draw, deviations);
            ReadOnlySpan<double> noise = _tile.Noise(draw);
            for (int a = 0; a < _latents; a++)
            {
                meanGradient[a] += _meanSlope[a];
                logVarianceGradient[a] += 0.5 * deviations[a] * noise[a] * _meanSlope[a];
            }
        }

        return (likelihood / _tile.DrawCount) - divergence;
    }

    /// <summary>Sets which latents of a row have a divergence that costs nothing.</summary>
    private void SetFree(int place)
    {
        if (_freeNats == 0)
        {
            return;
        }

        ReadOnlySpan<double> means = _tile.Means(place), logVariances = _tile.LogVariances(place);
        for (int a = 0; a < _latents; a++)
        {
            _isFree[a] = _parts.Prior.Divergence(a, means[a], logVariances[a]) < _freeNats;
        }
    }

    /// <summary>Sets the weighted derivative in a draw's z.</summary>
    private void Slope(int draw, ReadOnlySpan<double> deviations)
    {
        _tile.Slope(draw).CopyTo(_meanSlope);
        if (!_byPaths)
        {
            return;
        }

        _parts.Prior.LogDensity(_tile.Drawn(draw), _priorSlope);
        ReadOnlySpan<double> noise = _tile.Noise(draw);
        double weight = _weights[0];
        for (int a = 0; a < _latents; a++)
        {
            _meanSlope[a] += _isFree[a] ? 0 : weight * (_priorSlope[a] + (noise[a] / deviations[a]));
        }
    }
}
