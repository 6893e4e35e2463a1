using System.Text.Json;
using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using VariationalInference.Tests.Reference;
using Xunit;

namespace VariationalInference.Tests.Learning;

/// <summary>Sums with known priors, whose noise variance is learned; the expected values come from scalar maximisations elsewhere.</summary>
public class LearnedNoiseTests
{
    private static readonly JsonElement Data = LearningData.Json("learned_noise");

    public static IEnumerable<object[]> NoiseIds => Ids("fixed_prior_learn_noise");

    public static IEnumerable<object[]> ScaleIds => Ids("learn_prior_scales_and_noise");

    [Theory]
    [MemberData(nameof(NoiseIds))]
    public void Learn_NoiseVarianceInTheFullFamily_IsMaximumLikelihood(string id)
    {
        (GaussianSumModel start, Matrix<double> rows, JsonElement expected) = Case("fixed_prior_learn_noise", id);

        VariationalEmResult result = new VariationalEm().Learn(start, rows);

        double noise = expected.GetProperty("ml_noise_var").GetDouble();
        double logLikelihood = expected.GetProperty("loglik_at_ml").GetDouble();
        result.Converged.Should().BeTrue(result.ToString());
        result.NoiseVariances[0].Should().BeApproximately(noise, 1e-8 * noise);

        // The reference takes the likelihood of a boundary case at a variance of 1e-10.
        result.Elbo.Should().BeApproximately(logLikelihood, noise == 0 ? 1e-6 : 1e-11 * Math.Abs(logLikelihood));
        result.Warnings.Select(warning => warning.Kind).Should().Equal(
            noise == 0 ? [LearningWarningKind.NoiseVarianceAtZero] : Array.Empty<LearningWarningKind>());
        ShouldBeMonotone(result);
        ShouldBeOfTheModel(result, rows, noise == 0 ? 1e-6 : 1e-9);
    }

    [Theory]
    [MemberData(nameof(NoiseIds))]
    public void Learn_NoiseVarianceInTheMeanFieldFamily_HasItsBias(string id)
    {
        (GaussianSumModel start, Matrix<double> rows, JsonElement expected) = Case("fixed_prior_learn_noise", id);

        VariationalEmResult result = new VariationalEm(new VariationalEmOptions { Family = PosteriorFamily.MeanField }).Learn(start, rows);

        double noise = expected.GetProperty("meanfield_vem_noise_var").GetDouble();
        double elbo = expected.GetProperty("meanfield_vem_elbo").GetDouble();
        result.Converged.Should().BeTrue(result.ToString());
        result.NoiseVariances[0].Should().BeApproximately(noise, 1e-7 * noise);
        result.Elbo.Should().BeApproximately(elbo, 1e-11 * Math.Abs(elbo));
        double atThisNoise = expected.GetProperty("loglik_at_meanfield_vem").GetDouble();
        result.LogEvidence.Should().BeApproximately(atThisNoise, 1e-7 * Math.Abs(atThisNoise));
        result.NoiseVariances[0].Should().BeGreaterThan(expected.GetProperty("ml_noise_var").GetDouble());
        ShouldBeMonotone(result);
    }

    [Fact]
    public void Learn_TenLatentsAndFiveObservations_IsGrosslyBiasedInTheMeanFieldFamilyOnly()
    {
        (GaussianSumModel start, Matrix<double> rows, _) = Case("fixed_prior_learn_noise", "noise_J10_K5_true0.01");

        new VariationalEm().Learn(start, rows).NoiseVariances[0].Should().BeApproximately(0.0098, 5e-5);
        new VariationalEm(new VariationalEmOptions { Family = PosteriorFamily.MeanField }).Learn(start, rows)
            .NoiseVariances[0].Should().BeApproximately(6.46, 5e-3);
    }

