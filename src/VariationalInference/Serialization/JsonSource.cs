using System.Collections.Immutable;
using System.Text.Json;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>Reads the fields of an object; others than are asked for are passed over.</summary>
internal readonly struct JsonSource(JsonElement element)
{
    public double Number(string name) => NumberOf(Field(name), name);

    public int WholeNumber(string name) => Field(name) is { ValueKind: JsonValueKind.Number } field && field.TryGetInt32(out int number)
        ? number
        : throw Wrong(name, "a whole number of 32 bits");

    public long LongNumber(string name) => Field(name) is { ValueKind: JsonValueKind.Number } field && field.TryGetInt64(out long number)
        ? number
        : throw Wrong(name, "a whole number of 64 bits");

    public bool Flag(string name) => Field(name).ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw Wrong(name, "true or false"),
    };

    public string Text(string name) => TextOrNull(name) ?? throw Wrong(name, "a text");

    public string? TextOrNull(string name) => Field(name) switch
    {
        { ValueKind: JsonValueKind.String } field => field.GetString(),
        { ValueKind: JsonValueKind.Null } => null,
        _ => throw Wrong(name, "a text"),
    };

    public T Member<T>(string name)
        where T : struct, Enum
    {
        string text = Text(name);
        foreach (T value in Enum.GetValues<T>())
        {
            if (JsonNamingPolicy.CamelCase.ConvertName(value.ToString()) == text)
            {
                return value;
            }
        }

        throw Wrong(name, $"one of {string.Join(", ", Enum.GetNames<T>().Select(JsonNamingPolicy.CamelCase.ConvertName))}");
    }

    public ImmutableArray<double> Numbers(string name) => [.. Items(name).Select(item => NumberOf(item, name))];

    public ImmutableArray<int> WholeNumbers(string name)
    {
        string meaning = "whole numbers of 32 bits";
        JsonSource source = this;
        return [.. Items(name).Select(item => item.ValueKind == JsonValueKind.Number && item.TryGetInt32(out int number) ? number : throw source.Wrong(name, meaning))];
    }

    /// <summary>Gets texts, none where there is no such field.</summary>
    public ImmutableArray<string> TextsIfAny(string name)
    {
        JsonSource source = this;
        return element.TryGetProperty(name, out _)
            ? [.. Items(name).Select(item => item.ValueKind == JsonValueKind.String ? item.GetString()! : throw source.Wrong(name, "texts"))]
            : [];
    }

    public Matrix<double> Matrix(string name)
    {
        double[][] rows = Rows(name);
        return rows.Length > 0 && rows[0].Length > 0 && Array.TrueForAll(rows, row => row.Length == rows[0].Length)
            ? Matrix<double>.Build.DenseOfRowArrays(rows)
            : throw Wrong(name, "a matrix: an array of rows of one length, at least 1");
    }

    public double[][] Rows(string name) => [.. Items(name).Select(row => row.ValueKind == JsonValueKind.Array
        ? row.EnumerateArray().Select(item => NumberOf(item, name)).ToArray()
        : throw new JsonException($"{name} has a row that is no array; it must be an array of arrays."))];

    public T Object<T>(string name) => JsonShapes.Of<T>().Read(Field(name));

    private JsonElement.ArrayEnumerator Items(string name) =>
        Field(name) is { ValueKind: JsonValueKind.Array } field ? field.EnumerateArray() : throw Wrong(name, "an array");

    private JsonElement Field(string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out JsonElement field) ? field : throw new JsonException($"{name} is missing; it must be there.");

    private JsonException Wrong(string name, string expected) => new($"{name} is {SafeTensors.Show(Field(name).GetRawText())}; it must be {expected}.");

    private static double NumberOf(JsonElement item, string name) => item.ValueKind switch
    {
        JsonValueKind.Number => item.GetDouble(),
        JsonValueKind.String when item.ValueEquals("NaN"u8) => double.NaN,
        JsonValueKind.String when item.ValueEquals("Infinity"u8) => double.PositiveInfinity,
        JsonValueKind.String when item.ValueEquals("-Infinity"u8) => double.NegativeInfinity,
        _ => throw new JsonException($"{name} has {SafeTensors.Show(item.GetRawText())}; it must be a number, or \"NaN\", \"Infinity\" or \"-Infinity\"."),
    };
}
