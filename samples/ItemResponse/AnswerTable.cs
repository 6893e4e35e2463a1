using System.Globalization;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference.Samples;

/// <summary>Answers, a row a person, and the patterns among them.</summary>
internal sealed class AnswerTable
{
    private const int MostPersons = 10_000_000;

    /// <exception cref="CsvFormatException">The file cannot be read, or a cell is not what it must be; the message has the file, the line and the column.</exception>
    public AnswerTable(string path, string? countColumn, CsvDialect dialect)
    {
        IReadOnlyList<string> header = ColumnTable.Header(path, dialect);
        Items = [.. header.Where(name => name != countColumn)];
        ColumnTable columns = ColumnTable.Read(path, new CsvColumns { Responses = Items, Covariates = countColumn is null ? [] : [countColumn] }, dialect);
        var persons = new List<double[]>();
        for (int line = 0; line < columns.RowCount; line++)
        {
            double count = countColumn is null ? 1 : columns.Numbers(countColumn)[line];
            if (!(count >= 0 && count == Math.Floor(count) && persons.Count + count <= MostPersons))
            {
                throw new CsvFormatException(
                    FormattableString.Invariant($"{path}: '{countColumn}' of line {line + 2} is {count}; it must be a whole number of persons, all of them at most {MostPersons}"));
            }

            double[] answers = [.. Items.Select(item => columns.Numbers(item)[line])];
            persons.AddRange(Enumerable.Repeat(answers, (int)count));
        }

        if (persons.Count == 0)
        {
            throw new CsvFormatException($"{path}: there are no persons below the header line");
        }

        Answers = Matrix<double>.Build.DenseOfRowArrays(persons);
        Patterns = [.. persons.GroupBy(TextOf).Select(same => (same.First(), same.Count()))];
    }

    public IReadOnlyList<string> Items { get; }

    public Matrix<double> Answers { get; }

    /// <summary>Gets the different rows, and how many persons have each.</summary>
    public IReadOnlyList<(double[] Answers, int Persons)> Patterns { get; }

    /// <summary>Returns answers as text, a dot where there is none.</summary>
    public static string TextOf(double[] answers) =>
        string.Join(' ', answers.Select(answer => double.IsNaN(answer) ? "·" : answer.ToString(CultureInfo.InvariantCulture)));
}
