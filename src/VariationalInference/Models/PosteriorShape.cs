using System.Collections.Immutable;
using System.Runtime.InteropServices;
using MathNet.Numerics;
using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.LinearAlgebra.Factorization;

namespace VariationalInference;

/// <summary>
/// What the posteriors of all rows observed in the same cells have in common: everything but their location.
/// </summary>
/// <remarks>
/// <para>
/// Written in whitened coordinates t = D⁻¹(z − m), with B = R^(−½)AD and w = R^(−½)(x − b − Am), the log joint of a row is
/// const − ½‖w − Bt‖² − ½‖t‖², so that DΛD = I + BᵀB. Nothing here depends on units, and no term loses digits when R is tiny.
/// B is kept by columns, one column of <see cref="Rank"/> values a latent. With one row in B (a Gaussian sum, whose observations
/// reduce to their mean) every quantity is a rank-one correction of the prior, O(J).
/// </para>
/// <para>
/// In general the factor R of DΛD = RᵀR comes from an orthogonal reduction of [B; I], never from the product BᵀB, which would
/// square the condition number. Its rows are sorted by size first, which keeps the reduction accurate when the noise variances
/// differ by many orders (Powell and Reid, 1969; Cox and Higham, 1998).
/// </para>
/// <para>
/// Systems with DΛD are solved on the smaller side: with the factor of I + BᵀB, or when B has fewer rows than columns by Woodbury,
/// (I + BᵀB)⁻¹ = I − Bᵀ(I + BBᵀ)⁻¹B, whose factor comes from [Bᵀ; I] in the same way. The difference costs digits, ‖B‖² of them, which
/// refinement wins back unless ‖B‖ is very large; then the side of the latents serves all the same.
/// </para>
/// <threadsafety>Safe to share: lazily computed values are the same whoever computes them.</threadsafety>
/// </remarks>
internal sealed class PosteriorShape
{
    /// <summary>Half the distance from 1 to the next double.</summary>
    public const double UnitRoundoff = 1.1102230246251565e-16;

    /// <summary>More than what the squares of tiny numbers may lose.</summary>
    private const double Underflow = 1e-130;

    private const int MaxRefinements = 5;
    private const double LargestDualNorm = 1e6;

    private readonly double[] _loadings;
    private readonly double[] _lowLoadings;
    private readonly double[] _scaledPrecision;
    private readonly double[] _scaledDeviations;
    private readonly double[] _columnNorms;
    private readonly Lazy<UpperTriangle> _factor;
    private readonly Lazy<UpperTriangle> _dualFactor;
    private readonly Lazy<RowResponse> _response;
    private readonly Lazy<(double Min, double Max)> _spectrum;
    private readonly Lazy<CovarianceStructure> _covariance;
    private readonly Lazy<double> _logDeterminant;
    private readonly Lazy<double> _approximationGap;

