using System.Text.Json;
using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using VariationalInference.Tests.Reference;
using Xunit;

namespace VariationalInference.Tests.Learning;

/// <summary>Prior variances that groups of latents share: crossed effects against maximum likelihood elsewhere, and the ends of the partition.</summary>
public class PriorVarianceGroupsTests
{
    private const int Plates = 24;
    private const int Samples = 6;

    [Theory]
    [InlineData(PosteriorFamily.FullGaussian, "ML")]
    [InlineData(PosteriorFamily.MeanField, "meanfield_VEM")]
    public void CrossedIntercepts_LearnedFromOneRow_AreTheReferences(PosteriorFamily family, string method)
    {
        JsonElement expected = LearningData.Json("variance_components").GetProperty("penicillin").GetProperty(method);
        JsonElement variances = expected.GetProperty("variances");
        foreach (VariationalEmMethod climb in Enum.GetValues<VariationalEmMethod>())
        {
            VariationalEmResult result = Penicillin(new VariationalEmOptions { PriorVarianceGroups = PlatesAndSamples, Family = family, Method = climb });

            result.Converged.Should().BeTrue("{0}", result);
            result.Elbo.Should().BeApproximately(expected.GetProperty("objective").GetDouble(), 1e-8);
            string evidence = family == PosteriorFamily.FullGaussian ? "objective" : "loglik_at_these_parameters";
            result.LogEvidence.Should().BeApproximately(expected.GetProperty(evidence).GetDouble(), 1e-8);
            ShouldBe(result.PriorVariances[0], variances.GetProperty("plate"));
            ShouldBe(result.PriorVariances[^1], variances.GetProperty("sample"));
            ShouldBe(result.NoiseVariances[0], variances.GetProperty("residual"));
            result.PriorVariances.Take(Plates).Should().AllBeEquivalentTo(result.PriorVariances[0]);
            result.PriorVariances.Skip(Plates).Should().AllBeEquivalentTo(result.PriorVariances[^1]);
            result.Warnings.Should().BeEmpty();
        }

        static void ShouldBe(double value, JsonElement reference) =>
            value.Should().BeApproximately(reference.GetDouble(), 1e-6 * reference.GetDouble());
    }

    [Fact]
    public void StandardErrors_OfAGroup_AreSharedByItsMembersAndThoseOfTheReferencesDifferences()
    {
        VariationalEmResult result = Penicillin(new VariationalEmOptions { PriorVarianceGroups = PlatesAndSamples });

        // A balanced crossed layout has the eigenvalues σ², σ² + 6 plate, σ² + 24 sample and their sum, 115, 23, 5 and 1 of them.
        double[] at = [result.PriorVariances[0], result.PriorVariances[^1], result.NoiseVariances[0]];
        Matrix<double> slopes = Matrix<double>.Build.DenseOfRowArrays([0.0, 0, 1], [6, 0, 1], [0, 24, 1], [6, 24, 1]);
        Vector<double> eigenvalues = slopes * Vector<double>.Build.Dense(at);

        // At the maximum the mean squares are what they are; minus the second derivatives are Σ d/λ² (MS/λ − ½) over the eigenvalues.
        double[] degrees = [115, 23, 5, 1];
        double[] meanSquares = MeanSquares();
        Matrix<double> information = Matrix<double>.Build.Dense(3, 3, (a, b) => Enumerable.Range(0, 4).Sum(
            i => slopes[i, a] * slopes[i, b] * degrees[i] * ((meanSquares[i] / eigenvalues[i]) - 0.5) / (eigenvalues[i] * eigenvalues[i])));
        Matrix<double> covariance = information.Inverse();
        ShouldBe(result.StandardErrors.PriorVariances.Take(Plates), covariance[0, 0]);
        ShouldBe(result.StandardErrors.PriorVariances.Skip(Plates), covariance[1, 1]);
        ShouldBe(result.StandardErrors.NoiseVariances, covariance[2, 2]);

        static void ShouldBe(IEnumerable<double> errors, double variance) =>
            errors.Select(error => error / Math.Sqrt(variance)).Should().OnlyContain(ratio => Math.Abs(ratio - 1) < 1e-5);
    }

    [Fact]
    public void OneGroupAndAGroupForEach_AreSharedAndEach()
    {
        (LinearGaussianModel model, Matrix<double> rows) = MarginalBoundTests.Case(missing: 0.1);
        (VarianceLearning Learning, int[] Groups)[] ends = [(VarianceLearning.Shared, [0, 0]), (VarianceLearning.Each, [0, 1])];
        foreach ((VarianceLearning learning, int[] groups) in ends)
        {
            VariationalEmResult known = new VariationalEm(new VariationalEmOptions { PriorVariances = learning }).Learn(model, rows);
            VariationalEmResult result = new VariationalEm(new VariationalEmOptions { PriorVarianceGroups = [.. groups] }).Learn(model, rows);

            result.PriorVariances.Should().Equal(known.PriorVariances);
            result.Elbo.Should().Be(known.Elbo);
            result.StandardErrors.PriorVariances.Should().Equal(known.StandardErrors.PriorVariances);
        }
    }

