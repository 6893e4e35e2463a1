namespace VariationalInference;

/// <summary>The precision of rows that share B, on the smaller side.</summary>
/// <remarks>
/// <para>
/// Systems are solved on the smaller side: with that factor, or when B has fewer rows than columns by Woodbury,
/// (I + BᵀB)⁻¹ = I − Bᵀ(I + BBᵀ)⁻¹B, whose factor comes from [Bᵀ; I] in the same way. The difference costs digits, ‖B‖² of them, which
/// refinement wins back unless ‖B‖ is very large; then the side of the latents serves all the same.
/// </para>
/// </remarks>
internal sealed class FactoredPrecision : TrianglePrecision
{
    private const double LargestDualNorm = 1e6;

    /// <summary>A reduction of so many multiplications takes a few milliseconds.</summary>
    private const double SmallWork = 1e6;

    private readonly Lazy<UpperTriangle> _factor;
    private readonly Lazy<UpperTriangle> _dualFactor;
    private readonly Lazy<double> _logDeterminant;

    public FactoredPrecision(WhitenedLoadings loadings, GaussianPrior prior)
        : base(loadings, prior)
    {
        _factor = new Lazy<UpperTriangle>(() => Factorize(loadings.Rank, loadings.LatentCount, (k, j) => loadings[k, j]));
        _dualFactor = new Lazy<UpperTriangle>(() => Factorize(loadings.LatentCount, loadings.Rank, (j, k) => loadings[k, j]));
        _logDeterminant = new Lazy<double>(() => LogDeterminantOf(SolvesForObservations ? _dualFactor.Value : Factor));
    }

    public override double LogDeterminant => _logDeterminant.Value;

    protected override UpperTriangle Factor => _factor.Value;

    /// <summary>Gets a value indicating whether the side of the observations is the smaller, and accurate enough.</summary>
    private bool SolvesForObservations => Loadings.Rank < Loadings.LatentCount && Loadings.FrobeniusNorm < LargestDualNorm;

    /// <inheritdoc/>
    /// <remarks>The reduction itself knows no token: one that is given up ends by itself, and serves those who come later.</remarks>
    public override void Prepare(CancellationToken cancellationToken)
    {
        bool isSmall = (double)Loadings.Rank * Loadings.LatentCount * Math.Min(Loadings.Rank, Loadings.LatentCount) <= SmallWork;
        if (isSmall || !cancellationToken.CanBeCanceled)
        {
            return;
        }

        Lazy<UpperTriangle> factor = Loadings.Rank < Loadings.LatentCount ? _dualFactor : _factor;
        if (!factor.IsValueCreated)
        {
            Task.Run(() => factor.Value, CancellationToken.None).Wait(cancellationToken);
        }
    }

    public override void Solve(Span<double> x)
    {
        if (!SolvesForObservations)
        {
            SolveSquare(Factor, x);
            return;
        }

        var image = new double[Loadings.Rank];
        Loadings.Image(x, image);
        SolveSquare(_dualFactor.Value, image);
        for (int j = 0; j < x.Length; j++)
        {
            x[j] -= ShortVectors.Dot(Loadings.Column(j), image);
        }
    }

    /// <inheritdoc/>
    /// <remarks>On the side of the observations the square is ‖g‖² − gᵀBᵀ(I + BBᵀ)⁻¹Bg, good to about 2‖E‖‖g‖².</remarks>
    public override double ErrorNorm(ReadOnlySpan<double> gradient, Span<double> scratch)
    {
        double perturbation = Perturbation;
        if (!SolvesForObservations || perturbation > 0.5)
        {
            return base.ErrorNorm(gradient, scratch);
        }

        double norm = Math.Sqrt(ShortVectors.SquaredNorm(gradient));
        Span<double> image = scratch[..Loadings.Rank];
        Loadings.Image(gradient, image);
        _dualFactor.Value.SolveTransposed(image);
        double square = (norm * norm) - ShortVectors.SquaredNorm(image);
        return Math.Min(norm, Math.Sqrt(Math.Max(0, square) + (4 * perturbation * norm * norm)));
    }

    /// <inheritdoc/>
    /// <remarks>
    /// On the side of the observations (Λ⁻¹)_jj = S_jj(1 − c) with c = bᵀ(I + BBᵀ)⁻¹b and b = BLᵀe_j/√S_jj, as long as a latent is known no more than half
    /// from the row. Of the few that are known better the difference would lose digits; with b taken out of B it is S_jj/(1 + bᵀ(I + B'B'ᵀ)⁻¹b).
    /// </remarks>
    public override double[] Variances(CancellationToken cancellationToken)
    {
        if (!SolvesForObservations)
        {
            return base.Variances(cancellationToken);
        }

        int count = Loadings.LatentCount, rank = Loadings.Rank;
        var variances = new double[count];
        var direction = new double[count];
        var image = new double[rank];
        var known = new List<int>();
        for (int j = 0; j < count; j++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            WriteRoot(j, direction);
            Loadings.Image(direction, image);
            _dualFactor.Value.SolveTransposed(image);
            double explained = ShortVectors.SquaredNorm(image) / Prior.Variances[j];
            variances[j] = Prior.Variances[j] * (1 - explained);
            if (explained > 0.5)
            {
                known.Add(j);
            }
        }

        // A reduction for each of them costs (J + K)K², one on the side of the latents (J + K)J².
        if ((double)known.Count * rank * rank > 2.0 * count * count)
        {
            return base.Variances(cancellationToken);
        }

        foreach (int j in known)
        {
            cancellationToken.ThrowIfCancellationRequested();
            variances[j] = VarianceWithout(j, direction, image);
        }

        return variances;
    }

    /// <summary>Returns the variance of one latent by what the row says of it beside all others.</summary>
    private double VarianceWithout(int latent, double[] direction, double[] image)
    {
        WriteRoot(latent, direction);
        double norm = Math.Sqrt(ShortVectors.SquaredNorm(direction));
        for (int i = 0; i < direction.Length; i++)
        {
            direction[i] /= norm;
        }

        Loadings.Image(direction, image);
        double[] own = [.. image];
        UpperTriangle others = Factorize(Loadings.LatentCount, Loadings.Rank, (i, k) => Loadings[k, i] - (own[k] * direction[i]));
        others.SolveTransposed(image);
        return Prior.Variances[latent] / (1 + ShortVectors.SquaredNorm(image));
    }

    protected override void SolveOnce(ReadOnlySpan<double> w, Span<double> t)
    {
        if (Loadings.Rank >= Loadings.LatentCount)
        {
            t.Clear();
            Loadings.Gradient(t, w, t);
            SolveSquare(Factor, t);
            return;
        }

        double[] image = w.ToArray();
        SolveSquare(_dualFactor.Value, image);
        for (int j = 0; j < t.Length; j++)
        {
            t[j] = ShortVectors.Dot(Loadings.Column(j), image);
        }
    }

    /// <summary>Reduces [C; I], with rows sorted by size, to the triangle R of I + CᵀC = RᵀR.</summary>
    private static UpperTriangle Factorize(int rowCount, int columnCount, Func<int, int, double> element)
    {
        var rows = new List<double[]>(rowCount + columnCount);
        for (int i = 0; i < rowCount; i++)
        {
            var row = new double[columnCount];
            for (int j = 0; j < columnCount; j++)
            {
                row[j] = element(i, j);
            }

            rows.Add(row);
        }

        for (int j = 0; j < columnCount; j++)
        {
            var row = new double[columnCount];
            row[j] = 1;
            rows.Add(row);
        }

        return Triangle(rows);
    }
}
