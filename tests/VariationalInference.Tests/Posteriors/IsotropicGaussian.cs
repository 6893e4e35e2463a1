using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;

namespace VariationalInference.Tests.Posteriors;

/// <summary>A family of one's own, N(μ, e^(2ρ)I), with the parameters μ and ρ.</summary>
internal sealed class IsotropicGaussian : GaussianPosterior
{
    private readonly double _logDeviation;

    public IsotropicGaussian(ImmutableArray<double> means, double logDeviation)
        : base(means)
    {
        _logDeviation = logDeviation;
        Variances = [.. means.Select(_ => Math.Exp(2 * logDeviation))];
    }

    public override ImmutableArray<double> Variances { get; }

    public override double LogDeterminant => 2 * Count * _logDeviation;

    public override int NoiseCount => Count;

    public override int ParameterCount => Count + 1;

    public override int FreeDirections => 1;

    protected internal override void Scale(ReadOnlySpan<double> noise, Span<double> deviations)
    {
        for (int j = 0; j < Count; j++)
        {
            deviations[j] = Math.Exp(_logDeviation) * noise[j];
        }
    }

    protected internal override double SquaredDistance(ReadOnlySpan<double> deviations)
    {
        double sum = 0;
        foreach (double deviation in deviations)
        {
            sum += deviation * deviation;
        }

        return sum * Math.Exp(-2 * _logDeviation);
    }

    protected internal override void CopyParameters(Span<double> destination)
    {
        Means.CopyTo(destination);
        destination[Count] = _logDeviation;
    }

    protected internal override void CopyScales(Span<double> destination)
    {
        destination[..Count].Fill(Math.Exp(_logDeviation));
        destination[Count] = 1;
    }

    protected internal override bool TryWithParameters(ReadOnlySpan<double> parameters, [NotNullWhen(true)] out GaussianPosterior? posterior)
    {
        posterior = double.IsFinite(Math.Exp(2 * parameters[Count])) ? new IsotropicGaussian([.. parameters[..Count]], parameters[Count]) : null;
        return posterior is not null;
    }

    protected internal override void AddScaleGradient(ReadOnlySpan<double> noise, ReadOnlySpan<double> latentGradient, Span<double> gradient)
    {
        for (int j = 0; j < Count; j++)
        {
            gradient[0] += latentGradient[j] * Math.Exp(_logDeviation) * noise[j];
        }
    }

    protected internal override void AddEntropyGradient(Span<double> gradient) => gradient[0] += Count;

    protected override double CovarianceElement(int i, int j) => i == j ? Variances[i] : 0;
}
