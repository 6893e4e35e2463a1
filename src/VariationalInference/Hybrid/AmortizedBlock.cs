using System.Collections.Immutable;
using System.Numerics;
using MathNet.Numerics.LinearAlgebra.Factorization;
using Matrix = MathNet.Numerics.LinearAlgebra.Matrix<double>;

namespace VariationalInference;

/// <summary>
/// The latents split into the amortized block A and the coordinate block C, and what rows observed in the same cells share: how C responds
/// to A, and the curvature that remains for A.
/// </summary>
/// <remarks>
/// In whitened coordinates, with r = w − B_A t_A, the limit of the coordinate updates is t_C = (I + B_CᵀB_C)⁻¹B_Cᵀ r = Gr. With C at
/// its best the ELBO is quadratic in t_A with curvature P = (DΛD)_AA − (DΛD)_AC (DΛD)_CC⁻¹ (DΛD)_CA, whose inverse is the A-block of the
/// exact posterior covariance. With g the gradient in t_A and q_a = Λ_aa σ_a², the amortization gap is
/// ½ gᵀP⁻¹g + ½ Σ_a (q_a − 1 − log q_a). P = R_AAᵀR_AA with R of [B_C B_A; I] = QR, so that the first part is ½‖R_AA⁻ᵀg‖² and never negative.
/// </remarks>
internal sealed class AmortizedBlock
{
    private readonly double[] _response;
    private readonly double[] _profileRoot;
    private readonly double[] _preconditioner;

    public AmortizedBlock(SharedShape shape, ImmutableArray<int> amortized)
    {
        Shape = shape;
        Amortized = amortized;
        Coordinate = [.. Enumerable.Range(0, shape.LatentCount).Except(amortized)];
        CoordinatePrior = shape.Prior.Select(Coordinate.AsSpan());
        _response = Response(shape, Coordinate, CoordinatePrior);
        ImmutableArray<double> deviations = shape.Prior.Deviations;
        Matrix inverse = Matrix.Build.Dense(Count, Count, (i, j) =>
            shape.Covariance[amortized[i], amortized[j]] / (deviations[amortized[i]] * deviations[amortized[j]]));
        Extended = shape.IsExtended ? new ExtendedBlock(shape, Coordinate, amortized) : null;
        _profileRoot = Extended is null ? ProfileRoot(shape.Loadings, [.. Coordinate, .. amortized], Count) : [];
        var curvature = inverse.Inverse().Diagonal();
        _preconditioner = Matrix.Build.Dense(Count, Count, (i, j) => curvature[i] * inverse[i, j]).ToRowMajorArray();
        LogMeanFieldVariances = [.. amortized.Select(j => Math.Log(shape.MeanFieldVariances[j]))];
    }

    public SharedShape Shape { get; }

    public ImmutableArray<int> Amortized { get; }

    public ImmutableArray<int> Coordinate { get; }

    /// <summary>Gets the block in twice the precision, which takes the place of the other methods where doubles lose too much; <see langword="null"/> elsewhere.</summary>
    public ExtendedBlock? Extended { get; }

    /// <summary>Gets the prior of the coordinate block, independent of the amortized latents.</summary>
    public GaussianPrior CoordinatePrior { get; }

    /// <summary>Gets −log Λ_aa of the amortized latents: the best log-variances of their factors.</summary>
    public ImmutableArray<double> LogMeanFieldVariances { get; }

    /// <summary>Gets the number of amortized latents.</summary>
    public int Count => Amortized.Length;

    /// <summary>Computes r = w − B_A t_A.</summary>
    public void Residual(ReadOnlySpan<Vector<double>> w, ReadOnlySpan<Vector<double>> amortized, Span<Vector<double>> residual)
    {
        w.CopyTo(residual);
        for (int i = 0; i < amortized.Length; i++)
        {
            ShortVectors.Subtract(Shape.Loadings.Column(Amortized[i]), amortized[i], residual);
        }
    }

    /// <summary>Solves the coordinate block exactly and takes its part out of the residual.</summary>
    public void Solve(Span<Vector<double>> residual, Span<Vector<double>> coordinates)
    {
        for (int i = 0; i < coordinates.Length; i++)
        {
            coordinates[i] = ShortVectors.Dot(_response.AsSpan(i * Shape.Rank, Shape.Rank), residual);
        }

        SubtractCoordinates(coordinates, residual);
    }

    /// <summary>Takes the coordinate block's part out of the residual, then sweeps over it with coordinate updates.</summary>
    public void Sweep(Span<Vector<double>> residual, Span<Vector<double>> coordinates, int sweeps)
    {
        SubtractCoordinates(coordinates, residual);
        for (int sweep = 0; sweep < sweeps; sweep++)
        {
            for (int i = 0; i < coordinates.Length; i++)
            {
                Shape.Update(Coordinate[i], coordinates, Coordinate[i] - i, residual);
            }
        }
    }

