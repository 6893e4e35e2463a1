namespace VariationalInference;

/// <summary>
/// How the stationary point of a row observed in any cells comes from a small system of its own, where too few rows share a pattern for its
/// response to be worth computing.
/// </summary>
/// <remarks>
/// <para>
/// With the cells that are missing masked out, m_k ∈ {0, 1}, the system is that of the smaller side: (I + Σ_k m_k b_k b_kᵀ) t = Σ_k m_k b_k w_k
/// over the rows b_k of B, or with t = Bᵀy, (I + MBBᵀM) y = Mw. Its matrix is linear in the mask, or its elements are; and it is factored without
/// pivots, since it is no less than I.
/// </para>
/// <para>
/// Error analysis (Higham, 2002, theorems 10.3 and 10.4): with d_i² the diagonal of the matrix, forming and factoring perturb element (i, j)
/// by at most cu d_i d_j, with c the number of operations behind it. So the solution is off by (…)⁻¹ times a vector of length cu ‖d‖ Σ_i d_i|t_i| ≤
/// cu ‖d‖²‖t‖, and since the matrix is no less than I, that length bounds the error in posterior standard deviations; on the side of the
/// observations Bᵀ(I + BBᵀ)^(−½) has no singular value above 1. There ‖y‖ ≤ ‖w‖, on the other ‖t‖ ≤ ½‖w‖. The diagonal is largest when nothing is
/// missing: one bound a + b‖w‖ holds for every pattern.
/// </para>
/// </remarks>
internal sealed class MaskedResponse
{
    /// <summary>The largest system: the lanes of a vector each need one.</summary>
    private const int MostUnknowns = 250;

    /// <summary>How many numbers the squares b_k b_kᵀ may take together, 32 MB.</summary>
    private const double MostSquares = 1 << 22;

    private readonly double _errorBase;
    private readonly double _errorSlope;

    /// <param name="complete">What complete rows share.</param>
    /// <param name="weights">1/√r of all observations.</param>
    public MaskedResponse(SharedShape complete, double[] weights)
    {
        int latents = complete.LatentCount;
        int columns = complete.Rank;
        IsDual = latents > columns;
        Size = Math.Min(latents, columns);
        Weights = weights;
        Square = IsDual ? InnerProducts(complete.Loadings) : Squares(complete.Loadings);
        Right = IsDual ? [] : [.. Enumerable.Range(0, latents * columns).Select(i => complete.Loadings.Column(i / columns)[i % columns] * weights[i % columns])];
        Identity = [.. Enumerable.Range(0, Size).SelectMany(i => Enumerable.Range(0, i + 1).Select(j => i == j ? 1.0 : 0))];
        Zero = new double[Size];
        PriorMeans = [.. complete.Prior.Means];
        Gains = GainsOf(complete);
        _errorBase = complete.MeanRoundingBound(new double[latents]);
        _errorSlope = Slope(complete);
    }

    /// <summary>Gets a value indicating whether the system is that of the observations.</summary>
    public bool IsDual { get; }

    /// <summary>Gets the number of unknowns n, min(J, K).</summary>
    public int Size { get; }

    /// <summary>Gets the lower triangle by rows: of each element its K coefficients of the mask, b_ki b_kj; of the side of the observations BBᵀ.</summary>
    public double[] Square { get; }

    /// <summary>Gets the coefficients of the centred cells c in the right-hand side, n×K; empty on the side of the observations.</summary>
    public double[] Right { get; }

    /// <summary>Gets the lower triangle of I by rows.</summary>
    public double[] Identity { get; }

    /// <summary>Gets n zeros.</summary>
    public double[] Zero { get; }

    /// <summary>Gets 1/√r, length K.</summary>
    public double[] Weights { get; }

    /// <summary>Gets m, length J.</summary>
    public double[] PriorMeans { get; }

    /// <summary>Gets what a unit of each unknown adds to each mean, J×n: L, or LBᵀ.</summary>
    public double[] Gains { get; }

    /// <summary>Returns whether the numbers that are kept, and those of a system in each lane, are few enough.</summary>
    public static bool Fits(SharedShape complete)
    {
        int size = Math.Min(complete.LatentCount, complete.Rank);
        double squares = 0.5 * size * (size + 1.0) * (complete.LatentCount > complete.Rank ? 1 : complete.Rank);
        return size <= MostUnknowns && squares <= MostSquares;
    }

    public double ErrorBound(double whitenedNorm) => _errorBase + (_errorSlope * whitenedNorm);

    private static double[] Squares(WhitenedLoadings loadings)
    {
        var squares = new double[loadings.LatentCount * (loadings.LatentCount + 1) / 2 * loadings.Rank];
        int next = 0;
        for (int i = 0; i < loadings.LatentCount; i++)
        {
            for (int j = 0; j <= i; j++)
            {
                for (int k = 0; k < loadings.Rank; k++)
                {
                    squares[next++] = loadings[k, i] * loadings[k, j];
                }
            }
        }

        return squares;
    }

    private static double[] InnerProducts(WhitenedLoadings loadings)
    {
        var products = new double[loadings.Rank * (loadings.Rank + 1) / 2];
        int next = 0;
        for (int k = 0; k < loadings.Rank; k++)
        {
            for (int l = 0; l <= k; l++, next++)
            {
                for (int j = 0; j < loadings.LatentCount; j++)
                {
                    products[next] = Math.FusedMultiplyAdd(loadings[k, j], loadings[l, j], products[next]);
                }
            }
        }

        return products;
    }

    /// <summary>Returns row k of B where the system is that of the observations, else axis i of t.</summary>
    private double[] Direction(SharedShape complete, int unknown) =>
        [.. Enumerable.Range(0, complete.LatentCount).Select(j => IsDual ? complete.Loadings[unknown, j] : j == unknown ? 1.0 : 0)];

    private double[] GainsOf(SharedShape complete)
    {
        var gains = new double[complete.LatentCount * Size];
        for (int i = 0; i < Size; i++)
        {
            double[] column = Direction(complete, i);
            complete.Prior.Scale(column);
            for (int j = 0; j < column.Length; j++)
            {
                gains[(j * Size) + i] = column[j];
            }
        }

        return gains;
    }

    private double Slope(SharedShape complete)
    {
        double norm = complete.Loadings.FrobeniusNorm;
        double diagonal = Size + (norm * norm);
        double reach = Math.Sqrt(Enumerable.Range(0, Size).Sum(i => Math.Pow(complete.Reach(Direction(complete, i)), 2)));

        // Behind an element: its products and their sum, B itself rounded, the factor, both triangular systems with reciprocal pivots.
        double solution = IsDual ? 1 : 0.5;
        double right = IsDual ? 6 : (complete.Rank + 8) * Math.Sqrt(diagonal);
        double system = (complete.Rank + complete.LatentCount + (4 * Size) + 16) * diagonal * solution;
        double means = (Size + complete.Prior.LargestBlock + 8) * reach * solution;
        return DoublePrecision.UnitRoundoff * (right + system + means);
    }
}
