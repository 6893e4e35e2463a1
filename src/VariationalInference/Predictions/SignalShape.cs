using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.LinearAlgebra.Factorization;

namespace VariationalInference;

/// <summary>What all rows observed in the same cells share of their predictions: the covariance AΛ⁻¹Aᵀ of the signal, by a root of it.</summary>
/// <remarks>
/// <para>
/// A cell's signal is s_kᵀt beside its mean, with s_k = Lᵀa_k, and t has the covariance (I + BᵀB)⁻¹. No more latents than cells: y_k = R⁻ᵀs_k with the
/// triangle R of [B; I]. More: the triangle of [Bᵀ S; I 0], whose last block is what the least squares problems min ‖s_k − Bᵀu‖² + ‖u‖² leave, and
/// these have the products s_kᵀ(I + BᵀB)⁻¹s_l. Either way variances are sums of squares: nothing cancels.
/// </para>
/// <threadsafety>Immutable, hence safe to share.</threadsafety>
/// </remarks>
internal sealed class SignalShape
{
    private readonly double[] _root;

    private SignalShape(double[] root, int width, int cellCount)
    {
        _root = root;
        Width = width;
        Variances = new double[cellCount];
        for (int k = 0; k < cellCount; k++)
        {
            Variances[k] = ShortVectors.SquaredNorm(Root(k));
        }
    }

    /// <summary>Gets the number of columns of the root.</summary>
    public int Width { get; }

    /// <summary>Gets the variances of the signal, length K.</summary>
    public double[] Variances { get; }

    public int CellCount => Variances.Length;

    /// <param name="shape">The rows' posterior but for its location.</param>
    /// <param name="scaled">s_k by rows, K×J.</param>
    /// <param name="areReplicates">Whether all cells have the same signal, of which observed ones are replicates.</param>
    public static SignalShape Of(SharedShape shape, double[] scaled, bool areReplicates)
    {
        int cells = scaled.Length / shape.LatentCount;
        return areReplicates ? OfReplicates(shape, scaled, cells)
            : shape.LatentCount <= cells || shape.IsExtended ? OfLatents(shape, scaled, cells)
            : OfCells(shape, scaled, cells);
    }

    /// <summary>Returns the row of the root that is a cell's.</summary>
    public ReadOnlySpan<double> Root(int cell) => _root.AsSpan(cell * Width, Width);

    /// <summary>Returns a shape with further columns of the root.</summary>
    /// <param name="columns">The columns, K×Q, row-major.</param>
    public SignalShape With(double[] columns)
    {
        int more = columns.Length / CellCount;
        var root = new double[CellCount * (Width + more)];
        for (int k = 0; k < CellCount; k++)
        {
            Span<double> row = root.AsSpan(k * (Width + more), Width + more);
            Root(k).CopyTo(row);
            columns.AsSpan(k * more, more).CopyTo(row[Width..]);
        }

        return new SignalShape(root, Width + more, CellCount);
    }

    /// <summary>Returns the covariance of two cells' signals.</summary>
    public double Covariance(int i, int j) => ShortVectors.Dot(Root(i), Root(j));

    /// <summary>n replicates of one signal of variance τ leave τ/(1 + nτ/σ²) of it.</summary>
    private static SignalShape OfReplicates(SharedShape shape, double[] scaled, int cells)
    {
        double prior = ShortVectors.SquaredNorm(scaled.AsSpan(0, shape.LatentCount));
        double norm = shape.Loadings.FrobeniusNorm;
        double root = Math.Sqrt(prior / (1 + (norm * norm)));
        return new SignalShape([.. Enumerable.Repeat(root, cells)], 1, cells);
    }

    private static SignalShape OfLatents(SharedShape shape, double[] scaled, int cells)
    {
        double[] root = [.. scaled];
        for (int k = 0; k < cells; k++)
        {
            shape.Precision.ApplyRoot(root.AsSpan(k * shape.LatentCount, shape.LatentCount));
        }

        return new SignalShape(root, shape.LatentCount, cells);
    }

    private static SignalShape OfCells(SharedShape shape, double[] scaled, int cells)
    {
        int rank = shape.Rank, latents = shape.LatentCount;
        var rows = new double[latents + rank][];
        for (int j = 0; j < rows.Length; j++)
        {
            rows[j] = new double[rank + cells];
            for (int k = 0; k < rank + cells; k++)
            {
                rows[j][k] = j >= latents ? (j - latents == k ? 1 : 0)
                    : k < rank ? shape.Loadings[k, j]
                    : scaled[((k - rank) * latents) + j];
            }
        }

        Matrix<double> triangle = Matrix<double>.Build.DenseOfRowArrays(rows.OrderByDescending(row => row.Max(Math.Abs))).QR(QRMethod.Thin).R;
        var root = new double[cells * cells];
        for (int k = 0; k < cells; k++)
        {
            for (int i = 0; i <= k; i++)
            {
                root[(k * cells) + i] = triangle[rank + i, rank + k];
            }
        }

        return new SignalShape(root, cells, cells);
    }
}