    /// <param name="loadings">B by columns; its length is Rank × J.</param>
    /// <param name="rank">The number of rows of B. Range: at least 1 (a row of zeros when nothing is observed).</param>
    /// <param name="prior">The priors of the latents.</param>
    /// <param name="observedCount">The number of observed cells.</param>
    /// <param name="logNormalizer">−½ Σ log 2πr over the observed cells.</param>
    /// <param name="lowLoadings">The digits of B beyond a double, where they are known.</param>
    public PosteriorShape(
        double[] loadings, int rank, LatentPrior prior, int observedCount, double logNormalizer, double[]? lowLoadings = null)
    {
        _lowLoadings = lowLoadings ?? [];
        _loadings = loadings;
        Rank = rank;
        Prior = prior;
        ObservedCount = observedCount;
        LogNormalizer = logNormalizer;
        _scaledPrecision = new double[LatentCount];
        _scaledDeviations = new double[LatentCount];
        _columnNorms = new double[LatentCount];
        double squares = 0;
        double logSum = 0;
        var variances = new double[LatentCount];
        for (int j = 0; j < LatentCount; j++)
        {
            double square = SquaredNorm(Column(j));
            squares += square;
            _columnNorms[j] = Math.Sqrt(square);
            _scaledPrecision[j] = 1 + square;
            _scaledDeviations[j] = Math.Sqrt(1 + square);
            logSum += Math.Log(_scaledPrecision[j]);
            variances[j] = prior.Variances[j] / _scaledPrecision[j];
        }

        FrobeniusNorm = Math.Sqrt(squares);
        LogScaledPrecisionSum = logSum;
        MeanFieldVariances = ImmutableCollectionsMarshal.AsImmutableArray(variances);
        _factor = new Lazy<UpperTriangle>(() => Factorize(Rank, LatentCount, (k, j) => _loadings[(j * Rank) + k]));
        _dualFactor = new Lazy<UpperTriangle>(() => Factorize(LatentCount, Rank, (j, k) => _loadings[(j * Rank) + k]));
        _response = new Lazy<RowResponse>(() => new RowResponse(this));
        _spectrum = new Lazy<(double, double)>(ComputeSpectrum);
        _covariance = new Lazy<CovarianceStructure>(ComputeCovariance);
        _logDeterminant = new Lazy<double>(ComputeLogDeterminant);
        _approximationGap = new Lazy<double>(ComputeApproximationGap);
    }

    public LatentPrior Prior { get; }

    public int LatentCount => Prior.Count;

    public int Rank { get; }

    public int ObservedCount { get; }

    /// <summary>Gets −½ Σ log 2πr over the observed cells, in nats.</summary>
    public double LogNormalizer { get; }

    /// <summary>Gets the diagonal of DΛD, 1 + ‖B_j‖².</summary>
    public ReadOnlySpan<double> ScaledPrecision => _scaledPrecision;

    /// <summary>Gets Σ_j log of that diagonal.</summary>
    public double LogScaledPrecisionSum { get; }

    public double FrobeniusNorm { get; }

    /// <summary>Gets the optimal mean-field variances 1/Λ_jj, equation (4-4).</summary>
    public ImmutableArray<double> MeanFieldVariances { get; }

    /// <summary>Gets how the stationary point depends on the row.</summary>
    public RowResponse Response => _response.Value;

    /// <summary>Gets log det DΛD.</summary>
    public double LogDeterminant => _logDeterminant.Value;

    /// <summary>Gets ½(Σ log Λ_jj − log det Λ), what mean field loses against the evidence.</summary>
    public double ApproximationGap => _approximationGap.Value;

    /// <summary>Gets the extreme eigenvalues of Λ scaled to a unit diagonal.</summary>
    public (double Min, double Max) Spectrum => _spectrum.Value;

    /// <summary>Gets the exact posterior covariance Λ⁻¹, in the latents' units.</summary>
    public CovarianceStructure Covariance => _covariance.Value;

    /// <summary>Gets a value indicating whether the side of the observations is the smaller, and accurate enough.</summary>
    private bool SolvesForObservations => Rank < LatentCount && FrobeniusNorm < LargestDualNorm;

    /// <summary>Returns the digits of a column of B beyond a double; empty where they are not known.</summary>
    public ReadOnlySpan<double> LowColumn(int latent) => _lowLoadings.Length == 0 ? [] : _lowLoadings.AsSpan(latent * Rank, Rank);

    public ReadOnlySpan<double> Column(int latent) => _loadings.AsSpan(latent * Rank, Rank);

    /// <summary>Returns q = Λ_jj v of a factor with log variance ρ = log v; 1 at the optimum.</summary>
    public double VarianceRatio(int latent, double logVariance) => Math.Exp(logVariance) / MeanFieldVariances[latent];

