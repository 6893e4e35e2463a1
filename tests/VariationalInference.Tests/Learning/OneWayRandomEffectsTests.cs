using System.Text.Json;
using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using VariationalInference.Tests.Reference;
using Xunit;

namespace VariationalInference.Tests.Learning;

public class OneWayRandomEffectsTests
{
    private static readonly JsonElement Components = LearningData.Json("variance_components");
    private static readonly JsonElement Certified = LearningData.Json("nist_anova_certified");

    public static TheoryData<string, double> BalancedSets => new()
    {
        // The digits that the data have in double precision: at 1,000,000 a cell is rounded to 1e-10 of a spread of 0.1.
        { "dyestuff", 1e-10 }, { "sirstv", 1e-10 }, { "rail", 1e-10 }, { "smls01", 1e-10 }, { "smls04", 2e-9 },
    };

    [Theory]
    [MemberData(nameof(BalancedSets))]
    public void Learn_ByMaximumLikelihood_IsTheClosedForm(string set, double tolerance)
    {
        JsonElement expected = Components.GetProperty(set);

        OneWayRandomEffects result = OneWayRandomEffects.Learn(Groups(expected));

        double within = Number(expected, "var_within_ML"), between = Number(expected, "var_between_ML");
        result.Fit.Converged.Should().BeTrue(result.Fit.ToString());
        result.WithinVariance.Value.Should().BeApproximately(within, tolerance * within);
        result.BetweenVariance.Value.Should().BeApproximately(between, tolerance * between);
        result.Mean.Value.Should().BeApproximately(Number(expected, "mu"), 1e-12 * Math.Abs(Number(expected, "mu")));
        result.LogLikelihood.Should().BeApproximately(Number(expected, "loglik_ML"), tolerance * Math.Abs(Number(expected, "loglik_ML")));
        bool boundary = expected.GetProperty("boundary").GetBoolean();
        result.Fit.Warnings.Select(warning => warning.Kind).Should().Equal(
            boundary ? [LearningWarningKind.PriorVarianceAtZero] : Array.Empty<LearningWarningKind>());
        double[] effects = [.. expected.GetProperty("posterior_mean_z_at_ML").EnumerateArray().Select(value => value.GetDouble())];
        for (int g = 0; g < effects.Length; g++)
        {
            result.Effects[g].Mean.Should().BeApproximately(effects[g], 10 * tolerance * Math.Sqrt(within));
            result.Effects[g].Variance.Should().BeApproximately(
                Number(expected, "posterior_var_z_at_ML"), 10 * tolerance * within);
        }
    }

    [Theory]
    [MemberData(nameof(BalancedSets))]
    public void Learn_ByRestrictedMaximumLikelihood_IsTheClosedForm(string set, double tolerance)
    {
        JsonElement expected = Components.GetProperty(set);

        OneWayRandomEffects result = OneWayRandomEffects.Learn(Groups(expected), restricted: true);

        double within = Number(expected, "var_within_REML"), between = Number(expected, "var_between_REML");
        result.Fit.Converged.Should().BeTrue(result.Fit.ToString());
        result.WithinVariance.Value.Should().BeApproximately(within, tolerance * within);
        result.BetweenVariance.Value.Should().BeApproximately(between, 10 * tolerance * between);
        result.LogLikelihood.Should().BeApproximately(Number(expected, "loglik_REML"), tolerance * Math.Abs(Number(expected, "loglik_REML")));
        result.Fit.Warnings.Should().BeEmpty();
    }