    [Theory]
    [MemberData(nameof(NoiseIds))]
    public void PlainEm_FromNoiseVarianceOne_TakesTheReferencesIterations(string id)
    {
        (GaussianSumModel start, Matrix<double> rows, JsonElement expected) = Case("fixed_prior_learn_noise", id);
        var options = new VariationalEmOptions
        {
            Method = VariationalEmMethod.Plain,
            Family = PosteriorFamily.MeanField,
            GradientTolerance = 0,
            Tolerance = 1e-12,
            MaxIterations = expected.GetProperty("vem_iterations_to_rel_1e8_full_E_step").GetInt32(),
        };
        double noise = expected.GetProperty("meanfield_vem_noise_var").GetDouble();

        VariationalEmResult there = new VariationalEm(options).Learn(start, rows);
        VariationalEmResult earlier = new VariationalEm(new VariationalEmOptions
        {
            Method = VariationalEmMethod.Plain,
            Family = PosteriorFamily.MeanField,
            GradientTolerance = 0,
            Tolerance = 1e-12,
            MaxIterations = options.MaxIterations - 2,
        }).Learn(start, rows);

        Math.Abs((there.NoiseVariances[0] / noise) - 1).Should().BeLessThanOrEqualTo(1.01e-8);
        Math.Abs((earlier.NoiseVariances[0] / noise) - 1).Should().BeGreaterThan(1e-8);
        there.StopReason.Should().Be(StopReason.IterationLimit);
    }

    [Theory]
    [MemberData(nameof(ScaleIds))]
    public void Learn_PriorVariancesToo_FindsTheirTotalAndSaysThatItIsAllThatCanBeKnown(string id)
    {
        (GaussianSumModel start, Matrix<double> rows, JsonElement expected) = Case("learn_prior_scales_and_noise", id);
        double total = expected.GetProperty("ml_total_prior_var").GetDouble();
        double noise = expected.GetProperty("ml_noise_var").GetDouble();
        double logLikelihood = expected.GetProperty("loglik_max").GetDouble();
        foreach (PosteriorFamily family in Enum.GetValues<PosteriorFamily>())
        {
            VariationalEmResult result = new VariationalEm(
                new VariationalEmOptions { PriorVariances = VarianceLearning.Each, Family = family }).Learn(start, rows);

            result.Converged.Should().BeTrue("{0}: {1}", family, result);
            result.PriorVariances.Sum().Should().BeApproximately(total, 1e-7 * total);
            result.NoiseVariances[0].Should().BeApproximately(noise, 1e-7 * noise);
            result.Elbo.Should().BeApproximately(logLikelihood, 1e-11 * Math.Abs(logLikelihood));
            result.Warnings.Should().Contain(warning => warning.Kind == LearningWarningKind.Unidentified
                && warning.Message.StartsWith("Of the prior variances of a sum the likelihood tells only the total"));
            if (family == PosteriorFamily.MeanField)
            {
                // The mean-field bound is largest where one latent has all the variance.
                result.PriorVariances.Should().Contain(0);
                result.Warnings.Should().Contain(warning => warning.Kind == LearningWarningKind.PriorVarianceAtZero);
            }
            else
            {
                result.StandardErrors.PriorVariances.Should().OnlyContain(error => double.IsNaN(error));
            }
        }
    }

    [Theory]
    [MemberData(nameof(ScaleIds))]
    public void PlainEm_FromEqualPriorVariances_StaysOnTheSaddle(string id)
    {
        (GaussianSumModel start, Matrix<double> rows, JsonElement expected) = Case("learn_prior_scales_and_noise", id);

        VariationalEmResult result = new VariationalEm(new VariationalEmOptions
        {
            Method = VariationalEmMethod.Plain,
            Family = PosteriorFamily.MeanField,
            PriorVariances = VarianceLearning.Each,
            MaxIterations = 5000,
            GradientTolerance = 1e-10,
        }).Learn(start, rows);

        double each = expected.GetProperty("symmetric_stationary_prior_var_each").GetDouble();
        double elbo = expected.GetProperty("symmetric_stationary_elbo").GetDouble();
        result.PriorVariances.Should().OnlyContain(variance => Math.Abs(variance - each) < 1e-6 * each);
        result.Elbo.Should().BeApproximately(elbo, 1e-9 * Math.Abs(elbo));
    }

    [Fact]
    public void Learn_PriorsOfASumWithKnownNoise_MaximisesTheModelsOwnEvidence()
    {
        (GaussianSumModel start, Matrix<double> rows, _) = Case("fixed_prior_learn_noise", "noise_J2_K2_true1");
        var options = new VariationalEmOptions { NoiseVariances = VarianceLearning.Fixed, PriorMeans = true, PriorVariances = VarianceLearning.Shared };

        VariationalEmResult result = new VariationalEm(options).Learn(start, rows);

        result.Converged.Should().BeTrue(result.ToString());
        result.NoiseVariances.Should().Equal(1, 1);
        ShouldBeOfTheModel(result, rows, 1e-12);

        // With C = 1 + 2T for u = Σx/√2: T is half of what the variance of u exceeds 1 by.
        double[] sums = [.. rows.EnumerateRows().Select(row => (row[0] + row[1]) / Math.Sqrt(2))];
        double mean = sums.Average(), variance = sums.Average(value => (value - mean) * (value - mean));
        result.PriorVariances.Sum().Should().BeApproximately((variance - 1) / 2, 1e-9);
        result.PriorMeans.Sum().Should().BeApproximately(mean / Math.Sqrt(2), 1e-9);
    }

