namespace VariationalInference;

/// <summary>
/// The Gaussian sum model: every observation is the sum of all latents plus noise,
/// x_k = z_1 + … + z_J + ε_k, with ε_k ~ N(0, σ²) and z_j ~ N(m_j, s_j²).
/// </summary>
/// <remarks>
/// A <see cref="LinearGaussianModel"/> whose loadings are all one. Its observations reduce to their mean, so that conditioning on a row
/// costs O(J + K) and inference O(J), without any matrix.
/// <threadsafety>Immutable, hence safe to share.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp">
/// var model = new GaussianSumModel(latentCount: 3, observationCount: 2, noiseVariance: 1.0);
/// CaviResult fit = new CaviSolver().Solve(model, [1.2, 0.8]);
/// Console.WriteLine(fit.Exact[0]);   // N(0.28571, 0.71429)
/// </code>
/// </example>
public sealed class GaussianSumModel : LinearGaussianModel
{
    /// <summary>Initializes a new instance of the <see cref="GaussianSumModel"/> class with standard normal priors.</summary>
    /// <param name="latentCount">The number of latents J. Range: at least 1.</param>
    /// <param name="observationCount">The number of observations K in a row. Range: at least 1.</param>
    /// <param name="noiseVariance">The noise variance σ². Range: positive and finite.</param>
    /// <exception cref="ArgumentOutOfRangeException">An argument is outside its range.</exception>
    public GaussianSumModel(int latentCount = 3, int observationCount = 2, double noiseVariance = 1.0)
        : this(observationCount, noiseVariance, StandardPrior(latentCount))
    {
    }

    /// <summary>Initializes a new instance of the <see cref="GaussianSumModel"/> class with the given priors.</summary>
    /// <param name="observationCount">The number of observations K in a row. Range: at least 1.</param>
    /// <param name="noiseVariance">The noise variance σ². Range: positive and finite.</param>
    /// <param name="priorMeans">The prior means m, length J ≥ 1, all finite.</param>
    /// <param name="priorVariances">The prior variances s², length J, all positive and finite.</param>
    /// <exception cref="ArgumentException">An argument is outside its range.</exception>
    public GaussianSumModel(
        int observationCount, double noiseVariance, ReadOnlySpan<double> priorMeans, ReadOnlySpan<double> priorVariances)
        : this(observationCount, noiseVariance, new GaussianPrior(priorMeans, priorVariances, nameof(priorMeans), nameof(priorVariances)))
    {
    }

    /// <summary>Initializes a new instance of the <see cref="GaussianSumModel"/> class whose latents may be correlated a priori.</summary>
    /// <param name="observationCount">The number of observations K in a row. Range: at least 1.</param>
    /// <param name="noiseVariance">The noise variance σ². Range: positive and finite.</param>
    /// <param name="prior">The prior of the J latents.</param>
    /// <exception cref="ArgumentException">An argument is outside its range.</exception>
    public GaussianSumModel(int observationCount, double noiseVariance, GaussianPrior prior)
        : base(CreateStructure(observationCount, noiseVariance, prior), noiseVariance)
    {
        NoiseVariance = noiseVariance;
    }

    /// <summary>Gets the noise variance σ² that all observations share.</summary>
    public double NoiseVariance { get; }

    /// <summary>Names the model, its size and its noise.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => Guard.Text($"{base.ToString()}, noise variance {NoiseVariance:G5}");

    private static SumLoadings CreateStructure(int observationCount, double noiseVariance, GaussianPrior prior)
    {
        Guard.InArray(observationCount, 1, nameof(observationCount));
        ArgumentNullException.ThrowIfNull(prior);
        Guard.Positive(noiseVariance, nameof(noiseVariance));
        return new SumLoadings(observationCount, noiseVariance, prior);
    }

    private static GaussianPrior StandardPrior(int latentCount)
    {
        Guard.InArray(latentCount, 1, nameof(latentCount));
        return GaussianPrior.Independent(latentCount);
    }
}
