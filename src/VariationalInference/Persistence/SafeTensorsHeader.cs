using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Unicode;

namespace VariationalInference;

/// <summary>A parsed header: the metadata, and the tensors in the order of their data.</summary>
/// <remarks>It is read token by token, without a document in memory, and up to the first thing that is not as it must be.</remarks>
internal sealed class SafeTensorsHeader
{
    private readonly string? _fileName;
    private readonly Dictionary<string, string> _metadata = new(StringComparer.Ordinal);
    private readonly List<TensorEntry> _tensors = [];

    /// <summary>Parses a header; whether the tensors' types, shapes and places are possible is left to <see cref="CheckLayout"/>.</summary>
    /// <exception cref="ModelFileException">The header is not as the format has it.</exception>
    public SafeTensorsHeader(ReadOnlySpan<byte> json, string? fileName)
    {
        _fileName = fileName;
        if (json.IsEmpty || json[0] != (byte)'{' || !Utf8.IsValid(json))
        {
            throw Failure($"the header is not JSON text; it must be an object in valid UTF-8 and begin with {{.");
        }

        var reader = new Utf8JsonReader(json);
        try
        {
            ReadHeader(ref reader);
        }
        catch (JsonException exception)
        {
            throw Failure($"the header is not valid JSON at byte {reader.BytesConsumed}; it must be one JSON object.", exception);
        }

        _tensors.Sort((first, second) => (first.Begin, first.End).CompareTo((second.Begin, second.End)));
    }

    /// <summary>Gets the metadata; empty when the file has none.</summary>
    public IReadOnlyDictionary<string, string> Metadata => _metadata;

    /// <summary>Gets the tensors in the order of their data.</summary>
    public IReadOnlyList<TensorEntry> Tensors => _tensors;

    /// <summary>Gets the number of bytes up to the end of the last tensor.</summary>
    public long DataLength => _tensors.Count == 0 ? 0 : _tensors[^1].End;

    /// <summary>Requires known types, shapes that fit the bytes, and that the tensors follow one another without holes.</summary>
    /// <exception cref="ModelFileException">A tensor is not as it must be.</exception>
    public void CheckLayout()
    {
        long end = 0;
        long elements = 0;
        foreach (TensorEntry tensor in _tensors)
        {
            string name = SafeTensors.Show(tensor.Name);
            if (tensor.Type is not { } type)
            {
                throw Failure($"tensor {name} has the dtype {SafeTensors.Show(tensor.TypeName)}; F64 and F32 can be read.");
            }

            if (tensor.Begin != end)
            {
                throw Failure($"tensor {name} begins at byte {tensor.Begin}; the data before it end at {end}, and it must follow them.");
            }

            int itemSize = SafeTensors.ItemSize(type);
            if (tensor.Length % itemSize != 0 || tensor.ElementCount != tensor.Length / itemSize)
            {
                throw Failure(
                    $"tensor {name} has {tensor.Length} bytes; its shape {SafeTensors.Show(tensor.Shape)} must need as many, {itemSize} each.");
            }

            end = tensor.End;
            elements += tensor.Length / itemSize;
        }

        if (elements > Array.MaxLength)
        {
            throw Failure($"the tensors have {elements} elements; at most {Array.MaxLength} are allowed.");
        }
    }

    private void ReadHeader(ref Utf8JsonReader reader)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        reader.Read();
        while (ReadName(ref reader, "the header", out string name))
        {
            if (!names.Add(name))
            {
                throw Failure($"the header has {SafeTensors.Show(name)} twice; names must differ.");
            }

            CheckCount(names.Count);
            if (name == SafeTensors.MetadataKey)
            {
                ReadMetadata(ref reader);
            }
            else
            {
                _tensors.Add(ReadTensor(ref reader, name));
            }
        }

