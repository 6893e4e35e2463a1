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
        byte[] header = CreateHeader(metadata, tensors, type);
        Span<byte> prefix = stackalloc byte[SafeTensors.PrefixLength];
        BinaryPrimitives.WriteUInt64LittleEndian(prefix, (ulong)header.Length);
        stream.Write(prefix);
        stream.Write(header);
        byte[] chunk = new byte[ChunkLength];
        foreach (TensorValues tensor in tensors)
        {
            WriteValues(stream, tensor.Values.Span, type, chunk);
        }
    }

    private static byte[] CreateHeader(
        IReadOnlyList<KeyValuePair<string, string>> metadata, IReadOnlyList<TensorValues> tensors, TensorType type)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            if (metadata.Count > 0)
            {
                WriteMetadata(writer, metadata);
            }

            long begin = 0;
            foreach (TensorValues tensor in tensors)
            {
                long end = begin + ((long)tensor.Values.Length * SafeTensors.ItemSize(type));
                writer.WriteStartObject(tensor.Name);
                writer.WriteString(SafeTensors.TypeKey, type == TensorType.F64 ? nameof(TensorType.F64) : nameof(TensorType.F32));
                WriteNumbers(writer, SafeTensors.ShapeKey, tensor.Shape.AsSpan());
                WriteNumbers(writer, SafeTensors.OffsetsKey, [begin, end]);
                writer.WriteEndObject();
                begin = end;
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

    private static void WriteValues(Stream stream, ReadOnlySpan<double> values, TensorType type, byte[] chunk)
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

            stream.Write(chunk.AsSpan(0, count * itemSize));
            values = values[count..];
        }
    }
}
