using System.IO.Compression;
using System.Text;
using FluentAssertions;
using MathNet.Numerics.Random;
using VariationalInference.Samples;
using Xunit;

namespace VariationalInference.Tests.Samples.Csv;

/// <summary>What is no UTF-8 is refused where it stands; what is, is read as it is.</summary>
public sealed class CsvEncodingTests : IDisposable
{
    private readonly string _path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName() + ".csv");

    public void Dispose() => File.Delete(_path);

    [Fact]
    public void Latin1_IsRefusedByLineAndByte_RatherThanTwoGroupsBecomingOne()
    {
        // CsvHelper #2288: E9 and E8 would both become U+FFFD.
        File.WriteAllBytes(_path, Encoding.Latin1.GetBytes("g,y\nA,1\n\u00E9,2\n\u00E8,3\n"));
        Refused(read: Long, $"{_path}(3): the byte E9 at offset 8 is not UTF-8; *iconv*");
        Refused(() => ReplicateCsv.ReadWide(_path, "g"), $"{_path}(3): the byte E9 at offset 8 is not UTF-8; *iconv*");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Utf8_WithOrWithoutMark_KeepsLabelsApart(bool mark)
    {
        File.WriteAllText(_path, "g,y\n\u00E9,2\n\u00E8,3\n\U0001F9EA,4\n\u8AD6,5\n", new UTF8Encoding(mark));
        ReplicateTable table = Long();
        table.Groups.Should().Equal("\u00E9", "\u00E8", "\U0001F9EA", "\u8AD6");
        table.Values.ToRowMajorArray().Should().Equal(2, 3, 4, 5);
    }

    [Theory]
    [InlineData("utf-16", "text in UTF-16")]
    [InlineData("utf-16BE", "text in UTF-16")]
    [InlineData("utf-32", "text in UTF-32")]
    [InlineData("utf-32BE", "text in UTF-32")]
    public void OtherUnicodeFormats_AreRefusedByName(string encoding, string name)
    {
        File.WriteAllText(_path, "g,y\nA,1\n", Encoding.GetEncoding(encoding));
        Refused(read: Long, $"{_path}: the file is {name}*iconv*");
    }

    [Fact]
    public void Utf16WithoutAMark_IsRefusedByItsZeros()
    {
        File.WriteAllBytes(_path, Encoding.Unicode.GetBytes("g,y\nA,1\n"));
        Refused(read: Long, $"{_path}(1): the byte 00 at offset 1 *UTF-16*iconv*");
    }

    [Fact]
    public void Gzip_IsRefusedByItsContentAndByItsName()
    {
        using (var zipped = new GZipStream(File.Create(_path), CompressionLevel.Fastest))
        {
            zipped.Write("g,y\nA,1\n"u8);
        }

        Refused(read: Long, $"{_path}: the file is compressed by gzip*gunzip*");

        string named = _path + ".GZ";
        File.WriteAllText(named, "g,y\nA,1\n");
        try
        {
            Refused(() => ReplicateCsv.ReadLong(named, "g", "y"), $"{named}: the file is compressed by gzip, as its name says*gunzip*");
        }
        finally
        {
            File.Delete(named);
        }
    }

    [Fact]
    public void Workbook_IsRefusedByName()
    {
        using (var archive = new ZipArchive(File.Create(_path), ZipArchiveMode.Create))
        {
            archive.CreateEntry("xl/workbook.xml");
        }

        Refused(read: Long, $"{_path}: the file is a zip archive, as workbooks (.xlsx) are*");
    }

    [Theory]
    [InlineData(new byte[] { 0x80 })]
    [InlineData(new byte[] { 0xC0, 0x80 })]
    [InlineData(new byte[] { 0xC1, 0xBF })]
    [InlineData(new byte[] { 0xC3, 0x41 })]
    [InlineData(new byte[] { 0xE0, 0x9F, 0xBF })]
    [InlineData(new byte[] { 0xE2, 0x82, 0x41 })]
    [InlineData(new byte[] { 0xED, 0xA0, 0x80 })]
    [InlineData(new byte[] { 0xF0, 0x8F, 0xBF, 0xBF })]
    [InlineData(new byte[] { 0xF4, 0x90, 0x80, 0x80 })]
    [InlineData(new byte[] { 0xF5, 0x80, 0x80, 0x80 })]
    [InlineData(new byte[] { 0xFF })]
    public void IllFormedSequence_IsRefusedWhereItStarts(byte[] sequence)
    {
        File.WriteAllBytes(_path, [.. "g,y\r\nA,1\rB"u8, .. sequence, .. ",2\n"u8]);
        Refused(read: Long, $"{_path}(3): the byte {sequence[0]:X2} at offset 10 is not UTF-8; *");
    }

    [Fact]
    public void SequenceThatTheFileEndsIn_IsRefused()
    {
        File.WriteAllBytes(_path, [.. "g,y\nA,1\nA,2\nB"u8, 0xF0, 0x9F, 0xA7]);
        Refused(read: Long, $"{_path}(4): the byte F0 at offset 13 is not UTF-8; *");
    }

    [Fact]
    public void RandomBytes_PassOrAreRefusedAsTheRuntimesDecoderSays()
    {
        var random = new Xoshiro256StarStar(7, false);
        int passed = 0;
        for (int trial = 0; trial < 3_000; trial++)
        {
            byte[] bytes = RandomText(random);
            File.WriteAllBytes(_path, bytes);
            (long Offset, int Line)? expected = FirstIllFormed(bytes);
            Func<byte[]> read = () => ReadAll(random);
            if (expected is (long offset, int line))
            {
                read.Should().Throw<CsvFormatException>($"of trial {trial}").WithMessage($"{_path}({line}): the byte ?? at offset {offset} is *");
            }
            else
            {
                passed++;
                read().Should().Equal(bytes, $"of trial {trial}");
            }
        }

        passed.Should().BeInRange(300, 2_700, "some are well formed and others not");
    }

    // Sequences of every length, ends of lines of every kind, and in half of all trials some bytes that are spoilt.
    private static byte[] RandomText(Xoshiro256StarStar random)
    {
        string[] pieces = ["a", "\"", "\r", "\n", "\r\n", "\u00E9", "\u07FF", "\u0800", "\uD7FF", "\uE000", "\uFFFD", "\U00010000", "\U0010FFFF"];
        byte[] bytes = Encoding.UTF8.GetBytes("x," + string.Concat(Enumerable.Range(0, random.Next(40)).Select(_ => pieces[random.Next(pieces.Length)])));
        int spoilt = random.Next(2) * random.Next(3);
        for (int i = 0; i < spoilt; i++)
        {
            bytes[random.Next(2, Math.Max(3, bytes.Length)) % bytes.Length] = (byte)random.Next(256);
        }

        return bytes[..(bytes.Length - random.Next(2))];
    }

    private static (long Offset, int Line)? FirstIllFormed(byte[] bytes)
    {
        int line = 1;
        for (int i = 0, length; i < bytes.Length; i += length)
        {
            bool isText = Rune.DecodeFromUtf8(bytes.AsSpan(i), out _, out length) == System.Buffers.OperationStatus.Done;
            if (!isText || bytes[i] == 0)
            {
                return (i, line);
            }

            line += bytes[i] == '\n' || (bytes[i] == '\r' && (i + 1 == bytes.Length || bytes[i + 1] != '\n')) ? 1 : 0;
        }

        return null;
    }

    // In blocks that end anywhere, within sequences and within ends of lines.
    private byte[] ReadAll(Xoshiro256StarStar random)
    {
        using var stream = new Utf8Stream(_path);
        var all = new List<byte>();
        byte[] buffer = new byte[16];
        for (int count = 1; count > 0;)
        {
            Span<byte> block = buffer.AsSpan(0, 1 + random.Next(buffer.Length));
            count = stream.Read(block);
            all.AddRange(block[..count]);
        }

        return [.. all];
    }

    private ReplicateTable Long() => ReplicateCsv.ReadLong(_path, "g", "y");

    private static void Refused(Func<ReplicateTable> read, string message) => read.Should().Throw<CsvFormatException>().WithMessage(message);
}
