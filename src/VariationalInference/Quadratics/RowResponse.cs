namespace VariationalInference;

/// <summary>
/// How the stationary point of every row observed in the same cells depends on the row: t* = Gw, with the response matrix
/// G = (I + BᵀB)⁻¹Bᵀ of a run of coordinate ascent from any start.
/// </summary>
/// <remarks>
/// <para>
/// Column k of G is the stationary point for the k-th unit vector. Most of a unit vector is nothing that latents can explain, and a row is
/// large where its noise is small, so that the rounding of a column, or of B itself, would be magnified in Gw: each column is refined on
/// gradients that are evaluated in twice the precision, with B to twice the precision, until its elements are as good as doubles can be.
/// </para>
/// <para>
/// With β_k a bound on what is left of column k, in the norm of DΛD, the error of Gw in posterior standard deviations is by linearity, and
/// Cauchy and Schwarz, at most ‖β‖‖w‖. To β_k is added the rounding of its evaluation, and of the product Gw: (Rank + 4)u Σ_j √λ_j |G_jk|,
/// because an error in one t_j alone counts √λ_j times.
/// </para>
/// </remarks>
internal sealed class RowResponse
{
    private const int MaxRefinements = 3;

    private readonly double[] _elements;

    /// <param name="shape">The shape of the rows.</param>
    /// <param name="cancellationToken">Stops the work, between two columns.</param>
    /// <exception cref="OperationCanceledException">The work was cancelled.</exception>
    public RowResponse(SharedShape shape, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        shape.Precision.Prepare(cancellationToken);
        int rank = shape.Rank;
        _elements = new double[shape.LatentCount * rank];
        Rank = rank;
        double[] rows = Transpose(shape);
        var unit = new double[rank];
        var column = new double[shape.LatentCount];
        double squares = 0;
        for (int k = 0; k < rank; k++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            unit[k] = 1;
            double bound = Solve(shape, rows, unit, column);
            unit[k] = 0;
            for (int j = 0; j < column.Length; j++)
            {
                _elements[(j * rank) + k] = column[j];
            }

            bound += (rank + 4 + shape.Prior.LargestBlock) * DoublePrecision.UnitRoundoff * shape.Reach(column);
            squares += bound * bound;
        }

        // Forming w rounds it as often as it has terms.
        ErrorSlope = Math.Sqrt(squares) + ((shape.ObservedCount + 4) * DoublePrecision.UnitRoundoff);
        ErrorBase = shape.MeanRoundingBound(new double[shape.LatentCount]);
    }

    public int Rank { get; }

    /// <summary>Gets the error bound of a row whose observations are as predicted, in posterior standard deviations.</summary>
    public double ErrorBase { get; }

    /// <summary>Gets by how much the error bound grows with ‖w‖.</summary>
    public double ErrorSlope { get; }

    public double ErrorBound(double whitenedNorm) => ErrorBase + (ErrorSlope * whitenedNorm);

    /// <summary>Returns row j of G, length Rank.</summary>
    public ReadOnlySpan<double> Row(int latent) => _elements.AsSpan(latent * Rank, Rank);

    /// <summary>Finds the stationary point for w, and a bound on its error.</summary>
    private static double Solve(PosteriorShape shape, ReadOnlySpan<double> rows, ReadOnlySpan<double> w, Span<double> t)
    {
        shape.Precision.Optimum(w, t, new double[shape.Precision.BufferLength]);
        var high = new double[shape.Rank];
        var low = new double[shape.Rank];
        var gradient = new double[t.Length];
        var scratch = new double[t.Length];
        var best = new double[t.Length];
        double error = double.PositiveInfinity;
        for (int pass = 0; ; pass++)
        {
            double left = Gradient(shape, rows, w, t, high, low, gradient) + shape.Precision.ErrorNorm(gradient, scratch);
            if (!(left < error))
            {
                best.CopyTo(t);
                return error;
            }

            error = left;
            t.CopyTo(best);
            if (pass == MaxRefinements)
            {
                return error;
            }

            shape.Precision.Solve(gradient);
            for (int j = 0; j < t.Length; j++)
            {
                t[j] += gradient[j];
            }
        }
    }

    /// <summary>Computes the gradient Bᵀ(w − Bt) − t with residuals of twice the precision.</summary>
    /// <returns>A bound on its rounding error.</returns>
    private static double Gradient(
        PosteriorShape shape,
        ReadOnlySpan<double> rows,
        ReadOnlySpan<double> w,
        ReadOnlySpan<double> t,
        Span<double> high,
        Span<double> low,
        Span<double> gradient)
    {
        int latents = t.Length;
        for (int k = 0; k < high.Length; k++)
        {
            (high[k], low[k]) = Compensated.Dot(w[k], rows.Slice(k * latents, latents), t);
        }

        for (int j = 0; j < latents; j++)
        {
            ShortVectors.Subtract(shape.Loadings.LowColumn(j), t[j], low);
        }

        for (int j = 0; j < latents; j++)
        {
            (double sum, double rest) = Compensated.Dot(-t[j], shape.Loadings.Column(j), high);
            gradient[j] = sum + (rest + ShortVectors.Dot(shape.Loadings.Column(j), low) + ShortVectors.Dot(shape.Loadings.LowColumn(j), high));
        }

        double norm = Math.Sqrt(ShortVectors.SquaredNorm(gradient));
        double normT = Math.Sqrt(ShortVectors.SquaredNorm(t));
        double normE = Math.Sqrt(ShortVectors.SquaredNorm(high));
        (double once, _) = shape.RoundingBounds(Math.Sqrt(ShortVectors.SquaredNorm(w)), t, normT, normE);
        return DoublePrecision.UnitRoundoff * (norm + ((latents + shape.Rank) * once));
    }

    /// <summary>Returns −B, row-major.</summary>
    private static double[] Transpose(PosteriorShape shape)
    {
        var rows = new double[shape.Rank * shape.LatentCount];
        for (int j = 0; j < shape.LatentCount; j++)
        {
            ReadOnlySpan<double> column = shape.Loadings.Column(j);
            for (int k = 0; k < column.Length; k++)
            {
                rows[(k * shape.LatentCount) + j] = -column[k];
            }
        }

        return rows;
    }
}
