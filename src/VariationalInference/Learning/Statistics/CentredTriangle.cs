using System.Numerics.Tensors;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>Count, mean and triangular factor of complete rows less their mean: what <see cref="Moments"/> are, without squares.</summary>
/// <remarks>
/// The mean is a pair High + Low. Two sets of rows merge as the rows of both triangles and √(n₁n₂/(n₁ + n₂)) (x̄₂ − x̄₁)ᵀ. Instances do not change.
/// </remarks>
internal sealed class CentredTriangle(long count, double[] high, double[] low, TriangularFactor factor)
{
    public long Count => count;

    public int Size => high.Length;

    public TriangularFactor Factor => factor;

    public double Mean(int k) => high[k] + low[k];

    /// <summary>Summarises complete rows.</summary>
    /// <exception cref="ArgumentException">There are no rows, or a cell is missing or infinite; the first such is named.</exception>
    /// <exception cref="NonFiniteValueException">Cells of a column are farther apart than the range of double precision.</exception>
    public static CentredTriangle Of(RowSpan rows, string name, NameList columnNames, int? maxThreads, CancellationToken cancellationToken)
    {
        ShardedRows<CentredTriangle> builder = CreateBuilder(rows.ColumnCount, maxThreads);
        Add(builder, rows, new RowLabels(name, name) { ColumnNames = columnNames }, cancellationToken);
        return builder.Total()!;
    }

    /// <summary>Summarises complete rows that come in chunks.</summary>
    /// <exception cref="ArgumentException">A chunk is null, has no rows, another width than the first, or a cell that is missing or infinite.</exception>
    /// <exception cref="NonFiniteValueException">Cells of a column are farther apart than the range of double precision.</exception>
    public static CentredTriangle OfChunks(
        IEnumerable<Matrix<double>> chunks, Func<int, NameList> namesOf, int? maxThreads, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        NameList names = NameList.None;
        ShardedRows<CentredTriangle>? builder = null;
        int index = 0, columns = 0;
        foreach (Matrix<double> chunk in chunks)
        {
            string label = Guard.Text($"{nameof(chunks)}[{index}]");
            if (chunk is null)
            {
                throw new ArgumentException(Guard.Text($"{label} is null; it must be a table."), nameof(chunks));
            }

            if (builder is null)
            {
                columns = chunk.ColumnCount;
                names = namesOf(columns);
            }

            if (chunk.ColumnCount != columns)
            {
                throw new ArgumentException(Guard.Text($"{label} has {chunk.ColumnCount} columns; it must have {columns}."), nameof(chunks));
            }

            builder ??= CreateBuilder(columns, maxThreads);
            double[] values = chunk.AsColumnMajorArray() ?? chunk.ToColumnMajorArray();
            Add(builder, RowSpan.ColumnMajor(values, columns), new RowLabels(label, nameof(chunks)) { ColumnNames = names }, cancellationToken);
            progress?.Report(builder.RowCount);
            index++;
        }

        return builder?.Total() ?? throw new ArgumentException($"{nameof(chunks)} is empty; it must have at least 1 chunk.", nameof(chunks));
    }

    public CentredTriangle Merge(CentredTriangle other)
    {
        double total = count + (double)other.Count;
        double share = other.Count / total;
        double weight = Math.Sqrt(count * share);
        var worker = new TriangleWorker(Size);
        worker.Load(factor);
        worker.Add(other.Factor);
        var mergedHigh = new double[Size];
        var mergedLow = new double[Size];
        for (int k = 0; k < Size; k++)
        {
            double difference = other.MeanFrom(k, high[k], low[k]);
            (mergedHigh[k], mergedLow[k]) = Compensated.Sum(high[k], [low[k], difference * share]);
            worker.Column(k)[0] = weight * difference;
        }

        RequireFinite(worker, rows: 1, firstRow: 0, firstColumn: 0);
        worker.Reduce(1);
        return new CentredTriangle(count + other.Count, mergedHigh, mergedLow, worker.End());
    }

