using FluentAssertions;
using VariationalInference.Samples;
using Xunit;

namespace VariationalInference.Tests.Samples.Csv;

public sealed class CsvDialectTests : IDisposable
{
    private readonly string _path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName() + ".csv");

    public void Dispose() => File.Delete(_path);

    [Theory]
    [InlineData("g;y\nA, east;1.5\nA, east;-2e-3\n", "--separator", ";")]
    [InlineData("g;y\nA, east;1,5\nA, east;-2e-3\n", "--separator", ";", "--decimal-comma")]
    [InlineData("g;y\nA, east;1,5\nA, east;-0,002\n", "--decimal-comma")]
    [InlineData("g\ty\nA, east\t1.5\nA, east\t-0.002\n", "--separator", "tab")]
    [InlineData("g\ty\n\"A, east\"\t\"1,5\"\nA, east\t-0,002\n", "--separator", "\t", "--decimal-comma")]
    [InlineData("g|y\nA, east|1.5\nA, east|-.002\n", "--separator", "|")]
    [InlineData("g,y\n\"A, east\",1.5\n\"A, east\",-0.002\n")]
    public void Files_AreReadAsTheOptionsSay(string text, params string[] options)
    {
        File.WriteAllText(_path, text);
        CsvDialect dialect = Of(["--data", _path, .. options]);
        ReplicateTable table = ReplicateCsv.ReadLong(_path, "g", "y", dialect);
        table.Groups.Should().Equal("A, east");
        table.Values.ToRowMajorArray().Should().Equal(1.5, -0.002);
        ReplicateCsv.ReadWide(_path, "g", dialect).Values.ToRowMajorArray().Should().Equal(1.5, -0.002);
        ReplicateCsv.StreamWide(_path, "g", dialect).Should().BeEquivalentTo(new double[][] { [1.5], [-0.002] }, all => all.WithStrictOrdering());
    }

    [Fact]
    public void DecimalPoint_WhereCommasAreSaid_IsRefusedRatherThanTakenForThousands()
    {
        File.WriteAllText(_path, "g;y\nA;1,5\nA;1.500\n");
        Refused(() => ReplicateCsv.ReadLong(_path, "g", "y", new CsvDialect(';', decimalComma: true)), "*(3): column 'y': '1.500' is not a number");
    }

    [Fact]
    public void OtherDialect_IsRefusedWithTheOptionThatReadsIt()
    {
        File.WriteAllText(_path, "g;y\nA;1,5\n");
        Refused(() => ReplicateCsv.ReadLong(_path, "g", "y"), "*(1): there is no column 'y'; the columns are g;y; --separator ';' would part them");
        Refused(() => ReplicateCsv.ReadLong(_path, "g", "y", new CsvDialect(';')), "*(2): column 'y': '1,5' is not a number; --decimal-comma *");
        File.WriteAllText(_path, "g\ty\nA\t1\n");
        Refused(() => ReplicateCsv.ReadLong(_path, "g", "y"), "*--separator tab would part them");
    }

    [Theory]
    [InlineData("--separator is ''; it must be tab, or one visible character*", "--separator", "")]
    [InlineData("--separator is ';;'*", "--separator", ";;")]
    [InlineData("--separator is '.'*", "--separator", ".")]
    [InlineData("--separator is '-'*", "--separator", "-")]
    [InlineData("--separator is '+'*", "--separator", "+")]
    [InlineData("--separator is '\"'*", "--separator", "\"")]
    [InlineData("--separator is 'e'*", "--separator", "e")]
    [InlineData("--separator is '0'*", "--separator", "0")]
    [InlineData("--separator is ' '*", "--separator", " ")]
    [InlineData("--separator is '\n'*", "--separator", "\n")]
    [InlineData("--separator is a comma; with --decimal-comma it must be another*", "--separator", ",", "--decimal-comma")]
    public void Separators_ThatCouldBePartOfANumberOrOfTheSyntax_AreRefused(string message, params string[] options)
    {
        Action parse = () => Of(["--data", "x.csv", .. options]);
        parse.Should().Throw<UsageException>().WithMessage(message);
    }

    [Theory]
    [InlineData("--separator has no effect without --data", "--separator", ";")]
    [InlineData("--decimal-comma has no effect without --data", "--decimal-comma")]
    public void Options_WithoutAFile_AreRefused(string message, params string[] options)
    {
        Action parse = () => Of(options);
        parse.Should().Throw<UsageException>().WithMessage(message);
    }

    [Fact]
    public void Constructor_RefusesWhatTheOptionsRefuse()
    {
        Action digit = () => _ = new CsvDialect('1');
        Action comma = () => _ = new CsvDialect(',', decimalComma: true);
        digit.Should().Throw<ArgumentException>().WithMessage("separator is '1'; it must be *").WithParameterName("separator");
        comma.Should().Throw<ArgumentException>().WithMessage("separator is a comma; *").WithParameterName("separator");
    }

    private static CsvDialect Of(string[] arguments) => CsvDialect.Of(new CommandLine(arguments, ["data", .. CsvDialect.Options], CsvDialect.Flags));

    private static void Refused(Action read, string message) => read.Should().Throw<CsvFormatException>().WithMessage(message);
}
