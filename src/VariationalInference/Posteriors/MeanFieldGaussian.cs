using System.Collections.Immutable;
using System.Runtime.InteropServices;

namespace VariationalInference;

/// <summary>A product of independent normals, q(z) = ∏_j N(z_j | μ_j, v_j): the mean-field family of sections 4 and 5.</summary>
/// <remarks>
/// For a linear-Gaussian model the optimal means are exact; the optimal variances 1/Λ_jj are at most the exact marginal variances. What
/// coordinate ascent, the fixed-form ELBO and hybrid inference return. Take <see cref="MultivariateGaussian"/> where variances and
/// covariances have to be right. Memory: O(J).
/// <threadsafety>Immutable, hence safe to share.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp">
/// var model = new GaussianSumModel(latentCount: 3, observationCount: 2, noiseVariance: 1.0);
/// MeanFieldGaussian q = new CaviSolver().Solve(model, [1.2, 0.8]).Posterior;
/// Console.WriteLine(q);   // N(0.28571, 0.33333) · N(0.28571, 0.33333) · N(0.28571, 0.33333)
/// Console.WriteLine($"the exact variance is {model.Posterior([1.2, 0.8]).Variances[0]:F5}");   // the exact variance is 0.71429
/// </code>
/// </example>
public sealed class MeanFieldGaussian
{
    /// <summary>Initializes a new instance of the <see cref="MeanFieldGaussian"/> class.</summary>
    /// <param name="means">The means μ, length J ≥ 1, all finite.</param>
    /// <param name="variances">The variances v, length J, all positive and finite.</param>
    /// <exception cref="ArgumentException">A length or a value is outside its range.</exception>
    public MeanFieldGaussian(ReadOnlySpan<double> means, ReadOnlySpan<double> variances)
    {
        Guard.AtLeast(means.Length, 1, nameof(means));
        Guard.Length(variances.Length, means.Length, nameof(variances), "one for each mean");
        Guard.AllFinite(means, nameof(means));
        Guard.AllPositive(variances, nameof(variances));
        Means = [.. means];
        Variances = [.. variances];
    }

    private MeanFieldGaussian(ImmutableArray<double> means, ImmutableArray<double> variances)
    {
        Means = means;
        Variances = variances;
    }

    /// <summary>Gets the number of latents J.</summary>
    public int Count => Means.Length;

    /// <summary>Gets the means μ.</summary>
    public ImmutableArray<double> Means { get; }

    /// <summary>Gets the variances v.</summary>
    public ImmutableArray<double> Variances { get; }

    /// <summary>Gets the factor of one latent.</summary>
    /// <param name="latent">The latent j, counted from 0.</param>
    /// <returns>N(μ_j, v_j).</returns>
    public Gaussian this[int latent] => new(Means[latent], Variances[latent]);

    /// <summary>Returns the factors side by side, as in <c>N(0.28571, 0.33333) · N(0.28571, 0.33333)</c>; of many, the first ones.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => Wording.Join(" · ", Count, j => this[j].ToString());

    /// <summary>Wraps arrays that the caller gives up.</summary>
    internal static MeanFieldGaussian Adopt(double[] means, ImmutableArray<double> variances) =>
        new(ImmutableCollectionsMarshal.AsImmutableArray(means), variances);
}
