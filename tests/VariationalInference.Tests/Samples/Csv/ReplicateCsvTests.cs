using System.Globalization;
using FluentAssertions;
using VariationalInference.Samples;
using Xunit;

namespace VariationalInference.Tests.Samples.Csv;

public sealed class ReplicateCsvTests : IDisposable
{
    private readonly string _path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName() + ".csv");

    public void Dispose() => File.Delete(_path);

    [Fact]
    public void LongForm_UnequalGroups_FillsUpWithMissing()
    {
        ReplicateTable table = Write("batch,yield\nA,1.5\nB,2\nA,\"3.5\"\n\n").Long("batch", "yield");
        table.Groups.Should().Equal("A", "B");
        table.Values.Row(0).Should().Equal(1.5, 3.5);
        table.Values[1, 0].Should().Be(2);
        table.Values[1, 1].Should().Be(double.NaN);
    }

    [Fact]
    public void WideForm_WithLabelAndEmptyCell_ReadsRows()
    {
        ReplicateTable table = Write("name,a,b\nfirst,1,2\n\"second, last\",3,\n").Wide("name");
        table.Groups.Should().Equal("first", "second, last");
        table.Values.Row(0).Should().Equal(1, 2);
        table.Values[1, 1].Should().Be(double.NaN);
    }

    [Fact]
    public void WideForm_AsAStream_GivesEachLineWithItsMissingCells()
    {
        File.WriteAllText(_path, "name,a,b\nfirst,1,2\n\"second, last\",3,\nthird,x,1\n");
        using IEnumerator<double[]> rows = ReplicateCsv.StreamWide(_path, "name").GetEnumerator();

        rows.MoveNext().Should().BeTrue();
        rows.Current.Should().Equal(1, 2);
        rows.MoveNext().Should().BeTrue();
        rows.Current.Should().Equal(3, double.NaN);
        rows.Invoking(stream => stream.MoveNext()).Should().Throw<CsvFormatException>().WithMessage("*(4): column 'a': 'x' is not a number");
    }

    [Fact]
    public void WideForm_WithoutLabel_NumbersRows() => Write("a,b\n1,2\n3,4\n").Wide(null).Groups.Should().Equal("1", "2");

    [Fact]
    public void CultureWithDecimalCommas_ReadsPointsAsDecimalPoints()
    {
        var commas = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        commas.NumberFormat.NumberDecimalSeparator = ",";
        commas.NumberFormat.NumberGroupSeparator = ".";
        CultureInfo before = CultureInfo.CurrentCulture;
        try
        {
            CultureInfo.CurrentCulture = commas;
            Write("g,y\nA,1.25\n").Long("g", "y").Values[0, 0].Should().Be(1.25);
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    [Fact]
    public void MissingColumn_NamesFileColumnAndWhatThereIs() => Refused(
        () => Write("g,y\nA,1\n").Long("g", "value"), $"{_path}(1): there is no column 'value'; the columns are g, y");

    [Fact]
    public void EmptyFile_SaysSo() => Refused(() => Write(string.Empty).Long("g", "y"), $"{_path}: the file is empty*");

    [Fact]
    public void HeaderOnly_SaysSo() => Refused(() => Write("g,y\n").Long("g", "y"), $"{_path}: there is no measurement*");

    [Fact]
    public void TextInANumberColumn_NamesFileLineAndColumn()
    {
        Refused(() => Write("g,y\nA,1\nA,abc\n").Long("g", "y"), $"{_path}(3): column 'y': 'abc' is not a number");
        Refused(() => Write("g,y\nA,1\nA,NaN\n").Long("g", "y"), $"{_path}(3): column 'y': 'NaN' is not a number");
        Refused(() => Write("g,y\n\n\nA,abc\n").Long("g", "y"), $"{_path}(4): column 'y': 'abc' is not a number");
        Refused(() => Write("a,b\n1,2\n3,x\n").Wide(null), $"{_path}(3): column 'b': 'x' is not a number");
    }

    [Fact]
    public void DecimalComma_IsRefusedRatherThanCutOff()
    {
        Refused(() => Write("g,y\nA,1,5\n").Long("g", "y"), $"{_path}(2): the line has 3 fields; the header line names 2 columns");
        Refused(() => Write("g,y\nA,\"1,5\"\n").Long("g", "y"), $"{_path}(2): column 'y': '1,5' is not a number");
    }

    [Fact]
    public void StrayQuotationMark_NamesFileAndLine() =>
        Refused(() => Write("g,y\nA,1\nA,2\"2\"\n").Long("g", "y"), $"{_path}(3): a field holds a quotation mark*A,2\"2\"");

    [Theory]
    [InlineData("\"g\",\"y\"\n\"Mount \"\"A\"\", east\",\"1.5\"\n")]
    [InlineData("\n\ng , y\n\n\"Mount \"\"A\"\", east\" , 1.5\n\n")]
    [InlineData("\uFEFFg,y\r\n\"Mount \"\"A\"\", east\",1.5\r\n")]
    public void QuotesBlankLinesSpacesAndLineEnds_DoNotMatter(string text)
    {
        ReplicateTable table = Write(text).Long("g", "y");
        table.Groups.Should().Equal("Mount \"A\", east");
        table.Values[0, 0].Should().Be(1.5);
    }

    [Theory]
    [InlineData("name,p,q\na,,1\nb,2,3\n")]
    [InlineData("name,p,q\na,1\nb,2,3\n")]
    public void WideForm_CellMissingAnywhere_LeavesTheOthers(string text) =>
        Write(text).Wide("name").Values.Row(0).ToArray().Should().Equal(1, double.NaN);

    [Fact]
    public void MissingFile_SaysSo() => Refused(() => ReplicateCsv.ReadLong(_path, "g", "y"), $"{_path}: there is no such file");

    [Fact]
    public void Moments_OfABalancedLayout_MatchTheTextbook()
    {
        // Within: (2 + 8)/2 = 5. Between: mean square 2·(2 − 5)² + 2·(8 − 5)² = 36 over 1; (36 − 5)/2 = 15.5.
        (double mean, double within, double between) = Write("g,y\nA,1\nA,3\nB,6\nB,10\n").Long("g", "y").Moments();
        mean.Should().Be(5);
        within.Should().BeApproximately(5, 1e-12);
        between.Should().BeApproximately(15.5, 1e-12);
    }

    [Theory]
    [InlineData("g,y\nA,1\nA,\nB,3\n")]
    [InlineData("g,y\nA,1\nA\nB,3\n")]
    [InlineData("g,y\nA,1\nA,\" \"\nB,3\n")]
    [InlineData("g,y\nA,\nA,1\nB,3\n")]
    public void LongForm_CellMissingAnywhere_LeavesTheOthers(string text)
    {
        ReplicateTable table = Write(text).Long("g", "y");
        table.Values.ToRowMajorArray().Should().Equal(1, 3);
        table.MissingCount.Should().Be(1);
    }

    [Fact]
    public void GroupWithoutMeasurements_IsKeptInBothForms()
    {
        ReplicateTable tall = Write("g,y\nA,\nB,3\nB,4\n").Long("g", "y");
        ReplicateTable wide = Write("g,a,b\nA,,\nB,3,4\n").Wide("g");
        foreach (ReplicateTable table in (ReplicateTable[])[tall, wide])
        {
            table.Groups.Should().Equal("A", "B");
            table.Values.ToRowMajorArray().Should().Equal(double.NaN, double.NaN, 3, 4);
        }
    }

    [Fact]
    public void OnlyMissingMeasurements_AreRefusedInBothForms()
    {
        Refused(() => Write("g,y\nA,\nB\n").Long("g", "y"), $"{_path}: there is no measurement below the header line in column 'y'");
        Refused(() => Write("g,y\nA,\nB\n").Wide("g"), $"{_path}: there is no measurement below the header line");
    }

    [Fact]
    public void MissingLabel_NamesFileLineAndColumn()
    {
        // pandas #443: lines without a group would become the group "".
        const string Needed = "column 'g' is empty; each line needs a label there";
        Refused(() => Write("g,y\nA,1\n,100\n,-100\n").Long("g", "y"), $"{_path}(3): {Needed}");
        Refused(() => Write("g,y\n\nA,1\n\" \",100\n").Long("g", "y"), $"{_path}(4): {Needed}");
        Refused(() => Write("y,g\n1,A\n100\n").Long("g", "y"), $"{_path}(3): {Needed}");
        Refused(() => Write("g,y,z\nA,1,2\n,3,4\n").Wide("g"), $"{_path}(3): {Needed}");
        Func<List<double[]>> stream = () => [.. ReplicateCsv.StreamWide(_path, "g")];
        stream.Should().Throw<CsvFormatException>().WithMessage($"{_path}(3): {Needed}");
    }

    [Fact]
    public void QuotationMarkThatIsNeverClosed_IsRefusedRatherThanTheRestOfTheFileBeingALabel()
    {
        Refused(() => Write("g,y\nA,1\n\"B,2\nC,3\n").Long("g", "y"), $"{_path}(*): *quotation mark*not closed: \"B,2*");
        Refused(() => Write("g,y\nA,1\n\"B,2\nC,3\"\"").Long("g", "y"), $"{_path}(3): a quotation mark is opened here or below, and not closed*");
        Refused(() => Write("g,y\nA,1\n\"B,2\nC,3\"\"").Wide("g"), $"{_path}(3): a quotation mark is opened here or below, and not closed*");
        Refused(() => Write("\"g,y\nA,1\n").Long("g", "y"), $"{_path}(*): *quotation mark*not closed*");
    }

    [Theory]
    [InlineData("g,y,note\nA,1,\"x\nB,2,\nC,3,\n")]
    [InlineData("g,y,note\nA,1,\"x\nB,2,\"y\nC,3,\"z\"\n")]
    public void QuotationMarkInAColumnThatIsNotRead_HidesNoLines(string text) =>
        Refused(() => Write(text).Long("g", "y"), $"{_path}(*): *quotation mark*not closed*");

    [Fact]
    public void LongRecordThatIsRefused_IsShownInPart()
    {
        Action read = () => Write("g,y\n\"A,1\n" + new string('9', 10_000)).Long("g", "y");
        read.Should().Throw<CsvFormatException>().Which.Message.Length.Should().BeLessThan(300);
    }

    [Fact]
    public void ColumnNamedTwice_IsRefused() =>
        Refused(() => Write("g,y,y\nA,1,2\n").Long("g", "y"), $"{_path}(1): there is more than one column 'y'*");

    private static void Refused(Action read, string message) => read.Should().Throw<CsvFormatException>().WithMessage(message);

    private Reader Write(string text)
    {
        File.WriteAllText(_path, text);
        return new Reader(_path);
    }

    private sealed record Reader(string Path)
    {
        public ReplicateTable Long(string group, string value) => ReplicateCsv.ReadLong(Path, group, value);

        public ReplicateTable Wide(string? label) => ReplicateCsv.ReadWide(Path, label);
    }
}
