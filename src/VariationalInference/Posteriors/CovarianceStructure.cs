namespace VariationalInference;

/// <summary>A covariance matrix Σ and its lower Cholesky factor L, Σ = LLᵀ, however they are kept.</summary>
/// <remarks><threadsafety>Safe to share: lazily computed values do not depend on the thread that computes them.</threadsafety></remarks>
internal abstract class CovarianceStructure
{
    public abstract int Size { get; }

    /// <summary>Gets log det Σ.</summary>
    public abstract double LogDeterminant { get; }

    public abstract double this[int i, int j] { get; }

    /// <summary>Returns L_ij, i ≥ j.</summary>
    public abstract double Factor(int i, int j);

    /// <summary>Writes Lε.</summary>
    public abstract void Scale(ReadOnlySpan<double> noise, Span<double> destination);

    /// <summary>Replaces y by L⁻¹y.</summary>
    public abstract void Unscale(Span<double> y);
}

/// <summary>All elements, row-major; the factor when it is first asked for.</summary>
internal sealed class DenseCovariance(double[] elements, int size, Func<LowerFactor> factorize) : CovarianceStructure
{
    private readonly Lazy<LowerFactor> _factor = new(factorize);

    public override int Size => size;

    public override double LogDeterminant => _factor.Value.LogDeterminantOfSquare;

    public override double this[int i, int j] => elements[(i * size) + j];

    public static DenseCovariance Of(LowerFactor factor) => new(factor.Square(), factor.Size, () => factor);

    public override double Factor(int i, int j) => _factor.Value[i, j];

    public override void Scale(ReadOnlySpan<double> noise, Span<double> destination) => _factor.Value.Multiply(noise, destination);

    public override void Unscale(Span<double> y) => _factor.Value.Solve(y);
}

/// <summary>
/// Variances on the diagonal and −c_i c_j beside it: what one scalar observation of a sum leaves of an independent prior. O(J) numbers.
/// </summary>
/// <remarks>
/// Σ = D(I + bbᵀ)⁻¹D with D = diag(s). With the suffix sums u_j = Σ_{k ≥ j} b_k² its Cholesky factor is L_jj = s_j √((1 + u_{j+1})/(1 + u_j))
/// and, below, L_ij = −s_i b_i b_j/√((1 + u_j)(1 + u_{j+1})): no differences, hence no digits lost, and O(J) for a product or a solve.
/// </remarks>
/// <param name="variances">The diagonal.</param>
/// <param name="coupling">c.</param>
/// <param name="deviations">s.</param>
/// <param name="suffix">u, length J + 1.</param>
/// <param name="loadings">b.</param>
internal sealed class RankOneCovariance(double[] variances, double[] coupling, double[] deviations, double[] suffix, double[] loadings)
    : CovarianceStructure
{
    public override int Size => variances.Length;

    public override double LogDeterminant { get; } = (2 * deviations.Sum(Math.Log)) - Math.Log(1 + suffix[0]);

    public override double this[int i, int j] => i == j ? variances[i] : -coupling[i] * coupling[j];

    public override double Factor(int i, int j) =>
        i == j ? deviations[i] * Pivot(i) : -deviations[i] * loadings[i] * Pull(j);

    public override void Scale(ReadOnlySpan<double> noise, Span<double> destination)
    {
        double pull = 0;
        for (int j = 0; j < Size; j++)
        {
            destination[j] = deviations[j] * ((Pivot(j) * noise[j]) - (loadings[j] * pull));
            pull += Pull(j) * noise[j];
        }
    }

    public override void Unscale(Span<double> y)
    {
        double pull = 0;
        for (int j = 0; j < Size; j++)
        {
            y[j] = ((y[j] / deviations[j]) + (loadings[j] * pull)) / Pivot(j);
            pull += Pull(j) * y[j];
        }
    }

    private double Pivot(int j) => Math.Sqrt((1 + suffix[j + 1]) / (1 + suffix[j]));

    private double Pull(int j) => loadings[j] / Math.Sqrt(1 + suffix[j]) / Math.Sqrt(1 + suffix[j + 1]);
}
