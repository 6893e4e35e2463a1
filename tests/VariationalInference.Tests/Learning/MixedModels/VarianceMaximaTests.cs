using FluentAssertions;
using MathNet.Numerics.Distributions;
using Xunit;

namespace VariationalInference.Tests.Learning.MixedModels;

/// <summary>One-way layouts, whose likelihood is easy to write down: global maxima, closed forms, data with many digits.</summary>
public class VarianceMaximaTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void UnbalancedGroups_ReachTheGlobalMaximum(bool restricted)
    {
        var random = new System.Random(restricted ? 2 : 1);
        int several = 0, atZero = 0;
        for (int set = 0; set < 2_000; set++)
        {
            double[][] groups = SmallGroups(random);

            OneWayRandomEffects result = OneWayRandomEffects.Learn(groups, restricted);

            double best = LargestOnGrid(groups, restricted, out int maxima);
            result.LogLikelihood.Should().BeGreaterThan(best - 1e-8, $"set {set}");
            result.LogLikelihood.Should().BeApproximately(
                LogLikelihood(groups, result.BetweenVariance.Value / result.WithinVariance.Value, restricted), 1e-9, $"set {set}");
            several += maxima > 1 ? 1 : 0;
            atZero += result.BetweenVariance.Value == 0 ? 1 : 0;
        }

        // The sweep has what it is for.
        several.Should().BeGreaterThan(10);
        atZero.Should().BeInRange(200, 1_800);
    }

    [Fact]
    public void MaximumAtZero_IsChosenOverALowerOneInside()
    {
        OneWayRandomEffects restricted = OneWayRandomEffects.Learn([[-1, 0, -2, 1, 0, 0, -1, -2], [0], [0], [1], [-3]], restricted: true);
        OneWayRandomEffects whole = OneWayRandomEffects.Learn([[2, -1, 1, 0, 0, -1, 0], [1, 1, 0, -2, -1, 2, -1], [4], [-2]]);

        restricted.BetweenVariance.Value.Should().Be(0);
        restricted.WithinVariance.Value.Should().BeApproximately(1.5378787878787878, 1e-12);
        restricted.LogLikelihood.Should().BeApproximately(-19.2179995006502, 1e-10);
        restricted.Fit.LogLikelihoods.Should().HaveCount(2);
        restricted.Fit.LogLikelihoods[1].Should().BeApproximately(-19.22992, 1e-5);
        whole.BetweenVariance.Value.Should().Be(0);
        whole.WithinVariance.Value.Should().BeApproximately(2.40234375, 1e-12);
        whole.LogLikelihood.Should().BeApproximately(-29.7145751178904, 1e-10);
        whole.Fit.LogLikelihoods[1].Should().BeApproximately(-30.06997, 1e-5);
    }

    [Fact]
    public void BalancedGroups_AreTheAnalysisOfVariance_WhateverTheirDistance()
    {
        var random = new System.Random(3);
        foreach (double distance in new[] { 1.0, 10, 1e3, 2e5, 1e7, 1e8, 1e9 })
        {
            for (int set = 0; set < 40; set++)
            {
                // Multiples of a quarter, exact in double precision at any of these distances.
                int count = random.Next(3, 8), cells = random.Next(2, 6);
                double[][] within = [.. Enumerable.Range(0, count).Select(_ => Enumerable.Range(0, cells).Select(_ => random.Next(-8, 9) / 4.0).ToArray())];
                within[0][0] += 0.25;
                double[] level = [.. Enumerable.Range(0, count).Select(_ => distance * random.Next(-50, 50))];
                AssertBalanced(within, level, restricted: set % 2 == 0);
            }
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2e5)]
    [InlineData(1e7)]
    [InlineData(1e9)]
    public void DistantGroups_KeepTheDigitsOfWhatVariesWithin(double distance)
    {
        double[][] groups = [.. new[] { 1, 2, 4, 7 }.Select(m => new[] { (m * distance) - 0.75, (m * distance) + 0.25, (m * distance) + 0.5 })];

        OneWayRandomEffects result = OneWayRandomEffects.Learn(groups, restricted: true);

        result.Fit.Converged.Should().BeTrue();
        result.Fit.Warnings.Should().BeEmpty();
        result.WithinVariance.Value.Should().BeApproximately(0.4375, 1e-9);
        result.WithinVariance.StandardError.Should().BeApproximately(0.4375 * Math.Sqrt(2.0 / 8), 1e-7);
        result.BetweenVariance.Value.Should().BeApproximately((7 * distance * distance) - (0.4375 / 3), 1e-8 * distance * distance);
    }

    [Fact]
    public void SingleGroups_LeaveTheVarianceBetweenThemUnknown()
    {
        var random = new System.Random(4);
        for (int set = 0; set < 500; set++)
        {
            double[] group = [.. Enumerable.Range(0, random.Next(2, 7)).Select(_ => Normal.Sample(random, 3, 2))];

            OneWayRandomEffects result = OneWayRandomEffects.Learn([group], restricted: true);

            double mean = group.Average(), expected = group.Sum(value => (value - mean) * (value - mean)) / (group.Length - 1);
            result.WithinVariance.Value.Should().BeApproximately(expected, 1e-9 * expected);
            result.WithinVariance.StandardError.Should().BeApproximately(expected * Math.Sqrt(2.0 / (group.Length - 1)), 1e-6 * expected);
            result.BetweenVariance.StandardError.Should().Be(double.NaN);
            LearningWarning warning = result.Fit.Warnings.Should().ContainSingle().Which;
            warning.Kind.Should().Be(LearningWarningKind.Unidentified);
            warning.Message.Should().Be("The data do not tell: variance of (Intercept) between the levels of group.");
        }
    }

    [Theory]
    [InlineData(4)]
    [InlineData(1_000)]
    [InlineData(30_000)]
    public void GroupsOfOne_LeaveBothVariancesUnknown(int count)
    {
        double[] values = [.. Enumerable.Range(0, count).Select(i => Math.Sin(i * i))];
        double mean = values.Average(), variance = values.Average(value => (value - mean) * (value - mean));

        OneWayRandomEffects result = OneWayRandomEffects.Learn(values.Select(value => new[] { value }));

        (result.BetweenVariance.Value + result.WithinVariance.Value).Should().BeApproximately(variance, 1e-9);
        result.BetweenVariance.StandardError.Should().Be(double.NaN);
        result.WithinVariance.StandardError.Should().Be(double.NaN);
        result.Fit.Warnings.Should().ContainSingle().Which.Message.Should().Be(
            "The data do not tell: variance of (Intercept) between the levels of group, residual variance.");
        result.Fit.VarianceIntervals().Should().OnlyContain(interval => double.IsNaN(interval.Lower) && double.IsNaN(interval.Upper));
    }

    [Fact]
    public void IdenticalReplicates_HaveALikelihoodWithoutLimit()
    {
        OneWayRandomEffects result = OneWayRandomEffects.Learn([[1, 1], [2, 2], [4, 4]]);

        result.Fit.IsUnbounded.Should().BeTrue();
        result.Fit.Converged.Should().BeFalse();
        result.LogLikelihood.Should().Be(double.PositiveInfinity);
        result.Fit.Warnings.Should().Contain(warning => warning.Kind == LearningWarningKind.NoiseVarianceAtZero);
        result.Fit.Summary().ToString().Should().Contain("The likelihood has no maximum.");
    }

    [Fact]
    public void DataWithoutVariance_AreRefused()
    {
        Refusal.Of<ArgumentException>(
            () => OneWayRandomEffects.Learn([[2, 2], [2]]), "groups", "groups have no measurements but 2; at least 2 that differ are needed.");
        Refusal.Of<ArgumentException>(() => OneWayRandomEffects.Learn([[7]]), "groups", "groups have no measurements but 7;");
    }

    private static double[][] SmallGroups(System.Random random)
    {
        // A few large groups that agree beside single measurements that do not: where there are two maxima, it is often so.
        double spread = random.Next(3) switch { 0 => 0, 1 => 1, _ => 3 };
        int count = random.Next(2, 8), large = random.Next(1, 3);
        return
        [
            .. Enumerable.Range(0, count).Select(g =>
            {
                double effect = g < large && random.Next(2) == 0 ? 0 : Math.Round(spread * Normal.Sample(random, 0, 1));
                int cells = g < large ? random.Next(5, 16) : random.Next(1, 3);
                double[] values = [.. Enumerable.Range(0, cells).Select(_ => effect + Math.Round(1.3 * Normal.Sample(random, 0, 1)))];
                values[0] += g == 0 ? 0.5 : 0;
                return values;
            }),
        ];
    }

    private static double LargestOnGrid(double[][] groups, bool restricted, out int maxima)
    {
        double[] values = [LogLikelihood(groups, 0, restricted), .. Enumerable.Range(0, 801).Select(i => LogLikelihood(groups, Math.Pow(10, -4 + (i * 0.01)), restricted))];
        maxima = Enumerable.Range(0, values.Length).Count(i =>
            (i == 0 || values[i] > values[i - 1] + 1e-12) && (i == values.Length - 1 || values[i] > values[i + 1] + 1e-12));
        return values.Max();
    }

    /// <summary>Returns the log likelihood at a ratio of the variances, the rest at its best: the groups' means have the variances σ²(ratio + 1/n).</summary>
    private static double LogLikelihood(double[][] groups, double ratio, bool restricted)
    {
        int cells = groups.Sum(group => group.Length);
        double weights = groups.Sum(group => 1 / (ratio + (1.0 / group.Length)));
        double mean = groups.Sum(group => group.Average() / (ratio + (1.0 / group.Length))) / weights;
        double squares = groups.Sum(group => group.Sum(value => Math.Pow(value - group.Average(), 2))
            + (Math.Pow(group.Average() - mean, 2) / (ratio + (1.0 / group.Length))));
        double log = groups.Sum(group => Math.Log(1 + (group.Length * ratio)));
        double freedom = restricted ? cells - 1 : cells;
        return -0.5 * (log + (freedom * (1 + Math.Log(2 * Math.PI * squares / freedom))) + (restricted ? Math.Log(weights) : 0));
    }

    private static void AssertBalanced(double[][] within, double[] level, bool restricted)
    {
        int count = within.Length, cells = within[0].Length;
        double[] offsets = [.. within.Select(group => group.Average())];
        double squaresWithin = within.Select((group, g) => group.Sum(value => Math.Pow(value - offsets[g], 2))).Sum();
        double origin = level[0], grand = Enumerable.Range(0, count).Average(g => level[g] - origin + offsets[g]);
        double squaresBetween = cells * Enumerable.Range(0, count).Sum(g => Math.Pow(level[g] - origin + offsets[g] - grand, 2));
        double meanSquare = squaresWithin / (count * (cells - 1)), stratum = squaresBetween / (restricted ? count - 1 : count);
        bool isZero = stratum <= meanSquare;
        double pooled = (squaresWithin + squaresBetween) / ((count * cells) - (restricted ? 1 : 0));
        double[][] groups = [.. within.Select((group, g) => group.Select(value => level[g] + value).ToArray())];
        OneWayRandomEffects result = OneWayRandomEffects.Learn(groups, restricted);

        double expected = isZero ? pooled : meanSquare, between = isZero ? 0 : (stratum - meanSquare) / cells;
        result.Fit.Converged.Should().BeTrue();
        result.WithinVariance.Value.Should().BeApproximately(expected, 1e-7 * expected);
        result.BetweenVariance.Value.Should().BeApproximately(between, 1e-7 * (between + meanSquare));
        if (!isZero && between > 0.01 * meanSquare)
        {
            double error = meanSquare * Math.Sqrt(2.0 / (count * (cells - 1)));
            result.WithinVariance.StandardError.Should().BeApproximately(error, 1e-5 * error);
        }
    }
}
