using System.Collections.Immutable;
using System.Runtime.InteropServices;
using MathNet.Numerics;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>
/// What the posteriors of all rows observed in the same cells have in common: everything but their location.
/// </summary>
/// <remarks>
/// <para>
/// Written in whitened coordinates t = D⁻¹(z − m), with B = R^(−½)AD and w = R^(−½)(x − b − Am), the log joint of a row is
/// const − ½‖w − Bt‖² − ½‖t‖², so that DΛD = I + BᵀB. Nothing here depends on units, and no term loses digits when R is tiny.
/// With one row in B (a Gaussian sum, whose observations reduce to their mean) every quantity is a rank-one correction of the prior, O(J).
/// </para>
/// <threadsafety>Safe to share: lazily computed values are the same whoever computes them.</threadsafety>
/// </remarks>
internal sealed class PosteriorShape
{
    /// <summary>Half the distance from 1 to the next double.</summary>
    public const double UnitRoundoff = 1.1102230246251565e-16;

    /// <summary>More than what the squares of tiny numbers may lose.</summary>
    private const double Underflow = 1e-130;

    private readonly double[] _scaledPrecision;
    private readonly double[] _scaledDeviations;
    private readonly double[] _columnNorms;
    private readonly Lazy<RowResponse> _response;
    private readonly Lazy<(double Min, double Max)> _spectrum;
    private readonly Lazy<CovarianceStructure> _covariance;
    private readonly Lazy<double> _approximationGap;

    /// <param name="loadings">B.</param>
    /// <param name="prior">The priors of the latents.</param>
    /// <param name="observedCount">The number of observed cells.</param>
    /// <param name="logNormalizer">−½ Σ log 2πr over the observed cells.</param>
    public PosteriorShape(WhitenedLoadings loadings, LatentPrior prior, int observedCount, double logNormalizer)
    {
        Loadings = loadings;
        Precision = new WhitenedPrecision(loadings);
        Prior = prior;
        ObservedCount = observedCount;
        LogNormalizer = logNormalizer;
        _scaledPrecision = new double[LatentCount];
        _scaledDeviations = new double[LatentCount];
        _columnNorms = new double[LatentCount];
        double logSum = 0;
        var variances = new double[LatentCount];
        for (int j = 0; j < LatentCount; j++)
        {
            double square = ShortVectors.SquaredNorm(Loadings.Column(j));
            _columnNorms[j] = Math.Sqrt(square);
            _scaledPrecision[j] = 1 + square;
            _scaledDeviations[j] = Math.Sqrt(1 + square);
            logSum += Math.Log(_scaledPrecision[j]);
            variances[j] = prior.Variances[j] / _scaledPrecision[j];
        }

        LogScaledPrecisionSum = logSum;
        MeanFieldVariances = ImmutableCollectionsMarshal.AsImmutableArray(variances);
        _response = new Lazy<RowResponse>(() => new RowResponse(this));
        _spectrum = new Lazy<(double, double)>(ComputeSpectrum);
        _covariance = new Lazy<CovarianceStructure>(ComputeCovariance);
        _approximationGap = new Lazy<double>(ComputeApproximationGap);
    }

    public WhitenedLoadings Loadings { get; }

    /// <summary>Gets DΛD = I + BᵀB.</summary>
    public WhitenedPrecision Precision { get; }

    public LatentPrior Prior { get; }

    public int LatentCount => Prior.Count;

    public int Rank => Loadings.Rank;

    public int ObservedCount { get; }

    /// <summary>Gets −½ Σ log 2πr over the observed cells, in nats.</summary>
    public double LogNormalizer { get; }

    /// <summary>Gets the diagonal of DΛD, 1 + ‖B_j‖².</summary>
    public ReadOnlySpan<double> ScaledPrecision => _scaledPrecision;

    /// <summary>Gets Σ_j log of that diagonal.</summary>
    public double LogScaledPrecisionSum { get; }