    [Theory]
    [InlineData(1e-9)]
    [InlineData(1e9)]
    public void Learn_InOtherUnits_FindsTheSame(double unit)
    {
        (GaussianSumModel start, Matrix<double> rows, JsonElement expected) = Case("fixed_prior_learn_noise", "noise_J3_K5_true0.01");
        var scaled = new GaussianSumModel(
            5, 1, [.. start.PriorMeans.Select(mean => mean * unit)], [.. start.PriorVariances.Select(variance => variance * unit * unit)]);

        VariationalEmResult result = new VariationalEm().Learn(scaled, rows * unit);

        double noise = expected.GetProperty("ml_noise_var").GetDouble() * unit * unit;
        result.NoiseVariances[0].Should().BeApproximately(noise, 1e-8 * noise);
    }

    [Fact]
    public void Learn_FromAModelFarFromTheData_FindsThem()
    {
        // At 1e12 with a spread of 1e5, from a model at 0 with a spread of 1.
        (LinearGaussianModel truth, Matrix<double> rows) = MarginalBoundTests.Case(missing: 0.1);
        Matrix<double> far = (rows + 1e7) * 1e5;
        var options = new VariationalEmOptions { Offset = true, NoiseVariances = VarianceLearning.Each, PriorVariances = VarianceLearning.Shared };

        VariationalEmResult near = new VariationalEm(options).Learn(truth, rows);
        VariationalEmResult result = new VariationalEm(options).Learn(truth, far);

        result.Converged.Should().BeTrue(result.ToString());
        result.PriorVariances[0].Should().BeApproximately(near.PriorVariances[0] * 1e10, 1e-6 * result.PriorVariances[0]);
        result.NoiseVariances[2].Should().BeApproximately(near.NoiseVariances[2] * 1e10, 1e-6 * result.NoiseVariances[2]);

        // The prior means predict −0.15 of the last observation in either case.
        result.Offset[3].Should().BeApproximately(((near.Offset[3] - 0.15 + 1e7) * 1e5) + 0.15, 1);
    }

    internal static void ShouldBeMonotone(VariationalEmResult result)
    {
        for (int t = 1; t < result.ElboTrace.Length; t++)
        {
            double rounding = 1e-12 * (Math.Abs(result.Elbo) + 1000);
            result.ElboTrace[t].Should().BeGreaterThanOrEqualTo(result.ElboTrace[t - 1] - rounding, "iteration {0}", t);
        }
    }

    /// <summary>Compares the bound with what the learned model itself says of the rows.</summary>
    internal static void ShouldBeOfTheModel(VariationalEmResult result, Matrix<double> rows, double tolerance) =>
        rows.EnumerateRows().Sum(row => result.Model.LogEvidence(row.ToArray()))
            .Should().BeApproximately(result.LogEvidence, tolerance * Math.Abs(result.LogEvidence));

    private static IEnumerable<object[]> Ids(string list) =>
        Data.GetProperty(list).EnumerateArray().Select(item => new object[] { item.GetProperty("id").GetString()! });

    private static (GaussianSumModel Start, Matrix<double> Rows, JsonElement Expected) Case(string list, string id)
    {
        JsonElement item = Data.GetProperty(list).EnumerateArray().Single(element => element.GetProperty("id").GetString() == id);
        double[] means = [.. item.GetProperty("prior_mean").EnumerateArray().Select(value => value.GetDouble())];
        double[] variances = item.TryGetProperty("prior_var", out JsonElement given)
            ? [.. given.EnumerateArray().Select(value => value.GetDouble())]
            : [.. means.Select(_ => 1.0)];
        return (
            new GaussianSumModel(item.GetProperty("K").GetInt32(), 1, means, variances),
            LearningData.Matrix(item.GetProperty("X")),
            item.GetProperty("expected"));
    }
}