    /// <summary>Returns what the ELBO lacks because a factor's variance is not 1/Λ_jj, ½(q − 1 − log q), in nats.</summary>
    public double VarianceGap(int latent, double logVariance)
    {
        // Of a ratio as small as that, what is left of ρ in q − 1 is too little, or nothing.
        const double small = 1e-3;
        double ratio = VarianceRatio(latent, logVariance);
        double excess = ratio - 1;
        double log = ratio < small ? logVariance - Math.Log(MeanFieldVariances[latent]) : SpecialFunctions.Log1p(excess);
        return 0.5 * (excess - log);
    }

    /// <summary>Replaces x by (DΛD)⁻¹x.</summary>
    public void SolvePrecision(Span<double> x)
    {
        if (Rank == 1)
        {
            double weight = Dot(_loadings, x) / (1 + (FrobeniusNorm * FrobeniusNorm));
            for (int j = 0; j < x.Length; j++)
            {
                x[j] -= _loadings[j] * weight;
            }

            return;
        }

        if (!SolvesForObservations)
        {
            SolveSquare(_factor.Value, x);
            return;
        }

        var image = new double[Rank];
        Image(x, image);
        SolveSquare(_dualFactor.Value, image);
        for (int j = 0; j < x.Length; j++)
        {
            x[j] -= Dot(Column(j), image);
        }
    }

    /// <summary>Returns √(gᵀ(DΛD)⁻¹g), or an upper bound on it, at most ‖g‖.</summary>
    /// <remarks>
    /// The computed factor belongs to a matrix [B; I] + E with ‖E‖ of the order of its rounding; since no singular value of [B; I] is below
    /// 1, that changes the norm by a factor of at most 1 ± ‖E‖. Where ‖E‖ is not small, ‖g‖ is returned. On the side of the observations
    /// the square is ‖g‖² − gᵀBᵀ(I + BBᵀ)⁻¹Bg, good to about 2‖E‖‖g‖².
    /// </remarks>
    /// <param name="gradient">g, length J.</param>
    /// <param name="scratch">Room for J values.</param>
    public double ErrorNorm(ReadOnlySpan<double> gradient, Span<double> scratch)
    {
        double norm = Math.Sqrt(SquaredNorm(gradient));
        if (Rank == 1)
        {
            double square = FrobeniusNorm * FrobeniusNorm;
            double along = square > 0 ? Dot(_loadings, gradient) / square : 0;
            double across = 0;
            for (int j = 0; j < gradient.Length; j++)
            {
                double rest = gradient[j] - (along * _loadings[j]);
                across += rest * rest;
            }

            double roundings = 8 * (LatentCount + 4) * UnitRoundoff * norm;
            return Math.Min(norm, Math.Sqrt(across + (along * along * square / (1 + square))) + roundings);
        }

        double perturbation = 4.0 * (Rank + LatentCount) * LatentCount * UnitRoundoff * (1 + FrobeniusNorm);
        if (perturbation > 0.5)
        {
            return norm;
        }

        if (SolvesForObservations)
        {
            Span<double> image = scratch[..Rank];
            Image(gradient, image);
            _dualFactor.Value.SolveTransposed(image);
            double square = (norm * norm) - SquaredNorm(image);
            return Math.Min(norm, Math.Sqrt(Math.Max(0, square) + (4 * perturbation * norm * norm)));
        }

        gradient.CopyTo(scratch);
        _factor.Value.SolveTransposed(scratch);
        return Math.Min(norm, Math.Sqrt(SquaredNorm(scratch)) / (1 - perturbation));
    }

