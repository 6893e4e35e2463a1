using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using VariationalInference.Tests.Numerics;
using VariationalInference.Tests.Reference;
using Xunit;

namespace VariationalInference.Tests.Learning;

public class RegressionStatisticsTests
{
    public static TheoryData<int, int> Sizes => new()
    {
        { 1, 1 }, { 1, 5 }, { 2, 1 }, { 7, 3 }, { 8, 4 }, { 31, 30 }, { 255, 4 }, { 256, 7 }, { 257, 8 }, { 1000, 11 }, { 4095, 2 }, { 4097, 3 }, { 9000, 5 }, { 700, 300 },
    };

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Triangle_HasTheCrossProductsOfDesignAndObservations(int rows, int latents)
    {
        (Matrix<double> design, double[] observations) = Random(rows, latents, seed: 1);

        RegressionStatistics statistics = RegressionStatistics.Of(design, observations);

        statistics.ObservationCount.Should().Be(rows);
        statistics.LatentCount.Should().Be(latents);
        Matrix<double> all = design.Append(Matrix<double>.Build.DenseOfColumnArrays(observations));
        ShouldBeTriangleOf(statistics, all, 1e-14);
        Matrix<double> triangle = statistics.Triangle();
        triangle.Diagonal().Should().OnlyContain(value => value >= 0);
        triangle.StrictlyLowerTriangle().Enumerate().Should().OnlyContain(value => value == 0);
    }

    [Fact]
    public void ResidualSumOfSquares_OfCertifiedSets_IsTheirs()
    {
        // NIST StRD, Norris: residual standard deviation 0.884796396144373 with 34 degrees of freedom. NumAcc3: 0.1 exactly, about 1000000.2.
        Matrix<double> norris = LearningData.Table("nist_norris.csv", "x", "y");
        RegressionStatistics line = RegressionStatistics.Of(Ones(36).Append(norris.SubMatrix(0, 36, 0, 1)), norris.Column(1).ToArray());
        Math.Sqrt(line.ResidualSumOfSquares / 34).Should().BeApproximately(0.884796396144373, 1e-12);

        Matrix<double> accuracy = LearningData.Table("nist_numacc3.csv", "y");
        RegressionStatistics mean = RegressionStatistics.Of(Ones(1001), accuracy.Column(0).ToArray());
        Math.Sqrt(mean.ResidualSumOfSquares / 1000).Should().BeApproximately(0.1, 0.1 * 1e-8);
        (mean.Triangle()[0, 1] / mean.Triangle()[0, 0]).Should().BeApproximately(1000000.2, 1e-8);
    }

    [Fact]
    public void ResidualSumOfSquares_WhereCrossProductsLoseEverything_KeepsItsDigits()
    {
        // Columns 1 and 1 + 1e-9 w: their cross products are singular in doubles. What is orthogonal to both is known.
        const int rows = 5000;
        Matrix<double> design = Matrix<double>.Build.Dense(rows, 2, (n, j) => j == 0 ? 1 : 1 + (Math.ScaleB(1, -30) * (n % 2 == 0 ? 1 : -1)));
        double[] observations = [.. Enumerable.Range(0, rows).Select(n => 1e6 + (1e3 * (n % 2 == 0 ? 1 : -1)) + (n % 4 < 2 ? 1.0 : -1.0))];

        RegressionStatistics.Of(design, observations).ResidualSumOfSquares.Should().BeApproximately(rows, 1e-6 * rows);
    }

    [Fact]
    public void Of_SameObservationsInAnyFormAndNumberOfThreads_HasTheSameBits()
    {
        (Matrix<double> design, double[] observations) = Random(30_000, 5, seed: 2);
        observations[77] = observations[5000] = double.NaN;
        design[5000, 3] = double.PositiveInfinity;
        double[] rowMajor = design.ToRowMajorArray();
        byte[] expected = Bytes(RegressionStatistics.Of(design, observations, maxThreads: 1));

        Bytes(RegressionStatistics.Of(design, observations, maxThreads: 3)).Should().Equal(expected);
        Bytes(RegressionStatistics.Of(RowSpan.RowMajor(rowMajor, 5), observations)).Should().Equal(expected);
        var reported = new List<long>();
        Bytes(RegressionStatistics.OfChunks(Chunks(design, observations, 4500), progress: new Recorder(reported))).Should().Equal(expected);
        reported.Should().Equal(4500, 9000, 13500, 18000, 22500, 27000, 30000);
        var builder = new RegressionStatisticsBuilder(5, maxThreads: 2);
        for (int n = 0; n < observations.Length; n++)
        {
            builder.Add(rowMajor.AsSpan(n * 5, 5), observations[n]);
            if (n == 12_345)
            {
                builder.Build().ObservationCount.Should().Be(12_344);
                builder.ToString().Should().Be("12346 observations of 5 latents so far");
            }
        }

        Bytes(builder.Build()).Should().Equal(expected);
        builder.Build().ToString().Should().Be("29998 observations of 5 latents, 2 missing");
    }

