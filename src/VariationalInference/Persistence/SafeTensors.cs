using System.Globalization;
using System.Text.Encodings.Web;

namespace VariationalInference;

/// <summary>
/// What the safetensors format fixes. A file is the length of its header (8 bytes, little-endian), the header (a JSON object that gives
/// the type, shape and place of each tensor, and a map of strings to strings as metadata), and the tensors' numbers, little-endian,
/// row-major, without holes.
/// </summary>
internal static class SafeTensors
{
    /// <summary>The number of bytes that hold the length of the header.</summary>
    public const int PrefixLength = 8;

    /// <summary>The longest header, as in the format's own implementation.</summary>
    public const int MaxHeaderLength = 100_000_000;

    /// <summary>The most names, of tensors and of metadata each: they bound what a header takes in memory once it is parsed.</summary>
    public const int MaxNames = 10_000;

    /// <summary>The most dimensions of a tensor.</summary>
    public const int MaxRank = 8;

    public const string MetadataKey = "__metadata__";
    public const string TypeKey = "dtype";
    public const string ShapeKey = "shape";
    public const string OffsetsKey = "data_offsets";

    private const int ShownLength = 60;

    public static int ItemSize(TensorType type) => type == TensorType.F64 ? sizeof(double) : sizeof(float);

    /// <summary>Quotes text from a file for a message: control characters are escaped, long text is cut.</summary>
    public static string Show(string text)
    {
        bool isLong = text.Length > ShownLength;
        string start = JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(isLong ? text[..ShownLength] : text);
        return $"'{start}{(isLong ? "…" : string.Empty)}'";
    }

    /// <summary>Writes a shape for a message, as in [2, 3].</summary>
    public static string Show(IEnumerable<long> shape) =>
        $"[{string.Join(", ", shape.Select(size => size.ToString(CultureInfo.InvariantCulture)))}]";
}