    /// <summary>Finds t* = (I + BᵀB)⁻¹Bᵀw, the posterior mean in whitened coordinates.</summary>
    /// <remarks>
    /// Corrected seminormal equations (Björck, 1987): solve with the factor of the smaller side, then refine on the residual w − Bt for as
    /// long as what is left of the gradient falls.
    /// </remarks>
    /// <returns>
    /// A bound on √((t − t*)ᵀDΛD(t − t*)), hence on every error in posterior standard deviations, but for the rounding of its evaluation.
    /// </returns>
    public double Optimum(ReadOnlySpan<double> w, Span<double> t)
    {
        t.Clear();
        var residual = new double[Rank];
        var gradient = new double[t.Length];
        var best = new double[t.Length];
        var scratch = new double[t.Length];
        double error = double.PositiveInfinity;
        for (int pass = 0; ; pass++)
        {
            Residual(w, t, residual);
            Gradient(t, residual, gradient);
            double left = ErrorNorm(gradient, scratch);
            if (!(left < error))
            {
                best.CopyTo(t);
                return error;
            }

            error = left;
            t.CopyTo(best);
            if (error == 0 || pass == MaxRefinements)
            {
                return error;
            }

            SolvePrecision(gradient);
            Add(gradient, t);
        }
    }

    /// <summary>Computes the residual e = w − Bt.</summary>
    public void Residual(ReadOnlySpan<double> w, ReadOnlySpan<double> t, Span<double> e)
    {
        w.CopyTo(e);
        for (int j = 0; j < t.Length; j++)
        {
            Subtract(Column(j), t[j], e);
        }
    }

    /// <summary>Computes Bx.</summary>
    private void Image(ReadOnlySpan<double> x, Span<double> image)
    {
        image.Clear();
        for (int j = 0; j < x.Length; j++)
        {
            Subtract(Column(j), -x[j], image);
        }
    }

    /// <summary>Computes the gradient of the log joint in t, Bᵀe − t.</summary>
    public void Gradient(ReadOnlySpan<double> t, ReadOnlySpan<double> e, Span<double> gradient)
    {
        for (int j = 0; j < t.Length; j++)
        {
            gradient[j] = Dot(Column(j), e) - t[j];
        }
    }

    /// <summary>
    /// Bounds the rounding error of a computed gradient (Higham, 2002, section 3.1): in its norm, and in the norm of (DΛD)⁻¹, which is
    /// what it means for the error of the means in posterior standard deviations.
    /// </summary>
    /// <remarks>
    /// The residual is off by δ with ‖δ‖ ≤ γ(‖w‖ + Σ ‖B_j‖|t_j|) and the gradient thus by Bᵀδ, up to ‖B‖ times as much; but
    /// B(I + BᵀB)⁻¹Bᵀ ⪯ I, so that in the second norm it is δ that counts.
    /// </remarks>
    public (double Gradient, double Error) RoundingBounds(double whitenedNorm, ReadOnlySpan<double> t, double normT, double normE)
    {
        double reach = whitenedNorm;
        for (int j = 0; j < t.Length; j++)
        {
            reach += _columnNorms[j] * Math.Abs(t[j]);
        }

        double operations = (LatentCount + Math.Max(Rank, ObservedCount) + 8) * UnitRoundoff;
        double rest = (FrobeniusNorm * normE) + normT;
        return (operations * ((FrobeniusNorm * reach) + rest), operations * (reach + rest));
    }

    /// <summary>
    /// Bounds what rounding the means μ = m + st to doubles moves them, in the norm that Λ defines, hence in posterior standard deviations.
    /// </summary>
    public double MeanRoundingBound(ReadOnlySpan<double> t)
    {
        double sum = Underflow;
        for (int j = 0; j < t.Length; j++)
        {
            sum += (Prior.RelativeMeans[j] + Math.Abs(t[j])) * _scaledDeviations[j];
        }

        return 2 * UnitRoundoff * sum;
    }

    public static double Dot(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        double sum = 0;
        for (int i = 0; i < a.Length; i++)
        {
            sum += a[i] * b[i];
        }

        return sum;
    }

    public static double SquaredNorm(ReadOnlySpan<double> a) => Dot(a, a);

