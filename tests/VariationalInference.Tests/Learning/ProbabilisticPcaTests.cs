using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using Xunit;

namespace VariationalInference.Tests.Learning;

/// <summary>The closed form of probabilistic PCA where squares lose digits, or leave the range of doubles.</summary>
public class ProbabilisticPcaTests
{
    [Theory]
    [InlineData(1, 0.99916447946299749)]
    [InlineData(100, 0.99916661662919906)]
    [InlineData(1e5, 0.99916663664364635)]
    [InlineData(1e7, 0.99916663666346617)]
    [InlineData(1e9, 0.99916663666366436)]
    public void Solve_OfRowsFarApart_KeepsTheNoise(double k, double expected)
    {
        ProbabilisticPca pca = ProbabilisticPca.Solve(Spread(k), 1);

        // Expected: eigenvalues of the covariance of these doubles at 50 digits (mpmath).
        pca.NoiseVariance.Should().BeApproximately(expected, 1e-14 + (2e-16 * k));
        pca.NoiseVarianceError.Should().BeLessThan(2e-6);
        pca.Warnings.Should().BeEmpty();
        double.IsFinite(pca.LogEvidence).Should().BeTrue();
    }

    [Theory]
    [InlineData(1e4, false)]
    [InlineData(1e6, true)]
    [InlineData(1e7, true)]
    [InlineData(1e8, true)]
    [InlineData(1e9, true)]
    public void Solve_OfMomentsFarApart_SaysHowManyDigitsAreLost(double k, bool lost)
    {
        ProbabilisticPca pca = ProbabilisticPca.Solve(SufficientStatistics.Of(Spread(k)), 1);

        pca.NoiseVariance.Should().BeInRange(0.9991666 - pca.NoiseVarianceError, 0.9991666 + pca.NoiseVarianceError);
        pca.Warnings.Any(warning => warning.Kind == LearningWarningKind.DigitsLost).Should().Be(lost);
        pca.Warnings.Any(warning => warning.Kind == LearningWarningKind.NoiseVarianceAtZero).Should().Be(pca.NoiseVariance == 0);
    }

    [Fact]
    public void Solve_OfRowsWithKnownSingularValues_HasThem()
    {
        // Rows Σ_j s_j h_j v_jᵀ of columns h of one Hadamard matrix and rows v of another: the covariance matrix has the eigenvalues s_j². Powers of
        // two, so that the table is exact, with levels that are too.
        Matrix<double> tall = Hadamard(64), wide = Hadamard(4) / 2;
        var random = new Random(1);
        int digitsLost = 0;
        for (int trial = 0; trial < 100; trial++)
        {
            int[] exponents = [.. Enumerable.Range(0, 4).Select(_ => random.Next(-18, 19)).OrderDescending()];
            double unit = Math.ScaleB(1, random.Next(-400, 400)), level = random.Next(2) * Math.ScaleB(1, 20);
            Matrix<double> table = Matrix<double>.Build.Dense(64, 4, (n, k) =>
                unit * (level + Enumerable.Range(0, 4).Sum(j => Math.ScaleB(tall[n, j + 1] * wide[j, k], exponents[j]))));
            int components = 1 + random.Next(3);

            ProbabilisticPca pca = ProbabilisticPca.Solve(table, components);

            double exact = exponents.Skip(components).Average(exponent => Math.ScaleB(1, 2 * exponent)) * unit * unit;
            pca.NoiseVariance.Should().BeInRange(exact - pca.NoiseVarianceError, exact + pca.NoiseVarianceError, "of trial {0}", trial);
            double ratio = Math.ScaleB(1, exponents[0] - exponents[components]);
            pca.NoiseVarianceError.Should().BeLessThan(1e-14 * ratio * exact);
            pca.Warnings.Any(warning => warning.Kind == LearningWarningKind.ArbitraryComponent).Should()
                .Be(exponents[components - 1] == exponents[components], "of trial {0}", trial);
            double logDeterminant = exponents.Take(components).Sum(exponent => 2 * exponent * Math.Log(2))
                + ((4 - components) * Math.Log(exact / unit / unit)) + (8 * Math.Log(unit));
            double logEvidence = -32 * ((4 * Math.Log(2 * Math.PI)) + logDeterminant + 4);
            pca.LogEvidence.Should().BeApproximately(logEvidence, (1e-12 * (Math.Abs(logEvidence) + 1)) + (32 * 3 * pca.NoiseVarianceError / exact));
            pca.Model.Offset[0].Should().Be(level * unit);

            // Moments know their limits.
            ProbabilisticPca squared = ProbabilisticPca.Solve(SufficientStatistics.Of(table / unit), components);
            double inUnits = exact / unit / unit;
            squared.NoiseVariance.Should().BeInRange(inUnits - squared.NoiseVarianceError, inUnits + squared.NoiseVarianceError, "of trial {0}", trial);
            bool said = squared.Warnings.Any(warning => warning.Kind == LearningWarningKind.DigitsLost);
            said.Should().Be(squared.NoiseVarianceError > 1e-5 * inUnits || squared.NoiseVariance == 0, "of trial {0}", trial);
            digitsLost += said ? 1 : 0;
        }

        digitsLost.Should().BeInRange(20, 80);
    }