    [Fact]
    public void Of_MissingObservations_IsThatOfTheOthers()
    {
        (Matrix<double> design, double[] observations) = Random(1000, 4, seed: 3);
        int[] kept = [.. Enumerable.Range(0, 1000).Where(n => n % 7 != 3)];
        double[] holes = [.. observations.Select((value, n) => n % 7 == 3 ? double.NaN : value)];

        RegressionStatistics statistics = RegressionStatistics.Of(design, holes);

        statistics.MissingCount.Should().Be(1000 - kept.Length);
        Matrix<double> all = design.Append(Matrix<double>.Build.DenseOfColumnArrays(observations));
        ShouldBeTriangleOf(statistics, Matrix<double>.Build.DenseOfRows(kept.Select(n => all.Row(n))), 1e-14);

        RegressionStatistics none = RegressionStatistics.Of(design, [.. Enumerable.Repeat(double.NaN, 1000)]);
        none.ObservationCount.Should().Be(0);
        none.Merge(statistics).Triangle().Should().Be(statistics.Triangle());
        statistics.Merge(none).Triangle().Should().Be(statistics.Triangle());
    }

    [Fact]
    public void Merge_InAnyTree_AgreesToThirteenDigits()
    {
        (Matrix<double> design, double[] observations) = Random(20_000, 6, seed: 4);
        RegressionStatistics whole = RegressionStatistics.Of(design, observations);
        RegressionStatistics[] shards = [.. Chunks(design, observations, 1250).Select(chunk => RegressionStatistics.Of(chunk.Design, chunk.Observations))];

        foreach (RegressionStatistics merged in new[] { shards.Aggregate((a, b) => a.Merge(b)), shards.Reverse().Aggregate((a, b) => a.Merge(b)) })
        {
            merged.ObservationCount.Should().Be(20_000);
            (merged.Triangle() - whole.Triangle()).FrobeniusNorm().Should().BeLessThan(1e-13 * whole.Triangle().FrobeniusNorm());
        }
    }

    [Theory]
    [InlineData(1e150, 1e-150)]
    [InlineData(1e-150, 1e150)]
    [InlineData(1e250, 1e250)]
    [InlineData(1e-250, 1e-250)]
    [InlineData(1, 1e300)]
    public void Triangle_OfAnyScale_IsThatOfTheUnscaled(double designScale, double observationScale)
    {
        // By powers of two, so that scaling itself rounds nothing.
        designScale = Math.ScaleB(1, Math.ILogB(designScale));
        observationScale = Math.ScaleB(1, Math.ILogB(observationScale));
        (Matrix<double> design, double[] observations) = Random(9000, 3, seed: 5);
        Matrix<double> plain = RegressionStatistics.Of(design, observations).Triangle();

        Matrix<double> scaled = RegressionStatistics.Of(
            design * designScale, [.. observations.Select(value => value * observationScale)]).Triangle();

        for (int k = 0; k < 4; k++)
        {
            double scale = k < 3 ? designScale : observationScale;
            (scaled.Column(k) / scale).Should().Match<Vector<double>>(
                column => (column - plain.Column(k)).L2Norm() < 1e-14 * plain.Column(k).L2Norm());
        }
    }

    [Fact]
    public void Triangle_OfScalesThatGrowAndFall_IsRight()
    {
        // Shards, tiles and parts whose columns differ by 600 orders of magnitude: the largest rows are all that is left.
        double[] scales = [1e-300, 1e-20, 1e280, 1, 1e-290];
        var merged = new List<RegressionStatistics>();
        var whole = new RegressionStatisticsBuilder(2);
        (Matrix<double> design, double[] observations) = Random(3000, 2, seed: 6);
        foreach (double scale in scales)
        {
            double[] scaled = [.. observations.Select(value => value * scale)];
            merged.Add(RegressionStatistics.Of(design * scale, scaled));
            whole.Add(design * scale, scaled);
        }

        Matrix<double> expected = RegressionStatistics.Of(design, observations).Triangle() * 1e280;
        foreach (RegressionStatistics actual in new[] { whole.Build(), merged.Aggregate((a, b) => a.Merge(b)) })
        {
            (actual.Triangle() / 1e280).Should().Match<Matrix<double>>(
                triangle => (triangle - (expected / 1e280)).FrobeniusNorm() < 1e-13 * (expected / 1e280).FrobeniusNorm());
        }
    }