    /// <summary>Subtracts factor · column from e.</summary>
    public static void Subtract(ReadOnlySpan<double> column, double factor, Span<double> e)
    {
        for (int k = 0; k < column.Length; k++)
        {
            e[k] -= column[k] * factor;
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

        IEnumerable<double[]> sorted = rows.OrderByDescending(row => row.Max(Math.Abs));
        return new UpperTriangle(Matrix<double>.Build.DenseOfRowArrays(sorted).QR(QRMethod.Thin).R);
    }

    private static void SolveSquare(UpperTriangle factor, Span<double> x)
    {
        factor.SolveTransposed(x);
        factor.Solve(x);
    }

    private static void Add(ReadOnlySpan<double> addend, Span<double> sum)
    {
        for (int i = 0; i < sum.Length; i++)
        {
            sum[i] += addend[i];
        }
    }

    private double ComputeLogDeterminant()
    {
        if (Rank == 1)
        {
            return Math.Log(1 + (FrobeniusNorm * FrobeniusNorm));
        }

        UpperTriangle factor = SolvesForObservations ? _dualFactor.Value : _factor.Value;
        double sum = 0;
        for (int j = 0; j < factor.Size; j++)
        {
            sum += 2 * Math.Log(Math.Abs(factor[j, j]));
        }

        return sum;
    }

    /// <summary>−½ log det of Λ scaled to a unit diagonal, as a sum of terms that are all ≥ 0, so that a small gap keeps its digits.</summary>
    private double ComputeApproximationGap()
    {
        double gap = 0;
        double before = 0;
        for (int j = 0; j < LatentCount; j++)
        {
            if (Rank == 1)
            {
                double square = _loadings[j] * _loadings[j];
                gap += 0.5 * Math.Log(1 + (square * before / (1 + before + square)));
                before += square;
                continue;
            }

            double explained = 0;
            for (int i = 0; i < j; i++)
            {
                explained += _factor.Value[i, j] * _factor.Value[i, j];
            }

            double share = explained / _scaledPrecision[j];
            gap -= 0.5 * (share < 0.5
                ? SpecialFunctions.Log1p(-share)
                : (2 * Math.Log(Math.Abs(_factor.Value[j, j]))) - Math.Log(_scaledPrecision[j]));
        }

        return gap;
    }

    private CovarianceStructure ComputeCovariance()
    {
        int count = LatentCount;
        ImmutableArray<double> deviations = Prior.Deviations;
        if (Rank > 1)
        {
            double[] elements = _factor.Value.InverseOfSquare();
            for (int i = 0; i < count; i++)
            {
                for (int j = 0; j < count; j++)
                {
                    elements[(i * count) + j] *= deviations[i] * deviations[j];
                }
            }

            return new DenseCovariance(elements, count);
        }

        var suffix = new double[count + 1];
        for (int j = count - 1; j >= 0; j--)
        {
            suffix[j] = suffix[j + 1] + (_loadings[j] * _loadings[j]);
        }

        double total = 1 + suffix[0];
        double prefix = 0;
        var variances = new double[count];
        var coupling = new double[count];
        for (int j = 0; j < count; j++)
        {
            variances[j] = Prior.Variances[j] * ((1 + prefix + suffix[j + 1]) / total);
            coupling[j] = deviations[j] * _loadings[j] / Math.Sqrt(total);
            prefix += _loadings[j] * _loadings[j];
        }

        return new RankOneCovariance(variances, coupling);
    }

    private (double Min, double Max) ComputeSpectrum()
    {
        int count = LatentCount;
        if (Rank == 1)
        {
            return RankOneSpectrum.Of(_loadings, _scaledPrecision);
        }

        Matrix<double> scaled = Matrix<double>.Build.Dense(
            count, count, (i, j) => i <= j ? _factor.Value[i, j] / Math.Sqrt(_scaledPrecision[j]) : 0);
        Vector<double> singular = scaled.Svd(computeVectors: false).S;
        double smallest = singular.Minimum();
        double largest = singular.Maximum();
        return (smallest * smallest, largest * largest);
    }
}
