using System.Collections.Immutable;

namespace VariationalInference;

/// <summary>The independent normal priors z_j ~ N(m_j, s_j²) of all latents.</summary>
internal sealed class LatentPrior
{
    public LatentPrior(ReadOnlySpan<double> means, ReadOnlySpan<double> variances, string meansName, string variancesName)
    {
        if (means.Length == 0)
        {
            throw new ArgumentException(Guard.Text($"{meansName} is empty; a model has at least 1 latent."), meansName);
        }

        Guard.Length(variances.Length, means.Length, variancesName, "one for each latent");
        Guard.AllFinite(means, meansName);
        Guard.AllPositive(variances, variancesName);
        Means = [.. means];
        Variances = [.. variances];
        Deviations = [.. Variances.Select(Math.Sqrt)];
        RelativeMeans = [.. Means.Select((mean, j) => Math.Abs(mean) / Deviations[j])];
        LogVarianceSum = Variances.Sum(Math.Log);
    }

    public int Count => Means.Length;

    public ImmutableArray<double> Means { get; }

    public ImmutableArray<double> Variances { get; }

    public ImmutableArray<double> Deviations { get; }

    /// <summary>Gets |m_j|/s_j.</summary>
    public ImmutableArray<double> RelativeMeans { get; }

    /// <summary>Gets Σ log s_j².</summary>
    public double LogVarianceSum { get; }

    /// <summary>Writes t = D⁻¹(z − m).</summary>
    public void Whiten(ReadOnlySpan<double> latents, Span<double> whitened)
    {
        for (int j = 0; j < latents.Length; j++)
        {
            whitened[j] = (latents[j] - Means[j]) / Deviations[j];
        }
    }

    /// <summary>Writes z = m + Dt.</summary>
    public void Unwhiten(ReadOnlySpan<double> whitened, Span<double> latents)
    {
        for (int j = 0; j < whitened.Length; j++)
        {
            latents[j] = Math.FusedMultiplyAdd(Deviations[j], whitened[j], Means[j]);
        }
    }
}