    [Theory]
    [LaneWidthData(LaneWidth.Scalar)]
    [LaneWidthData(LaneWidth.Bits128)]
    [LaneWidthData(LaneWidth.Bits256)]
    [LaneWidthData(LaneWidth.Bits512)]
    public void Kernels_OfEachWidth_AreExact(object width)
    {
        (Matrix<double> design, double[] observations) = Random(300, 9, seed: 7);
        Matrix<double> all = design.Append(Matrix<double>.Build.DenseOfColumnArrays(observations));
        var worker = new TriangleWorker(10) { Width = (LaneWidth)width };
        foreach ((int first, int rows) in new[] { (0, 256), (256, 44) })
        {
            for (int k = 0; k < 10; k++)
            {
                all.Column(k).SubVector(first, rows).ToArray().CopyTo(worker.Column(k));
            }

            worker.Reduce(rows);
        }

        ShouldBeTriangleOf(new RegressionStatistics(worker.End(), 300, 0), all, 1e-14);
    }

    [Fact]
    public void SaveAndLoad_KeepEveryBit_AndDamageIsRefused()
    {
        (Matrix<double> design, double[] observations) = Random(50, 3, seed: 8);
        observations[4] = double.NaN;
        byte[] bytes = Bytes(RegressionStatistics.Of(design, observations));

        Bytes(RegressionStatistics.Load(new MemoryStream(bytes))).Should().Equal(bytes);
        using var folder = new Persistence.TemporaryFolder();
        RegressionStatistics.Load(new MemoryStream(bytes)).Save(folder.File("row"));
        Bytes(RegressionStatistics.Load(folder.File("row"))).Should().Equal(bytes);
        for (int at = 0; at < bytes.Length; at++)
        {
            byte[] damaged = [.. bytes];
            damaged[at] ^= 0x41;
            Load(damaged).Should().Throw<ModelFileException>("byte {0} is wrong", at);
            Load(bytes[..at]).Should().Throw<ModelFileException>("the stream ends at {0}", at);
        }

        Load("VISTATS1 of another kind"u8.ToArray()).Should().Throw<ModelFileException>().WithMessage("The stream: the header's length is given as *");

        // What the checksum vouches for, and no observations have.
        foreach (TriangularFactor forged in new TriangularFactor[]
        {
            new([-1, 0, 0, 1], [0, 0]),
            new([1, 0, 0, 1], [0, 5000]),
            new([1, 2, 0, 1], [0, TriangularFactor.Unset]),
            new([1, double.NaN, 0, 1], [0, 0]),
        })
        {
            Load(Bytes(new RegressionStatistics(forged, 5, 0))).Should().Throw<ModelFileException>();
        }

        Load(Bytes(new RegressionStatistics(new([1, 2, 0, 1], [0, 0]), 1, 0))).Should().Throw<ModelFileException>("one row has one row of a triangle");
        Load(Bytes(new RegressionStatistics(new([1, 2, 0, 1], [0, 0]), -1, 3))).Should().Throw<ModelFileException>();
        Load(Bytes(new RegressionStatistics(new([1, 2, 0, 1], [0, 0]), 2, 0))).Should().NotThrow();

        static Action Load(byte[] bytes) => () => RegressionStatistics.Load(new MemoryStream(bytes));
    }

