using System.Buffers;
using System.Buffers.Binary;
using System.Text.Json;

namespace VariationalInference;

/// <summary>Writes tensors one after another, behind a header that is filled up with spaces so that the data begin at a multiple of 8.</summary>
internal static class SafeTensorsWriter
{
    private const int ChunkLength = 1 << 16;

    /// <summary>Writes the header and all numbers. The same tensors and metadata give the same bytes.</summary>
    public static void Write(
        Stream stream, IReadOnlyList<KeyValuePair<string, string>> metadata, IReadOnlyList<TensorValues> tensors, TensorType type)
    {
        byte[] header = CreateHeader(metadata, Places(tensors, type));
        Span<byte> prefix = stackalloc byte[SafeTensors.PrefixLength];
        BinaryPrimitives.WriteUInt64LittleEndian(prefix, (ulong)header.Length);
        stream.Write(prefix);
        stream.Write(header);
        byte[] chunk = new byte[ChunkLength];
        foreach (TensorValues tensor in tensors)
        {
            Encode(tensor.Values.Span, type, chunk, stream, static (bytes, stream) => stream.Write(bytes));
        }
    }

    /// <summary>Writes in double precision, with a checksum behind the other metadata.</summary>
    public static void WriteHashed(Stream stream, IReadOnlyList<KeyValuePair<string, string>> metadata, IReadOnlyList<TensorValues> tensors)
    {
        using var hash = new ContentHash(metadata, Places(tensors, TensorType.F64));
        byte[] chunk = new byte[ChunkLength];
        foreach (TensorValues tensor in tensors)
        {
            Encode(tensor.Values.Span, TensorType.F64, chunk, hash, static (bytes, hash) => hash.Add(bytes));
        }

        Write(stream, [.. metadata, new(ContentHash.Key, hash.Text())], tensors, TensorType.F64);
    }

    private static TensorEntry[] Places(IReadOnlyList<TensorValues> tensors, TensorType type)
    {
        var entries = new TensorEntry[tensors.Count];
        long begin = 0;
        for (int i = 0; i < entries.Length; i++)
        {
            long end = begin + ((long)tensors[i].Values.Length * SafeTensors.ItemSize(type));
            string typeName = type == TensorType.F64 ? nameof(TensorType.F64) : nameof(TensorType.F32);
            entries[i] = new TensorEntry(tensors[i].Name, typeName, tensors[i].Shape, begin, end);
            begin = end;
        }

        return entries;
    }

    private static byte[] CreateHeader(IReadOnlyList<KeyValuePair<string, string>> metadata, TensorEntry[] tensors)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            if (metadata.Count > 0)
            {
                WriteMetadata(writer, metadata);
            }

            foreach (TensorEntry tensor in tensors)
            {
                writer.WriteStartObject(tensor.Name);
                writer.WriteString(SafeTensors.TypeKey, tensor.TypeName);
                WriteNumbers(writer, SafeTensors.ShapeKey, tensor.Shape.AsSpan());
                WriteNumbers(writer, SafeTensors.OffsetsKey, [tensor.Begin, tensor.End]);
                writer.WriteEndObject();
            }

            writer.WriteEndObject();
        }

        byte[] header = new byte[(buffer.WrittenCount + 7) / 8 * 8];
        header.AsSpan().Fill((byte)' ');
        buffer.WrittenSpan.CopyTo(header);
        return header;
    }

    private static void WriteMetadata(Utf8JsonWriter writer, IReadOnlyList<KeyValuePair<string, string>> metadata)
    {
        writer.WriteStartObject(SafeTensors.MetadataKey);
        foreach ((string name, string value) in metadata)
        {
            writer.WriteString(name, value);
        }

        writer.WriteEndObject();
    }

    private static void WriteNumbers(Utf8JsonWriter writer, string name, ReadOnlySpan<long> numbers)
    {
        writer.WriteStartArray(name);
        foreach (long number in numbers)
        {
            writer.WriteNumberValue(number);
        }

        writer.WriteEndArray();
    }

    /// <summary>Hands the bytes of numbers on, a chunk at a time.</summary>
    private static void Encode<T>(ReadOnlySpan<double> values, TensorType type, byte[] chunk, T receiver, ReadOnlySpanAction<byte, T> receive)
    {
        int itemSize = SafeTensors.ItemSize(type);
        while (!values.IsEmpty)
        {
            int count = Math.Min(values.Length, ChunkLength / itemSize);
            for (int i = 0; i < count; i++)
            {
                Span<byte> item = chunk.AsSpan(i * itemSize);
                if (type == TensorType.F64)
                {
                    BinaryPrimitives.WriteDoubleLittleEndian(item, values[i]);
                }
                else
                {
                    BinaryPrimitives.WriteSingleLittleEndian(item, (float)values[i]);
                }
            }

            receive(chunk.AsSpan(0, count * itemSize), receiver);
            values = values[count..];
        }
    }
}
