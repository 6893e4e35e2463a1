using System.Collections.Immutable;
using System.Text.Json;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>Writes the fields of an object.</summary>
internal readonly struct JsonFields(Utf8JsonWriter writer)
{
    public void Add(string name, double value)
    {
        writer.WritePropertyName(name);
        Write(value);
    }

    public void Add(string name, long value) => writer.WriteNumber(name, value);

    public void Add(string name, bool value) => writer.WriteBoolean(name, value);

    public void Add(string name, string? value) => writer.WriteString(name, value);

    public void Add<T>(string name, T value)
        where T : struct, Enum => writer.WriteString(name, JsonNamingPolicy.CamelCase.ConvertName(value.ToString()));

    public void Add(string name, ReadOnlySpan<double> values)
    {
        writer.WritePropertyName(name);
        Write(values);
    }

    public void Add(string name, ImmutableArray<double> values) => Add(name, values.AsSpan());

    public void Add(string name, ImmutableArray<int> values)
    {
        writer.WriteStartArray(name);
        foreach (int value in values)
        {
            writer.WriteNumberValue(value);
        }

        writer.WriteEndArray();
    }

    public void Add(string name, IEnumerable<string> texts)
    {
        writer.WriteStartArray(name);
        foreach (string text in texts)
        {
            writer.WriteStringValue(text);
        }

        writer.WriteEndArray();
    }

    /// <summary>Adds names, if there are any.</summary>
    public void AddNames(string name, IReadOnlyList<string> names)
    {
        if (names.Count > 0)
        {
            Add(name, names);
        }
    }

    /// <summary>Adds a matrix as an array of rows.</summary>
    public void Add(string name, Matrix<double> matrix) => AddRows(name, Enumerable.Range(0, matrix.RowCount).Select(i => matrix.Row(i).ToArray()));

    /// <summary>Adds an array of arrays.</summary>
    public void AddRows(string name, IEnumerable<double[]> rows)
    {
        writer.WriteStartArray(name);
        foreach (double[] row in rows)
        {
            Write(row);
        }

        writer.WriteEndArray();
    }

    /// <summary>Adds an object of a known type, or null.</summary>
    public void AddObject<T>(string name, T? value)
    {
        writer.WritePropertyName(name);
        WriteObject(value);
    }

    /// <summary>Adds objects of a known type.</summary>
    public void AddObjects<T>(string name, IEnumerable<T> values)
    {
        writer.WriteStartArray(name);
        foreach (T value in values)
        {
            WriteObject(value);
        }

        writer.WriteEndArray();
    }

    private void WriteObject<T>(T? value)
    {
        if (value is null)
        {
            writer.WriteNullValue();
            return;
        }

        JsonShapes.Of<T>().Write(writer, value);
    }

    private void Write(ReadOnlySpan<double> values)
    {
        writer.WriteStartArray();
        foreach (double value in values)
        {
            Write(value);
        }

        writer.WriteEndArray();
    }

    // JSON has no numbers for these; the serialiser's own names are read by it and by others.
    private void Write(double value)
    {
        if (double.IsFinite(value))
        {
            writer.WriteNumberValue(value);
            return;
        }

        writer.WriteStringValue(double.IsNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity");
    }
}
