using System.Globalization;
using System.Text;
using FluentAssertions;
using MathNet.Numerics.Random;
using VariationalInference.Samples;
using Xunit;

namespace VariationalInference.Tests.Samples.Csv;

public sealed class ColumnTableTests : IDisposable
{
    private static readonly CsvColumns Crossed = new() { Responses = ["diameter"], Covariates = ["days"], Labels = ["plate", "sample"] };

    private readonly string _path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName() + ".csv");

    public void Dispose() => File.Delete(_path);

    [Fact]
    public void Columns_AreReadByName_WhereverTheyStand()
    {
        ColumnTable table = Read("sample,remark,days,diameter,plate\nA,x,0,27,a\nB,\"1,5\",1,23,a\n\nA,,2.5,,b\n", Crossed);
        table.RowCount.Should().Be(3);
        table.Numbers("diameter").Should().Equal(27, 23, double.NaN);
        table.Numbers("days").Should().Equal(0, 1, 2.5);
        table.Labels("plate").Should().Equal("a", "a", "b");
        table.Labels("sample").Should().Equal("A", "B", "A");
    }

    [Fact]
    public void SeveralResponsesAndNumbersAsLabels_AreReadInOnePass()
    {
        var columns = new CsvColumns { Responses = ["y", "z"], Covariates = ["day"], Labels = ["day"] };
        ColumnTable table = Read("day;y;z\n1;1,5;\n02;;-3\n", columns, new CsvDialect(';', decimalComma: true));
        table.Numbers("y").Should().Equal(1.5, double.NaN);
        table.Numbers("z").Should().Equal(double.NaN, -3);
        table.Numbers("day").Should().Equal(1, 2);
        table.Labels("day").Should().Equal("1", "02");
    }

    [Theory]
    [InlineData("diameter,days,plate,sample\n1,2,a,A\n1,,a,A\n", "(3): column 'days' is empty; each line needs a number there")]
    [InlineData("diameter,days,plate,sample\n1,2,a,A\n1,NaN,a,A\n", "(3): column 'days': 'NaN' is not a number")]
    [InlineData("diameter,days,plate,sample\n1,2,a,A\nNA,1,a,A\n", "(3): column 'diameter': 'NA' is not a number")]
    [InlineData("diameter,days,plate,sample\n1,2,a,A\n,1,,A\n", "(3): column 'plate' is empty; each line needs a label there")]
    [InlineData("diameter,days,plate,sample\n1,2,a,A\n,1,b\n", "(3): column 'sample' is empty; each line needs a label there")]
    [InlineData("diameter,days,plate\n1,2,a\n", "(1): there is no column 'sample'; the columns are diameter, days, plate")]
    [InlineData("diameter,days,plate,sample,days\n1,2,a,A,3\n", "(1): there is more than one column 'days'; which is meant cannot be told")]
    [InlineData("diameter,days,plate,sample\n1,2,a,A,7\n", "(2): the line has 5 fields; the header line names 4 columns")]
    [InlineData("diameter,days,plate,sample\n,2,a,A\n,3,b,A\n", ": there is no measurement below the header line in column 'diameter'")]
    [InlineData("diameter,days,plate,sample\n", ": there is no measurement below the header line in column 'diameter'")]
    public void WhatIsMissingOrNoNumber_IsRefusedByFileLineAndColumn(string text, string message)
    {
        Action read = () => Read(text, Crossed);
        read.Should().Throw<CsvFormatException>().WithMessage(_path + message);
    }

    [Theory]
    [InlineData("y", "y", "g", "y")]
    [InlineData("y", "x", "x", "x")]
    public void ColumnAskedForTwice_IsRefused(string response, string covariate, string label, string repeated)
    {
        var columns = new CsvColumns { Responses = [response], Covariates = [covariate], Labels = label == "x" ? [label, label] : [label] };
        Action read = () => Read("y,x,g\n1,2,a\n", columns);
        read.Should().Throw<UsageException>().WithMessage($"the column '{repeated}' is asked for twice");
    }

    [Fact]
    public void Labels_ShareTheirTexts_SoThatMemoryDoesNotGrowWithLines()
    {
        ColumnTable table = Read("diameter,days,plate,sample\n1,2,east,west\n3,4,west,east\n", Crossed);
        table.Labels("plate")[0].Should().BeSameAs(table.Labels("sample")[1]);
    }

    [Fact]
    public void ColumnThatWasNotAskedFor_IsNotThere()
    {
        ColumnTable table = Read("diameter,days,plate,sample\n1,2,a,A\n", Crossed);
        table.Invoking(read => read.Numbers("plate")).Should().Throw<KeyNotFoundException>();
        table.Invoking(read => read.Labels("days")).Should().Throw<KeyNotFoundException>();
    }

    [Fact]
    public void RandomTables_InEveryDialect_AreReadAsTheyWereWritten()
    {
        var random = new Xoshiro256StarStar(11, false);
        for (int trial = 0; trial < 300; trial++)
        {
            bool decimalComma = random.Next(2) == 0;
            var dialect = new CsvDialect((decimalComma ? ";\t|" : ",;\t|")[random.Next(3)], decimalComma);
            int rows = 1 + random.Next(30);
            double[] days = [.. Enumerable.Range(0, rows).Select(_ => Number(random))];
            double[] diameters = [.. days.Select((_, i) => i > 0 && random.Next(4) == 0 ? double.NaN : Number(random))];
            string[] plates = [.. days.Select(_ => "\"\n;,|\u00E9 b\t"[random.Next(9)] + "p" + random.Next(5))];
            string[] samples = [.. days.Select(_ => $"s{random.Next(4)}")];
            var text = new StringBuilder(string.Join(dialect.Separator, "plate", "diameter", "sample", "days") + "\n");
            for (int i = 0; i < rows; i++)
            {
                text.AppendJoin(dialect.Separator, Quoted(plates[i]), Text(diameters[i], dialect), samples[i], Text(days[i], dialect)).Append('\n');
            }

            ColumnTable table = Read(text.ToString(), Crossed, dialect);
            table.Numbers("diameter").Should().Equal(diameters, $"of trial {trial}");
            table.Numbers("days").Should().Equal(days, $"of trial {trial}");
            table.Labels("plate").Should().Equal(plates, $"of trial {trial}");
            table.Labels("sample").Should().Equal(samples, $"of trial {trial}");
        }
    }

    private static double Number(Xoshiro256StarStar random) => (random.NextDouble() - 0.5) * Math.Pow(10, random.Next(-20, 20));

    private static string Quoted(string label) => $"\"{label.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    private static string Text(double value, CsvDialect dialect) => double.IsNaN(value)
        ? string.Empty
        : value.ToString(CultureInfo.InvariantCulture).Replace('.', dialect.DecimalComma ? ',' : '.');

    private ColumnTable Read(string text, CsvColumns columns, CsvDialect? dialect = null)
    {
        File.WriteAllText(_path, text);
        return ColumnTable.Read(_path, columns, dialect);
    }
}
