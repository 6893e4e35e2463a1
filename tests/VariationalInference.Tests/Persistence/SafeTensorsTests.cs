using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.Json;
using FluentAssertions;
using Xunit;

namespace VariationalInference.Tests.Persistence;

public sealed class SafeTensorsTests
{
    private static readonly double[] Numbers = [1.5, -0.0, double.Epsilon, double.NaN, double.MaxValue, 0.1];

    [Theory]
    [InlineData(false, 8)]
    [InlineData(true, 4)]
    public void Writer_FollowsTheFormat(bool narrow, int itemSize)
    {
        TensorType type = narrow ? TensorType.F32 : TensorType.F64;

        byte[] file = Write(type);

        int headerLength = (int)BinaryPrimitives.ReadInt64LittleEndian(file);
        headerLength.Should().Be(headerLength / 8 * 8, "the data are aligned");
        JsonElement header = JsonDocument.Parse(file.AsMemory(8, headerLength)).RootElement;
        header.GetProperty("__metadata__").GetProperty("note").GetString().Should().Be("\"ü\"");
        header.GetProperty("matrix").GetProperty("dtype").GetString().Should().Be(narrow ? "F32" : "F64");
        header.GetProperty("matrix").GetProperty("shape").GetRawText().Should().Be("[2,3]");
        header.GetProperty("matrix").GetProperty("data_offsets").GetRawText().Should().Be($"[0,{6 * itemSize}]");
        header.GetProperty("none").GetProperty("data_offsets").GetRawText().Should().Be($"[{6 * itemSize},{6 * itemSize}]");
        header.GetProperty("scalar").GetProperty("shape").GetRawText().Should().Be("[]");
        header.GetProperty("scalar").GetProperty("data_offsets").GetRawText().Should().Be($"[{6 * itemSize},{7 * itemSize}]");
        file.Should().HaveCount(8 + headerLength + (7 * itemSize));
        byte[][] items = [.. Numbers.Append(7).Select(value => narrow ? BitConverter.GetBytes((float)value) : BitConverter.GetBytes(value))];
        file[(8 + headerLength)..].Should().Equal(items.SelectMany(item => item));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Reader_GivesBackWhatWasWritten(bool pipe)
    {
        using Stream stream = pipe ? new PipeStream(Write(TensorType.F64), endless: false) : new MemoryStream(Write(TensorType.F64));

        var reader = new SafeTensorsReader(stream, null);
        reader.CheckData();
        double[] matrix = new double[6];
        double[] scalar = new double[1];
        reader.ReadValues(TensorType.F64, matrix);
        reader.ReadValues(TensorType.F64, scalar);

        reader.Header.Metadata.Should().Equal(new Dictionary<string, string> { ["note"] = "\"ü\"" });
        reader.Header.Tensors.Select(tensor => tensor.Name).Should().BeEquivalentTo("matrix", "none", "scalar");
        matrix.Select(BitConverter.DoubleToInt64Bits).Should().Equal(Numbers.Select(BitConverter.DoubleToInt64Bits));
        scalar.Should().Equal(7);
    }

    [Fact]
    public void SinglePrecision_IsWidened()
    {
        using var stream = new MemoryStream(Write(TensorType.F32));
        var reader = new SafeTensorsReader(stream, null);
        reader.CheckData();
        double[] matrix = new double[6];

        reader.ReadValues(TensorType.F32, matrix);

        matrix.Should().Equal(1.5, -0.0, 0, double.NaN, double.PositiveInfinity, (double)0.1f);
    }

    public static TheoryData<string, string> BadHeaders() => new()
    {
        { "", "the header is not JSON text; it must be an object in valid UTF-8 and begin with {." },
        { " {}", "the header is not JSON text;*" },
        { "[]", "the header is not JSON text;*" },
        { "{", "the header is not valid JSON at byte *; it must be one JSON object." },
        { "{}{}", "the header is not valid JSON at byte *" },
        { "{} x", "the header is not valid JSON at byte *" },
        { "{/**/}", "the header is not valid JSON at byte *" },
        { "{\"a\":1,}", "tensor 'a' is of another kind at byte 5 of the header; it must have an object." },
        { "{\"a\":[[[[", "tensor 'a' is of another kind*" },
        { Tensor("F64", "[1]", "[0,8]", "[1]", "[8,16]").Replace("\"b\"", "\"\\u0061\"", StringComparison.Ordinal), "the header has 'a' twice; names must differ." },
        { "{\"a\":{\"dtype\":\"F64\",\"shape\":[1]}}", "tensor 'a' is incomplete; it must have dtype, shape and data_offsets." },
        { "{\"a\":{\"dtype\":\"F64\",\"data_offsets\":[0,8]}}", "tensor 'a' is incomplete; *" },
        { "{\"a\":{\"shape\":[1],\"data_offsets\":[0,8]}}", "tensor 'a' is incomplete; *" },
        { Tensor("F64", "1", "[0,8]"), "tensor 'a' is of another kind at byte * of the header; it must have a list in shape and in data_offsets." },
        { "{\"a\":{\"dtype\":\"F64\",\"dtype\":\"F64\"}}", "tensor 'a' has 'dtype'; it must have dtype, shape and data_offsets, each once." },
        { "{\"a\":{\"colour\":1}}", "tensor 'a' has 'colour'; it must have *" },
        { "{\"a\":{\"dtype\":64}}", "tensor 'a' has no text at byte 14 of the header, where a string must stand." },
        { "{\"\\ud800\":{}}", "the header has a string at byte 1 of the header that is not valid Unicode." },
        { "{\"__metadata__\":null}", "__metadata__ is of another kind at byte 16 of the header; it must have an object of strings." },
        { "{\"__metadata__\":{\"a\":1}}", "__metadata__ has no text at byte 21 of the header*" },
        { "{\"__metadata__\":{\"a\":\"1\",\"\\u0061\":\"2\"}}", "__metadata__ has 'a' twice; names must differ." },
        { Tensor("F16", "[1]", "[0,2]"), "tensor 'a' has the dtype 'F16'; F64 and F32 can be read." },
        { Tensor("f64", "[1]", "[0,8]"), "tensor 'a' has the dtype 'f64'; *" },
        { Tensor("F64", "[-1]", "[0,8]"), "tensor 'a' has something else than sizes and offsets *; these must be whole numbers from 0 *" },
        { Tensor("F64", "[1.0]", "[0,8]"), "tensor 'a' has something else *" },
        { Tensor("F64", "[9223372036854775808]", "[0,8]"), "tensor 'a' has something else *" },
        { Tensor("F64", "[1,1,1,1,1,1,1,1,1]", "[0,8]"), "tensor 'a' has something else *, at most 8." },
        { Tensor("F64", "[1]", "[0,8,8]"), "tensor 'a' has something else *, at most 2." },
        { Tensor("F64", "[1]", "[0]"), "tensor 'a' has data_offsets [0]; they must be two, the first not above the second." },
        { Tensor("F64", "[1]", "[8,0]"), "tensor 'a' has data_offsets [8, 0]; they must be two*" },
        { Tensor("F64", "[2]", "[0,8]"), "tensor 'a' has 8 bytes; its shape [2] must need as many, 8 each." },
        { Tensor("F64", "[1]", "[0,9]"), "tensor 'a' has 9 bytes; its shape [1] must need as many, 8 each." },
        { Tensor("F64", "[4294967296,4294967296]", "[0,0]"), "tensor 'a' has 0 bytes; its shape [4294967296, 4294967296] *" },
        { Tensor("F64", "[4294967296,4294967296,0]", "[0,0]"), "tensor 'a' has 0 bytes; its shape *" },
        { Tensor("F64", "[1152921504606846976]", "[0,0]"), "tensor 'a' has 0 bytes; its shape *" },
        { Tensor("F64", "[1]", "[8,16]"), "tensor 'a' begins at byte 8; the data before it end at 0, and it must follow them." },
        { Tensor("F64", "[2]", "[0,16]", "[1]", "[8,16]"), "tensor 'b' begins at byte 8; the data before it end at 16*" },
        { Tensor("F64", "[1]", "[0,8]", "[1]", "[16,24]"), "tensor 'b' begins at byte 16; the data before it end at 8*" },
        { Tensor("F64", "[1]", "[0,8]"), "there are 16 bytes of data after the header; the tensors must fill them, and have 8." },
        { Tensor("F64", "[3]", "[0,24]"), "there are 16 bytes of data after the header; the tensors must fill them, and have 24." },
        { Tensor("F64", "[1099511627776]", "[0,8796093022208]"), "the tensors have 1099511627776 elements; at most 2147483591 are allowed." },
        { Tensor("F64", "[2147483591]", "[0,17179868728]"), "there are 16 bytes of data after the header; the tensors must fill them, and have 17179868728." },
        { "{}", "there are 16 bytes of data after the header; the tensors must fill them, and have 0." },
    };

    [Theory]
    [MemberData(nameof(BadHeaders))]
    public void BadHeader_IsRefusedByWhatIsWrong(string header, string message)
    {
        using var stream = new MemoryStream(EncoderBytes.Compose(header, new byte[16]));

        Action read = () => new SafeTensorsReader(stream, "x.safetensors").CheckData();

        read.Should().ThrowExactly<ModelFileException>().WithMessage($"x.safetensors: {message}").Which.FileName.Should().Be("x.safetensors");
    }

    [Theory]
    [InlineData(0, "there are 0 bytes; a safetensors file has at least 8.")]
    [InlineData(7, "there are 7 bytes; a safetensors file has at least 8.")]
    public void ShortFile_IsRefused(int length, string message)
    {
        Action read = () => _ = new SafeTensorsReader(new MemoryStream(new byte[length]), null);

        read.Should().ThrowExactly<ModelFileException>().WithMessage($"The stream: {message}");
    }

    [Theory]
    [InlineData(3UL)]
    [InlineData(100_000_001UL)]
    [InlineData((ulong)long.MaxValue)]
    [InlineData(ulong.MaxValue)]
    public void HeaderLongerThanTheFile_IsRefused(ulong length)
    {
        byte[] file = new byte[10];
        BinaryPrimitives.WriteUInt64LittleEndian(file, length);

        Action read = () => _ = new SafeTensorsReader(new MemoryStream(file), null);

        read.Should().ThrowExactly<ModelFileException>()
            .WithMessage($"The stream: the header's length is given as {length} bytes; at most 2 are possible here.");
    }

    [Fact]
    public void InvalidUtf8_IsRefused()
    {
        byte[] file = EncoderBytes.Compose("{\"__metadata__\":{\"a\":\"??\"}}", []);
        int place = Encoding.Latin1.GetString(file).IndexOf('?', StringComparison.Ordinal);
        file[place] = 0xC3;

        Action read = () => _ = new SafeTensorsReader(new MemoryStream(file), null);

        read.Should().ThrowExactly<ModelFileException>().WithMessage("The stream: the header is not JSON text; it must be*");
    }

    [Theory]
    [InlineData("{{\"__metadata__\":{{{0}}}}}", "\"\"")]
    [InlineData("{{{0}}}", """{"dtype":"F64","shape":[0],"data_offsets":[0,0]}""")]
    public void MoreNamesThanAllowed_AreRefused(string header, string value)
    {
        Action read = () => Read(10_001);

        read.Should().ThrowExactly<ModelFileException>().WithMessage("The stream: the header has more than 10000 names;*");
        (Read(10_000).Metadata.Count + Read(10_000).Tensors.Count).Should().Be(10_000);

        SafeTensorsHeader Read(int count)
        {
            string names = string.Join(',', Enumerable.Range(0, count).Select(i => $"\"{i}\":{value}"));
            string text = string.Format(CultureInfo.InvariantCulture, header, names);
            return new SafeTensorsReader(new MemoryStream(EncoderBytes.Compose(text, [])), null).Header;
        }
    }

    [Fact]
    public void TensorsNamedInAnotherOrderThanTheirData_AreReadInThatOfTheData()
    {
        byte[] file = EncoderBytes.Compose(Tensor("F64", "[1]", "[8,16]", "[1]", "[0,8]"), [.. BitConverter.GetBytes(2.5), .. BitConverter.GetBytes(-1.0)]);
        var reader = new SafeTensorsReader(new MemoryStream(file), null);
        double[] first = new double[1];

        reader.CheckData();
        reader.ReadValues(TensorType.F64, first);

        reader.Header.Tensors.Select(tensor => tensor.Name).Should().Equal("b", "a");
        first.Should().Equal(2.5);
    }

    [Theory]
    [InlineData(4, "the length of the header")]
    [InlineData(20, "the header")]
    [InlineData(int.MaxValue, "the data")]
    public void StreamThatEndsEarly_IsRefusedByWhereItEnds(int length, string place)
    {
        // As many bytes of data are promised as a stream of unknown length may have.
        byte[] file = EncoderBytes.Compose(Tensor("F64", "[134217728]", "[0,1073741824]"), new byte[8]);
        byte[] start = file[..Math.Min(length, file.Length)];

        Action read = () => new SafeTensorsReader(new PipeStream(start, endless: false), null).CheckData();

        read.Should().ThrowExactly<ModelFileException>().WithMessage($"The stream: the end comes within {place}; the file is truncated.");
    }

    [Fact]
    public void SpacesAfterTheHeader_AreAllowed()
    {
        var reader = new SafeTensorsReader(new MemoryStream(EncoderBytes.Compose("{}      \n", [])), null);

        reader.CheckData();

        reader.Header.Tensors.Should().BeEmpty();
        reader.Header.Metadata.Should().BeEmpty();
    }

    [Fact]
    public void LongAndStrangeNames_AreCutAndEscapedInMessages()
    {
        SafeTensors.Show("a\u0000\n\ud800").Should().Be(@"'a\u0000\n\uFFFD'");
        SafeTensors.Show(new string('a', 1000)).Should().Be($"'{new string('a', 60)}…'");
        SafeTensors.Show(new string('a', 60)).Should().Be($"'{new string('a', 60)}'");
    }

    // One tensor a, or a and b of the same type.
    private static string Tensor(string type, string shape, string offsets, string? secondShape = null, string? secondOffsets = null)
    {
        string first = $"\"a\":{{\"dtype\":\"{type}\",\"shape\":{shape},\"data_offsets\":{offsets}}}";
        string second = $",\"b\":{{\"dtype\":\"{type}\",\"shape\":{secondShape},\"data_offsets\":{secondOffsets}}}";
        return $"{{{first}{(secondShape is null ? string.Empty : second)}}}";
    }

    private static byte[] Write(TensorType type)
    {
        using var stream = new MemoryStream();
        TensorValues[] tensors =
        [
            new("matrix", [2, 3], Numbers.ToArray()),
            new("none", [0, 4], Memory<double>.Empty),
            new("scalar", [], new double[] { 7 }),
        ];
        SafeTensorsWriter.Write(stream, [new("note", "\"ü\"")], tensors, type);
        return stream.ToArray();
    }
}
