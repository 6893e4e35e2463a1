using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Json;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>Values of more types in a <see cref="ModelState"/>, and states as parts of others.</summary>
internal static class ModelStateValues
{

    /// <summary>Adds a state as a part: its names stand behind that of the part and a point.</summary>
    public static void AddPart(this ModelState state, string name, ModelState part)
    {
        foreach (TensorValues tensor in part.Tensors)
        {
            state.Add(tensor with { Name = $"{name}.{tensor.Name}" });
        }

        foreach ((string key, string text) in part.Texts)
        {
            state.Add($"{name}.{key}", text);
        }
    }

    /// <summary>Adds what saves itself as a part.</summary>
    public static void AddPart<T>(this ModelState state, string name, T saved)
        where T : class, ISaved<T>
    {
        var part = new ModelState();
        saved.Write(part);
        state.AddPart(name, part);
    }

    /// <summary>Adds what saves itself as a part, if it is there.</summary>
    public static void AddPartIfAny<T>(this ModelState state, string name, T? saved)
        where T : class, ISaved<T>
    {
        state.AddFlag($"has_{name}", saved is not null);
        if (saved is not null)
        {
            state.AddPart(name, saved);
        }
    }

    /// <summary>Gets a part.</summary>
    public static ModelState Part(this ModelState state, string name)
    {
        var part = new ModelState();
        string prefix = $"{name}.";
        foreach (TensorValues tensor in state.Tensors.Where(tensor => IsOfPart(tensor.Name)))
        {
            part.Add(tensor with { Name = tensor.Name[prefix.Length..] });
        }

        foreach ((string key, string text) in state.Texts.Where(entry => IsOfPart(entry.Key)))
        {
            string rest = key[prefix.Length..];
            if (rest is not (ModelFile.KindKey or ModelFile.VersionKey or ContentHash.Key))
            {
                part.Add(rest, text);
            }
        }

        return part;

        bool IsOfPart(string key) => key.Length > prefix.Length && key.StartsWith(prefix, StringComparison.Ordinal);
    }

    /// <summary>Reads what saved itself as a part.</summary>
    public static T ReadPart<T>(this ModelState state, string name)
        where T : class, ISaved<T> => T.Read(state.Part(name));

    /// <summary>Reads what saved itself as a part, if it was there.</summary>
    public static T? ReadPartIfAny<T>(this ModelState state, string name)
        where T : class, ISaved<T> => state.Flag($"has_{name}") ? state.ReadPart<T>(name) : null;

    /// <summary>Adds one number, to the bit, as a tensor without dimensions.</summary>
    public static void AddNumber(this ModelState state, string name, double value) => state.Add(new TensorValues(name, [], new[] { value }));

    /// <summary>Gets one number.</summary>
    public static double Number(this ModelState state, string name)
    {
        ImmutableArray<long> shape = state.Shape(name);
        return shape.IsEmpty ? state.Values(name)[0] : throw new FormatException($"{name} has the shape {SafeTensors.Show(shape)}; it must be one number.");
    }

    /// <summary>Gets one number that is finite.</summary>
    public static double FiniteNumber(this ModelState state, string name)
    {
        double value = state.Number(name);
        return double.IsFinite(value) ? value : throw new FormatException(Guard.Text($"{name} is {value}; it must be finite."));
    }

    /// <summary>Gets a vector.</summary>
    public static ImmutableArray<double> Vector(this ModelState state, string name, int? length = null)
    {
        ImmutableArray<long> shape = state.Shape(name);
        return shape.Length == 1 && shape[0] == (length ?? shape[0])
            ? [.. state.Values(name)]
            : throw new FormatException($"{name} has the shape {SafeTensors.Show(shape)}; it must be [{length?.ToString(CultureInfo.InvariantCulture) ?? "any"}].");
    }

    /// <summary>Adds whole numbers.</summary>
    public static void AddWholeNumbers(this ModelState state, string name, IEnumerable<int> numbers) =>
        state.Add(name, [.. numbers.Select(number => (double)number)]);

    /// <summary>Gets whole numbers of 32 bits.</summary>
    public static ImmutableArray<int> WholeNumbers(this ModelState state, string name, int least, int? length = null)
    {
        ImmutableArray<double> values = state.Vector(name, length);
        foreach (double value in values)
        {
            if (!(value >= least && value <= int.MaxValue && value == Math.Floor(value)))
            {
                throw new FormatException(Guard.Text($"{name} has an element {value}; it must be a whole number of at least {least}, and of 32 bits."));
            }
        }

        return [.. values.Select(value => (int)value)];
    }

    /// <summary>Adds a count of 64 bits, as a text.</summary>
    public static void AddCount(this ModelState state, string name, long count) => state.Add(name, count.ToString(CultureInfo.InvariantCulture));

