using System.Numerics.Tensors;

namespace VariationalInference;

/// <summary>
/// What the likelihood needs of the rows: within each level g of the first factor Z_g = Q_gR_g is reduced once for all, and with it the other
/// random columns and C = [X y], to T_g = Q_gᵀC and what is orthogonal to Q_g, none of which depends on a variance.
/// </summary>
/// <remarks>
/// The columns of C are centred at the level's first row before they are reduced, where the factor has an intercept, since Q_gᵀ1 is known
/// from R_g: what rows within a level differ by keeps its digits whatever the level. Where there is only one factor the orthogonal part
/// shrinks to a triangle; otherwise its rows are kept, for residuals, and the other factors' columns as Z̃ᵀZ̃ by blocks: two levels are in one
/// block when a chain of levels of the first factor joins them, so that nested factors fall into many small blocks.
/// </remarks>
internal sealed class MixedReduction
{
    private const double Dependent = 1e-12;

    private readonly MixedDesign _design;
    private readonly int[] _sorted;

    public MixedReduction(MixedDesign design)
    {
        _design = design;
        Width = design.Factors[0].Width;
        LevelCount = design.Factors[0].Labels.Count;
        ColumnCount = design.Fixed.Length + 1;
        RowCount = design.Rows.Length;
        (_sorted, LevelStarts) = Sort(design.Codes[0], LevelCount);
        Triangles = new double[LevelCount * Width * Width];
        Tops = new double[LevelCount * Width * ColumnCount];
        bool keepsRows = design.Factors.Count > 1;
        Rest = keepsRows ? new RestColumns(design, _sorted, LevelStarts) : null;
        WithinRows = new double[keepsRows ? RowCount * ColumnCount : 0];
        Basis = new double[keepsRows ? RowCount * Width : 0];
        WithinTriangle = new double[ColumnCount * ColumnCount];
        Reduce();
    }

    /// <summary>Gets the number d of effects of the first factor.</summary>
    public int Width { get; }

    public int LevelCount { get; }

    /// <summary>Gets the number p + 1 of columns of C.</summary>
    public int ColumnCount { get; }

    public int RowCount { get; }

    /// <summary>Gets where the rows of each level begin, sorted by level; one more than levels.</summary>
    public int[] LevelStarts { get; }

    /// <summary>Gets R_g, d×d, row by row, level after level.</summary>
    public double[] Triangles { get; }

    /// <summary>Gets Q_gᵀC, d×(p+1), row by row, level after level.</summary>
    public double[] Tops { get; }

    /// <summary>Gets the triangle of the part of C that is orthogonal to all Q_g, column by column; where there is one factor only.</summary>
    public double[] WithinTriangle { get; private set; }

    /// <summary>Gets that part of C itself, column by column, rows sorted; where there are several factors.</summary>
    public double[] WithinRows { get; }

    /// <summary>Gets Q, d numbers a row, rows sorted; where there are several factors.</summary>
    public double[] Basis { get; }

    /// <summary>Gets the columns of the other factors; null where there are none.</summary>
    public RestColumns? Rest { get; }

    /// <summary>Gets Σ over the levels of the squared norm of each effect's column, in the design's units.</summary>
    public double[] EffectSquares { get; private set; } = [];

    private void Reduce()
    {
        EffectSquares = new double[Width];
        int longest = 0;
        for (int g = 0; g < LevelCount; g++)
        {
            longest = Math.Max(longest, LevelStarts[g + 1] - LevelStarts[g]);
        }

        var basis = new double[longest * Width];
        var columns = new double[longest * ColumnCount];
        var triangle = new TriangleAccumulator(ColumnCount);
        for (int g = 0; g < LevelCount; g++)
        {
            int start = LevelStarts[g], count = LevelStarts[g + 1] - start;
            if (count == 0)
            {
                continue;
            }

            Orthonormalise(g, start, count, basis);
            ReduceColumns(g, start, count, basis, columns);
            if (Rest is null)
            {
                triangle.Add(columns, count, count);
                continue;
            }

            for (int c = 0; c < ColumnCount; c++)
            {
                columns.AsSpan(c * count, count).CopyTo(WithinRows.AsSpan((c * RowCount) + start));
            }

            for (int i = 0; i < count; i++)
            {
                for (int e = 0; e < Width; e++)
                {
                    Basis[((start + i) * Width) + e] = basis[(e * count) + i];
                }
            }

            Rest.AddLevel(g, start, count, Width, Basis, WithinRows, RowCount, ColumnCount);
        }

        WithinTriangle = triangle.Finish();
    }