    /// <summary>Computes the gradient in the amortized means, B_Aᵀe − t_A.</summary>
    public void Gradient(ReadOnlySpan<Vector<double>> amortized, ReadOnlySpan<Vector<double>> residual, Span<Vector<double>> gradient)
    {
        for (int i = 0; i < amortized.Length; i++)
        {
            gradient[i] = ShortVectors.Dot(Shape.Loadings.Column(Amortized[i]), residual) - amortized[i];
        }
    }

    /// <summary>Writes diag(P)P⁻¹g.</summary>
    public void Precondition(ReadOnlySpan<Vector<double>> gradient, Span<Vector<double>> destination)
    {
        for (int i = 0; i < destination.Length; i++)
        {
            destination[i] = ShortVectors.Dot(_preconditioner.AsSpan(i * Count, Count), gradient);
        }
    }

    /// <summary>Computes ½ Σ_a (q_a − 1 − log q_a), what the factors' variances lose, in nats.</summary>
    public Vector<double> VarianceGap(ReadOnlySpan<Vector<double>> logVariances)
    {
        Vector<double> gap = Vector<double>.Zero;
        for (int i = 0; i < logVariances.Length; i++)
        {
            Vector<double> logRatio = logVariances[i] - new Vector<double>(LogMeanFieldVariances[i]);
            gap += PosteriorShape.VarianceGap(RepeatableFunctions.Exp(logRatio), logRatio);
        }

        return gap;
    }

    /// <summary>Computes ½ gᵀP⁻¹g, what the factors' means lose, in nats, without cancellation.</summary>
    /// <param name="gradient">g, with the coordinate block at its best.</param>
    public Vector<double> MeanGap(ReadOnlySpan<Vector<double>> gradient)
    {
        Vector<double> gap = Vector<double>.Zero;
        for (int i = 0; i < gradient.Length; i++)
        {
            Vector<double> part = ShortVectors.Dot(_profileRoot.AsSpan(i * Count, i + 1), gradient[..(i + 1)]);
            gap += 0.5 * part * part;
        }

        return gap;
    }

    /// <summary>Returns whitened means (μ − m)/s of an amortized latent.</summary>
    public Vector<double> Whiten(int index, Vector<double> means)
    {
        int j = Amortized[index];
        return (means - new Vector<double>(Shape.Prior.Means[j])) / new Vector<double>(Shape.Prior.Deviations[j]);
    }

    /// <summary>Takes the coordinate block's part out of the residual.</summary>
    public void SubtractCoordinates(ReadOnlySpan<Vector<double>> coordinates, Span<Vector<double>> residual)
    {
        for (int i = 0; i < coordinates.Length; i++)
        {
            ShortVectors.Subtract(Shape.Loadings.Column(Coordinate[i]), coordinates[i], residual);
        }
    }

    /// <summary>Computes R_AA⁻ᵀ, row-major.</summary>
    private static double[] ProfileRoot(WhitenedLoadings loadings, int[] order, int count)
    {
        // Rows by size keep the digits of the small ones.
        IEnumerable<double[]> rows = Enumerable.Range(0, loadings.Rank + order.Length)
            .Select(row => order.Select(j => row < loadings.Rank ? loadings[row, j] : row - loadings.Rank == j ? 1.0 : 0).ToArray())
            .OrderByDescending(row => row.Max(Math.Abs));
        int first = order.Length - count;
        Matrix profile = Matrix.Build.DenseOfRowArrays(rows).QR(QRMethod.Thin).R.SubMatrix(first, count, first, count);
        var factor = new UpperTriangle(profile);
        var root = new double[count * count];
        var column = new double[count];
        for (int j = 0; j < count; j++)
        {
            Array.Clear(column);
            column[j] = 1;
            factor.SolveTransposed(column);
            for (int i = j; i < count; i++)
            {
                root[(i * count) + j] = column[i];
            }
        }

        return root;
    }

    /// <summary>Computes G = (I + B_CᵀB_C)⁻¹B_Cᵀ, |C| × Rank, row-major.</summary>
    private static double[] Response(SharedShape shape, ImmutableArray<int> coordinate, GaussianPrior prior)
    {
        if (coordinate.IsEmpty)
        {
            return [];
        }

        double[] loadings = [.. coordinate.SelectMany(j => shape.Loadings.Column(j).ToArray())];
        var block = new SharedShape(new WhitenedLoadings(loadings, shape.Rank), prior, shape.ObservedCount, shape.LogNormalizer);
        return [.. Enumerable.Range(0, coordinate.Length).SelectMany(i => block.Response.Row(i).ToArray())];
    }
}
