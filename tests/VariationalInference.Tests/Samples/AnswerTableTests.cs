using FluentAssertions;
using VariationalInference.Samples;
using Xunit;

namespace VariationalInference.Tests.Samples;

public sealed class AnswerTableTests : IDisposable
{
    private readonly string _path = Path.GetTempFileName();

    public void Dispose() => File.Delete(_path);

    [Fact]
    public void Read_RepeatsPatterns_AndKeepsWhatIsMissing()
    {
        File.WriteAllText(_path, "a,n,b\n1,2,0\n,1,1\n1,1,0\n0,0,0\n");

        var table = new AnswerTable(_path, countColumn: "n", CsvDialect.Default);

        table.Items.Should().Equal("a", "b");
        table.Answers.ToRowMajorArray().Should().Equal(1, 0, 1, 0, double.NaN, 1, 1, 0);
        table.Patterns.Select(pattern => (AnswerTable.TextOf(pattern.Answers), pattern.Persons)).Should().Equal(("1 0", 3), ("· 1", 1));
    }

    [Fact]
    public void Read_WithoutCounts_IsAPersonALine()
    {
        File.WriteAllText(_path, "a,b\n1,0\n2,1\n");

        new AnswerTable(_path, countColumn: null, CsvDialect.Default).Answers.ToRowMajorArray().Should().Equal(1, 0, 2, 1);
    }

    [Theory]
    [InlineData("1.5")]
    [InlineData("-1")]
    [InlineData("1e9")]
    public void Read_RefusesCounts_ByLine(string count)
    {
        File.WriteAllText(_path, $"a,b,n\n1,0,3\n0,1,{count}\n");

        FluentActions.Invoking(() => new AnswerTable(_path, "n", CsvDialect.Default)).Should().Throw<CsvFormatException>().WithMessage("*'n' of line 3 is *; it must be a whole number of persons*");
    }

    [Fact]
    public void Read_RefusesAFileWithoutPersons()
    {
        File.WriteAllText(_path, "a,b,n\n1,0,0\n");

        FluentActions.Invoking(() => new AnswerTable(_path, "n", CsvDialect.Default)).Should().Throw<CsvFormatException>().WithMessage("*there are no persons*");
    }

    [Fact]
    public void Arguments_AreChecked()
    {
        new ItemResponseArguments([]).CountColumn.Should().Be("persons");
        new ItemResponseArguments(["--data", "x.csv"]).CountColumn.Should().BeNull();
        new ItemResponseArguments(["--data", "x.csv", "--persons", "n", "--dimensions", "2"]).Settings.Should().Contain(("dimensions", "2"));
        FluentActions.Invoking(() => new ItemResponseArguments(["--persons", "n"])).Should().Throw<UsageException>();
        FluentActions.Invoking(() => new ItemResponseArguments(["--dimensions", "2", "--one-parameter"])).Should().Throw<UsageException>();
        new CountsArguments([]).Groups.Should().Equal("corps", "year");
        new CountsArguments(["--data", "x.csv", "--response", "n", "--group", "a", "--group", "b", "--fixed", "u,v", "--exposure", "t"]).Covariates.Should().Equal("u", "v");
        FluentActions.Invoking(() => new CountsArguments(["--data", "x.csv", "--response", "n"])).Should().Throw<UsageException>().WithMessage("*--group*");
        FluentActions.Invoking(() => new CountsArguments(["--group", "n"])).Should().Throw<UsageException>();
    }
}
