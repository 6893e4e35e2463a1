using System.Globalization;
using System.Text.Json;
using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using VariationalInference.Tests.Reference;
using Xunit;

namespace VariationalInference.Tests.Learning;

/// <summary>Factor analysis and probabilistic PCA of real sets, raw and standardised, against the best optima known.</summary>
public class FactorAnalysisTests
{
    private static readonly JsonElement Sets = LearningData.Json("factor_analysis");

    public static IEnumerable<object[]> FactorCases => Cases("fa");

    public static IEnumerable<object[]> PcaCases => Cases("ppca");

    [Theory]
    [MemberData(nameof(FactorCases))]
    public void Learn_OfEachSet_ReachesTheBestOptimum(string set, string variant, int factors)
    {
        JsonElement expected = Sets.GetProperty(set).GetProperty("variants").GetProperty(variant).GetProperty("fa").GetProperty($"{factors}");
        double logLikelihood = expected.GetProperty("loglik_total").GetDouble();
        bool heywood = expected.GetProperty("heywood").GetBoolean();

        SufficientStatistics statistics = Statistics(set, variant);

        FactorAnalysis result = FactorAnalysis.Learn(statistics, factors);

        result.Fit.Converged.Should().BeTrue(result.Fit.ToString());

        // In a Heywood case the reference stops at 1e-9 of a variance, where its likelihood is good to 2e-3 only: evaluate its parameters anew.
        double best = heywood ? DenseLogLikelihood(statistics, expected) : logLikelihood;
        result.Fit.Elbo.Should().BeInRange(best - (1e-10 * Math.Abs(best)), best + (heywood ? 1e-6 : 1e-10 * Math.Abs(best)));
        result.Fit.Elbo.Should().BeApproximately(logLikelihood, heywood ? 2e-3 : 1e-9 * Math.Abs(logLikelihood));
        double[] uniquenesses = [.. expected.GetProperty("uniqueness").EnumerateArray().Select(value => value.GetDouble())];
        for (int k = 0; k < uniquenesses.Length; k++)
        {
            result.Uniquenesses[k].Should().BeApproximately(uniquenesses[k], heywood ? 1e-4 : 1e-7 * uniquenesses[k], "of column {0}", k);
        }

        result.Fit.Warnings.Any(warning => warning.Kind == LearningWarningKind.HeywoodCase).Should().Be(heywood);
        result.Fit.NoiseVariances.Contains(0).Should().Be(heywood);
        LearnedNoiseTests.ShouldBeMonotone(result.Fit);
    }

    [Theory]
    [MemberData(nameof(PcaCases))]
    public void Pca_OfEachSet_IsTheReferencesInClosedFormAndByClimbing(string set, string variant, int components)
    {
        JsonElement expected = Sets.GetProperty(set).GetProperty("variants").GetProperty(variant).GetProperty("ppca").GetProperty($"{components}");
        double logLikelihood = expected.GetProperty("loglik_total").GetDouble();
        double noise = expected.GetProperty("sigma2").GetDouble();
        SufficientStatistics statistics = Statistics(set, variant);

        ProbabilisticPca solution = ProbabilisticPca.Solve(statistics, components);

        solution.NoiseVariance.Should().BeApproximately(noise, 1e-10 * noise);
        solution.LogEvidence.Should().BeApproximately(logLikelihood, 1e-11 * Math.Abs(logLikelihood));
        double[] eigenvalues = [.. expected.GetProperty("eigenvalues").EnumerateArray().Select(value => value.GetDouble())];
        for (int k = 0; k < components; k++)
        {
            solution.Eigenvalues[k].Should().BeApproximately(eigenvalues[k], 1e-10 * eigenvalues[0]);
        }

        if (set != "digits8x8" || components <= 2)
        {
            ProbabilisticPca learned = ProbabilisticPca.Learn(statistics, components, starts: 2);
            VariationalEmResult climbed = learned.Fit!;
            learned.NoiseVariance.Should().Be(climbed.NoiseVariances[0]);
            learned.LogEvidence.Should().Be(climbed.LogEvidence);
            learned.Eigenvalues.Should().HaveCount(statistics.ColumnCount).And.BeInDescendingOrder();
            learned.Eigenvalues.Take(components).Should().Equal(
                solution.Eigenvalues.Take(components), (actual, exact) => Math.Abs(actual - exact) <= 1e-4 * solution.Eigenvalues[0]);
            learned.Eigenvalues.Skip(components).Should().AllBeEquivalentTo(learned.NoiseVariance);
            solution.Fit.Should().BeNull();
            climbed.Converged.Should().BeTrue(climbed.ToString());
            climbed.Elbo.Should().BeApproximately(logLikelihood, 1e-10 * Math.Abs(logLikelihood));
            climbed.NoiseVariances[0].Should().BeApproximately(noise, 1e-6 * noise);
            (climbed.Loadings() * climbed.Loadings().Transpose()).Should().Match<Matrix<double>>(product =>
                (product - (solution.Model.Loadings() * solution.Model.Loadings().Transpose())).FrobeniusNorm() < 1e-4 * product.FrobeniusNorm());
        }
    }

