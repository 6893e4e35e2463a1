using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using System.Text.Json.Serialization;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>A multivariate normal distribution N(μ, Σ) of full covariance, such as the exact posterior N(Λ⁻¹h, Λ⁻¹) of a row.</summary>
/// <remarks>
/// From <see cref="LinearGaussianModel.Posterior"/>, <see cref="CaviResult.Exact"/> or <see cref="CaviTable.Exact"/>. For Gaussian
/// sums it holds O(J) numbers, and a density, a draw or the entropy costs O(J); for other models J², and J³ once for the Cholesky factor.
/// Its parameters are μ and the lower Cholesky factor L, Σ = LLᵀ, by rows: L_00, L_10, L_11, L_20, …
/// <threadsafety>Immutable, hence safe to share.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp">
/// var model = new GaussianSumModel(latentCount: 3, observationCount: 2, noiseVariance: 1.0);
/// MultivariateGaussian posterior = model.Posterior([1.2, 0.8]);
/// Console.WriteLine(posterior[0]);   // N(0.28571, 0.71429)
/// Console.WriteLine($"{posterior.Covariance(0, 1):F5}");   // -0.28571
/// double sum = posterior.CovarianceMatrix().Enumerate().Sum();
/// Console.WriteLine($"the sum of the latents has variance {sum:F5}");   // the sum of the latents has variance 0.42857
/// </code>
/// </example>
[JsonConverter(typeof(ResultJsonConverter))]
public sealed class MultivariateGaussian : GaussianPosterior
{
    /// <summary>How far the two triangles may differ, relative to the standard deviations: what forming a product leaves.</summary>
    private const double Asymmetry = 1e-10;

    private readonly Func<CovarianceStructure> _createCovariance;

    /// <summary>Initializes a new instance of the <see cref="MultivariateGaussian"/> class.</summary>
    /// <param name="means">The means μ, length J ≥ 1, all finite.</param>
    /// <param name="covariance">The covariance Σ, J×J, symmetric (to 1e-10 of the standard deviations) and positive definite.</param>
    /// <exception cref="ArgumentException">A size or a value is outside its range.</exception>
    public MultivariateGaussian(ReadOnlySpan<double> means, Matrix<double> covariance)
        : base(ImmutableArray.Create(means))
    {
        ArgumentNullException.ThrowIfNull(covariance);
        CovarianceStructure known = DenseCovariance.Of(Factorize(covariance, Count));
        _createCovariance = () => known;
        Variances = Diagonal(known);
    }

    /// <param name="means">The means, which are kept.</param>
    /// <param name="variances">The diagonal of the covariance.</param>
    /// <param name="covariance">Gives the whole of it, when it is first asked for; always the same.</param>
    internal MultivariateGaussian(ImmutableArray<double> means, ImmutableArray<double> variances, Func<CovarianceStructure> covariance)
        : base(ImmutableCollectionsMarshal.AsArray(means)!)
    {
        _createCovariance = covariance;
        Variances = variances;
    }

    internal MultivariateGaussian(ImmutableArray<double> means, CovarianceStructure covariance)
        : this(means, Diagonal(covariance), () => covariance)
    {
    }

    private CovarianceStructure Structure => field ??= _createCovariance();

    /// <inheritdoc/>
    public override ImmutableArray<double> Variances { get; }

    /// <inheritdoc/>
    public override double LogDeterminant => Structure.LogDeterminant;

    /// <inheritdoc/>
    public override int NoiseCount => Count;

    /// <inheritdoc/>
    public override int ParameterCount => Count + LowerFactor.Start(Count);

    /// <inheritdoc/>
    public override int FreeDirections => Count;

    /// <summary>Writes out the lower Cholesky factor.</summary>
    /// <returns>A new J×J matrix L with Σ = LLᵀ.</returns>
    public Matrix<double> CholeskyFactor() =>
        Matrix<double>.Build.Dense(Count, Count, (i, j) => j <= i ? Structure.Factor(i, j) : 0);

    /// <inheritdoc/>
    protected internal override void Scale(ReadOnlySpan<double> noise, Span<double> deviations) => Structure.Scale(noise, deviations);

    /// <inheritdoc/>
    protected internal override double SquaredDistance(ReadOnlySpan<double> deviations)
    {
        double[] standard = deviations.ToArray();
        Structure.Unscale(standard);
        return ShortVectors.SquaredNorm(standard);
    }

