using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>The log joint of a row in its amortized latents, the linear ones integrated out.</summary>
internal sealed class DecoderLogJoint(DecoderParts parts, DecoderRows row) : ILogJoint
{
    public int LatentCount => parts.Prior.Count;

    public double Value(ReadOnlySpan<double> latents) => Evaluate(latents, new double[LatentCount]);

    public void Gradient(ReadOnlySpan<double> latents, Span<double> destination) => Evaluate(latents, destination);

    private double Evaluate(ReadOnlySpan<double> latents, Span<double> gradient)
    {
        var expectation = new DecoderExpectation(this, parts, row, noise: new double[LatentCount]);
        return expectation.Evaluate(latents, new double[LatentCount], gradient, new double[LatentCount]);
    }
}

/// <summary>E_q[log p(x, z)] of a row over fixed draws, which go through the decoder all at once.</summary>
internal sealed class DecoderExpectation : LogJointExpectation
{
    private readonly DecoderParts _parts;
    private readonly DecoderRows _row;
    private readonly DecoderTile _tile;
    private readonly double[] _noise;
    private readonly double[] _weights;
    private readonly double[] _unused;
    private readonly int _latents;

    /// <param name="joint">The log joint of the row.</param>
    /// <param name="parts">The networks and the linear part.</param>
    /// <param name="row">The row.</param>
    /// <param name="noise">ε, draw by draw.</param>
    public DecoderExpectation(ILogJoint joint, DecoderParts parts, DecoderRows row, double[] noise)
        : base(joint)
    {
        _parts = parts;
        _row = row;
        _latents = parts.Prior.Count;
        _noise = noise;
        int draws = noise.Length / _latents;
        _tile = new DecoderTile(parts, capacity: 1, draws);
        _weights = new double[draws];
        Array.Fill(_weights, 1.0 / draws);
        _unused = new double[Math.Max(parts.Decoder.Parameters.Length, parts.Linear.Parameters.Length)];
    }

    public override double Value(GaussianPosterior q)
    {
        Require(q);
        return Evaluate(q.Means.AsSpan(), Logarithms(q), new double[_latents], new double[_latents]);
    }

    public override double Evaluate(GaussianPosterior q, Span<double> gradient)
    {
        Require(q, gradient);
        return Evaluate(q.Means.AsSpan(), Logarithms(q), gradient[.._latents], gradient[_latents..]);
    }

    public override Matrix<double> Curvature(MultivariateGaussian q) =>
        throw new NotSupportedException("The expectation is over independent factors alone.");

    /// <summary>Evaluates the expectation and its gradient in means and log variances.</summary>
    public double Evaluate(ReadOnlySpan<double> means, ReadOnlySpan<double> logVariances, Span<double> meanGradient, Span<double> logVarianceGradient)
    {
        _tile.Load(_row, means, logVariances);
        _tile.Evaluate(_noise);
        Span<double> decoder = _unused.AsSpan(0, _parts.Decoder.Parameters.Length);
        _tile.Differentiate(_weights, decoder, _unused.AsSpan(0, _parts.Linear.Parameters.Length));
        meanGradient.Clear();
        logVarianceGradient.Clear();
        double sum = 0;
        var prior = new double[_latents];
        for (int draw = 0; draw < _weights.Length; draw++)
        {
            sum += _weights[draw] * (_tile.Values(0)[draw] + _parts.Prior.LogDensity(_tile.Drawn(draw), prior));
            for (int a = 0; a < _latents; a++)
            {
                double slope = _tile.Slope(draw)[a] + (_weights[draw] * prior[a]);
                meanGradient[a] += slope;
                logVarianceGradient[a] += 0.5 * slope * _tile.Deviations(0)[a] * _tile.Noise(draw)[a];
            }
        }

        return sum;
    }

    private static double[] Logarithms(GaussianPosterior q) => q is MeanFieldGaussian
        ? [.. q.Variances.Select(Math.Log)]
        : throw new ArgumentException("q is not a MeanFieldGaussian; it must be one.", nameof(q));
}
