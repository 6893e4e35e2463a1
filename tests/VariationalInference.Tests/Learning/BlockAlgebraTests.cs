using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using VariationalInference.Tests.Reference;
using Xunit;

namespace VariationalInference.Tests.Learning;

/// <summary>
/// The bound and its gradient at given parameters against exact arithmetic, with noise that is small, very small or zero for some cells or all,
/// fewer and more cells than latents, and latents that do not vary.
/// </summary>
public class BlockAlgebraTests
{
    [Fact]
    public void Value_OfRandomBlocks_IsThatOfExactArithmetic()
    {
        for (int seed = 0; seed < 500; seed++)
        {
            (LearningPoint point, LearningBlock[] blocks, double[][] rows) = Case(seed, withZeros: true);

            double value = Bound(point, blocks, PosteriorFamily.FullGaussian);

            double expected = rows.Sum(row => Evidence(row, point));
            if (double.IsNaN(expected))
            {
                value.Should().Be(double.NegativeInfinity, "case {0} is singular", seed);
                continue;
            }

            // A cell is good to a rounding of the signal, which is that many roundings of the noise.
            double ratio = point.Noise.Where(noise => noise != 0).Select(noise => 10 / Math.Abs(noise)).DefaultIfEmpty(10).Max();
            value.Should().BeApproximately(expected, (1e-13 + (1e-15 * ratio)) * (Math.Abs(expected) + 100), "case {0}", seed);
        }
    }

    [Fact]
    public void MeanFieldValue_OfRandomBlocks_IsTheEvidenceLessWhatIsLost()
    {
        for (int seed = 0; seed < 200; seed++)
        {
            (LearningPoint point, LearningBlock[] blocks, double[][] rows) = Case(seed, withZeros: false);
            if (point.Latents == 1)
            {
                continue;
            }

            double value = Bound(point, blocks, PosteriorFamily.MeanField);

            double expected = rows.Sum(row => Evidence(row, point) - Gap(row, point));
            double ratio = point.Noise.Max(noise => 10 / Math.Abs(noise));
            value.Should().BeApproximately(expected, (1e-13 + (1e-15 * ratio)) * (Math.Abs(expected) + 100), "case {0}", seed);
        }
    }

    [Theory]
    [InlineData(PosteriorFamily.FullGaussian)]
    [InlineData(PosteriorFamily.MeanField)]
    public void Gradient_OfRandomBlocks_IsThatOfDifferencesOfExactValues(PosteriorFamily family)
    {
        for (int seed = 0; seed < 60; seed++)
        {
            bool isFull = family == PosteriorFamily.FullGaussian;
            (LearningPoint point, LearningBlock[] blocks, double[][] rows) = Case(seed, withZeros: isFull, smallest: 1e-3);
            double Value(LearningPoint at) => rows.Sum(row => Evidence(row, at) - (isFull || at.Latents == 1 ? 0 : Gap(row, at)));
            if (double.IsNaN(Value(point)))
            {
                continue;
            }

            LearningPoint derivatives = point.Copy();
            Bound(point, blocks, family, derivatives);

            foreach ((double[] values, double[] gradient) in new[]
            {
                (point.Loadings, derivatives.Loadings), (point.Offset, derivatives.Offset), (point.Noise, derivatives.Noise),
                (point.Means, derivatives.Means), (point.Deviations, derivatives.Deviations),
            })
            {
                double unit = 1 + gradient.Max(Math.Abs), step = 1e-4 * point.Noise.Select(Math.Abs).Where(noise => noise > 0).DefaultIfEmpty(1).Min();
                for (int i = 0; i < values.Length; i++)
                {
                    double difference = Difference(values, i, step, () => Value(point));
                    gradient[i].Should().BeApproximately(difference, 1e-5 * unit, "case {0}", seed);
                }
            }
        }
    }

