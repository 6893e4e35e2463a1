using MathNet.Numerics;
using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.LinearAlgebra.Factorization;

namespace VariationalInference;

/// <summary>I + BᵀB = RᵀR by an orthogonal reduction of [B; I].</summary>
/// <remarks>
/// Never from the product BᵀB, which would square the condition number. Rows are sorted by size first, which keeps the reduction
/// accurate when the noise variances differ by many orders (Powell and Reid, 1969; Cox and Higham, 1998).
/// </remarks>
internal abstract class TrianglePrecision(WhitenedLoadings loadings, GaussianPrior prior) : WhitenedPrecision(loadings, prior)
{
    /// <summary>Gets R.</summary>
    protected abstract UpperTriangle Factor { get; }

    public override double ApproximationGap(ReadOnlySpan<double> scaledPrecision)
    {
        UpperTriangle factor = ScaledFactor();
        double gap = 0;
        for (int j = 0; j < scaledPrecision.Length; j++)
        {
            double explained = 0;
            for (int i = 0; i < j; i++)
            {
                explained += factor[i, j] * factor[i, j];
            }

            double share = explained / scaledPrecision[j];
            gap -= 0.5 * (share < 0.5
                ? SpecialFunctions.Log1p(-share)
                : (2 * Math.Log(Math.Abs(factor[j, j]))) - Math.Log(scaledPrecision[j]));
        }

        return gap;
    }

    public override (double Min, double Max) Spectrum(ReadOnlySpan<double> scaledPrecision)
    {
        double[] deviations = [.. scaledPrecision];
        UpperTriangle factor = ScaledFactor();
        Matrix<double> scaled = Matrix<double>.Build.Dense(
            factor.Size, factor.Size, (i, j) => i <= j ? factor[i, j] / Math.Sqrt(deviations[j]) : 0);
        Vector<double> singular = scaled.Svd(computeVectors: false).S;
        double smallest = singular.Minimum();
        double largest = singular.Maximum();
        return (smallest * smallest, largest * largest);
    }

    public override CovarianceStructure Covariance()
    {
        int count = Loadings.LatentCount;
        double[] elements = Factor.InverseOfSquare();
        Prior.Conjugate(elements);
        return new DenseCovariance(elements, count, Root);
    }

    /// <inheritdoc/>
    /// <remarks>(Λ⁻¹)_jj = ‖R⁻ᵀLᵀe_j‖², a sum of squares, in which nothing cancels.</remarks>
    public override double[] Variances(CancellationToken cancellationToken)
    {
        var variances = new double[Loadings.LatentCount];
        var column = new double[variances.Length];
        for (int j = 0; j < variances.Length; j++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            WriteRoot(j, column);
            SolveTransposed(column);
            variances[j] = ShortVectors.SquaredNorm(column);
        }

        return variances;
    }

    public override void ApplyRoot(Span<double> x) => SolveTransposed(x);

    /// <summary>Writes Lᵀe_j, what a latent is in whitened coordinates.</summary>
    protected void WriteRoot(int latent, double[] column)
    {
        Array.Clear(column);
        column[latent] = 1;
        Prior.ScaleTransposed(column);
    }

    /// <summary>Replaces x by R⁻ᵀx.</summary>
    protected virtual void SolveTransposed(Span<double> x) => Factor.SolveTransposed(x);

    /// <summary>Returns the factor of Λ⁻¹ = WᵀW with W = R⁻ᵀLᵀ.</summary>
    protected LowerFactor Root()
    {
        int count = Loadings.LatentCount;
        Matrix<double> root = Matrix<double>.Build.Dense(count, count);
        var column = new double[count];
        for (int j = 0; j < count; j++)
        {
            WriteRoot(j, column);
            SolveTransposed(column);
            root.SetColumn(j, column);
        }

        return LowerFactor.OfRoot(root);
    }

    protected static UpperTriangle Triangle(List<double[]> rows)
    {
        IEnumerable<double[]> sorted = rows.OrderByDescending(row => row.Max(Math.Abs));
        return new UpperTriangle(Matrix<double>.Build.DenseOfRowArrays(sorted).QR(QRMethod.Thin).R);
    }

    protected static void SolveSquare(UpperTriangle factor, Span<double> x)
    {
        factor.SolveTransposed(x);
        factor.Solve(x);
    }

    protected static double LogDeterminantOf(UpperTriangle factor)
    {
        double sum = 0;
        for (int j = 0; j < factor.Size; j++)
        {
            sum += 2 * Math.Log(Math.Abs(factor[j, j]));
        }

        return sum;
    }

    /// <summary>Bounds the norm of (I + BᵀB)⁻¹ of a gradient, at most ‖g‖.</summary>
    /// <remarks>
    /// The computed factor belongs to a matrix [B; I] + E with ‖E‖ of the order of its rounding; since no singular value of [B; I] is below
    /// 1, that changes the norm by a factor of at most 1 ± ‖E‖. Where ‖E‖ is not small, ‖g‖ is returned.
    /// </remarks>
    public override double ErrorNorm(ReadOnlySpan<double> gradient, Span<double> scratch)
    {
        double norm = Math.Sqrt(ShortVectors.SquaredNorm(gradient));
        double perturbation = Perturbation;
        if (perturbation > 0.5)
        {
            return norm;
        }

        gradient.CopyTo(scratch);
        Factor.SolveTransposed(scratch[..gradient.Length]);
        return Math.Min(norm, Math.Sqrt(ShortVectors.SquaredNorm(scratch[..gradient.Length])) / (1 - perturbation));
    }

    /// <summary>Gets a bound on the rounding of the reduction, ‖E‖.</summary>
    protected double Perturbation =>
        4.0 * (Loadings.Rank + Loadings.LatentCount) * Loadings.LatentCount * DoublePrecision.UnitRoundoff * (1 + Loadings.FrobeniusNorm);

    /// <summary>Returns the triangle of Λ in units of the conditional priors: R itself where priors are independent, else of R times the directions.</summary>
    private UpperTriangle ScaledFactor() => Prior.IsIndependent ? Factor : FactorizeByLatents();

    /// <summary>Reduces [BD; D], with the unit directions D in which single latents move, to the triangle of Λ in units of the conditional priors.</summary>
    private UpperTriangle FactorizeByLatents()
    {
        int count = Loadings.LatentCount;
        UpperTriangle factor = Factor;
        var rows = new double[count][];
        for (int i = 0; i < count; i++)
        {
            rows[i] = new double[count];
            for (int j = 0; j < count; j++)
            {
                ReadOnlySpan<double> direction = Prior.Direction(j);
                for (int k = Math.Max(0, i - j); k < direction.Length; k++)
                {
                    rows[i][j] += factor[i, j + k] * direction[k];
                }
            }
        }

        return Triangle([.. rows]);
    }
}