    [Fact]
    public void Solve_OfEqualColumns_SaysThatTheLikelihoodHasNoLimit()
    {
        Matrix<double> table = Matrix<double>.Build.Dense(50, 2, (n, _) => n);
        foreach (ProbabilisticPca pca in new[] { ProbabilisticPca.Solve(table, 1), ProbabilisticPca.Solve(SufficientStatistics.Of(table), 1) })
        {
            pca.NoiseVariance.Should().Be(0);
            pca.LogEvidence.Should().Be(double.PositiveInfinity);
            LearningWarning warning = pca.Warnings.First();
            warning.Kind.Should().Be(LearningWarningKind.NoiseVarianceAtZero);
            warning.Message.Should().Contain("the likelihood has no limit");
            pca.Eigenvalues[0].Should().BeApproximately(416.5, 1e-10);
            pca.ToString().Should().Contain("warning");
        }
    }

    [Theory]
    [InlineData(1e80)]
    [InlineData(1e-80)]
    [InlineData(1e150)]
    [InlineData(1e-150)]
    public void Solve_OfAnyScale_IsThatOfTheUnscaled(double scale)
    {
        Matrix<double> rows = Matrix<double>.Build.DenseOfRowArrays([1.0, 2.0, 0.0], [3.0, 1.0, 1.0], [2.0, 5.0, 2.0], [0.0, 1.0, 4.0]);
        double exact = ProbabilisticPca.Solve(rows, 1).NoiseVariance;
        exact.Should().BeApproximately(1.5306, 5e-5);

        ProbabilisticPca[] scaled =
        [
            ProbabilisticPca.Solve(rows * scale, 1),
            ProbabilisticPca.Solve(SufficientStatistics.Of(rows * scale), 1),
        ];

        foreach (ProbabilisticPca pca in scaled)
        {
            (pca.NoiseVariance / scale / scale).Should().BeApproximately(exact, 1e-13);
            pca.Warnings.Should().BeEmpty();
            double shift = -4 * 3 * Math.Log(scale);
            pca.LogEvidence.Should().BeApproximately(ProbabilisticPca.Solve(rows, 1).LogEvidence + shift, 1e-12 * Math.Abs(shift));
            (pca.Model.Loadings() / scale).Should().Match<Matrix<double>>(
                loadings => (loadings - ProbabilisticPca.Solve(rows, 1).Model.Loadings()).FrobeniusNorm() < 1e-13);
        }
    }

    [Theory]
    [InlineData(1e200)]
    [InlineData(1e-200)]
    public void Solve_OfVariancesThatAreNoDoubles_IsRefused(double scale)
    {
        Matrix<double> rows = Matrix<double>.Build.DenseOfRowArrays([1.0, 2.0, 0.0], [3.0, 1.0, 1.0], [2.0, 5.0, 2.0], [0.0, 1.0, 4.0]);

        Action solve = () => ProbabilisticPca.Solve(rows * scale, 1);

        solve.Should().Throw<NonFiniteValueException>();
    }