    [Theory]
    [InlineData("SiRstv", "sirstv", 1e-11)]
    [InlineData("SmLs01", "smls01", 1e-13)]
    [InlineData("SmLs04", "smls04", 1e-9)]
    public void Anova_OfNistSets_IsCertified(string name, string set, double tolerance)
    {
        JsonElement certified = Certified.GetProperty(name);

        AnovaTable anova = OneWayRandomEffects.Learn(Groups(Components.GetProperty(set))).Anova;

        anova.DegreesOfFreedomBetween.Should().Be(certified.GetProperty("df_between").GetInt64());
        anova.DegreesOfFreedomWithin.Should().Be(certified.GetProperty("df_within").GetInt64());
        foreach ((double actual, string field) in new[]
        {
            (anova.SumOfSquaresBetween, "ss_between"), (anova.SumOfSquaresWithin, "ss_within"), (anova.MeanSquareBetween, "ms_between"),
            (anova.MeanSquareWithin, "ms_within"), (anova.F, "F"),
        })
        {
            actual.Should().BeApproximately(Number(certified, field), tolerance * Number(certified, field), field);
        }
    }

    [Theory]
    [MemberData(nameof(BalancedSets))]
    public void GaussianSum_OfTheSameRows_LearnsTheSame(string set, double tolerance)
    {
        JsonElement expected = Components.GetProperty(set);
        Matrix<double> rows = LearningData.Rows(Groups(expected));
        var options = new VariationalEmOptions { PriorMeans = true, PriorVariances = VarianceLearning.Shared };
        var mean = new VariationalEmOptions { PriorMeans = true, PriorVariances = VarianceLearning.Shared, Family = PosteriorFamily.MeanField };

        VariationalEmResult sum = new VariationalEm(options).Learn(new GaussianSumModel(1, rows.ColumnCount), rows);
        VariationalEmResult meanField = new VariationalEm(mean).Learn(new GaussianSumModel(1, rows.ColumnCount), rows);
        VariationalEmResult dense = new VariationalEm(options).Learn(
            new LinearGaussianModel(
                Matrix<double>.Build.Dense(rows.ColumnCount, 1, 1.0), new double[rows.ColumnCount], Enumerable.Repeat(1.0, rows.ColumnCount).ToArray(), [0], [1]),
            rows);

        foreach (VariationalEmResult result in new[] { sum, meanField, dense })
        {
            double within = Number(expected, "var_within_ML");
            result.Converged.Should().BeTrue(result.ToString());
            result.NoiseVariances[0].Should().BeApproximately(within, 10 * tolerance * within);
            result.PriorVariances[0].Should().BeApproximately(Number(expected, "var_between_ML"), 10 * tolerance * within);
            result.Elbo.Should().BeApproximately(Number(expected, "loglik_ML"), 10 * tolerance * Math.Abs(Number(expected, "loglik_ML")));
        }

        sum.Model.Should().BeOfType<GaussianSumModel>();
    }

    [Fact]
    public void PlainEm_OnNistResistivity_CrawlsToTheBoundary()
    {
        JsonElement expected = Components.GetProperty("sirstv");
        Matrix<double> rows = LearningData.Rows(Groups(expected));
        JsonElement stop = expected.GetProperty("plain_em_from_total_variance").GetProperty("stop_dll_below_1e-9");
        double total = (Number(expected, "ss_between") + Number(expected, "ss_within")) / rows.RowCount / rows.ColumnCount;
        var start = new GaussianSumModel(rows.ColumnCount, total, [Number(expected, "mu")], [total]);
        var options = new VariationalEmOptions
        {
            PriorVariances = VarianceLearning.Shared,
            Method = VariationalEmMethod.Plain,
            MaxIterations = stop.GetProperty("iteration").GetInt32(),
            GradientTolerance = 0,
        };

        VariationalEmResult plain = new VariationalEm(options).Learn(start, rows);

        plain.Iterations.Should().Be(48_576);
        plain.PriorVariances[0].Should().BeApproximately(Number(stop, "var_between"), 1e-6 * Number(stop, "var_between"));
        (Number(expected, "loglik_ML") - plain.Elbo).Should().BeApproximately(Number(stop, "loglik_short_of_optimum"), 1e-9);
    }

