using System.Globalization;
using System.Text;
using CsvHelper;
using CsvHelper.Configuration;

namespace VariationalInference.Samples;

/// <summary>The lines of a CSV file below its header line, one after another; memory holds one. What is refused is named with file and line.</summary>
internal sealed class CsvLines : IDisposable
{
    private const string CompressedExtension = ".gz";
    private const int BufferSize = 4096;
    private const int ShownCharacters = 100;

    private readonly string _path;
    private readonly CsvDialect _dialect;
    private readonly NumberFormatInfo _numbers;
    private readonly Utf8Stream _bytes;
    private readonly CsvReader _csv;
    private readonly string[] _header;
    private int _start;

    /// <exception cref="CsvFormatException">There is no such file, it is no text in UTF-8, or it is empty.</exception>
    public CsvLines(string path, CsvDialect dialect)
    {
        if (!File.Exists(path))
        {
            throw new CsvFormatException($"{path}: there is no such file");
        }

        if (path.EndsWith(CompressedExtension, StringComparison.OrdinalIgnoreCase))
        {
            throw new CsvFormatException(
                $"{path}: the file is compressed by gzip, as its name says; unpack it first, as with gunzip -k, or rename it if it is not");
        }

        _path = path;
        _dialect = dialect;
        _numbers = dialect.Numbers;
        _bytes = new Utf8Stream(path);
        _csv = Reader();
        try
        {
            _header = ReadHeader();
        }
        catch
        {
            _csv.Dispose();
            throw;
        }
    }

    /// <summary>Gets the names of the columns.</summary>
    public IReadOnlyList<string> Header => _header;

    /// <summary>Goes on to the next line; returns whether there is one.</summary>
    public bool Read()
    {
        if (!Advance())
        {
            return false;
        }

        if (_csv.Parser.Count > _header.Length)
        {
            throw Refusal($"the line has {_csv.Parser.Count} fields; the header line names {_header.Length} columns");
        }

        // Also those that nobody reads: a quotation mark may have made other lines a part of them.
        for (int field = 0; field < _csv.Parser.Count; field++)
        {
            _ = _csv.Parser[field];
        }

        return true;
    }

    /// <summary>Returns where a column is.</summary>
    /// <exception cref="CsvFormatException">There is no column of that name, or more than one.</exception>
    public int IndexOf(string column)
    {
        int index = Array.IndexOf(_header, column);
        if (index < 0)
        {
            string? option = _header.Length == 1 ? _dialect.Suggest(_header[0]) : null;
            string hint = option is null ? string.Empty : $"; {option} would part them";
            throw new CsvFormatException($"{_path}(1): there is no column '{column}'; the columns are {string.Join(", ", _header)}{hint}");
        }

        return index == Array.LastIndexOf(_header, column)
            ? index
            : throw new CsvFormatException($"{_path}(1): there is more than one column '{column}'; which is meant cannot be told");
    }

    /// <summary>Returns a label of this line, which must not be empty: lines without one would become a group.</summary>
    public string Label(int index)
    {
        string label = Field(index);
        return !string.IsNullOrWhiteSpace(label) ? label : throw Refusal($"column '{_header[index]}' is empty; each line needs a label there");
    }

    /// <summary>Returns a number of this line, which must not be missing.</summary>
    public double Number(int index)
    {
        double value = NumberOrMissing(index);
        return !double.IsNaN(value) ? value : throw Refusal($"column '{_header[index]}' is empty; each line needs a number there");
    }

    /// <summary>Returns a number of this line, or NaN when its cell is empty or beyond the line's end.</summary>
    public double NumberOrMissing(int index)
    {
        string text = Field(index);
        if (string.IsNullOrWhiteSpace(text))
        {
            return double.NaN;
        }

        if (double.TryParse(text, NumberStyles.Float, _numbers, out double value) && double.IsFinite(value))
        {
            return value;
        }

        bool isDecimalComma = !_dialect.DecimalComma && _dialect.Separator != ',' && text.Contains(',', StringComparison.Ordinal);
        throw Refusal($"column '{_header[index]}': '{text}' is not a number{(isDecimalComma ? "; --decimal-comma reads decimal commas" : string.Empty)}");
    }

    public void Dispose() => _csv.Dispose();

    private CsvReader Reader()
    {
        var configuration = new CsvConfiguration(CultureInfo.InvariantCulture)
        {
            Delimiter = _dialect.Separator.ToString(),
            TrimOptions = TrimOptions.Trim,
            MissingFieldFound = null,
            BadDataFound = bad => throw Refusal($"a field holds a quotation mark that is not doubled, or not closed: {Beginning(bad.RawRecord)}"),
        };
        var encoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: true, throwOnInvalidBytes: true);
        return new CsvReader(new StreamReader(_bytes, encoding, detectEncodingFromByteOrderMarks: false, BufferSize), configuration);
    }

    private string[] ReadHeader() => Advance() && _csv.ReadHeader()
        ? _csv.HeaderRecord ?? []
        : throw new CsvFormatException($"{_path}: the file is empty; a header line is needed");

    /// <summary>Reads a line, or finds the end: a quotation mark that is open there has made one field of all that follows it.</summary>
    private bool Advance()
    {
        int end = _csv.Parser.RawRow;
        if (_csv.Read())
        {
            _start = end + 1;
            return true;
        }

        return _bytes.QuotationMarks % 2 == 0
            ? false
            : throw new CsvFormatException($"{_path}({_start}): a quotation mark is opened here or below, and not closed before the file ends");
    }

    /// <summary>Returns what is shown of a record, which may be the rest of a file.</summary>
    private static string Beginning(string record)
    {
        string text = record.Trim();
        return text.Length <= ShownCharacters ? text : $"{text.AsSpan(0, ShownCharacters)}…";
    }

    private string Field(int index) => _csv.GetField(index) ?? string.Empty;

    private CsvFormatException Refusal(string message) => new($"{_path}({_csv.Parser.RawRow}): {message}");
}