    /// <summary>Gets the optimal mean-field variances 1/Λ_jj, equation (4-4).</summary>
    public ImmutableArray<double> MeanFieldVariances { get; }

    /// <summary>Gets how the stationary point depends on the row.</summary>
    public RowResponse Response => _response.Value;

    /// <summary>Gets ½(Σ log Λ_jj − log det Λ), what mean field loses against the evidence.</summary>
    public double ApproximationGap => _approximationGap.Value;

    /// <summary>Gets the extreme eigenvalues of Λ scaled to a unit diagonal.</summary>
    public (double Min, double Max) Spectrum => _spectrum.Value;

    /// <summary>Gets the exact posterior covariance Λ⁻¹, in the latents' units.</summary>
    public CovarianceStructure Covariance => _covariance.Value;

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
        double rest = (Loadings.FrobeniusNorm * normE) + normT;
        return (operations * ((Loadings.FrobeniusNorm * reach) + rest), operations * (reach + rest));
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

    /// <summary>−½ log det of Λ scaled to a unit diagonal, as a sum of terms that are all ≥ 0, so that a small gap keeps its digits.</summary>
    private double ComputeApproximationGap()
    {
        double gap = 0;
        double before = 0;
        for (int j = 0; j < LatentCount; j++)
        {
            if (Rank == 1)
            {
                double square = Loadings.Row[j] * Loadings.Row[j];
                gap += 0.5 * Math.Log(1 + (square * before / (1 + before + square)));
                before += square;
                continue;
            }

            double explained = 0;
            for (int i = 0; i < j; i++)
            {
                explained += Precision.Factor[i, j] * Precision.Factor[i, j];
            }

            double share = explained / _scaledPrecision[j];
            gap -= 0.5 * (share < 0.5
                ? SpecialFunctions.Log1p(-share)
                : (2 * Math.Log(Math.Abs(Precision.Factor[j, j]))) - Math.Log(_scaledPrecision[j]));
        }

        return gap;
    }

    private CovarianceStructure ComputeCovariance()
    {
        int count = LatentCount;
        ImmutableArray<double> deviations = Prior.Deviations;
        if (Rank > 1)
        {
            double[] elements = Precision.Factor.InverseOfSquare();
            for (int i = 0; i < count; i++)
            {
                for (int j = 0; j < count; j++)
                {
                    elements[(i * count) + j] *= deviations[i] * deviations[j];
                }
            }

            return new DenseCovariance(elements, count, () => LowerFactor.OfPrecision(Precision.Factor, deviations));
        }

        var suffix = new double[count + 1];
        for (int j = count - 1; j >= 0; j--)
        {
            suffix[j] = suffix[j + 1] + (Loadings.Row[j] * Loadings.Row[j]);
        }

        double total = 1 + suffix[0];
        double prefix = 0;
        var variances = new double[count];
        var coupling = new double[count];
        for (int j = 0; j < count; j++)
        {
            variances[j] = Prior.Variances[j] * ((1 + prefix + suffix[j + 1]) / total);
            coupling[j] = deviations[j] * Loadings.Row[j] / Math.Sqrt(total);
            prefix += Loadings.Row[j] * Loadings.Row[j];
        }

        return new RankOneCovariance(variances, coupling, [.. deviations], suffix, Loadings.Row.ToArray());
    }

    private (double Min, double Max) ComputeSpectrum()
    {
        int count = LatentCount;
        if (Rank == 1)
        {
            return RankOneSpectrum.Of(Loadings.Row, _scaledPrecision);
        }

        Matrix<double> scaled = Matrix<double>.Build.Dense(
            count, count, (i, j) => i <= j ? Precision.Factor[i, j] / Math.Sqrt(_scaledPrecision[j]) : 0);
        Vector<double> singular = scaled.Svd(computeVectors: false).S;
        double smallest = singular.Minimum();
        double largest = singular.Maximum();
        return (smallest * smallest, largest * largest);
    }
}