    [Fact]
    public void Learn_FromUnbalancedGroups_MaximisesTheDenseLikelihood()
    {
        double[][] groups = [[1.2, 0.7, 1.9], [3.1], [], [2.2, 2.6, double.NaN, 2.0, 2.9], [0.1, 0.3], [5.0]];

        OneWayRandomEffects result = OneWayRandomEffects.Learn(groups);

        double best = LogLikelihood(groups, result.Mean.Value, result.BetweenVariance.Value, result.WithinVariance.Value);
        best.Should().BeApproximately(result.LogLikelihood, 1e-11);
        foreach ((double mean, double between, double within) in new[] { (1e-4, 0.0, 0.0), (0.0, 1e-4, 0.0), (0.0, 0.0, 1e-4) })
        {
            foreach (int sign in new[] { -1, 1 })
            {
                LogLikelihood(
                    groups,
                    result.Mean.Value + (sign * mean),
                    result.BetweenVariance.Value + (sign * between),
                    result.WithinVariance.Value + (sign * within)).Should().BeLessThan(best);
            }
        }

        result.Effects[2].Should().Be(new Gaussian(0, result.BetweenVariance.Value));
        CaviResult fit = new CaviSolver().Solve(result.Model, LearningData.Rows(groups).Row(3).ToArray());
        (fit.MeanField.Means[0] - result.Mean.Value).Should().BeApproximately(result.Effects[3].Mean, 1e-10);
        fit.MeanField.Variances[0].Should().BeApproximately(result.Effects[3].Variance, 1e-12);
    }

    [Fact]
    public void StandardErrors_OfDyestuff_AreThoseOfTheInformation()
    {
        JsonElement expected = Components.GetProperty("dyestuff");

        OneWayRandomEffects result = OneWayRandomEffects.Learn(Groups(expected));

        // Balanced, in closed form: the within and the between mean squares are independent, with variances 2θ²/df at maximum likelihood.
        int groups = 6, cells = 5;
        double within = result.WithinVariance.Value, stratum = within + (cells * result.BetweenVariance.Value);
        double withinVariance = 2 * within * within / (groups * (cells - 1)), stratumVariance = 2 * stratum * stratum / groups;
        result.Mean.StandardError.Should().BeApproximately(Math.Sqrt(stratum / groups / cells), 1e-7 * Math.Sqrt(stratum));
        result.WithinVariance.StandardError.Should().BeApproximately(Math.Sqrt(withinVariance), 1e-7 * within);
        result.BetweenVariance.StandardError.Should().BeApproximately(
            Math.Sqrt((withinVariance + stratumVariance) / cells / cells), 1e-7 * stratum);
        (double lower, double upper) = result.Mean.Interval(0.95);
        (upper - lower).Should().BeApproximately(2 * 1.959963984540054 * result.Mean.StandardError, 1e-9);
        (lower, upper) = result.WithinVariance.PositiveInterval(0.95);
        Math.Log(upper / lower).Should().BeApproximately(2 * 1.959963984540054 * Math.Sqrt(2.0 / 24), 1e-6);
        (lower * upper).Should().BeApproximately(within * within, 1e-6 * within * within);
        Refusal.Of<ArgumentOutOfRangeException>(
            () => result.Mean.Interval(1), "probability", "probability is 1; it must lie strictly between 0 and 1.");
    }

    [Fact]
    public void StandardErrors_AtTheBoundary_AreNotANumberForThatVarianceOnly()
    {
        OneWayRandomEffects result = OneWayRandomEffects.Learn(Groups(Components.GetProperty("sirstv")));

        result.BetweenVariance.StandardError.Should().Be(double.NaN);
        result.WithinVariance.StandardError.Should().BeApproximately(
            result.WithinVariance.Value * Math.Sqrt(2.0 / 25), 1e-6 * result.WithinVariance.Value);
        result.Mean.StandardError.Should().BeApproximately(Math.Sqrt(result.WithinVariance.Value / 25), 1e-8);
        result.Model.PriorVariances[0].Should().BePositive();
    }