    private double MeanFrom(int k, double originHigh, double originLow) => (high[k] - originHigh) + (low[k] - originLow);

    private static ShardedRows<CentredTriangle> CreateBuilder(int columns, int? maxThreads) =>
        new(columns, TriangleKernels.ShardRows, maxThreads, () => new Worker(columns), (first, second) => first.Merge(second));

    private static void Add(ShardedRows<CentredTriangle> builder, RowSpan rows, RowLabels labels, CancellationToken cancellationToken)
    {
        if (rows.RowCount == 0)
        {
            throw new ArgumentException(Guard.Text($"{labels.Table} has no rows; it must have at least 1."), labels.TableParameter);
        }

        builder.Add(rows, default, labels, cancellationToken);
    }

    private static void RequireFinite(TriangleWorker worker, int rows, long firstRow, int firstColumn)
    {
        int column = worker.FirstNonFinite(rows);
        if (column >= 0)
        {
            Guard.ThrowNonFinite(Guard.Text($"the spread of column {column - firstColumn}"), double.PositiveInfinity, firstRow, iteration: 0);
        }
    }

    /// <summary>Reduces shards of [1 x − c], with the mean of the first tile for c; the first row of the triangle then holds the mean of what is left.</summary>
    private sealed class Worker(int columns) : IShardWorker<CentredTriangle>
    {
        private readonly TriangleWorker _worker = new(columns + 1);
        private readonly double[] _centres = new double[columns];

        public CentredTriangle Summarise(in RowView source, long first, int rows)
        {
            _worker.Begin();
            for (int start = 0; start < rows; start += TriangleKernels.TileRows)
            {
                int count = Math.Min(TriangleKernels.TileRows, rows - start);
                source.CopyColumns(first + start, count, columns, _worker, at: 1);
                _worker.Column(0)[..count].Fill(1);
                if (_worker.FirstNonFinite(count) >= 0)
                {
                    RequireCells(source, first + start, count);
                }

                for (int k = 0; k < columns; k++)
                {
                    Span<double> column = _worker.Column(k + 1)[..count];
                    _centres[k] = start == 0 ? Centre(column) : _centres[k];
                    TensorPrimitives.Subtract(column, _centres[k], column);
                }

                RequireFinite(_worker, count, source.FirstRow + first + start, firstColumn: 1);
                _worker.Reduce(count);
            }

            return End(rows);
        }

        public void RequireCells(in RowView source, long first, int rows)
        {
            for (long n = first; n < first + rows; n++)
            {
                for (int k = 0; k < columns; k++)
                {
                    if (!double.IsFinite(source[n, k]))
                    {
                        throw source.Refuse(n, k, "finite; rows with missing cells have no closed form, Learn takes them");
                    }
                }
            }
        }

        /// <summary>Returns a mean, without a sum that overflows.</summary>
        private static double Centre(ReadOnlySpan<double> column)
        {
            double sum = TensorPrimitives.Sum(column);
            double mean = 0;
            for (int n = 0; n < column.Length && !double.IsFinite(sum); n++)
            {
                mean += column[n] / column.Length;
            }

            return double.IsFinite(sum) ? sum / column.Length : mean;
        }

        private CentredTriangle End(int rows)
        {
            TriangularFactor whole = _worker.End();
            var high = new double[columns];
            var low = new double[columns];
            var entries = new double[columns * columns];
            for (int k = 0; k < columns; k++)
            {
                double shift = whole[0, k + 1] / whole[0, 0];
                (high[k], low[k]) = Compensated.Sum(_centres[k], [shift]);
                for (int i = 0; i <= k; i++)
                {
                    entries[(i * columns) + k] = whole.Scaled(i + 1, k + 1);
                }
            }

            return new CentredTriangle(rows, high, low, new TriangularFactor(entries, whole.Exponents[1..]));
        }
    }
}