        // White space may follow; anything else makes the reader throw.
        reader.Read();
    }

    private void ReadMetadata(ref Utf8JsonReader reader)
    {
        ReadStart(ref reader, JsonTokenType.StartObject, SafeTensors.MetadataKey, "an object of strings");
        while (ReadName(ref reader, SafeTensors.MetadataKey, out string name))
        {
            reader.Read();
            if (!_metadata.TryAdd(name, Text(ref reader, SafeTensors.MetadataKey)))
            {
                throw Failure($"{SafeTensors.MetadataKey} has {SafeTensors.Show(name)} twice; names must differ.");
            }

            CheckCount(_metadata.Count);
        }
    }

    private TensorEntry ReadTensor(ref Utf8JsonReader reader, string name)
    {
        string tensor = $"tensor {SafeTensors.Show(name)}";
        string? type = null;
        ImmutableArray<long>? shape = null;
        ImmutableArray<long>? offsets = null;
        ReadStart(ref reader, JsonTokenType.StartObject, tensor, "an object");
        while (ReadName(ref reader, tensor, out string key))
        {
            switch (key)
            {
                case SafeTensors.TypeKey when type is null:
                    reader.Read();
                    type = Text(ref reader, tensor);
                    break;
                case SafeTensors.ShapeKey when shape is null:
                    shape = ReadNumbers(ref reader, tensor, SafeTensors.MaxRank);
                    break;
                case SafeTensors.OffsetsKey when offsets is null:
                    offsets = ReadNumbers(ref reader, tensor, 2);
                    break;
                default:
                    throw Failure($"{tensor} has {SafeTensors.Show(key)}; it must have dtype, shape and data_offsets, each once.");
            }
        }

        if (type is null || shape is null || offsets is null)
        {
            throw Failure($"{tensor} is incomplete; it must have dtype, shape and data_offsets.");
        }

        if (offsets is not [long begin, long end] || begin > end)
        {
            throw Failure($"{tensor} has data_offsets {SafeTensors.Show(offsets)}; they must be two, the first not above the second.");
        }

        return new TensorEntry(name, type, shape.Value, begin, end);
    }

    private ImmutableArray<long> ReadNumbers(ref Utf8JsonReader reader, string owner, int most)
    {
        ReadStart(ref reader, JsonTokenType.StartArray, owner, "a list in shape and in data_offsets");
        var numbers = ImmutableArray.CreateBuilder<long>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt64(out long number) || number < 0 || numbers.Count == most)
            {
                throw Failure(
                    $"{owner} has something else than sizes and offsets at byte {reader.TokenStartIndex} of the header; these must be whole numbers from 0 to {long.MaxValue}, at most {most}.");
            }

            numbers.Add(number);
        }

        return numbers.ToImmutable();
    }

    private void ReadStart(ref Utf8JsonReader reader, JsonTokenType start, string owner, string expected)
    {
        reader.Read();
        if (reader.TokenType != start)
        {
            throw Failure($"{owner} is of another kind at byte {reader.TokenStartIndex} of the header; it must have {expected}.");
        }
    }

    /// <summary>Reads on to the next name of an object, or to its end.</summary>
    private bool ReadName(ref Utf8JsonReader reader, string owner, out string name)
    {
        reader.Read();
        bool found = reader.TokenType == JsonTokenType.PropertyName;
        name = found ? Text(ref reader, owner) : string.Empty;
        return found;
    }

    private string Text(ref Utf8JsonReader reader, string owner)
    {
        if (reader.TokenType is not (JsonTokenType.String or JsonTokenType.PropertyName))
        {
            throw Failure($"{owner} has no text at byte {reader.TokenStartIndex} of the header, where a string must stand.");
        }

        try
        {
            return reader.GetString()!;
        }
        catch (InvalidOperationException exception)
        {
            // An escape that is half a surrogate pair.
            throw Failure($"{owner} has a string at byte {reader.TokenStartIndex} of the header that is not valid Unicode.", exception);
        }
    }

    private void CheckCount(int count)
    {
        if (count > SafeTensors.MaxNames)
        {
            throw Failure($"the header has more than {SafeTensors.MaxNames} names; at most that many are allowed.");
        }
    }

    private ModelFileException Failure(FormattableString problem, Exception? cause = null) => new(_fileName, problem, cause);
}
