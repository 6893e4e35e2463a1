using System.Buffers.Binary;
using System.Text;

namespace VariationalInference.Tests.Persistence;

/// <summary>Files in memory, written without the library's writer, and streams that are unlike files.</summary>
internal static class EncoderBytes
{
    /// <summary>A file of the header's length, a header and data.</summary>
    public static byte[] Compose(string header, byte[] data)
    {
        byte[] text = Encoding.UTF8.GetBytes(header);
        byte[] prefix = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(prefix, text.Length);
        return [.. prefix, .. text, .. data];
    }

    /// <summary>A linear encoder of one observation and one latent, with a header that the test may spoil: 4 numbers of 8 bytes.</summary>
    public static byte[] Linear(string metadata = "", string more = "", double bias = 0.5)
    {
        byte[] data = new byte[32];
        BinaryPrimitives.WriteDoubleLittleEndian(data.AsSpan(0), 2);
        BinaryPrimitives.WriteDoubleLittleEndian(data.AsSpan(8), -1);
        BinaryPrimitives.WriteDoubleLittleEndian(data.AsSpan(16), bias);
        BinaryPrimitives.WriteDoubleLittleEndian(data.AsSpan(24), 0.25);
        string header = $$"""
            {{{metadata}}"layers.0.weight":{"dtype":"F64","shape":[2,1],"data_offsets":[0,16]},"layers.0.bias":{"dtype":"F64","shape":[2],"data_offsets":[16,32]}{{more}}}
            """;
        return Compose(header, data);
    }

    public static byte[] Save(MlpEncoder encoder)
    {
        using var stream = new MemoryStream();
        encoder.Save(stream);
        return stream.ToArray();
    }

    public static MlpEncoder Load(byte[] file)
    {
        using var stream = new MemoryStream(file, writable: false);
        return MlpEncoder.Load(stream);
    }

    /// <summary>Outputs of an encoder on rows: all means, then all log-variances.</summary>
    public static double[] Outputs(MlpEncoder encoder, double[] rows)
    {
        int count = rows.Length / encoder.ObservationCount;
        double[] outputs = new double[2 * count * encoder.LatentCount];
        encoder.CreateTape(count).Forward(rows, outputs);
        double[][] parts = [.. outputs.Chunk(encoder.LatentCount)];
        return [.. parts.Where((_, i) => i % 2 == 0).Concat(parts.Where((_, i) => i % 2 == 1)).SelectMany(part => part)];
    }
}
