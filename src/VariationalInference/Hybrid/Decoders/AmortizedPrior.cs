using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>The prior N(m, S) of the amortized latents, and the divergence of independent factors from it.</summary>
internal sealed class AmortizedPrior
{
    private readonly double[] _means;
    private readonly double[] _precisions;
    private readonly double _logDeterminant;

    public AmortizedPrior(GaussianPrior prior)
    {
        Count = prior.Count;
        _means = [.. prior.Means];
        IsIndependent = prior.IsIndependent;
        if (IsIndependent)
        {
            _precisions = new double[Count * Count];
            for (int j = 0; j < Count; j++)
            {
                _precisions[(j * Count) + j] = 1 / prior.Variances[j];
            }

            _logDeterminant = prior.Variances.Sum(Math.Log);
        }
        else
        {
            var root = prior.CovarianceMatrix().Cholesky();
            _precisions = root.Solve(Matrix<double>.Build.DenseIdentity(Count)).ToRowMajorArray();
            _logDeterminant = root.DeterminantLn;
        }
    }

    public int Count { get; }

    public bool IsIndependent { get; }

    /// <summary>Gets all that makes the prior what it is.</summary>
    public double[] Numbers => [.. _means, .. _precisions];

    /// <summary>Writes the gradient of log p(z), −S⁻¹(z − m), and returns log p(z).</summary>
    public double LogDensity(ReadOnlySpan<double> latents, Span<double> gradient)
    {
        double square = 0;
        for (int i = 0; i < Count; i++)
        {
            gradient[i] = -Row(i, latents);
            square -= (latents[i] - _means[i]) * gradient[i];
        }

        return -0.5 * (square + _logDeterminant + (Count * Math.Log(2 * Math.PI)));
    }

    /// <summary>Returns KL(N(μ, diag exp ρ) ‖ N(m, S)), and writes its gradient in μ and ρ.</summary>
    public double Divergence(ReadOnlySpan<double> means, ReadOnlySpan<double> logVariances, Span<double> meanGradient, Span<double> logVarianceGradient)
    {
        double sum = _logDeterminant - Count;
        for (int i = 0; i < Count; i++)
        {
            double slope = Row(i, means);
            double ratio = _precisions[(i * Count) + i] * Math.Exp(logVariances[i]);
            meanGradient[i] = slope;
            logVarianceGradient[i] = 0.5 * (ratio - 1);
            sum += (slope * (means[i] - _means[i])) + ratio - logVariances[i];
        }

        return 0.5 * sum;
    }

    /// <summary>Returns KL(N(μ, diag exp ρ) ‖ N(m, S)).</summary>
    public double Divergence(ReadOnlySpan<double> means, ReadOnlySpan<double> logVariances)
    {
        double sum = _logDeterminant - Count;
        for (int i = 0; i < Count; i++)
        {
            double ratio = _precisions[(i * Count) + i] * Math.Exp(logVariances[i]);
            sum += (Row(i, means) * (means[i] - _means[i])) + ratio - logVariances[i];
        }

        return 0.5 * sum;
    }

    /// <summary>
    /// Returns what one latent adds: with independent priors its own divergence, by which it is judged active, else that from its prior alone.
    /// </summary>
    public double Divergence(int latent, double mean, double logVariance)
    {
        double precision = _precisions[(latent * Count) + latent];
        double ratio = precision * Math.Exp(logVariance);
        double difference = mean - _means[latent];
        return 0.5 * ((precision * difference * difference) + ratio - 1 - Math.Log(ratio));
    }

    private double Row(int i, ReadOnlySpan<double> latents)
    {
        if (IsIndependent)
        {
            return _precisions[(i * Count) + i] * (latents[i] - _means[i]);
        }

        double sum = 0;
        for (int j = 0; j < Count; j++)
        {
            sum = Math.FusedMultiplyAdd(_precisions[(i * Count) + j], latents[j] - _means[j], sum);
        }

        return sum;
    }
}
