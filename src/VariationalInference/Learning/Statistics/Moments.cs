using System.Numerics.Tensors;

namespace VariationalInference;

/// <summary>Count, mean and centred cross products Σ (x − x̄)(x − x̄)ᵀ of rows that have the same cells.</summary>
/// <remarks>
/// The mean is a pair High + Low, so that it keeps the digits of the spread where the level is 1e12 times as large. Two sets of rows merge by
/// S = S₁ + S₂ + n₁n₂/(n₁ + n₂) ΔΔᵀ with Δ = x̄₂ − x̄₁ (Chan, Golub and LeVeque, 1983). Instances do not change.
/// </remarks>
internal sealed class Moments
{
    private readonly double[] _high;
    private readonly double[] _low;

    // The upper triangle, row by row; null when all are zero, as they are for one row.
    private readonly double[]? _products;

    public Moments(long count, double[] high, double[] low, double[]? products)
    {
        Count = count;
        _high = high;
        _low = low;
        _products = products;
    }

    public long Count { get; }

    /// <summary>Gets the number of cells that a row has.</summary>
    public int Size => _high.Length;

    public ReadOnlySpan<double> High => _high;

    public ReadOnlySpan<double> Low => _low;

    /// <summary>Gets the upper triangle of the cross products, row by row; empty when all are zero.</summary>
    public ReadOnlySpan<double> Products => _products;

    public static int TriangleLength(int size) => checked((int)((long)size * (size + 1) / 2));

    /// <summary>Returns where element (i, j), j ≥ i, of the upper triangle lies when its rows follow one another.</summary>
    public static int TriangleIndex(int i, int j, int size) => (i * size) - (i * (i + 1) / 2) + j;

    public double Mean(int k) => _high[k] + _low[k];

    /// <summary>Returns x̄_k − (high + low) without losing the digits in which the two agree.</summary>
    public double MeanFrom(int k, (double High, double Low) origin) => (_high[k] - origin.High) + (_low[k] - origin.Low);

    public double Product(int i, int j) => _products is null ? 0 : _products[TriangleIndex(Math.Min(i, j), Math.Max(i, j), Size)];

    /// <summary>
    /// Tells whether no combination of the columns has a sum of squares clearly below zero: whether the Cholesky factor of the correlations exists
    /// once their diagonal is raised by what the rounding of print may take from it.
    /// </summary>
    /// <remarks>The scale of a column holds its level too, because the products of a constant column are rounding and nothing else.</remarks>
    public bool IsPositiveSemidefinite()
    {
        const double levelRounding = 1e-14, printed = 2e-6;
        var scales = new double[Size];
        for (int k = 0; k < Size; k++)
        {
            scales[k] = Math.Sqrt(Product(k, k)) + (Math.Sqrt(Count) * levelRounding * Math.Abs(Mean(k)));
        }

        var lower = new double[Size * Size];
        for (int i = 0; i < Size; i++)
        {
            Span<double> row = lower.AsSpan(i * Size, Size);
            for (int j = 0; j < i; j++)
            {
                double product = Product(i, j);
                double correlation = product == 0 ? 0 : product / scales[i] / scales[j];
                row[j] = (correlation - TensorPrimitives.Dot(row[..j], lower.AsSpan(j * Size, j))) / lower[(j * Size) + j];
            }

            double square = scales[i] > 0 ? Product(i, i) / scales[i] / scales[i] : 0;
            double pivot = square + (printed * Size) - TensorPrimitives.Dot<double>(row[..i], row[..i]);
            if (!(pivot > 0 && double.IsFinite(pivot)))
            {
                return false;
            }

            row[i] = Math.Sqrt(pivot);
        }

        return true;
    }

    public Moments Merge(Moments other)
    {
        int size = Size;
        double total = Count + (double)other.Count;
        double share = other.Count / total;
        var difference = new double[size];
        var high = new double[size];
        var low = new double[size];
        for (int k = 0; k < size; k++)
        {
            difference[k] = other.MeanFrom(k, (_high[k], _low[k]));
            (high[k], low[k]) = Compensated.Sum(_high[k], [_low[k], difference[k] * share]);
        }

        double[] products = _products is null ? new double[TriangleLength(size)] : [.. _products];
        for (int i = 0, at = 0; i < size; i++)
        {
            double weighted = Count * share * difference[i];
            for (int j = i; j < size; j++, at++)
            {
                products[at] += (other._products is null ? 0 : other._products[at]) + (weighted * difference[j]);
            }
        }

        return new Moments(Count + other.Count, high, low, products);
    }
}
