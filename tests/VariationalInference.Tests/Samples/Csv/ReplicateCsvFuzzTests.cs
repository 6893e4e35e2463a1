using System.Globalization;
using System.Text;
using FluentAssertions;
using VariationalInference.Samples;
using Xunit;

namespace VariationalInference.Tests.Samples.Csv;

/// <summary>Whatever a file holds, reading it ends with a table of finite numbers and missing cells, or with a <see cref="CsvFormatException"/>.</summary>
public sealed class ReplicateCsvFuzzTests : IDisposable
{
    // The reader's buffers, and a multiple of the file: an object for a field, a row of the widest group for each group.
    private const long BaseMemory = 1 << 19;
    private const long MemoryPerByte = 400;

    private static readonly string[] Files =
    [
        "g,y\nA,1.5\nB,2\nA,3.5\nC,-1e-3\n",
        "\"g\",\"y\"\n\"Mount \"\"A\"\", east\",\"1.5\"\nB , 2 \n\"x\ny\",7\n",
        "name,g,y\nfirst,1,2\n\"second, last\",3,\nthird,,\nfourth,4,5\n",
        "g,y,z\n1,2,3\n4,5,6\n7,,9\n",
    ];

    private readonly string _path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName() + ".csv");

    public void Dispose() => File.Delete(_path);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void HundredThousandSpoiltFiles_AreReadOrRefused(int quarter)
    {
        int accepted = 0;
        for (int seed = 25_000 * quarter; seed < 25_000 * (quarter + 1); seed++)
        {
            byte[] mutant = CsvMutation.Of(Files, seed);
            Write(mutant);
            string? label = seed % 16 < 8 ? "g" : null;
            ReplicateTable? table = Bounded(mutant, seed, () => seed % 3 == 0
                ? ReplicateCsv.ReadLong(_path, "g", "y")
                : ReplicateCsv.ReadWide(_path, label));
            if (table is not null)
            {
                accepted++;
                if (seed % 3 == 1)
                {
                    CheckStream(table, label, seed);
                }

                Check(table, seed);
            }
        }

        accepted.Should().BeInRange(1_000, 24_000, "some files are spoilt in a field only, and others in their form");
    }

    // Cut to its length rather than emptied first, which file systems take as a reason to write to the disk at once.
    private void Write(byte[] bytes)
    {
        using var stream = new FileStream(_path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.None, bufferSize: 0);
        stream.Write(bytes);
        stream.SetLength(bytes.Length);
    }

    // Any exception but the documented one fails the test.
    private static ReplicateTable? Bounded(byte[] file, int seed, Func<ReplicateTable> read)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        ReplicateTable? table = null;
        try
        {
            table = read();
        }
        catch (CsvFormatException)
        {
            // The file is refused.
        }

        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        if (allocated > BaseMemory + (MemoryPerByte * file.Length))
        {
            allocated.Should().BeLessThanOrEqualTo(BaseMemory + (MemoryPerByte * file.Length), $"seed {seed} has {file.Length} bytes");
        }

        return table;
    }

    // What was read and is written again, in the long form and with all fields quoted, is read as the same table.
    private void Check(ReplicateTable table, int seed)
    {
        double[] cells = table.Values.ToRowMajorArray();
        bool isValid = table.Groups.Count == table.Values.RowCount && cells.All(cell => !double.IsInfinity(cell)) && cells.Any(double.IsFinite);
        if (!isValid)
        {
            isValid.Should().BeTrue($"the table of seed {seed} was accepted");
        }

        if (seed % 8 == 0)
        {
            CheckWrittenAgain(table, cells, seed);
        }
    }

    private void CheckWrittenAgain(ReplicateTable table, double[] cells, int seed)
    {
        var text = new StringBuilder("g,y\n");
        for (int n = 0; n < table.Values.RowCount; n++)
        {
            foreach (double cell in table.Values.Row(n).Where(double.IsFinite))
            {
                string group = table.Groups[n].Replace("\"", "\"\"", StringComparison.Ordinal);
                text.Append(CultureInfo.InvariantCulture, $"\"{n}: {group}\",\"{cell:R}\"\n");
            }
        }

        Write(Encoding.UTF8.GetBytes(text.ToString()));
        ReplicateTable again = ReplicateCsv.ReadLong(_path, "g", "y");
        IEnumerable<int> filled = Enumerable.Range(0, table.Values.RowCount).Where(n => table.Values.Row(n).Any(double.IsFinite));
        again.Groups.Should().Equal(filled.Select(n => $"{n}: {table.Groups[n]}"), $"of seed {seed}");
        again.Values.ToRowMajorArray().Where(double.IsFinite).Should().Equal(cells.Where(double.IsFinite), $"of seed {seed}");
    }

    private void CheckStream(ReplicateTable table, string? label, int seed)
    {
        double[][] rows = [.. ReplicateCsv.StreamWide(_path, label)];
        bool isSame = rows.Length == table.Values.RowCount
            && rows.SelectMany(row => row).Where(double.IsFinite).SequenceEqual(table.Values.ToRowMajorArray().Where(double.IsFinite));
        if (!isSame)
        {
            isSame.Should().BeTrue($"the stream of seed {seed} has the rows of the table");
        }
    }
}