    [Fact]
    public void RandomSlopes_OfSleepstudy_AreThoseOfTheReference()
    {
        // Ten days of reaction times of 18 subjects: intercept and slope are latents whose prior means are the fixed effects.
        string[][] lines = LearningData.Lines("sleepstudy.csv");
        Matrix<double> rows = Matrix<double>.Build.DenseOfRowArrays(lines[1..].GroupBy(line => line[2]).Select(
            subject => subject.OrderBy(line => int.Parse(line[1])).Select(line => double.Parse(line[0])).ToArray()));
        var start = new LinearGaussianModel(
            Matrix<double>.Build.Dense(10, 2, (day, j) => j == 0 ? 1 : day), new double[10], Enumerable.Repeat(1.0, 10).ToArray(), [0, 0], [1, 1]);
        foreach ((PosteriorFamily family, string name) in new[] { (PosteriorFamily.FullGaussian, "ML"), (PosteriorFamily.MeanField, "meanfield_VEM") })
        {
            JsonElement expected = Components.GetProperty("sleepstudy_independent_slopes").GetProperty(name);

            VariationalEmResult result = new VariationalEm(
                new VariationalEmOptions { PriorMeans = true, PriorVariances = VarianceLearning.Each, Family = family }).Learn(start, rows);

            result.Converged.Should().BeTrue(result.ToString());
            JsonElement variances = expected.GetProperty("variances");
            double objective = expected.GetProperty("objective").GetDouble();
            result.Elbo.Should().BeApproximately(objective, 1e-10 * Math.Abs(objective));
            result.NoiseVariances[0].Should().BeApproximately(Number(variances, "residual"), 1e-6 * Number(variances, "residual"));
            result.PriorVariances[0].Should().BeApproximately(
                Number(variances, "Subject_intercept"), 1e-6 * Number(variances, "Subject_intercept"));
            result.PriorVariances[1].Should().BeApproximately(Number(variances, "Subject_slope"), 1e-6 * Number(variances, "Subject_slope"));
            result.PriorMeans[0].Should().BeApproximately(expected.GetProperty("beta")[0].GetDouble(), 1e-5);
            result.PriorMeans[1].Should().BeApproximately(expected.GetProperty("beta")[1].GetDouble(), 1e-6);
        }
    }

    [Fact]
    public void BadInput_IsRefused()
    {
        Refusal.Of<ArgumentException>(() => OneWayRandomEffects.Learn([]), "groups", "groups have no measurements; at least 2 that differ are needed.");
        Refusal.Of<ArgumentException>(() => OneWayRandomEffects.Learn([[double.NaN]]), "groups", "groups have no measurements");
        Refusal.Of<ArgumentException>(() => OneWayRandomEffects.Learn([[1], null!]), "groups", "groups[1] is null");
        Refusal.Of<ArgumentException>(
            () => OneWayRandomEffects.Learn([[1], [2, double.PositiveInfinity]]), "groups", "groups[1][1] is Infinity; it must be finite");
    }

    private static double[][] Groups(JsonElement set) => LearningData.Groups(set.GetProperty("file").GetString()!);

    private static double Number(JsonElement element, string field) => element.GetProperty(field).GetDouble();

    private static double LogLikelihood(double[][] groups, double mean, double between, double within) => groups
        .Select(group => group.Where(value => !double.IsNaN(value)).ToArray())
        .Where(group => group.Length > 0)
        .Sum(group =>
        {
            Matrix<double> covariance = Matrix<double>.Build.Dense(group.Length, group.Length, (i, j) => between + (i == j ? within : 0));
            Vector<double> residual = Vector<double>.Build.Dense(group.Length, i => group[i] - mean);
            return -0.5 * ((group.Length * Math.Log(2 * Math.PI)) + Math.Log(covariance.Determinant()) + residual.DotProduct(covariance.Solve(residual)));
        });

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public void PositiveInterval_OfAnEstimateThatIsNotPositive_IsRefused(double estimate)
    {
        Action interval = () => new LearnedParameter(estimate, 0.5).PositiveInterval(0.95);

        interval.Should().Throw<InvalidOperationException>().WithMessage($"The estimate is {estimate}; an interval on the scale of logarithms needs one above zero.");
        new LearnedParameter(0, double.NaN).PositiveInterval(0.95).Should().Be((double.NaN, double.NaN), "at a boundary there is no standard error");
    }
}
