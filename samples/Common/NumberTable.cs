using Spectre.Console;

namespace VariationalInference.Samples;

/// <summary>A table of numbers as text, for the console and for a page: the first column flush left, the others right.</summary>
public sealed class NumberTable(string title, params string[] columns)
{
    private readonly List<IReadOnlyList<string>> _rows = [];

    /// <summary>Gets what the table shows.</summary>
    public string Title => title;

    /// <summary>Gets the columns' headings.</summary>
    public IReadOnlyList<string> Columns => columns;

    /// <summary>Gets the rows, each with a cell for every column.</summary>
    public IReadOnlyList<IReadOnlyList<string>> Rows => _rows;

    /// <summary>Adds a row; the cells that it lacks at its end are empty.</summary>
    public void AddRow(params string[] cells) => _rows.Add([.. cells, .. Enumerable.Repeat(string.Empty, columns.Length - cells.Length)]);

    /// <summary>Writes the table to a console.</summary>
    public void WriteTo(IAnsiConsole console)
    {
        Table table = new Table().Title(Markup.Escape(title)).Border(TableBorder.Simple).LeftAligned();
        for (int i = 0; i < columns.Length; i++)
        {
            TableColumn column = new TableColumn(Markup.Escape(columns[i])).NoWrap();
            table.AddColumn(i == 0 ? column.LeftAligned() : column.RightAligned());
        }

        foreach (IReadOnlyList<string> row in _rows)
        {
            table.AddRow([.. row.Select(Markup.Escape)]);
        }

        console.Write(table);
    }
}