    [Fact]
    public void LatentsOutsideAnyGroup_KeepTheirVariances()
    {
        (LinearGaussianModel model, Matrix<double> rows) = MarginalBoundTests.Case(missing: 0.1);

        VariationalEmResult result = new VariationalEm(new VariationalEmOptions { PriorVarianceGroups = [-1, 0] }).Learn(model, rows);

        result.PriorVariances[0].Should().Be(model.PriorVariances[0]);
        result.PriorVariances[1].Should().NotBe(model.PriorVariances[1]);
        result.StandardErrors.PriorVariances[0].Should().Be(double.NaN);
        result.StandardErrors.PriorVariances[1].Should().BePositive();
        LearnedNoiseTests.ShouldBeOfTheModel(result, rows, 1e-12);
    }

    [Fact]
    public void GroupThatTheDataDoNotNeed_IsAtItsBoundaryAndNamed()
    {
        // Means of three groups that differ by less than the noise explains.
        Matrix<double> loadings = Matrix<double>.Build.Dense(6, 3, (k, j) => k / 2 == j ? 1 : 0);
        var model = new LinearGaussianModel(loadings, new double[6], [1, 1, 1, 1, 1, 1], [0, 0, 0], [1, 1, 1]);
        Matrix<double> row = Matrix<double>.Build.DenseOfRowArrays([1.0, -1, 2, -2, 0.5, -0.5]);

        VariationalEmResult result = new VariationalEm(new VariationalEmOptions { PriorVarianceGroups = [0, 0, 0] }).Learn(model, row);

        result.PriorVariances.Should().Equal(0, 0, 0);
        result.NoiseVariances[0].Should().BeApproximately(10.5 / 6, 1e-9);
        result.Warnings.Single().Kind.Should().Be(LearningWarningKind.PriorVarianceAtZero);
    }

    [Fact]
    public void Groups_OutsideTheirRange_AreRefused()
    {
        (LinearGaussianModel model, Matrix<double> rows) = MarginalBoundTests.Case(missing: 0);
        Refused(() => new VariationalEmOptions { PriorVarianceGroups = [0, -2] }, "PriorVarianceGroups[1] is -2; it must be a group*");
        Refused(() => new VariationalEmOptions { PriorVarianceGroups = [0, 2] }, "PriorVarianceGroups has a group 2 but no group 1;*");
        Refused(() => new VariationalEmOptions { PriorVarianceGroups = default }, "PriorVarianceGroups is not initialised;*");
        Refused(
            () => new VariationalEm(new VariationalEmOptions { PriorVarianceGroups = [0, 0], PriorVariances = VarianceLearning.Each }),
            "PriorVariances is Each beside PriorVarianceGroups; it must be Fixed*");
        Refused(
            () => new VariationalEm(new VariationalEmOptions { PriorVarianceGroups = [-1, -1], NoiseVariances = VarianceLearning.Fixed }),
            "Nothing is to be learned;*");
        Refused(
            () => new VariationalEm(new VariationalEmOptions { PriorVarianceGroups = [0, 0, 0] }).Learn(model, rows),
            "PriorVarianceGroups has 3 elements; it must have 2, one for each latent of the model*");

        static void Refused(Func<object> act, string message) => act.Should().Throw<ArgumentException>().WithMessage(message);
    }

    private static System.Collections.Immutable.ImmutableArray<int> PlatesAndSamples =>
        [.. Enumerable.Repeat(0, Plates), .. Enumerable.Repeat(1, Samples)];

    /// <summary>
    /// Learns from the assay as one row of 144. All plates have all samples, so that the mean of maximum likelihood is that of all cells whatever
    /// the variances: as a fixed offset it is exact.
    /// </summary>
    private static VariationalEmResult Penicillin(VariationalEmOptions options)
    {
        (double[] diameters, Matrix<double> loadings) = Assay();
        var model = new LinearGaussianModel(
            loadings,
            Enumerable.Repeat(diameters.Average(), diameters.Length).ToArray(),
            Enumerable.Repeat(1.0, diameters.Length).ToArray(),
            new double[Plates + Samples],
            Enumerable.Repeat(1.0, Plates + Samples).ToArray());
        return new VariationalEm(options).Learn(model, Matrix<double>.Build.DenseOfRowArrays(diameters));
    }

    private static (double[] Diameters, Matrix<double> Loadings) Assay()
    {
        string[][] lines = LearningData.Lines("penicillin.csv")[1..];
        double[] diameters = [.. LearningData.Table("penicillin.csv", "diameter").Column(0)];
        return (diameters, Matrix<double>.Build.Dense(diameters.Length, Plates + Samples, (k, j) =>
            lines[k][1][0] - 'a' == j || lines[k][2][0] - 'A' == j - Plates ? 1 : 0));
    }

    /// <summary>Returns the mean squares of residuals, plates, samples and the mean (which is at its best, hence 0).</summary>
    private static double[] MeanSquares()
    {
        (double[] diameters, Matrix<double> loadings) = Assay();
        double mean = diameters.Average();
        Vector<double> deviations = Vector<double>.Build.Dense([.. diameters.Select(value => value - mean)]);
        Vector<double> sums = loadings.TransposeThisAndMultiply(deviations);
        double plates = sums.Take(Plates).Sum(sum => sum * sum / Samples), samples = sums.Skip(Plates).Sum(sum => sum * sum / Plates);
        return [(deviations.DotProduct(deviations) - plates - samples) / 115, plates / 23, samples / 5, 0];
    }
}
