using System.Numerics;
using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using VariationalInference.Tests.Numerics;
using VariationalInference.Tests.Reference;
using Xunit;

namespace VariationalInference.Tests.Learning;

public class SufficientStatisticsTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 3)]
    [InlineData(255, 5)]
    [InlineData(4097, 16)]
    [InlineData(9000, 7)]
    public void Of_CompleteTable_IsTheExactSum(int rows, int columns)
    {
        Matrix<double> table = Random(rows, columns, level: 1e3, missing: 0, seed: 1);

        SufficientStatistics statistics = SufficientStatistics.Of(table);

        statistics.RowCount.Should().Be(rows);
        PatternStatistics only = statistics.Patterns.Should().ContainSingle().Which;
        ShouldBeExact(only, table, 1e-13);
    }

    [Fact]
    public void Of_ALevelThatJumpsAfterTheFirstTile_LosesNoMoreThanADigit()
    {
        Matrix<double> table = Random(9000, 3, level: 0, missing: 0, seed: 10);
        for (int n = 256; n < table.RowCount; n++)
        {
            table[n, 1] += 1e8;
        }

        ShouldBeExact(SufficientStatistics.Of(table).Patterns[0], table, 1e-14 * 256);
    }

    [Fact]
    public void Of_ConstantColumns_HasNoNegativeSquares()
    {
        Matrix<double> table = Matrix<double>.Build.Dense(5000, 3, (n, k) => k == 0 ? 0.1 : k == 1 ? 1e9 / 3 : n);

        SufficientStatistics statistics = SufficientStatistics.Of(table);

        statistics.Patterns[0].CrossProduct(0, 0).Should().BeInRange(0, 1e-28);
        statistics.Patterns[0].CrossProduct(1, 1).Should().BeInRange(0, 1e-8);
        statistics.Patterns[0].Means[0].Should().Be(0.1);
        Bytes(SufficientStatistics.Load(new MemoryStream(Bytes(statistics)))).Should().Equal(Bytes(statistics));
    }

    [Fact]
    public void Of_DataAtTenToTheTwelfthWithSpreadOfATenth_KeepsTheDigitsOfItsCells()
    {
        // As NIST's SmLs07 to SmLs09, which are SmLs01 moved to 1e12.
        double[][] groups = LearningData.Groups("nist_smls01.csv");
        double[] cells = [.. groups.SelectMany(group => group).Select(value => (double)(1_000_000_000_000m + (decimal)value - 1m))];
        Matrix<double> table = Matrix<double>.Build.Dense(cells.Length, 1, cells);

        PatternStatistics statistics = SufficientStatistics.Of(table).Patterns[0];

        ShouldBeExact(statistics, table, 1e-12);

        // The cells themselves are rounded to 1.2e-4; the certified 1.68 + 1.80 is within that.
        statistics.CrossProduct(0, 0).Should().BeApproximately(3.48, 3.48 * 2e-3);
    }

    [Fact]
    public void Of_NumAcc3_HasTheCertifiedMeanAndDeviation()
    {
        PatternStatistics statistics = SufficientStatistics.Of(LearningData.Table("nist_numacc3.csv", "y")).Patterns[0];

        statistics.Means[0].Should().BeApproximately(1000000.2, 1e-9);
        Math.Sqrt(statistics.CrossProduct(0, 0) / (statistics.RowCount - 1)).Should().BeApproximately(0.1, 0.1 * 1e-9);
    }

    [Fact]
    public void Of_TableWithMissingCells_IsTheExactSumOfEachPattern()
    {
        Matrix<double> table = Random(6000, 4, level: -50, missing: 0.2, seed: 2);

        SufficientStatistics statistics = SufficientStatistics.Of(table);

        statistics.Patterns.Should().HaveCount(16);
        statistics.RowCount.Should().Be(6000);
        foreach (PatternStatistics pattern in statistics.Patterns.Where(pattern => pattern.Observed.Length > 0))
        {
            Matrix<double> rows = RowsOf(table, pattern);
            pattern.RowCount.Should().Be(rows.RowCount);
            ShouldBeExact(pattern, rows, 1e-13);
        }

        statistics.Patterns[0].Observed.Should().Equal(0, 1, 2, 3);
        statistics.Patterns[^1].Observed.Should().BeEmpty();
    }

    [Fact]
    public void Of_MoreColumnsThanAWordOfThePattern_TellsCompleteRowsFromOthers()
    {
        Matrix<double> table = Random(40, 70, level: 0, missing: 0, seed: 3);
        table[7, 69] = double.NaN;
        table[9, 64] = double.NaN;

        SufficientStatistics statistics = SufficientStatistics.Of(table);

        statistics.Patterns.Select(pattern => pattern.RowCount).Should().Equal(38, 1, 1);
        statistics.Patterns[1].Observed.Should().NotContain(69);
        ShouldBeExact(statistics.Patterns[0], RowsOf(table, statistics.Patterns[0]), 1e-13);
    }

    [Fact]
    public void Of_SameRowsInAnyFormAndNumberOfThreads_HasTheSameBits()
    {
        Matrix<double> table = Random(30_000, 5, level: 7, missing: 0.02, seed: 4);
        double[] rowMajor = table.ToRowMajorArray();
        byte[] expected = Bytes(SufficientStatistics.Of(table, maxThreads: 1));

        Bytes(SufficientStatistics.Of(table, maxThreads: 3)).Should().Equal(expected);
        Bytes(SufficientStatistics.Of(RowSpan.RowMajor(rowMajor, 5))).Should().Equal(expected);
        Bytes(SufficientStatistics.OfChunks(Chunks(table, 4500))).Should().Equal(expected);
        var builder = new SufficientStatisticsBuilder(5);
        for (int n = 0; n < table.RowCount; n++)
        {
            builder.Add(rowMajor.AsSpan(n * 5, 5));
            if (n == 12_345)
            {
                builder.Build().RowCount.Should().Be(12_346);
            }
        }

        Bytes(builder.Build()).Should().Equal(expected);
    }

    [Fact]
    public void Merge_InAnyTree_AgreesToTwelveDigits_AndInTheSameTree_BitForBit()
    {
        Matrix<double> table = Random(20_000, 6, level: 1e6, missing: 0.01, seed: 5);
        SufficientStatistics whole = SufficientStatistics.Of(table);
        SufficientStatistics[] shards = [.. Chunks(table, 1250).Select(chunk => SufficientStatistics.Of(chunk))];

        SufficientStatistics inOrder = shards.Aggregate((a, b) => a.Merge(b));
        SufficientStatistics reversed = shards.Reverse().Aggregate((a, b) => a.Merge(b));
        SufficientStatistics balanced = Balanced(shards);

        ShouldAgree(inOrder, whole, 1e-12);
        ShouldAgree(reversed, whole, 1e-12);
        ShouldAgree(balanced, whole, 1e-12);
        Bytes(Balanced(shards)).Should().Equal(Bytes(balanced));
    }

    [Theory]
    [LaneWidthData(LaneWidth.Scalar)]
    [LaneWidthData(LaneWidth.Bits128)]
    [LaneWidthData(LaneWidth.Bits256)]
    [LaneWidthData(LaneWidth.Bits512)]
    public void Kernels_OfEachWidth_AreExact(object width)
    {
        Matrix<double> table = Random(300, 9, level: 1e5, missing: 0, seed: 6);
        double[] cells = table.ToColumnMajorArray();
        Moments moments = Summarise(cells, 300, 9, (LaneWidth)width);

        for (int i = 0; i < 9; i++)
        {
            for (int j = i; j < 9; j++)
            {
                double scale = Math.Sqrt(Exact(table, i, i) * Exact(table, j, j));
                moments.Product(i, j).Should().BeApproximately(Exact(table, i, j), 1e-13 * scale);
            }
        }
    }

    [Fact]
    public void SaveAndLoad_OfStatisticsWithMissingCells_KeepEveryBit()
    {
        SufficientStatistics statistics = SufficientStatistics.Of(Random(5000, 9, level: 1e12, missing: 0.1, seed: 7));
        byte[] bytes = Bytes(statistics);

        SufficientStatistics loaded = SufficientStatistics.Load(new MemoryStream(bytes));

        Bytes(loaded).Should().Equal(bytes);
        loaded.ToString().Should().Be($"5000 rows of 9 columns, {statistics.Patterns.Length} patterns of missing cells");
        Bytes(loaded.Merge(statistics)).Should().Equal(Bytes(statistics.Merge(loaded)));
    }

    [Fact]
    public void Load_OfAnyDamagedStream_IsRefused()
    {
        byte[] bytes = Bytes(SufficientStatistics.Of(Random(50, 3, level: 0, missing: 0.2, seed: 8)));
        for (int at = 0; at < bytes.Length; at++)
        {
            byte[] damaged = [.. bytes];
            damaged[at] ^= 0x41;
            Load(damaged).Should().Throw<ModelFileException>("byte {0} is wrong", at);
            Load(bytes[..at]).Should().Throw<ModelFileException>("the stream ends at {0}", at);
        }

        Load([]).Should().Throw<ModelFileException>().WithMessage("The stream: there are 0 bytes; a safetensors file has at least 8.");
        Load("VISTATS1"u8.ToArray()).Should().Throw<ModelFileException>().WithMessage("*it ends too soon.");
        Load("not statistics at all"u8.ToArray()).Should().Throw<ModelFileException>().WithMessage("The stream: the header's length is given as *");

        static Action Load(byte[] bytes) => () => SufficientStatistics.Load(new MemoryStream(bytes));
    }

    [Fact]
    public void Load_OfAStreamThatClaimsToBeHuge_FailsWithoutTakingMemoryForIt()
    {
        byte[] bytes = [.. "VISTATS1"u8, 0, 0x80, 0, 0, 1, 0, 0, 0, .. new byte[4096], 9, 0, 0, 0, 0, 0, 0, 0];
        long before = GC.GetAllocatedBytesForCurrentThread();

        Action load = () => SufficientStatistics.Load(new MemoryStream(bytes));

        load.Should().Throw<ModelFileException>();
        (GC.GetAllocatedBytesForCurrentThread() - before).Should().BeLessThan(4 << 20);
    }

    [Fact]
    public void BadInput_IsRefusedWithItsPlace()
    {
        Matrix<double> table = Random(5000, 2, level: 0, missing: 0, seed: 9);
        table[4700, 1] = double.NegativeInfinity;
        Matrix<double> early = table.Clone();
        early[3, 0] = double.PositiveInfinity;

        Refusal.Of<ArgumentException>(
            () => SufficientStatistics.Of(table), "table", "table[4700, 1] is -∞; it must be finite, or NaN when it is missing.".Replace("-∞", "-Infinity"));
        Refusal.Of<ArgumentException>(
            () => SufficientStatistics.Of(early), "table", "table[3, 0] is Infinity; it must be finite, or NaN when it is missing.");
        Refusal.Of<ArgumentException>(
            () => SufficientStatistics.Of(RowSpan.RowMajor([], 2)), "rows", "rows has no rows; it must have at least 1.");
        Refusal.Of<ArgumentException>(
            () => SufficientStatistics.OfChunks([Random(3, 2, 0, 0, 1), Random(3, 4, 0, 0, 1)]), "chunks", "chunks[1] has 4 columns; it must have 2.");
        Refusal.Of<ArgumentException>(() => SufficientStatistics.OfChunks([null!]), "chunks", "chunks[0] is null; it must be a table.");
        Refusal.Of<ArgumentException>(() => SufficientStatistics.OfChunks([]), "chunks", "chunks is empty; it must have at least 1 chunk.");
        Refusal.Of<ArgumentOutOfRangeException>(
            () => SufficientStatistics.Of(Random(3, 2, 0, 0, 1), maxThreads: 0), "maxThreads", "maxThreads is 0; it must be at least 1.");
        Refusal.Of<ArgumentException>(
            () => SufficientStatistics.Of(Random(3, 2, 0, 0, 1)).Merge(SufficientStatistics.Of(Random(3, 3, 0, 0, 1))),
            "other",
            "other has 3 columns; it must have 2, as these statistics have.");
        var builder = new SufficientStatisticsBuilder(2);
        Refusal.Of<ArgumentException>(() => builder.Add([1.0]), "row", "row has 1 elements; it must have 2, one for each column.");
        Refusal.Of<ArgumentException>(() => builder.Add([1, double.PositiveInfinity]), "row", "row[1] is Infinity; it must be finite");
        builder.Invoking(b => b.Build()).Should().Throw<InvalidOperationException>().WithMessage("No row was added*");
        builder.RowCount.Should().Be(0);
    }

    [Fact]
    public void Builder_OfRowsTablesAndSpans_HasTheBitsOfTheWhole()
    {
        Matrix<double> table = Random(700, 8, level: 3, missing: 0.1, seed: 12);
        var builder = new SufficientStatisticsBuilder(8);

        builder.Add(table.SubMatrix(0, 300, 0, 8));
        builder.Add(RowSpan.RowMajor(table.SubMatrix(300, 399, 0, 8).ToRowMajorArray(), 8));
        builder.Add(table.Row(699).ToArray());

        builder.RowCount.Should().Be(700);
        Bytes(builder.Build()).Should().Equal(Bytes(SufficientStatistics.Of(table)));
    }

    [Fact]
    public void Load_OfAPatternWithoutRows_IsRefused()
    {
        // "VISTATS1", one column, one pattern, which misses nothing, no rows, a mean in two parts.
        byte[] body = [.. "VISTATS1"u8, 1, 0, 0, 0, 1, 0, 0, 0, 0, .. new byte[8], .. new byte[16]];
        ulong hash = body.Aggregate(0xCBF29CE484222325, (current, value) => unchecked((current ^ value) * 0x100000001B3));

        Action load = () => SufficientStatistics.Load(new MemoryStream([.. body, .. BitConverter.GetBytes(hash)]));

        load.Should().Throw<ModelFileException>().WithMessage("*a pattern has 0 rows; at least 1 is needed.");
    }

    [Theory]
    [InlineData(1.0, 0.5)]
    [InlineData(1.0, 1.2e-16)]
    [InlineData(double.MaxValue, 1e292)]
    public void Load_OfAMeanWhoseHighPartIsNotTheMeanRounded_IsRefused(double high, double low)
    {
        var moments = new Moments(9, [high], [low], [1]);
        byte[] bytes = Bytes(new SufficientStatistics(1, new Dictionary<MissingPattern, Moments> { [MissingPattern.Of(new double[1])] = moments }));

        Action load = () => SufficientStatistics.Load(new MemoryStream(bytes));

        load.Should().Throw<ModelFileException>().WithMessage("*a mean is not in its normal form.");
    }

    [Fact]
    public void Load_OfCrossProductsThatNoRowsHave_IsRefused()
    {
        // Of the correlations ±c between four columns, those that are no longer semidefinite by more than the rounding of print.
        var random = new Random(3);
        int refused = 0;
        for (int i = 0; i < 200; i++)
        {
            Matrix<double> signs = Matrix<double>.Build.Dense(4, 4, (_, _) => (2 * random.NextDouble()) - 1);
            Matrix<double> correlations = Matrix<double>.Build.Dense(4, 4, (j, k) => j == k ? 1 : signs[Math.Min(j, k), Math.Max(j, k)]);
            double[] scales = [1e-9, 3, 1e40, 7e-120];
            double smallest = correlations.Evd(Symmetricity.Symmetric).EigenValues.Min(value => value.Real);
            double[] products = [.. from j in Enumerable.Range(0, 4) from k in Enumerable.Range(j, 4 - j) select correlations[j, k] * scales[j] * scales[k]];
            var moments = new Moments(9, [0, 0, 0, 0], [0, 0, 0, 0], products);
            byte[] bytes = Bytes(new SufficientStatistics(4, new Dictionary<MissingPattern, Moments> { [MissingPattern.Of(new double[4])] = moments }));

            Action load = () => SufficientStatistics.Load(new MemoryStream(bytes));

            if (smallest < -1e-4)
            {
                refused++;
                load.Should().Throw<ModelFileException>().WithMessage("*they are not positive semidefinite.");
            }
            else
            {
                load.Should().NotThrow();
            }
        }

        refused.Should().BeInRange(20, 180);
    }

    [Fact]
    public void Load_OfProductsWithAColumnThatHasNone_IsRefused()
    {
        var moments = new Moments(9, [0, 0], [0, 0], [0, 1e-30, 1]);
        byte[] bytes = Bytes(new SufficientStatistics(2, new Dictionary<MissingPattern, Moments> { [MissingPattern.Of(new double[2])] = moments }));

        Action load = () => SufficientStatistics.Load(new MemoryStream(bytes));

        load.Should().Throw<ModelFileException>().WithMessage("*they are not positive semidefinite.");
    }

    [Fact]
    public void Load_OfAnyTableThatWasSummarised_IsTakenBack()
    {
        // Columns that repeat, are constant, tiny, huge or far from zero: what rounding leaves of their products must not be taken for a forgery.
        var random = new Random(5);
        for (int i = 0; i < 200; i++)
        {
            int rows = 1 + random.Next(600), columns = 1 + random.Next(6);
            double[] levels = [.. Enumerable.Range(0, columns).Select(_ => random.Next(2) * Math.Pow(10, random.Next(-20, 20)))];
            double[] spreads = [.. Enumerable.Range(0, columns).Select(_ => random.Next(3) == 0 ? 0 : Math.Pow(10, random.Next(-20, 20)))];
            Matrix<double> table = Matrix<double>.Build.Dense(rows, columns, (_, k) => levels[k] + (spreads[k] * random.NextDouble()));
            if (columns > 2)
            {
                table.SetColumn(1, table.Column(0));
                table.SetColumn(2, (table.Column(0) * 0.1) + levels[1]);
            }

            byte[] bytes = Bytes(SufficientStatistics.Of(table));
            Bytes(SufficientStatistics.Load(new MemoryStream(bytes))).Should().Equal(bytes, "of set {0}", i);
        }
    }

    [Fact]
    public void Merge_BeyondWhatRowsAreCountedIn_IsRefused()
    {
        SufficientStatistics Rows(long count, int columns = 1) =>
            SufficientStatistics.OfMoments(count, new double[columns], Matrix<double>.Build.DenseIdentity(columns));
        SufficientStatistics most = Rows(long.MaxValue - 5);

        Refusal.Of<ArgumentException>(
            () => most.Merge(Rows(6)), "other", "other has 6 rows; it may have 5 at most, as rows are counted to 9223372036854775807.");
        most.Merge(Rows(5)).RowCount.Should().Be(long.MaxValue);

        // What is counted in cells goes beyond it, and is counted in doubles.
        VariationalEmResult learned = new VariationalEm().Learn(new GaussianSumModel(1, 3), Rows(long.MaxValue, 3));
        double.IsFinite(learned.LogEvidence).Should().BeTrue();
    }

    [Fact]
    public void BadArguments_AreRefusedByName()
    {
        SufficientStatistics statistics = SufficientStatistics.Of(Random(9, 2, level: 0, missing: 0, seed: 1));
        Refusal.Of<ArgumentNullException>(() => SufficientStatistics.OfChunks(null!), "chunks", "Value cannot be null.");
        Refusal.Of<ArgumentNullException>(() => new SufficientStatisticsBuilder(2).Add((Matrix<double>)null!), "table", "Value cannot be null.");
        Refusal.Of<ArgumentOutOfRangeException>(
            () => SufficientStatistics.OfMoments(0, [1.0], Matrix<double>.Build.Dense(1, 1)), "rowCount", "rowCount ('0') must be greater than or equal to '1'.");
        Refusal.Of<ArgumentNullException>(() => FactorAnalysis.Learn(null!, 1), "statistics", "Value cannot be null.");
        foreach ((int i, int j, string name) in new[] { (-1, 0, "i"), (0, -1, "j"), (2, 0, "i"), (0, 2, "j") })
        {
            Refusal.Of<ArgumentOutOfRangeException>(() => statistics.Patterns[0].CrossProduct(i, j), name, name);
        }

        SufficientStatistics empty = SufficientStatistics.Of(Matrix<double>.Build.Dense(1, 2, double.NaN));
        empty.Patterns[0].Invoking(pattern => pattern.CrossProducts()).Should().Throw<InvalidOperationException>()
            .WithMessage("The pattern has no observed columns, hence no cross products.");
    }

    [Fact]
    public void Squares_BeyondDoublePrecision_AreReportedWithTheirColumn()
    {
        Matrix<double> table = Random(30, 2, level: 0, missing: 0, seed: 1);
        table[4, 1] = 1e200;

        Action act = () => SufficientStatistics.Of(table);

        act.Should().Throw<NonFiniteValueException>().Which.Quantity.Should().Be("the sum of squares of column 1");
    }

    [Fact]
    public void Cancellation_StopsTheWork()
    {
        Action act = () => SufficientStatistics.Of(Random(3, 2, 0, 0, 1), cancellationToken: new CancellationToken(canceled: true));

        act.Should().Throw<OperationCanceledException>();
    }

    internal static byte[] Bytes(SufficientStatistics statistics)
    {
        var stream = new MemoryStream();
        statistics.Save(stream);
        return stream.ToArray();
    }

    private static Matrix<double> Random(int rows, int columns, double level, double missing, int seed)
    {
        var random = new Random(seed);
        return Matrix<double>.Build.Dense(rows, columns, (n, k) =>
            random.NextDouble() < missing ? double.NaN : level + ((k + 1) * (random.NextDouble() - 0.3)));
    }

    private static IEnumerable<Matrix<double>> Chunks(Matrix<double> table, int rows)
    {
        for (int first = 0; first < table.RowCount; first += rows)
        {
            yield return table.SubMatrix(first, Math.Min(rows, table.RowCount - first), 0, table.ColumnCount);
        }
    }

    private static SufficientStatistics Balanced(SufficientStatistics[] shards) => shards.Length == 1
        ? shards[0]
        : Balanced(shards[..(shards.Length / 2)]).Merge(Balanced(shards[(shards.Length / 2)..]));

    private static Matrix<double> RowsOf(Matrix<double> table, PatternStatistics pattern)
    {
        var rows = table.EnumerateRows().Where(
            row => Enumerable.Range(0, row.Count).All(k => double.IsNaN(row[k]) != pattern.Observed.Contains(k)));
        return Matrix<double>.Build.DenseOfRows(rows.Select(row => pattern.Observed.Select(k => row[k])));
    }

    private static void ShouldBeExact(PatternStatistics statistics, Matrix<double> rows, double tolerance)
    {
        for (int i = 0; i < rows.ColumnCount; i++)
        {
            for (int j = 0; j < rows.ColumnCount; j++)
            {
                double scale = Math.Sqrt(Exact(rows, i, i) * Exact(rows, j, j));
                statistics.CrossProduct(i, j).Should().BeApproximately(Exact(rows, i, j), tolerance * scale, "of columns {0} and {1}", i, j);
            }
        }
    }

    private static void ShouldAgree(SufficientStatistics actual, SufficientStatistics expected, double tolerance)
    {
        actual.Patterns.Should().HaveSameCount(expected.Patterns);
        foreach ((PatternStatistics a, PatternStatistics b) in actual.Patterns.Zip(expected.Patterns))
        {
            a.RowCount.Should().Be(b.RowCount);
            a.Observed.Should().Equal(b.Observed);
            for (int i = 0; i < a.Observed.Length; i++)
            {
                a.Means[i].Should().BeApproximately(b.Means[i], tolerance * Math.Abs(b.Means[i]));
                for (int j = 0; j < a.Observed.Length; j++)
                {
                    double scale = Math.Sqrt(b.CrossProduct(i, i) * b.CrossProduct(j, j));
                    a.CrossProduct(i, j).Should().BeApproximately(b.CrossProduct(i, j), tolerance * scale);
                }
            }
        }
    }

    /// <summary>Returns the centred cross product of two columns of doubles in whole numbers, rounded once.</summary>
    private static double Exact(Matrix<double> table, int i, int j)
    {
        const int scale = 80;
        BigInteger[] x = [.. table.Column(i).Select(Whole)], y = [.. table.Column(j).Select(Whole)];
        BigInteger products = x.Zip(y, (a, b) => a * b).Aggregate(BigInteger.Add) * x.Length;
        BigInteger centred = products - (x.Aggregate(BigInteger.Add) * y.Aggregate(BigInteger.Add));
        return Math.ScaleB((double)(centred >> scale), -scale) / x.Length;

        static BigInteger Whole(double value)
        {
            long bits = BitConverter.DoubleToInt64Bits(value);
            int exponent = (int)((bits >> 52) & 0x7FF);
            BigInteger mantissa = (bits & ((1L << 52) - 1)) | (exponent > 0 ? 1L << 52 : 0);
            int shift = exponent - 1075 + scale;
            BigInteger whole = shift >= 0 ? mantissa << shift : mantissa >> -shift;
            return value < 0 ? -whole : whole;
        }
    }

    private static unsafe Moments Summarise(double[] cells, int rows, int columns, LaneWidth width)
    {
        fixed (double* pointer = cells)
        {
            RowView source = RowView.Of(pointer, RowSpan.ColumnMajor(cells, columns), RowLabels.Of("rows"));
            return new MomentWorker(columns) { Width = width }.Summarise(source, 0, rows).Values.Single();
        }
    }
}