    [Fact]
    public void MeanField_WithFreeLoadings_IsNotBiased()
    {
        JsonElement expected = Sets.GetProperty("attitude").GetProperty("variants").GetProperty("raw").GetProperty("fa").GetProperty("2");
        SufficientStatistics statistics = Statistics("attitude", "raw");
        LinearGaussianModel start = FactorAnalysis.Start(statistics, 2, "factors");

        VariationalEmResult result = new VariationalEm(new VariationalEmOptions
        {
            Loadings = true,
            Offset = true,
            NoiseVariances = VarianceLearning.Each,
            Family = PosteriorFamily.MeanField,
        }).Learn(start, statistics);

        double logLikelihood = expected.GetProperty("loglik_total").GetDouble();
        result.Converged.Should().BeTrue(result.ToString());
        result.Elbo.Should().BeApproximately(logLikelihood, 1e-9 * Math.Abs(logLikelihood));
        result.LogEvidence.Should().BeApproximately(result.Elbo, 1e-9 * Math.Abs(logLikelihood));
    }

    [Fact]
    public void MeanField_OfAHeywoodCase_ComesToItAndSaysSo()
    {
        // The mean-field bound is −∞ at a noise variance of zero itself unless the loadings are exactly orthogonal; it comes as near as doubles do.
        JsonElement expected = Sets.GetProperty("attitude").GetProperty("variants").GetProperty("raw").GetProperty("fa").GetProperty("3");
        SufficientStatistics statistics = Statistics("attitude", "raw");

        VariationalEmResult result = new VariationalEm(new VariationalEmOptions
        {
            Loadings = true,
            Offset = true,
            NoiseVariances = VarianceLearning.Each,
            Family = PosteriorFamily.MeanField,
        }).Learn(FactorAnalysis.Start(statistics, 3, "factors"), statistics);

        result.Elbo.Should().BeApproximately(DenseLogLikelihood(statistics, expected), 1e-3);
        result.StopReason.Should().NotBe(StopReason.Unbounded);
        result.Warnings.Should().Contain(warning => warning.Kind == LearningWarningKind.HeywoodCase);
    }

    [Fact]
    public void Loadings_AreInTheCanonicalRotation()
    {
        JsonElement expected = Sets.GetProperty("mtcars").GetProperty("variants").GetProperty("raw").GetProperty("fa").GetProperty("2");

        FactorAnalysis result = FactorAnalysis.Learn(Statistics("mtcars", "raw"), 2);

        Matrix<double> reference = LearningData.Matrix(expected.GetProperty("loadings_W_with_WtPsiInvW_diagonal"));
        for (int j = 0; j < 2; j++)
        {
            double sign = Math.Sign(reference.Column(j).DotProduct(result.Fit.Loadings().Column(j)));
            (sign * result.Fit.Loadings().Column(j)).Should().Match<Vector<double>>(
                column => (column - reference.Column(j)).L2Norm() < 1e-5 * reference.Column(j).L2Norm());
        }
    }

