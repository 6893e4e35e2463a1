using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>What a fit of a mixed model with any likelihood came to.</summary>
internal sealed class GeneralizedEstimate
{
    public required MixedModel Model { get; init; }

    /// <summary>Gets the profile, whose state is that of the estimate.</summary>
    public required MixedSiteProfile Profile { get; init; }

    public required MixedSiteDesign Design { get; init; }

    public required SiteColumn Column { get; init; }

    /// <summary>Gets the elements of Λ, and the likelihood's parameters on scales without ends.</summary>
    public required double[] Point { get; init; }

    public required double[] Effects { get; init; }

    /// <summary>Gets the covariance of fixed effects and of <see cref="Point"/>; NaN where an element has none, null where nothing has.</summary>
    public required Matrix<double>? Covariance { get; init; }

    public required double Elbo { get; init; }

    public required double Distance { get; init; }

    public required bool IsCancelled { get; init; }

    /// <summary>Returns the standard error of a function by its gradient in fixed effects and <see cref="Point"/>.</summary>
    public double Error(double[] gradient)
    {
        if (Covariance is null)
        {
            return double.NaN;
        }

        double variance = 0;
        for (int i = 0; i < gradient.Length; i++)
        {
            for (int j = 0; j < gradient.Length && gradient[i] != 0; j++)
            {
                variance += gradient[j] == 0 ? 0 : gradient[i] * Covariance[i, j] * gradient[j];
            }
        }

        return variance >= 0 ? Math.Sqrt(variance) : double.NaN;
    }

    /// <summary>Returns Λ of a factor, in the units of its effects.</summary>
    public Matrix<double> Root(int factor)
    {
        int width = Design.Factors[factor].Width;
        var root = Matrix<double>.Build.Dense(width, width);
        for (int v = 0; v < Profile.Elements.Length; v++)
        {
            (int f, int i, int j) = Profile.Elements[v];
            if (f == factor)
            {
                root[i, j] = Point[v] / Design.Scales[f][i];
            }
        }

        return root;
    }

    /// <summary>Returns the variance components of a factor, those of each term together: variances, then covariances.</summary>
    public IEnumerable<VarianceComponent> Components(int factor)
    {
        GroupingFactor of = Design.Factors[factor];
        Matrix<double> root = Root(factor), covariance = root * root.Transpose();
        for (int a = 0; a < of.Width; a++)
        {
            for (int b = 0; b <= a; b++)
            {
                if (!of.IsFree(a, b))
                {
                    continue;
                }

                double deviations = Math.Sqrt(covariance[a, a] * covariance[b, b]);
                yield return new VarianceComponent
                {
                    Group = of.Name,
                    Effect = of.Effects[b].Name,
                    OtherEffect = a == b ? null : of.Effects[a].Name,
                    Value = covariance[a, b],
                    StandardError = covariance[a, a] == 0 || covariance[b, b] == 0 ? double.NaN : Error(Slope(factor, root, a, b)),
                    SdOrCorrelation = a == b ? Math.Sqrt(covariance[a, a]) : deviations > 0 ? covariance[a, b] / deviations : double.NaN,
                };
            }
        }
    }

    /// <summary>Returns the posterior of a level's effects, in their units.</summary>
    public (Vector<double> Means, Matrix<double> Covariance) Posterior(int factor, int level)
    {
        int width = Design.Factors[factor].Width, start = (factor == 0 ? 0 : Design.Starts[factor]) + (level * width);
        double[] means = factor == 0 ? Profile.State.First : Profile.State.Rest;
        int block = level * PackedSymmetric.Length(width);
        Matrix<double> whitened = Matrix<double>.Build.Dense(width, width, (i, j) => factor == 0
            ? Profile.System.Within[block + PackedSymmetric.At(i, j)]
            : Profile.System.RestCovariance(start + i, start + j));
        Matrix<double> root = Root(factor);
        return (root * Vector<double>.Build.Dense(width, e => means[start + e]), root * whitened * root.Transpose());
    }

    private double[] Slope(int factor, Matrix<double> root, int a, int b)
    {
        var gradient = new double[Effects.Length + Point.Length];
        for (int v = 0; v < Profile.Elements.Length; v++)
        {
            (int f, int i, int j) = Profile.Elements[v];
            if (f == factor)
            {
                double slope = (i == a ? root[b, j] : 0) + (i == b ? root[a, j] : 0);
                gradient[Effects.Length + v] = slope / Design.Scales[f][i];
            }
        }

        return gradient;
    }
}