    [Fact]
    public void MeanFieldValue_OfACellWithoutNoise_IsTheLimit()
    {
        // The first cell has a latent of its own, the second shares both.
        LearningPoint point = Point([[2, 0], [0.5, 1.5], [-1, 0.7]], noise: [0, 0.8, 0.3], deviations: [1, 1.2]);
        LearningBlock[] blocks = [Block([0.4, -0.3, 1.1], [[0.3, 0.1, 0.2]])];

        double value = Bound(point, blocks, PosteriorFamily.MeanField);

        LearningPoint near = point.Copy();
        near.Noise[0] = 1e-7;
        value.Should().BeApproximately(Bound(near, blocks, PosteriorFamily.MeanField), 1e-12);
        LearningPoint derivatives = point.Copy(), nearDerivatives = point.Copy();
        Bound(point, blocks, PosteriorFamily.MeanField, derivatives);
        Bound(near, blocks, PosteriorFamily.MeanField, nearDerivatives);
        derivatives.Loadings.Zip(nearDerivatives.Loadings, (a, b) => Math.Abs(a - b)).Should().OnlyContain(error => error < 1e-6);

        // With two latents in a cell without noise their posteriors are not independent at all.
        point.Loadings[1] = 0.1;
        Bound(point, blocks, PosteriorFamily.MeanField).Should().Be(double.NegativeInfinity);
        point.Loadings[1] = 0;
        point.Noise[1] = 0;
        point.Loadings[3] = 0;
        Bound(point, blocks, PosteriorFamily.MeanField).Should().Be(double.NegativeInfinity, "both cells have the same latent");
    }

    [Fact]
    public void MoreCellsWithoutNoiseThanLatents_HaveNoDensity()
    {
        LearningPoint point = Point([[2, 0], [0.5, 1.5], [-1, 0.7]], noise: [0, 0, 0], deviations: [1, 1.2]);

        Bound(point, [Block([0.4, -0.3, 1.1], [])], PosteriorFamily.FullGaussian).Should().Be(double.NegativeInfinity);
    }

    [Theory]
    [InlineData(1e12)]
    [InlineData(1e10)]
    [InlineData(1e8)]
    public void RegressionWithAVaguePrior_FindsTheCertifiedResidualDeviation(double priorVariance)
    {
        // NIST StRD, Norris: one row of 36, whose prior is up to 1e12 times as wide as the noise.
        Matrix<double> data = LearningData.Table("nist_norris.csv", "x", "y");
        double[] observations = data.Column(1).ToArray();
        Matrix<double> design = Matrix<double>.Build.Dense(observations.Length, 2, (k, j) => j == 0 ? 1 : data[k, 0]);
        foreach (PosteriorFamily family in Enum.GetValues<PosteriorFamily>())
        {
            var start = new LinearGaussianModel(
                design, new double[observations.Length], [.. observations.Select(_ => 1.0)], [0, 0], [priorVariance, priorVariance]);

            VariationalEmResult result = new VariationalEm(new VariationalEmOptions { Family = family })
                .Learn(start, Matrix<double>.Build.DenseOfRowArrays(observations));

            result.Converged.Should().BeTrue(result.ToString());
            Math.Sqrt(result.NoiseVariances[0]).Should().BeApproximately(0.884796396144373, 1e-9);
            QuadraticLogJoint joint = result.Model.Observe(observations);
            result.LogEvidence.Should().BeApproximately(joint.LogEvidence, 1e-10 * Math.Abs(joint.LogEvidence));
            double gap = family == PosteriorFamily.MeanField ? joint.ApproximationGap : 0;
            result.Elbo.Should().BeApproximately(joint.LogEvidence - gap, 1e-10 * Math.Abs(joint.LogEvidence));
        }
    }

    [Fact]
    public void LongRow_IsLearnedWithoutAnyMatrixOfItsSquare()
    {
        const int length = 10_000;
        var random = new Random(5);
        Matrix<double> design = Matrix<double>.Build.Dense(length, 3, (_, j) => j == 0 ? 1 : 100 * random.NextDouble());
        var start = new LinearGaussianModel(design, new double[length], [.. Enumerable.Repeat(1.0, length)], [0, 0, 0], [1e8, 1e8, 1e8]);
        Matrix<double> row = Matrix<double>.Build.DenseOfRowArrays(
            [.. Enumerable.Range(0, length).Select(k => design[k, 1] - (3 * design[k, 2]) + random.NextDouble())]);
        foreach (VarianceLearning learning in new[] { VarianceLearning.Shared, VarianceLearning.Fixed })
        {
            var options = new VariationalEmOptions
            {
                NoiseVariances = learning,
                PriorVariances = VarianceLearning.Shared,
                MaxIterations = 10,
                MaxThreads = 1,
            };
            long before = GC.GetAllocatedBytesForCurrentThread();

            VariationalEmResult result = new VariationalEm(options).Learn(start, row);

            (GC.GetAllocatedBytesForCurrentThread() - before).Should().BeLessThan(100_000_000, "a square of the row takes 800 MB");
            LearnedNoiseTests.ShouldBeOfTheModel(result, row, 1e-10);
        }
    }