    [Fact]
    public void BadInput_IsRefusedWithItsPlace()
    {
        (Matrix<double> design, double[] observations) = Random(5000, 2, seed: 9);
        design[4700, 1] = double.NaN;
        Matrix<double> early = design.Clone();
        early[3, 0] = double.PositiveInfinity;
        double[] infinite = [.. observations];
        infinite[9] = double.NegativeInfinity;
        var builder = new RegressionStatisticsBuilder(2);

        Refusal.Of<ArgumentException>(
            () => RegressionStatistics.Of(design, observations), "design", "design[4700, 1] is NaN; it must be finite where the observation is there.");
        Refusal.Of<ArgumentException>(() => RegressionStatistics.Of(early, observations), "design", "design[3, 0] is Infinity; it must be finite where");
        Refusal.Of<ArgumentException>(
            () => RegressionStatistics.Of(design, infinite), "observations", "observations[9] is -Infinity; it must be finite, or NaN when it is missing.");
        Refusal.Of<ArgumentException>(
            () => RegressionStatistics.Of(design, observations.AsSpan(1)), "observations", "observations has 4999 elements; it must have 5000, one for each row of design.");
        Refusal.Of<ArgumentException>(() => builder.Add(Ones(3), [1, 2, 3]), "design", "design has 1 columns; it must have 2, one for each latent.");
        Refusal.Of<ArgumentException>(() => builder.Add([1.0], 2), "design", "design has 1 elements; it must have 2, one for each latent.");
        Refusal.Of<ArgumentException>(() => builder.Add([1.0, double.NaN], 2), "design", "design[0, 1] is NaN; it must be finite where");
        Refusal.Of<ArgumentException>(() => builder.Add(RowSpan.RowMajor([], 2), []), "design", "design has no rows; it must have at least 1.");
        Refusal.Of<ArgumentOutOfRangeException>(() => _ = new RegressionStatisticsBuilder(0), "latentCount", "latentCount is 0; it must be at least 1.");
        Refusal.Of<ArgumentOutOfRangeException>(() => _ = new RegressionStatisticsBuilder(1, maxThreads: 0), "maxThreads", "maxThreads is 0; it must be at least 1.");
        Refusal.Of<ArgumentException>(() => RegressionStatistics.OfChunks([]), "chunks", "chunks is empty; it must have at least 1 chunk.");
        Refusal.Of<ArgumentException>(() => RegressionStatistics.OfChunks([(null!, [])]), "chunks", "chunks[0].Design is null; it must be there.");
        Refusal.Of<ArgumentException>(
            () => RegressionStatistics.OfChunks([(Ones(1), [1]), (Ones(1), null!)]), "chunks", "chunks[1].Observations is null; it must be there.");
        Refusal.Of<ArgumentException>(
            () => RegressionStatistics.Of(Ones(1), [1]).Merge(RegressionStatistics.Of(Ones(1).Append(Ones(1)), [1])), "other", "other has 2 latents");
        builder.Invoking(b => b.Build()).Should().Throw<InvalidOperationException>().WithMessage("No observation was added*");
        builder.RowCount.Should().Be(0);
        Action cancelled = () => RegressionStatistics.Of(Ones(3), [1, 2, 3], cancellationToken: new CancellationToken(canceled: true));
        cancelled.Should().Throw<OperationCanceledException>();
    }

    [Fact]
    public void Merge_BeyondWhatRowsAreCountedIn_IsRefused()
    {
        RegressionStatistics Rows(long observations, long missing) => new(new TriangularFactor([1, 1, 0, 1], [0, 0]), observations, missing);

        Rows(long.MaxValue - 9, 3).Merge(Rows(5, 1)).ObservationCount.Should().Be(long.MaxValue - 4);
        Refusal.Of<ArgumentException>(
            () => Rows(long.MaxValue - 9, 3).Merge(Rows(5, 2)), "other", "other has 5 rows with observations and 2 without; together it may have 6 at most");
        Refusal.Of<ArgumentException>(() => Rows(1, long.MaxValue - 1).Merge(Rows(0, 1)), "other", "other has 0 rows with observations and 1 without");
    }

    internal static Matrix<double> Ones(int rows) => Matrix<double>.Build.Dense(rows, 1, 1.0);

    private static byte[] Bytes(RegressionStatistics statistics)
    {
        var stream = new MemoryStream();
        statistics.Save(stream);
        return stream.ToArray();
    }

    private static (Matrix<double> Design, double[] Observations) Random(int rows, int latents, int seed)
    {
        var random = new Random(seed);
        Matrix<double> design = Matrix<double>.Build.Dense(rows, latents, (_, j) => (j + 1) * (random.NextDouble() - 0.3));
        return (design, [.. Enumerable.Range(0, rows).Select(n => design.Row(n).Sum() + random.NextDouble())]);
    }

    private static IEnumerable<(Matrix<double> Design, double[] Observations)> Chunks(Matrix<double> design, double[] observations, int rows)
    {
        for (int first = 0; first < design.RowCount; first += rows)
        {
            int count = Math.Min(rows, design.RowCount - first);
            yield return (design.SubMatrix(first, count, 0, design.ColumnCount), observations[first..(first + count)]);
        }
    }

    /// <summary>Holds RᵀR against the cross products, in 28 digits.</summary>
    private static void ShouldBeTriangleOf(RegressionStatistics statistics, Matrix<double> all, double tolerance)
    {
        Matrix<double> triangle = statistics.Triangle();
        int[] columns = [.. Enumerable.Range(0, all.ColumnCount).Where(k => k < 12 || k > all.ColumnCount - 3)];
        decimal[][] cells = [.. columns.Select(k => all.Column(k).Select(value => (decimal)value).ToArray())];
        for (int i = 0; i < columns.Length; i++)
        {
            for (int j = i; j < columns.Length; j++)
            {
                double exact = (double)cells[i].Zip(cells[j], (a, b) => a * b).Sum();
                double scale = all.Column(columns[i]).L2Norm() * all.Column(columns[j]).L2Norm();
                double product = triangle.Column(columns[i]).DotProduct(triangle.Column(columns[j]));
                product.Should().BeApproximately(exact, tolerance * scale, "of columns {0} and {1}", columns[i], columns[j]);
            }
        }
    }

    private sealed class Recorder(List<long> reported) : IProgress<long>
    {
        public void Report(long value) => reported.Add(value);
    }
}