    [Fact]
    public void Solve_OfRowsInAnyForm_HasTheSameBits()
    {
        var random = new Random(2);
        Matrix<double> table = Matrix<double>.Build.Dense(20_000, 6, (_, k) => 1e6 + (k * random.NextDouble()) + random.NextDouble());
        ProbabilisticPca expected = ProbabilisticPca.Solve(table, 2, maxThreads: 1);

        ShouldBeTheSame(ProbabilisticPca.Solve(table, 2, maxThreads: 3));
        ShouldBeTheSame(ProbabilisticPca.Solve(RowSpan.RowMajor(table.ToRowMajorArray(), 6), 2));
        ShouldBeTheSame(ProbabilisticPca.SolveChunks([table.SubMatrix(0, 7000, 0, 6), table.SubMatrix(7000, 13_000, 0, 6)], 2));
        ProbabilisticPca moments = ProbabilisticPca.Solve(SufficientStatistics.Of(table), 2);
        moments.NoiseVariance.Should().BeApproximately(expected.NoiseVariance, 1e-12 * expected.NoiseVariance);
        moments.LogEvidence.Should().BeApproximately(expected.LogEvidence, 1e-12 * Math.Abs(expected.LogEvidence));
        moments.Model.Offset[3].Should().BeApproximately(expected.Model.Offset[3], 1e-9);
        (moments.Model.Loadings() - expected.Model.Loadings()).FrobeniusNorm().Should().BeLessThan(1e-9);

        void ShouldBeTheSame(ProbabilisticPca actual)
        {
            actual.LogEvidence.Should().Be(expected.LogEvidence);
            actual.Eigenvalues.Should().Equal(expected.Eigenvalues);
            actual.Model.Loadings().Should().Be(expected.Model.Loadings());
            actual.Model.Offset.Should().Equal(expected.Model.Offset);
        }
    }

    [Fact]
    public void Solve_OfALevelThatDrifts_LosesNothing()
    {
        // Shards whose means differ by 1e9 spreads in one direction; the noise is across it.
        const int rows = 20_000;
        Matrix<double> table = Matrix<double>.Build.Dense(rows, 2, (n, k) => (n / 4096 * Math.ScaleB(1, 30)) + (k == 0 ? 1 : -1) * (n % 2 == 0 ? 1 : -1));

        ProbabilisticPca pca = ProbabilisticPca.Solve(table, 1);

        pca.NoiseVariance.Should().BeApproximately(2, 2e-5);
        pca.NoiseVariance.Should().BeInRange(2 - pca.NoiseVarianceError, 2 + pca.NoiseVarianceError);
    }

    [Fact]
    public void BadInput_IsRefusedWithItsPlace()
    {
        Matrix<double> table = Spread(1);
        table[7, 2] = double.NaN;

        Refusal.Of<ArgumentException>(() => ProbabilisticPca.Solve(table, 1), "table", "table[7, 2] is NaN; it must be finite; rows with missing cells");
        Refusal.Of<ArgumentException>(() => ProbabilisticPca.SolveChunks([Spread(1), table], 1), "chunks", "chunks[1][7, 2] is NaN");
        Refusal.Of<ArgumentException>(() => ProbabilisticPca.SolveChunks([], 1), "chunks", "chunks is empty");
        Refusal.Of<ArgumentException>(() => ProbabilisticPca.SolveChunks([null!], 1), "chunks", "chunks[0] is null");
        Refusal.Of<ArgumentException>(
            () => ProbabilisticPca.SolveChunks([Spread(1), Spread(1).SubMatrix(0, 9, 0, 2)], 1), "chunks", "chunks[1] has 2 columns; it must have 3.");
        Refusal.Of<ArgumentException>(() => ProbabilisticPca.Solve(RowSpan.RowMajor([], 3), 1), "rows", "rows has no rows");
        foreach (int components in new[] { 0, 3 })
        {
            string message = $"componentCount is {components}; it must be at least 1";
            Refusal.Of<ArgumentOutOfRangeException>(() => ProbabilisticPca.Solve(Spread(1), components), "componentCount", message);
            Refusal.Of<ArgumentOutOfRangeException>(() => ProbabilisticPca.Solve(RowSpan.RowMajor([1, 2, 3], 3), components), "componentCount", message);
            Refusal.Of<ArgumentOutOfRangeException>(() => ProbabilisticPca.SolveChunks([Spread(1)], components), "componentCount", message);
        }

        Action apart = () => ProbabilisticPca.Solve(Matrix<double>.Build.DenseOfRowArrays([1.7e308, 0], [-1.7e308, 1], [-1.7e308, 2]), 1);
        apart.Should().Throw<NonFiniteValueException>().Which.Quantity.Should().Be("the spread of column 0");
    }

    /// <summary>Rows k (i − 49.5)/50 in all three columns, and +1 or −1 by the bits of i.</summary>
    private static Matrix<double> Spread(double k) =>
        Matrix<double>.Build.Dense(100, 3, (i, j) => (k * (i - 49.5) / 50) + (((i >> j) & 1) == 0 ? 1 : -1));

    private static Matrix<double> Hadamard(int size) =>
        Matrix<double>.Build.Dense(size, size, (i, j) => System.Numerics.BitOperations.PopCount((uint)(i & j)) % 2 == 0 ? 1 : -1);
}
