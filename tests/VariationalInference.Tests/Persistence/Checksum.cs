using System.Text;

namespace VariationalInference.Tests.Persistence;

/// <summary>Makes the checksum of a spoilt file right, so that what is wrong reaches the checks behind it.</summary>
internal static class Checksum
{
    /// <summary>Returns the file with its checksum made right, or as it is where its header cannot be read.</summary>
    public static byte[] Repair(byte[] file)
    {
        byte[] whole = [.. file];
        try
        {
            using var reader = new SafeTensorsReader(new MemoryStream(whole), null);
            string? stated = reader.Header.Metadata.GetValueOrDefault(ContentHash.Key);
            int place = stated is { Length: 64 } ? whole.AsSpan().IndexOf(Encoding.ASCII.GetBytes(stated)) : -1;
            if (place >= 0)
            {
                using var hash = new ContentHash(reader.Header.Metadata, reader.Header.Tensors);
                int headerLength = (int)BitConverter.ToInt64(whole);
                hash.Add(whole.AsSpan(8 + headerLength));
                Encoding.ASCII.GetBytes(hash.Text()).CopyTo(whole.AsSpan(place));
            }
        }
        catch (ModelFileException)
        {
            // The header is beyond repair.
        }

        return whole;
    }

    /// <summary>Replaces a text of the header by another of the same length, and makes the checksum right.</summary>
    public static byte[] Replace(byte[] file, string text, string other)
    {
        byte[] old = Encoding.UTF8.GetBytes(text), replacement = Encoding.UTF8.GetBytes(other);
        int place = file.AsSpan().IndexOf(old);
        if (place < 0 || old.Length != replacement.Length)
        {
            throw new ArgumentException($"{text} is not there, or of another length than {other}.", nameof(text));
        }

        byte[] altered = [.. file];
        replacement.CopyTo(altered, place);
        return Repair(altered);
    }
}
