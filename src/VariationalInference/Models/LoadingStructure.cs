using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>How latents reach observations, x = Az + b + ε, and how a row reduces to whitened observations w = Bt + noise.</summary>
internal abstract class LoadingStructure
{
    protected LoadingStructure(LatentPrior prior, int observationCount)
    {
        Prior = prior;
        ObservationCount = observationCount;
    }

    public LatentPrior Prior { get; }

    public int ObservationCount { get; }

    /// <summary>Gets the shape of the posterior of every complete row.</summary>
    public abstract PosteriorShape Complete { get; }

    public abstract Matrix<double> Loadings();

    /// <summary>Conditions on a row that has been checked: NaN or finite.</summary>
    public abstract QuadraticLogJoint Condition(ReadOnlySpan<double> row);

    /// <summary>Writes Az.</summary>
    public abstract void Predict(ReadOnlySpan<double> latents, Span<double> observations);

    protected static void RequireFinite(ReadOnlySpan<double> loadings)
    {
        double sum = 0;
        foreach (double value in loadings)
        {
            sum += value * value;
        }

        if (!double.IsFinite(sum))
        {
            throw new ArgumentException(
                "The ratios of prior variances to noise variances are beyond double precision; rescale the latents or the observations.");
        }
    }
}