    /// <summary>Writes Q_g and R_g by Gram and Schmidt's method, each projection twice; a dependent column has a zero in both.</summary>
    private void Orthonormalise(int g, int start, int count, double[] basis)
    {
        for (int e = 0; e < Width; e++)
        {
            Span<double> column = basis.AsSpan(e * count, count);
            double[]? values = _design.Effects[0][e].Values;
            for (int i = 0; i < count; i++)
            {
                int row = _sorted[start + i];
                column[i] = _design.RootWeights[row] * (values is null ? 1 : values[row]);
            }

            double square = TensorPrimitives.SumOfSquares<double>(column);
            EffectSquares[e] += square;
            for (int pass = 0; pass < 2; pass++)
            {
                for (int k = 0; k < e; k++)
                {
                    Triangles[(((g * Width) + k) * Width) + e] += Project(basis.AsSpan(k * count, count), column);
                }
            }

            double norm = Math.Sqrt(TensorPrimitives.SumOfSquares<double>(column));
            bool isDependent = norm <= Dependent * Math.Sqrt(square);
            Triangles[(((g * Width) + e) * Width) + e] = isDependent ? 0 : norm;
            if (isDependent)
            {
                column.Clear();
            }
            else
            {
                TensorPrimitives.Divide(column, norm, column);
            }
        }
    }

    private void ReduceColumns(int g, int start, int count, double[] basis, double[] columns)
    {
        int intercept = Array.FindIndex(_design.Effects[0], effect => effect.Values is null);
        for (int c = 0; c < ColumnCount; c++)
        {
            double[] values = c < ColumnCount - 1 ? _design.Fixed[c] : _design.Response;
            double origin = intercept < 0 ? 0 : values[_sorted[start]];
            Span<double> column = columns.AsSpan(c * count, count);
            for (int i = 0; i < count; i++)
            {
                int row = _sorted[start + i];
                column[i] = _design.RootWeights[row] * (values[row] - origin);
            }

            for (int pass = 0; pass < 2; pass++)
            {
                for (int k = 0; k < Width; k++)
                {
                    Tops[(((g * Width) + k) * ColumnCount) + c] += Project(basis.AsSpan(k * count, count), column);
                }
            }

            for (int k = 0; k < Width && intercept >= 0; k++)
            {
                Tops[(((g * Width) + k) * ColumnCount) + c] += origin * Triangles[(((g * Width) + k) * Width) + intercept];
            }
        }
    }

    /// <summary>Takes the part along a unit vector (or zero) off a column, and returns its length.</summary>
    private static double Project(ReadOnlySpan<double> direction, Span<double> column)
    {
        double length = TensorPrimitives.Dot(direction, column);
        TensorPrimitives.MultiplyAdd(direction, -length, column, column);
        return length;
    }

    /// <summary>Sorts the rows by level, in their order within each.</summary>
    private static (int[] Sorted, int[] Starts) Sort(int[] codes, int levels)
    {
        var starts = new int[levels + 1];
        foreach (int code in codes)
        {
            starts[code + 1]++;
        }

        for (int g = 0; g < levels; g++)
        {
            starts[g + 1] += starts[g];
        }

        var next = starts[..levels];
        var sorted = new int[codes.Length];
        for (int i = 0; i < codes.Length; i++)
        {
            sorted[next[codes[i]]++] = i;
        }

        return (sorted, starts);
    }
}