    [Fact]
    public void Model_OfMissingCells_GoesStraightIntoInference()
    {
        Matrix<double> table = LearningData.Table("iris.csv", "Sepal.Length", "Sepal.Width", "Petal.Length", "Petal.Width");
        for (int n = 0; n < 40; n++)
        {
            table[3 * n, n % 4] = double.NaN;
        }

        VariationalEmResult learned = ProbabilisticPca.Learn(SufficientStatistics.Of(table), 2).Fit!;

        learned.Converged.Should().BeTrue(learned.ToString());
        LearnedNoiseTests.ShouldBeOfTheModel(learned, table, 1e-11);
        CaviTable fits = new CaviSolver().Solve(learned.Model, table, CaviOutputs.All);
        fits.UnconvergedRowCount.Should().Be(0);
        fits.LogEvidences.Sum().Should().BeApproximately(learned.LogEvidence, 1e-9 * Math.Abs(learned.LogEvidence));
        new FixedFormElbo(learned.Model.Observe(table.Row(1).ToArray())).Maximize().Converged.Should().BeTrue();
        HybridResult hybrid = new HybridSolver(new HybridOptions { MaxEpochs = 1 }).Fit(
            learned.Model, new MlpEncoder(4, 1, [4], seed: 1), LearningData.Table("iris.csv", "Sepal.Length", "Sepal.Width", "Petal.Length", "Petal.Width"));
        hybrid.Infer(table.Row(1).ToArray()).MeanField.Means.Should().OnlyContain(mean => double.IsFinite(mean));
    }

    [Fact]
    public void SameSeed_GivesTheSameBits()
    {
        SufficientStatistics statistics = Statistics("attitude", "raw");

        FactorAnalysis first = FactorAnalysis.Learn(statistics, 2, starts: 3, seed: 7), second = FactorAnalysis.Learn(statistics, 2, starts: 3, seed: 7);

        second.Fit.ElboTrace.Should().Equal(first.Fit.ElboTrace);
        second.Fit.NoiseVariances.Should().Equal(first.Fit.NoiseVariances);
    }

    internal static SufficientStatistics Statistics(string set, string variant)
    {
        JsonElement entry = Sets.GetProperty(set);
        string file = entry.GetProperty("dataset").GetString()!;
        string[] columns = [.. entry.GetProperty("columns").EnumerateArray().Select(column => column.GetString()!)];
        if (set == "ability_cov_n112")
        {
            Matrix<double> covariance = LearningData.Table(file, columns);
            double[] scales = [.. covariance.Diagonal().Select(value => variant == "raw" ? 1 : Math.Sqrt(value))];
            return SufficientStatistics.OfMoments(112, new double[6], covariance.MapIndexed((i, j, value) => value / (scales[i] * scales[j])));
        }

        Matrix<double> table = LearningData.Table(file, columns);
        if (variant == "standardised")
        {
            for (int k = 0; k < table.ColumnCount; k++)
            {
                Vector<double> centred = table.Column(k) - table.Column(k).Average();
                table.SetColumn(k, centred / Math.Sqrt(centred.DotProduct(centred) / table.RowCount));
            }
        }

        return SufficientStatistics.Of(table);
    }

    /// <summary>Returns the likelihood at the reference's parameters, the vanishing noise variance at 0.</summary>
    private static double DenseLogLikelihood(SufficientStatistics statistics, JsonElement expected)
    {
        PatternStatistics complete = statistics.Patterns[0];
        Matrix<double> loadings = LearningData.Matrix(expected.GetProperty("loadings_W_with_WtPsiInvW_diagonal"));
        double[] noise = [.. expected.GetProperty("noise_variances").EnumerateArray().Select(value => value.GetDouble())];
        double[] uniquenesses = [.. expected.GetProperty("uniqueness").EnumerateArray().Select(value => value.GetDouble())];
        Matrix<double> covariance = (loadings * loadings.Transpose())
            + Matrix<double>.Build.DenseDiagonal(noise.Length, noise.Length, k => uniquenesses[k] < 1e-8 ? 0 : noise[k]);
        double trace = (covariance.Inverse() * complete.CrossProducts()).Trace() / complete.RowCount;
        return -0.5 * complete.RowCount * ((noise.Length * Math.Log(2 * Math.PI)) + Math.Log(covariance.Determinant()) + trace);
    }

    private static IEnumerable<object[]> Cases(string kind) =>
        from set in Sets.EnumerateObject()
        from variant in set.Value.GetProperty("variants").EnumerateObject()
        where variant.Value.TryGetProperty(kind, out _)
        from item in variant.Value.GetProperty(kind).EnumerateObject()
        select new object[] { set.Name, variant.Name, int.Parse(item.Name, CultureInfo.InvariantCulture) };
}
