using System.Collections.Immutable;

namespace VariationalInference;

/// <content>Saving and loading.</content>
public sealed partial class SufficientStatistics : ISaved<SufficientStatistics>
{
    /// <summary>Counts stand in two doubles, the multiples of this and the rest.</summary>
    private const long CountUnit = 1L << 32;

    static string ISaved<SufficientStatistics>.Kind => "sufficient_statistics";

    /// <summary>Loads statistics from a file that <see cref="Save(string)"/> wrote, in this version or in 0.2.0.</summary>
    /// <inheritdoc cref="SavedFile.Load{T}(string)"/>
    public static SufficientStatistics Load(string path)
    {
        Guard.Path(path, nameof(path));
        using FileStream stream = File.OpenRead(path);
        return Load(stream, path);
    }

    /// <summary>Loads statistics from a stream, from where it stands to its end.</summary>
    /// <inheritdoc cref="SavedFile.Load{T}(Stream)"/>
    public static SufficientStatistics Load(Stream stream)
    {
        Guard.Readable(stream, nameof(stream));
        return Load(stream, fileName: null);
    }

    /// <inheritdoc cref="SavedFile.Save{T}(T, string)"/>
    public void Save(string path) => SavedFile.Save(this, path);

    /// <inheritdoc cref="SavedFile.Save{T}(T, Stream)"/>
    public void Save(Stream stream) => SavedFile.Save(this, stream);

    /// <summary>Adds, for each pattern, which cells are there, how many rows, both parts of the means, and the upper triangles of the cross products.</summary>
    void ISaved<SufficientStatistics>.Write(ModelState state)
    {
        state.AddNames("column_names", Columns);
        state.Add("observed", [.. Patterns.SelectMany(item => Enumerable.Range(0, ColumnCount).Select(k => item.Pattern.IsMissing(k) ? 0.0 : 1))], Patterns.Length, ColumnCount);
        state.Add("row_counts", [.. Patterns.SelectMany(item => (double[])[item.RowCount / CountUnit, item.RowCount % CountUnit])], Patterns.Length, 2);
        state.Add("means", [.. Patterns.SelectMany(item => item.Moments.High.ToArray())]);
        state.Add("mean_rests", [.. Patterns.SelectMany(item => item.Moments.Low.ToArray())]);
        state.Add("cross_products", [.. Patterns.Where(item => item.RowCount > 1).SelectMany(item => item.Moments.Products.ToArray())]);
    }

    static SufficientStatistics ISaved<SufficientStatistics>.Read(ModelState state)
    {
        ImmutableArray<long> shape = state.Shape("observed");
        if (shape.Length != 2 || shape[0] < 1 || shape[1] < 1)
        {
            throw new FormatException($"observed has the shape {SafeTensors.Show(shape)}; it must have a row for each pattern and a column for each column.");
        }

        int patterns = (int)shape[0], columns = (int)shape[1];
        ReadOnlySpan<double> observed = state.Values("observed"), counts = state.Values("row_counts", patterns, 2);
        var parts = new Parts(state);
        var moments = new Dictionary<MissingPattern, Moments>();
        long rows = 0;
        var row = new double[columns];
        for (int i = 0; i < patterns; i++)
        {
            int size = 0;
            for (int k = 0; k < columns; k++)
            {
                double cell = observed[(i * columns) + k];
                Require(cell is 0 or 1, Guard.Text($"observed[{i}, {k}] is {cell}; it must be 0 or 1"));
                row[k] = cell == 0 ? double.NaN : 0;
                size += (int)cell;
            }

            Moments item = parts.Next(Count(counts[2 * i], counts[(2 * i) + 1]), size);
            Require(moments.TryAdd(MissingPattern.Of(row), item), Guard.Text($"pattern {i} occurs twice"));
            Require(item.Count <= long.MaxValue - rows, "it has more rows than can be counted");
            rows += item.Count;
        }

        parts.RequireEnd();
        return new SufficientStatistics(
            columns, moments, NameList.Of(state.NamesIfAny("column_names"), columns, "column_names", "one for each column"));
    }

    /// <summary>Requires what is true of the moments of any rows.</summary>
    internal static void RequirePossible(Moments moments)
    {
        Require(moments.Count >= 1, Guard.Text($"a pattern has {moments.Count} rows; at least 1 is needed"));
        for (int k = 0; k < moments.Size; k++)
        {
            Require(double.IsFinite(moments.Mean(k)) && moments.Mean(k) == moments.High[k], "a mean is not in its normal form");
            Require(moments.Product(k, k) >= 0, "a sum of squares is negative");
        }

        Require(moments.Products.IsEmpty || moments.IsPositiveSemidefinite(), "its cross products are those of no rows: they are not positive semidefinite");
    }

    private static SufficientStatistics Load(Stream stream, string? fileName)
    {
        var start = new byte[SafeTensors.PrefixLength];
        int length = stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        return start.AsSpan(0, length).SequenceEqual(SufficientStatisticsFormat.Magic)
            ? SufficientStatisticsFormat.Read(stream, fileName)
            : ModelFile.Make(SavedFile.ReadState(stream, fileName, "sufficient_statistics", start.AsMemory(0, length)), Read, fileName);

        static SufficientStatistics Read(ModelState state) => ReadSaved<SufficientStatistics>(state);
    }

    private static T ReadSaved<T>(ModelState state)
        where T : class, ISaved<T> => T.Read(state);

    private static long Count(double high, double low)
    {
        Require(
            high >= 0 && high <= int.MaxValue && low >= 0 && low < CountUnit && high == Math.Floor(high) && low == Math.Floor(low),
            Guard.Text($"a pattern has {high} times 2³² and {low} rows; these must be whole numbers, within 64 bits together"));
        return ((long)high * CountUnit) + (long)low;
    }

    private static void Require(bool condition, string complaint)
    {
        if (!condition)
        {
            throw new FormatException($"there are no valid statistics: {complaint}.");
        }
    }

    /// <summary>Takes the moments of one pattern after another from tensors that hold those of all.</summary>
    private sealed class Parts(ModelState state)
    {
        private readonly ImmutableArray<double> _means = state.Vector("means");
        private readonly ImmutableArray<double> _rests = state.Vector("mean_rests");
        private readonly ImmutableArray<double> _products = state.Vector("cross_products");
        private int _mean;
        private int _product;

        public Moments Next(long count, int size)
        {
            double[] high = Take(_means, _mean, size, "means"), low = Take(_rests, _mean, size, "mean_rests");
            _mean += size;
            double[]? products = null;
            if (count > 1)
            {
                products = Take(_products, _product, Moments.TriangleLength(size), "cross_products");
                _product += products.Length;
            }

            var moments = new Moments(count, high, low, products);
            RequirePossible(moments);
            return moments;
        }

        public void RequireEnd() => Require(
            _mean == _means.Length && _mean == _rests.Length && _product == _products.Length, "means or cross_products go on behind the last pattern");

        private static double[] Take(ImmutableArray<double> values, int first, int count, string name)
        {
            Require(count <= values.Length - first, $"{name} end before the last pattern");
            double[] taken = values.AsSpan(first, count).ToArray();
            Require(Array.TrueForAll(taken, double.IsFinite), "a number is not finite");
            return taken;
        }
    }
}