    /// <summary>Gets a count of 64 bits.</summary>
    public static long Count(this ModelState state, string name, long least = 0)
    {
        string text = state.Text(name);
        return long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long count) && count >= least
            ? count
            : throw new FormatException(Guard.Text($"{name} is {SafeTensors.Show(text)}; it must be a whole number of at least {least}."));
    }

    /// <summary>Adds a matrix, row-major.</summary>
    public static void AddMatrix(this ModelState state, string name, Matrix<double> matrix) =>
        state.Add(new TensorValues(name, [matrix.RowCount, matrix.ColumnCount], matrix.ToRowMajorArray()));

    /// <summary>Gets a matrix, which has at least one row and column.</summary>
    public static Matrix<double> Matrix(this ModelState state, string name, int? rows = null, int? columns = null)
    {
        ImmutableArray<long> shape = state.Shape(name);
        if (shape.Length != 2 || shape[0] < 1 || shape[1] < 1 || shape[0] != (rows ?? shape[0]) || shape[1] != (columns ?? shape[1]))
        {
            string expected = $"{rows?.ToString(CultureInfo.InvariantCulture) ?? "any"}, {columns?.ToString(CultureInfo.InvariantCulture) ?? "any"}";
            throw new FormatException($"{name} has the shape {SafeTensors.Show(shape)}; it must be [{expected}], at least 1 each.");
        }

        return Matrix<double>.Build.DenseOfRowMajor((int)shape[0], (int)shape[1], state.Values(name).ToArray());
    }

    /// <summary>Adds whether something is so.</summary>
    public static void AddFlag(this ModelState state, string name, bool value) => state.Add(name, value ? "true" : "false");

    /// <summary>Gets whether something is so.</summary>
    public static bool Flag(this ModelState state, string name) => state.Text(name) switch
    {
        "true" => true,
        "false" => false,
        string text => throw new FormatException($"{name} is {SafeTensors.Show(text)}; it must be true or false."),
    };

    /// <summary>Adds a member of an enumeration by its name.</summary>
    public static void AddMember<T>(this ModelState state, string name, T value)
        where T : struct, Enum => state.Add(name, value.ToString());

    /// <summary>Gets a member of an enumeration by its name.</summary>
    public static T Member<T>(this ModelState state, string name)
        where T : struct, Enum => MemberOf<T>(name, state.Text(name));

    /// <summary>Finds a member of an enumeration by its name.</summary>
    public static T MemberOf<T>(string name, string text)
        where T : struct, Enum
    {
        foreach (T value in Enum.GetValues<T>())
        {
            if (value.ToString() == text)
            {
                return value;
            }
        }

        throw new FormatException($"{name} is {SafeTensors.Show(text)}; it must be one of {string.Join(", ", Enum.GetNames<T>())}.");
    }

    /// <summary>Adds a list of texts as JSON, of which any may be null.</summary>
    public static void AddTexts(this ModelState state, string name, IEnumerable<string?> texts)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            writer.WriteStartArray();
            foreach (string? text in texts)
            {
                writer.WriteStringValue(text);
            }

            writer.WriteEndArray();
        }

        state.Add(name, Encoding.UTF8.GetString(stream.GetBuffer().AsSpan(0, (int)stream.Length)));
    }

    /// <summary>Gets a list of texts.</summary>
    public static ImmutableArray<string?> Texts(this ModelState state, string name)
    {
        var texts = ImmutableArray.CreateBuilder<string?>();
        var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(state.Text(name)));
        try
        {
            bool isList = reader.Read() && reader.TokenType == JsonTokenType.StartArray;
            while (isList && reader.Read() && reader.TokenType is JsonTokenType.String or JsonTokenType.Null)
            {
                texts.Add(reader.GetString());
            }

            if (isList && reader.TokenType == JsonTokenType.EndArray && !reader.Read())
            {
                return texts.ToImmutable();
            }
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw new FormatException($"{name} is no JSON: {exception.Message}", exception);
        }

        throw new FormatException($"{name} is something else than a list of texts; it must be one.");
    }

    /// <summary>Gets a list of texts that are all there.</summary>
    public static ImmutableArray<string> Names(this ModelState state, string name)
    {
        ImmutableArray<string?> texts = state.Texts(name);
        return texts.Contains(null) ? throw new FormatException($"{name} has a null; all must be texts.") : [.. texts.Select(text => text!)];
    }

    /// <summary>Adds names, if there are any.</summary>
    public static void AddNames(this ModelState state, string name, NameList names)
    {
        if (names.Count > 0)
        {
            state.AddTexts(name, names);
        }
    }

    /// <summary>Gets names; none where there are none.</summary>
    public static IReadOnlyList<string> NamesIfAny(this ModelState state, string name) => state.HasText(name) ? state.Names(name) : [];

    /// <summary>Determines whether a text is there.</summary>
    public static bool HasText(this ModelState state, string name) => state.Texts.Any(entry => entry.Key == name);
}
