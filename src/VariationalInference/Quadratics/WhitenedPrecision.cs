namespace VariationalInference;

/// <summary>
/// The precision of a row's posterior in whitened coordinates, I + BᵀB: its determinant, systems with it, and what the posterior and its mean-field
/// approximation are beside each other.
/// </summary>
/// <remarks><threadsafety>Safe to share: lazily computed values do not depend on the thread that computes them.</threadsafety></remarks>
internal abstract class WhitenedPrecision
{
    private const int MaxRefinements = 5;

    protected WhitenedPrecision(WhitenedLoadings loadings, GaussianPrior prior)
    {
        Loadings = loadings;
        Prior = prior;
    }

    /// <summary>Gets the room that <see cref="Optimum"/> needs.</summary>
    public int BufferLength => (3 * Loadings.LatentCount) + (2 * Loadings.Rank);

    /// <summary>Gets log det (I + BᵀB).</summary>
    public abstract double LogDeterminant { get; }

    protected WhitenedLoadings Loadings { get; }

    protected GaussianPrior Prior { get; }

    /// <summary>Gets a value indicating whether what comes out is good to a double's precision whatever the size of B.</summary>
    public virtual bool IsExtended => false;

    /// <summary>Factors what systems are solved with, where that takes long.</summary>
    /// <exception cref="OperationCanceledException">The work was cancelled.</exception>
    public virtual void Prepare(CancellationToken cancellationToken)
    {
    }

    /// <summary>Replaces x by (I + BᵀB)⁻¹x.</summary>
    public abstract void Solve(Span<double> x);

    /// <summary>Replaces x by a linear image y for which yᵀy = xᵀ(I + BᵀB)⁻¹x.</summary>
    public abstract void ApplyRoot(Span<double> x);

    /// <summary>Returns √(gᵀ(I + BᵀB)⁻¹g), or an upper bound on it, at most ‖g‖.</summary>
    /// <param name="gradient">g, length J.</param>
    /// <param name="scratch">Room for J values.</param>
    public abstract double ErrorNorm(ReadOnlySpan<double> gradient, Span<double> scratch);

    /// <summary>Returns −½ log det of Λ scaled to a unit diagonal, what mean field loses, as a sum of terms ≥ 0.</summary>
    /// <param name="scaledPrecision">The diagonal of Λ in units of the conditional prior precisions, length J.</param>
    public abstract double ApproximationGap(ReadOnlySpan<double> scaledPrecision);

    /// <summary>Returns the extreme eigenvalues of Λ scaled to a unit diagonal.</summary>
    /// <param name="scaledPrecision">The diagonal of Λ in units of the conditional prior precisions, length J.</param>
    public abstract (double Min, double Max) Spectrum(ReadOnlySpan<double> scaledPrecision);

    /// <summary>Returns Λ⁻¹, in the latents' units.</summary>
    public abstract CovarianceStructure Covariance();

    /// <summary>Returns the diagonal of Λ⁻¹, in the latents' units, without the memory that the whole would take.</summary>
    /// <exception cref="OperationCanceledException">The work was cancelled.</exception>
    public abstract double[] Variances(CancellationToken cancellationToken);

    /// <summary>Finds t* = (I + BᵀB)⁻¹Bᵀw = Bᵀ(I + BBᵀ)⁻¹w, the posterior mean in whitened coordinates.</summary>
    /// <remarks>
    /// Corrected seminormal equations (Björck, 1987): solve with the factor of the smaller side, where w needs no difference whatever the size
    /// of B, then refine on the residual w − Bt for as long as what is left of the gradient falls, in the norm of (I + BᵀB)⁻¹: a bound on every
    /// error in posterior standard deviations.
    /// </remarks>
    /// <param name="w">The whitened observations, length Rank.</param>
    /// <param name="t">Receives t*, length J.</param>
    /// <param name="buffer">Room for <see cref="BufferLength"/> values.</param>
    public virtual void Optimum(ReadOnlySpan<double> w, Span<double> t, Span<double> buffer)
    {
        SolveOnce(w, t);
        Span<double> gradient = buffer[..t.Length];
        Span<double> best = buffer.Slice(t.Length, t.Length);
        Span<double> scratch = buffer.Slice(2 * t.Length, Math.Max(t.Length, Loadings.Rank));
        Span<double> residual = buffer.Slice(2 * t.Length + scratch.Length, Loadings.Rank);
        double error = double.PositiveInfinity;
        for (int pass = 0; ; pass++)
        {
            Loadings.Residual(w, t, residual);
            Loadings.Gradient(t, residual, gradient);
            double left = ErrorNorm(gradient, scratch);
            if (!(left < error))
            {
                best.CopyTo(t);
                return;
            }

            error = left;
            t.CopyTo(best);
            if (error == 0 || pass == MaxRefinements)
            {
                return;
            }

            Solve(gradient);
            for (int j = 0; j < t.Length; j++)
            {
                t[j] += gradient[j];
            }
        }
    }

    /// <summary>Returns the least of ‖w − Bt‖² + ‖t‖².</summary>
    /// <param name="w">The whitened observations, length Rank.</param>
    /// <param name="optimum">t*.</param>
    /// <param name="residual">Room for Rank values.</param>
    public virtual double LeastSquares(ReadOnlySpan<double> w, ReadOnlySpan<double> optimum, Span<double> residual)
    {
        Loadings.Residual(w, optimum, residual);
        return ShortVectors.SquaredNorm(residual) + ShortVectors.SquaredNorm(optimum);
    }

    /// <summary>Writes the means m + Lt* of the latents.</summary>
    /// <param name="w">The whitened observations.</param>
    /// <param name="optimum">t*.</param>
    /// <param name="means">Receives the means, length J.</param>
    public virtual void OptimalMeans(ReadOnlySpan<double> w, ReadOnlySpan<double> optimum, Span<double> means) => Prior.Unwhiten(optimum, means);

    protected abstract void SolveOnce(ReadOnlySpan<double> w, Span<double> t);
}
