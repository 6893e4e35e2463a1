namespace VariationalInference;

/// <summary>
/// The triangular factor R of rows, RᵀR = Σxxᵀ, with a diagonal that is not negative: column k is that of <see cref="Entries"/> times two to the
/// power <see cref="Exponents"/>[k], so that no square leaves the range of double precision. Instances do not change.
/// </summary>
internal sealed class TriangularFactor
{
    /// <summary>The exponent of a column that is zero so far.</summary>
    public const int Unset = int.MinValue;

    public TriangularFactor(double[] entries, int[] exponents)
    {
        Entries = entries;
        Exponents = exponents;
    }

    /// <summary>Gets the entries, row-major, size×size, zero below the diagonal.</summary>
    public double[] Entries { get; }

    /// <summary>Gets the exponents, one a column.</summary>
    public int[] Exponents { get; }

    public int Size => Exponents.Length;

    public double Scaled(int i, int j) => Entries[(i * Size) + j];

    /// <summary>Returns an element in the data's own units; infinite where it leaves their range.</summary>
    public double this[int i, int j] => Exponents[j] == Unset ? 0 : Math.ScaleB(Scaled(i, j), Exponents[j]);

    /// <summary>Returns the factor of both sets of rows.</summary>
    public TriangularFactor Merge(TriangularFactor other)
    {
        var worker = new TriangleWorker(Size);
        worker.Load(this);
        worker.Add(other);
        return worker.End();
    }
}