    private static (LearningPoint Point, LearningBlock[] Blocks, double[][] Rows) Case(int seed, bool withZeros, double smallest = 1e-7)
    {
        var random = new Random(seed);
        double Normal() => Enumerable.Range(0, 12).Sum(_ => random.NextDouble()) - 6;
        int size = random.Next(1, 8), latents = random.Next(1, 5), count = random.Next(1, 4);
        double level = Math.Pow(smallest, random.NextDouble());
        var point = new LearningPoint(size, latents);
        for (int k = 0; k < size; k++)
        {
            point.Offset[k] = Normal();
            point.Noise[k] = random.Next(4) switch
            {
                0 when withZeros => 0,
                1 => level * smallest,
                _ => level * (0.5 + random.NextDouble()),
            };
            point.Noise[k] = Math.Max(point.Noise[k], point.Noise[k] == 0 ? 0 : smallest) * (random.Next(2) == 0 ? -1 : 1);
        }

        for (int j = 0; j < latents; j++)
        {
            point.Means[j] = random.Next(2) * Normal();
            point.Deviations[j] = withZeros && random.Next(6) == 0 ? 0 : 0.3 + random.NextDouble();
        }

        for (int at = 0; at < point.Loadings.Length; at++)
        {
            point.Loadings[at] = random.Next(4) == 0 ? 0 : Normal();
        }

        // Rows that the model draws, so that residuals are of the size of the noise: one of its own and some with a mean and a root.
        double[][] rows = [.. Enumerable.Range(0, count).Select(_ => Draw(point, Normal))];
        LearningBlock[] blocks = [.. rows.Select(row => Block(row, []))];
        return (point, blocks, rows);
    }

    private static double[] Draw(LearningPoint point, Func<double> normal)
    {
        double[] latents = [.. point.Deviations.Select((deviation, j) => point.Means[j] + (deviation * normal()))];
        return [.. Enumerable.Range(0, point.Observations).Select(k => point.Offset[k] + (point.Noise[k] * normal())
            + Enumerable.Range(0, point.Latents).Sum(j => point.Loadings[(k * point.Latents) + j] * latents[j]))];
    }

    private static LearningPoint Point(double[][] loadings, double[] noise, double[] deviations)
    {
        var point = new LearningPoint(noise.Length, deviations.Length);
        loadings.SelectMany(row => row).ToArray().CopyTo(point.Loadings, 0);
        noise.CopyTo(point.Noise, 0);
        deviations.CopyTo(point.Deviations, 0);
        return point;
    }

    private static LearningBlock Block(double[] mean, double[][] root) => new()
    {
        Observed = [.. Enumerable.Range(0, mean.Length)],
        Count = 1 + root.Length,
        Mean = mean,
        Root = [.. root.SelectMany(row => row)],
    };

    private static double Bound(LearningPoint point, LearningBlock[] blocks, PosteriorFamily family, LearningPoint? derivatives = null) =>
        new MarginalBound(blocks, point.Latents, family).Value(point, derivatives ?? point.Copy());

    private static double Difference(double[] values, int i, double step, Func<double> value)
    {
        double at = values[i];
        values[i] = at + step;
        double above = value();
        values[i] = at - step;
        double below = value();
        values[i] = at;
        return (above - below) / (2 * step);
    }

    /// <summary>Squares of standard deviations and products are rounded here; exact arithmetic takes roots of the variances as they are.</summary>
    private static double Evidence(double[] row, LearningPoint point) => ExactEvidence.LogEvidenceOfDeviations(
        row, Loadings(point), point.Offset, point.Noise, point.Means, point.Deviations);

    private static double Gap(double[] row, LearningPoint point) => ExactEvidence.MeanFieldGap(
        row,
        Loadings(point),
        [.. point.Noise.Select(noise => noise * noise)],
        [.. point.Deviations.Select(deviation => deviation * deviation)]);

    private static double[,] Loadings(LearningPoint point)
    {
        var loadings = new double[point.Observations, point.Latents];
        Buffer.BlockCopy(point.Loadings, 0, loadings, 0, point.Loadings.Length * sizeof(double));
        return loadings;
    }
}
