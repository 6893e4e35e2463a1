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
