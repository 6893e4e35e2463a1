using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using System.Text.Json.Serialization;

namespace VariationalInference;

/// <summary>A product of independent normals, q(z) = ∏_j N(z_j | μ_j, v_j): the mean-field family.</summary>
/// <remarks>
/// For a linear-Gaussian model the optimal means are exact; the optimal variances 1/Λ_jj are at most the exact marginal variances. What
/// coordinate ascent, the fixed-form ELBO and hybrid inference return. Take <see cref="MultivariateGaussian"/> where variances and
/// covariances have to be right. Memory: O(J). Its parameters are μ and log v.
/// <threadsafety>Immutable, hence safe to share.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp">
/// var model = new GaussianSumModel(latentCount: 3, observationCount: 2, noiseVariance: 1.0);
/// MeanFieldGaussian q = new CaviSolver().Solve(model, [1.2, 0.8]).MeanField;
/// Console.WriteLine(q);   // N(0.28571, 0.33333) · N(0.28571, 0.33333) · N(0.28571, 0.33333)
/// Console.WriteLine($"the exact variance is {model.Posterior([1.2, 0.8]).Variances[0]:F5}");   // the exact variance is 0.71429
/// </code>
/// </example>
[JsonConverter(typeof(ResultJsonConverter))]
public sealed class MeanFieldGaussian : GaussianPosterior
{
    private double _logDeterminant = double.NaN;

    /// <summary>Initializes a new instance of the <see cref="MeanFieldGaussian"/> class.</summary>
    /// <param name="means">The means μ, length J ≥ 1, all finite.</param>
    /// <param name="variances">The variances v, length J, all positive and finite.</param>
    /// <exception cref="ArgumentException">A length or a value is outside its range.</exception>
    public MeanFieldGaussian(ReadOnlySpan<double> means, ReadOnlySpan<double> variances)
        : base(ImmutableArray.Create(means))
    {
        Guard.Length(variances.Length, means.Length, nameof(variances), "one for each mean");
        Guard.AllPositive(variances, nameof(variances));
        Variances = [.. variances];
    }

    private MeanFieldGaussian(ImmutableArray<double> means, ImmutableArray<double> variances)
        : base(ImmutableCollectionsMarshal.AsArray(means)!) => Variances = variances;

    /// <summary>Gets the variances v.</summary>
    public override ImmutableArray<double> Variances { get; }

    /// <inheritdoc/>
    public override double LogDeterminant
    {
        get
        {
            // Most posteriors of a table are never read: computed on first use, with the same value on any thread.
            if (double.IsNaN(_logDeterminant))
            {
                double sum = 0;
                foreach (double variance in Variances)
                {
                    sum += Math.Log(variance);
                }

                _logDeterminant = sum;
            }

            return _logDeterminant;
        }
    }

    /// <inheritdoc/>
    public override int NoiseCount => Count;

    /// <inheritdoc/>
    public override int ParameterCount => 2 * Count;

    /// <inheritdoc/>
    public override int FreeDirections => 1;

    /// <inheritdoc/>
    protected internal override void Scale(ReadOnlySpan<double> noise, Span<double> deviations)
    {
        for (int j = 0; j < deviations.Length; j++)
        {
            deviations[j] = Math.Sqrt(Variances[j]) * noise[j];
        }
    }

    /// <inheritdoc/>
    protected internal override double SquaredDistance(ReadOnlySpan<double> deviations)
    {
        double sum = 0;
        for (int j = 0; j < deviations.Length; j++)
        {
            double standard = deviations[j] / Math.Sqrt(Variances[j]);
            sum += standard * standard;
        }

        return sum;
    }

    /// <summary>Writes μ and log v.</summary>
    /// <param name="destination">Receives them, length 2J.</param>
    protected internal override void CopyParameters(Span<double> destination)
    {
        Means.CopyTo(destination);
        for (int j = 0; j < Count; j++)
        {
            destination[Count + j] = Math.Log(Variances[j]);
        }
    }

    /// <inheritdoc/>
    protected internal override void CopyScales(Span<double> destination)
    {
        for (int j = 0; j < Count; j++)
        {
            destination[j] = Math.Sqrt(Variances[j]);
        }

        destination[Count..].Fill(1);
    }

    /// <inheritdoc/>
    protected internal override bool TryWithParameters(ReadOnlySpan<double> parameters, [NotNullWhen(true)] out GaussianPosterior? posterior)
    {
        posterior = null;
        var variances = new double[Count];
        for (int j = 0; j < Count; j++)
        {
            variances[j] = Math.Exp(parameters[Count + j]);
            if (!double.IsFinite(parameters[j]) || !(variances[j] > 0 && double.IsFinite(variances[j])))
            {
                return false;
            }
        }

        posterior = Adopt(parameters[..Count].ToArray(), ImmutableCollectionsMarshal.AsImmutableArray(variances), LatentNames);
        return true;
    }

    /// <inheritdoc/>
    protected internal override void AddScaleGradient(ReadOnlySpan<double> noise, ReadOnlySpan<double> latentGradient, Span<double> gradient)
    {
        for (int j = 0; j < gradient.Length; j++)
        {
            gradient[j] += 0.5 * latentGradient[j] * Math.Sqrt(Variances[j]) * noise[j];
        }
    }

    /// <inheritdoc/>
    protected internal override void AddEntropyGradient(Span<double> gradient)
    {
        for (int j = 0; j < gradient.Length; j++)
        {
            gradient[j] += 0.5;
        }
    }

    /// <summary>Returns the factors side by side, as in <c>N(0.28571, 0.33333) · N(0.28571, 0.33333)</c>; of many, the first ones.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => Wording.Join(" · ", Count, j => this[j].ToString());

    /// <summary>Wraps arrays that the caller gives up.</summary>
    internal static MeanFieldGaussian Adopt(double[] means, ImmutableArray<double> variances, IReadOnlyList<string> latentNames) =>
        new(ImmutableCollectionsMarshal.AsImmutableArray(means), variances) { LatentNames = latentNames };

    /// <inheritdoc/>
    protected override double CovarianceElement(int i, int j) => i == j ? Variances[i] : 0;
}
