using System.Collections.Immutable;
using System.Text.Json;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <content>Posteriors, which say their family and are read back, and what is made of them.</content>
internal static partial class JsonShapes
{
    private const string FamilyName = "family";
    private const string MeanFieldName = "meanField";
    private const string LowRankName = "lowRank";
    private const string MultivariateName = "multivariate";
    private const string LatentNamesName = "latentNames";

    private static void AddPosteriors()
    {
        Add<GaussianPosterior>(Write, Read);
        Add<MeanFieldGaussian>(Write, Read<MeanFieldGaussian>);
        Add<LowRankGaussian>(Write, Read<LowRankGaussian>);
        Add<MultivariateGaussian>(Write, Read<MultivariateGaussian>);
        Add<GaussianFit>(
            (fields, value) =>
            {
                fields.AddObject("posterior", value.Posterior);
                WriteFit(fields, value);
            },
            source => new GaussianFit
            {
                Posterior = source.Object<MultivariateGaussian>("posterior"),
                Elbo = source.Number("elbo"),
                ElboTrace = source.Numbers("elboTrace"),
                StopReason = source.Member<StopReason>("stopReason"),
                Slope = source.Number("slope"),
                Distance = source.Number("distance"),
                Converged = source.Flag("converged"),
                IsGlobal = source.Flag("isGlobal"),
                ElboGapBound = source.Number("elboGapBound"),
            });
    }

    private static void WriteFit(JsonFields fields, LinearModelFit fit)
    {
        fields.Add("elbo", fit.Elbo);
        fields.Add("elboTrace", fit.ElboTrace);
        fields.Add("iterations", fit.Iterations);
        fields.Add("stopReason", fit.StopReason);
        fields.Add("slope", fit.Slope);
        fields.Add("distance", fit.Distance);
        fields.Add("converged", fit.Converged);
        fields.Add("isGlobal", fit.IsGlobal);
        fields.Add("errorBound", fit.ErrorBound);
        fields.Add("elboGapBound", fit.ElboGapBound);
    }

    // A family of someone's own is written as what it is to others: means and a covariance.
    private static void Write(JsonFields fields, GaussianPosterior posterior)
    {
        fields.Add(FamilyName, posterior switch
        {
            MeanFieldGaussian => MeanFieldName,
            LowRankGaussian => LowRankName,
            _ => MultivariateName,
        });
        fields.AddNames(LatentNamesName, posterior.LatentNames);
        fields.Add("means", posterior.Means);
        fields.Add("variances", posterior.Variances);
        if (posterior is LowRankGaussian lowRank)
        {
            fields.Add("independentVariances", lowRank.IndependentVariances);
            fields.Add("factors", lowRank.Factors());
        }
        else if (posterior is not MeanFieldGaussian)
        {
            fields.Add("covariance", posterior.CovarianceMatrix());
        }
    }

    private static T Read<T>(JsonSource source)
        where T : GaussianPosterior => Read(source) as T
            ?? throw new JsonException($"{FamilyName} is {SafeTensors.Show(source.Text(FamilyName))}; it must be that of a {typeof(T).Name}.");

    private static GaussianPosterior Read(JsonSource source)
    {
        string family = source.Text(FamilyName);
        ImmutableArray<string> names = source.TextsIfAny(LatentNamesName);
        ImmutableArray<double> means = source.Numbers("means"), variances = source.Numbers("variances");
        return family switch
        {
            MeanFieldName => new MeanFieldGaussian(means.AsSpan(), variances.AsSpan()) { LatentNames = names },
            LowRankName => new LowRankGaussian(means.AsSpan(), source.Numbers("independentVariances").AsSpan(), source.Matrix("factors")) { LatentNames = names },
            MultivariateName => Multivariate(means, variances, source.Matrix("covariance"), names),
            _ => throw new JsonException($"{FamilyName} is {SafeTensors.Show(family)}; it must be {MeanFieldName}, {LowRankName} or {MultivariateName}."),
        };
    }

    /// <summary>Makes a posterior whose variances and covariances are those given, to the bit.</summary>
    private static MultivariateGaussian Multivariate(ImmutableArray<double> means, ImmutableArray<double> variances, Matrix<double> covariance, ImmutableArray<string> names)
    {
        int count = means.Length;
        Guard.AllFinite(means.AsSpan(), nameof(means));
        if (count == 0 || covariance.RowCount != count || covariance.ColumnCount != count || variances.Length != count)
        {
            throw new JsonException(Guard.Text(
                $"covariance is {covariance.RowCount}×{covariance.ColumnCount} and variances has {variances.Length} elements; there must be {count} of each, one for each mean, at least 1."));
        }

        for (int j = 0; j < count; j++)
        {
            if (variances[j] != covariance[j, j])
            {
                throw new JsonException("variances differ from the diagonal of covariance; they must be the same.");
            }
        }

        RequireSymmetric(covariance);
        LowerFactor factor = Factor(covariance);
        return new MultivariateGaussian(means, new DenseCovariance(covariance.ToRowMajorArray(), count, () => factor)) { LatentNames = names };
    }

    /// <summary>
    /// Factors a covariance that may be singular in double precision, as posteriors of models with tiny noise are: its diagonal is raised by as little as makes it
    /// positive definite, 1e-10 of itself at most.
    /// </summary>
    private static LowerFactor Factor(Matrix<double> covariance)
    {
        const double least = 1e-16, most = 1e-10;
        for (double raised = 0; raised <= most; raised = Math.Max(least, 10 * raised))
        {
            double share = raised;
            Matrix<double> attempt = covariance.MapIndexed((i, j, value) => i == j ? value * (1 + share) : value);
            if (LowerFactor.OfCovariance(attempt) is LowerFactor factor)
            {
                return factor;
            }
        }

        throw new JsonException("covariance is not positive definite; it must be.");
    }

    private static void RequireSymmetric(Matrix<double> covariance)
    {
        const double asymmetry = 1e-10;
        for (int i = 0; i < covariance.RowCount; i++)
        {
            for (int j = 0; j < i; j++)
            {
                double size = Math.Sqrt(Math.Abs(covariance[i, i])) * Math.Sqrt(Math.Abs(covariance[j, j]));
                if (!(Math.Abs(covariance[i, j] - covariance[j, i]) <= asymmetry * size))
                {
                    throw new JsonException(Guard.Text(
                        $"covariance[{i}, {j}] is {covariance[i, j]} and covariance[{j}, {i}] is {covariance[j, i]}; the matrix must be finite and symmetric."));
                }
            }
        }
    }
}