    /// <summary>Writes μ and L, by rows.</summary>
    /// <param name="destination">Receives them, length J + J(J + 1)/2.</param>
    protected internal override void CopyParameters(Span<double> destination)
    {
        Means.CopyTo(destination);
        Span<double> factor = destination[Count..];
        for (int i = 0; i < Count; i++)
        {
            for (int j = 0; j <= i; j++)
            {
                factor[LowerFactor.Start(i) + j] = Structure.Factor(i, j);
            }
        }
    }

    /// <inheritdoc/>
    protected internal override void CopyScales(Span<double> destination)
    {
        for (int i = 0; i < Count; i++)
        {
            destination[i] = Math.Sqrt(Variances[i]);
            destination.Slice(Count + LowerFactor.Start(i), i + 1).Fill(destination[i]);
        }
    }

    /// <inheritdoc/>
    protected internal override bool TryWithParameters(ReadOnlySpan<double> parameters, [NotNullWhen(true)] out GaussianPosterior? posterior)
    {
        posterior = null;
        double[] factor = parameters[Count..].ToArray();
        foreach (double parameter in parameters)
        {
            if (!double.IsFinite(parameter))
            {
                return false;
            }
        }

        for (int j = 0; j < Count; j++)
        {
            if (!(factor[LowerFactor.Start(j) + j] > 0))
            {
                return false;
            }
        }

        posterior = new MultivariateGaussian([.. parameters[..Count]], DenseCovariance.Of(new LowerFactor(factor, Count))) { LatentNames = LatentNames };
        return posterior.Variances.All(variance => variance > 0 && double.IsFinite(variance));
    }

    /// <inheritdoc/>
    protected internal override void AddScaleGradient(ReadOnlySpan<double> noise, ReadOnlySpan<double> latentGradient, Span<double> gradient)
    {
        for (int i = 0; i < Count; i++)
        {
            Span<double> row = gradient.Slice(LowerFactor.Start(i), i + 1);
            for (int j = 0; j <= i; j++)
            {
                row[j] += latentGradient[i] * noise[j];
            }
        }
    }

    /// <inheritdoc/>
    protected internal override void AddEntropyGradient(Span<double> gradient)
    {
        for (int j = 0; j < Count; j++)
        {
            gradient[LowerFactor.Start(j) + j] += 1 / Structure.Factor(j, j);
        }
    }

    /// <summary>Returns the marginals side by side; of many, the first ones.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => "marginals " + Wording.Join(", ", Count, j => this[j].ToString());

    /// <summary>Returns the variance aᵀΣa of a weighted sum of the latents, as the sum of squares ‖Lᵀa‖².</summary>
    internal double VarianceOf(ReadOnlySpan<double> weights)
    {
        double square = 0;
        for (int j = 0; j < Count; j++)
        {
            double sum = 0;
            for (int i = j; i < Count; i++)
            {
                sum += Structure.Factor(i, j) * weights[i];
            }

            square += sum * sum;
        }

        return square;
    }

    /// <summary>Replaces y by L⁻¹y.</summary>
    internal void Unscale(Span<double> y) => Structure.Unscale(y);

    /// <inheritdoc/>
    protected override double CovarianceElement(int i, int j) => i == j ? Variances[i] : Structure[i, j];

    private static ImmutableArray<double> Diagonal(CovarianceStructure covariance) =>
        Sequences.Immutable(covariance.Size, j => covariance[j, j]);

    private static LowerFactor Factorize(Matrix<double> covariance, int count)
    {
        if (covariance.RowCount != count || covariance.ColumnCount != count)
        {
            throw new ArgumentException(
                Guard.Text($"covariance is {covariance.RowCount}×{covariance.ColumnCount}; it must be {count}×{count}, one row and column for each mean."),
                nameof(covariance));
        }

        for (int i = 0; i < count; i++)
        {
            for (int j = 0; j < i; j++)
            {
                double size = Math.Sqrt(Math.Abs(covariance[i, i])) * Math.Sqrt(Math.Abs(covariance[j, j]));
                if (!(Math.Abs(covariance[i, j] - covariance[j, i]) <= Asymmetry * size))
                {
                    throw new ArgumentException(
                        Guard.Text($"covariance[{i}, {j}] is {covariance[i, j]} and covariance[{j}, {i}] is {covariance[j, i]}; the matrix must be finite and symmetric."),
                        nameof(covariance));
                }
            }
        }

        return LowerFactor.OfCovariance(covariance) ?? throw new ArgumentException(
            Guard.Text($"covariance is not positive definite; all its eigenvalues must be positive and finite."), nameof(covariance));
    }
}
