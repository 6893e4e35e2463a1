using FluentAssertions;
using Xunit;

namespace VariationalInference.Tests.Learning.MixedModels;

/// <summary>Balanced crossed designs, whose REML estimates are those of the analysis of variance, at any ratio of the levels to the noise.</summary>
public class CrossedScaleTests
{
    private static readonly decimal[] RowEffects = [0, 3, -5, 4, 1, -3, 7, -2];
    private static readonly decimal[] ColumnEffects = [2, -4, 1, 6, -3];
    private static readonly decimal[] Errors = [0.25m, -0.5m, 0.75m, -1m, 0.5m, 0.125m, -0.25m];

    [Theory]
    [InlineData(1)]
    [InlineData(1e3)]
    [InlineData(1e5)]
    [InlineData(1e7)]
    public void Fit_LevelsFarAboveTheNoise_IsTheAnalysisOfVariance(double size)
    {
        const int replicates = 2;
        int rows = RowEffects.Length, columns = ColumnEffects.Length, count = rows * columns * replicates;
        var values = new decimal[count];
        var first = new int[count];
        var second = new int[count];
        for (int i = 0; i < count; i++)
        {
            first[i] = i % rows;
            second[i] = i / rows % columns;
            values[i] = ((decimal)size * (RowEffects[first[i]] + ColumnEffects[second[i]])) + Errors[i * i % 31 % Errors.Length];
        }

        decimal mean = values.Average();
        decimal[] rowMeans = [.. Enumerable.Range(0, rows).Select(r => values.Where((_, i) => first[i] == r).Average())];
        decimal[] columnMeans = [.. Enumerable.Range(0, columns).Select(c => values.Where((_, i) => second[i] == c).Average())];
        decimal rowSquares = columns * replicates * rowMeans.Sum(m => (m - mean) * (m - mean));
        decimal columnSquares = rows * replicates * columnMeans.Sum(m => (m - mean) * (m - mean));
        decimal errorSquares = values.Select((value, i) => value - rowMeans[first[i]] - columnMeans[second[i]] + mean).Sum(e => e * e);
        double noise = (double)errorSquares / (count - rows - columns + 1);
        double rowVariance = (double)rowSquares / (rows - 1), columnVariance = (double)columnSquares / (columns - 1);
        double logLikelihood = -0.5 * (((count - 1) * (1 + Math.Log(2 * Math.PI))) + Math.Log(count)
            + ((rows - 1) * Math.Log(rowVariance)) + ((columns - 1) * Math.Log(columnVariance)) + ((count - rows - columns + 1) * Math.Log(noise)));

        MixedModelFit fit = new MixedModel("y", [.. values.Select(value => (double)value)]).Random("row", first).Random("column", second)
            .Fit(new MixedModelOptions { Restricted = true });

        fit.Converged.Should().BeTrue();
        // Doubles of that size are rounded by so much of the noise.
        fit.LogLikelihood.Should().BeApproximately(logLikelihood, 1e-8 + (2e-16 * size * count));
        fit.ResidualVariance.Should().BeApproximately(noise, 1e-7 * noise);
        double expected = (rowVariance - noise) / (columns * replicates);
        fit.RandomTerms[0].Covariance()[0, 0].Should().BeApproximately(expected, 1e-6 * expected);
        expected = (columnVariance - noise) / (rows * replicates);
        fit.RandomTerms[1].Covariance()[0, 0].Should().BeApproximately(expected, 1e-6 * expected);
        fit.Warnings.Should().BeEmpty();
    }

    [Fact]
    public void Value_ThetaFarAboveOne_HasTheSlopeOfItsDifferences()
    {
        const double step = 1e-3;
        int rooted = 0;
        for (int seed = 0; seed < 24; seed++)
        {
            var random = new System.Random(seed);
            int count = random.Next(30, 50);
            int[] first = [.. Enumerable.Range(0, count).Select(i => i < 5 ? i : random.Next(5))];
            int[] second = [.. Enumerable.Range(0, count).Select(i => i < 4 ? 3 - i : random.Next(4))];
            double[] covariate = [.. first.Select(_ => Math.Round(random.NextDouble() * 8) / 4)];
            double[] response = [.. first.Select((level, i) => (1e5 * (level - (2 * second[i]))) + Math.Round(random.NextDouble() * 64) / 16)];
            (string, double[])[]? slopes = seed % 2 == 0 ? null : [("x", covariate)];
            MixedModel model = new MixedModel("y", response).Random("a", first, slopes: slopes).Random("b", second, slopes: seed % 3 == 0 ? slopes : null);
            MixedDesign design = MixedFitting.DesignOf(model);
            var reduction = new MixedReduction(design);
            var parameters = new MixedParameters(design, reduction);
            var objective = new MixedObjective(parameters, reduction, restricted: seed % 4 < 2, maxThreads: 1);
            double[] theta = [.. Enumerable.Range(0, parameters.Count).Select(_ => 1e5 * Math.Exp((2 * random.NextDouble()) - 1))];
            var gradient = new double[theta.Length];

            objective.Value(theta, gradient);

            rooted += objective.Criterion.Amplification > 1e3 ? 1 : 0;
            for (int i = 0; i < theta.Length; i++)
            {
                double[] up = [.. theta], down = [.. theta];
                up[i] *= Math.Exp(step);
                down[i] *= Math.Exp(-step);
                double slope = (objective.Value(up) - objective.Value(down)) / (2 * step);
                (gradient[i] * theta[i]).Should().BeApproximately(slope, 1e-5 * Math.Max(1, Math.Abs(slope)), "of {0} in design {1}", i, seed);
            }
        }

        rooted.Should().BeGreaterThan(12);
    }
}
