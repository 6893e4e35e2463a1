using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using System.Text.Json.Serialization;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>A normal distribution of all latents together, N(μ, Σ), and its parameters: what a fixed-form ELBO is a function of.</summary>
/// <remarks>
/// <para>
/// Families differ in what they can hold of Σ: its diagonal (<see cref="MeanFieldGaussian"/>), a diagonal and a low rank
/// (<see cref="LowRankGaussian"/>), all of it (<see cref="MultivariateGaussian"/>). Each writes a draw as z = μ + Fε, Σ = FFᵀ, with standard
/// normal ε, and F as a function of unconstrained or positive numbers. A family of one's own gives the abstract members and then works wherever
/// these do. Parameters are the means first, then those of F.
/// </para>
/// <threadsafety>Immutable, hence safe to share.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp">
/// var model = new GaussianSumModel(latentCount: 3, observationCount: 2, noiseVariance: 1.0);
/// GaussianPosterior exact = model.Posterior([1.2, 0.8]);
/// GaussianPosterior meanField = new CaviSolver().Solve(model, [1.2, 0.8]).MeanField;
/// Console.WriteLine($"{exact.Entropy:F5} and {meanField.Entropy:F5} nats");   // 3.28386 and 2.60890 nats
/// // What mean field loses against the evidence.
/// Console.WriteLine($"{meanField.DivergenceFrom(exact):F5} nats");   // 0.67496 nats
/// double[] z = exact.Draw(seed: 1);
/// Console.WriteLine(exact.LogDensity(z) &lt;= exact.LogDensity(exact.Means.AsSpan()));   // True
/// </code>
/// </example>
[JsonConverter(typeof(ResultJsonConverter))]
public abstract class GaussianPosterior
{
    private static readonly double LogTwoPi = Math.Log(2 * Math.PI);

    private readonly NameList _latentNames = NameList.None;

    /// <summary>Initializes a new instance of the <see cref="GaussianPosterior"/> class.</summary>
    /// <param name="means">The means μ, length J ≥ 1, all finite.</param>
    /// <exception cref="ArgumentException">There are no means, or one is not finite.</exception>
    protected GaussianPosterior(ImmutableArray<double> means)
    {
        Guard.AtLeast(means.IsDefault ? 0 : means.Length, 1, nameof(means));
        Guard.AllFinite(means.AsSpan(), nameof(means));
        Means = means;
    }

    /// <param name="means">The means μ, kept; inference has computed them, and where it diverges they may be anything.</param>
    private protected GaussianPosterior(double[] means) => Means = ImmutableCollectionsMarshal.AsImmutableArray(means);

    /// <summary>Gets the number of latents J.</summary>
    public int Count => Means.Length;

    /// <summary>Gets the names of the latents, length J, all different; empty where they have none.</summary>
    /// <value>The default is those of the model that the posterior comes from.</value>
    public IReadOnlyList<string> LatentNames
    {
        get => _latentNames;
        init => _latentNames = NameList.Of(value, Count, nameof(LatentNames), "one for each latent");
    }

    /// <summary>Gets the means μ, length J.</summary>
    public ImmutableArray<double> Means { get; }

    /// <summary>Gets the marginal variances Σ_jj, length J.</summary>
    public abstract ImmutableArray<double> Variances { get; }

    /// <summary>Gets log det Σ.</summary>
    public abstract double LogDeterminant { get; }

    /// <summary>Gets the number of standard normals in a draw, the columns of F.</summary>
    public abstract int NoiseCount { get; }

    /// <summary>Gets the number of parameters: J means and those of F.</summary>
    public abstract int ParameterCount { get; }

    /// <summary>Gets the largest number of parameters of F that one latent has: as many draws can be fitted by them without any spread.</summary>
    public abstract int FreeDirections { get; }

    /// <summary>Gets the differential entropy ½ log det 2πeΣ, in nats.</summary>
    public double Entropy => 0.5 * ((Count * (1 + LogTwoPi)) + LogDeterminant);

    /// <summary>Gets the marginal distribution of one latent.</summary>
    /// <param name="latent">The latent j, counted from 0.</param>
    /// <returns>N(μ_j, Σ_jj).</returns>
    public Gaussian this[int latent]
    {
        get
        {
            Guard.InRange(latent, 0, Count, nameof(latent));
            return new Gaussian(Means[latent], Variances[latent]);
        }
    }

    /// <summary>Gets the marginal distribution of the latent of this name.</summary>
    /// <param name="latent">One of <see cref="LatentNames"/>.</param>
    /// <returns>N(μ_j, Σ_jj).</returns>
    /// <exception cref="ArgumentException">There is no such name.</exception>
    public Gaussian this[string latent] => this[_latentNames.Find(latent, nameof(latent), nameof(LatentNames))];

    /// <summary>Returns one element of the covariance matrix.</summary>
    /// <param name="i">The row, counted from 0.</param>
    /// <param name="j">The column, counted from 0.</param>
    /// <returns>Σ_ij.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An index is outside 0 … J − 1.</exception>
    public double Covariance(int i, int j)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(i);
        ArgumentOutOfRangeException.ThrowIfNegative(j);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(i, Count);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(j, Count);
        return CovarianceElement(i, j);
    }

    /// <summary>Writes out the covariance matrix.</summary>
    /// <returns>A new J×J matrix Σ.</returns>
    public Matrix<double> CovarianceMatrix() => Matrix<double>.Build.Dense(Count, Count, CovarianceElement);

    /// <summary>Sums up the marginals in a table: mean, standard deviation, central interval.</summary>
    /// <param name="names">The names of the latents, length J; <see langword="null"/> means their own, or where they have none z1, z2, ….</param>
    /// <param name="probability">The probability of the intervals. Range: 0 &lt; probability &lt; 1.</param>
    /// <returns>The table, a row for each latent.</returns>
    /// <exception cref="ArgumentException"><paramref name="names"/> has another length or holds a null.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="probability"/> is outside its range.</exception>
    public SummaryTable Summary(IReadOnlyList<string>? names = null, double probability = 0.95)
    {
        IReadOnlyList<string> latents = NameList.OrOwn(names, _latentNames, "z", Count, nameof(names), "one for each latent");
        string[] ends = SummaryTable.Ends(probability);
        return new SummaryTable(["mean", "sd", .. ends], [.. latents.Select((name, j) => (name, Numbers(this[j], probability)))]);
    }

    /// <summary>Evaluates the log density, in nats.</summary>
    /// <param name="latents">The latents z, length J, all finite.</param>
    /// <returns>log N(z | μ, Σ).</returns>
    /// <exception cref="ArgumentException"><paramref name="latents"/> has another length or holds a value that is not finite.</exception>
    public double LogDensity(ReadOnlySpan<double> latents)
    {
        Guard.Length(latents.Length, Count, nameof(latents), "one for each latent");
        Guard.AllFinite(latents, nameof(latents));
        var deviation = new double[Count];
        for (int j = 0; j < deviation.Length; j++)
        {
            deviation[j] = latents[j] - Means[j];
        }

        return -0.5 * ((Count * LogTwoPi) + LogDeterminant + SquaredDistance(deviation));
    }

    /// <summary>Draws once.</summary>
    /// <param name="seed">The seed: the same seed gives the same draw.</param>
    /// <returns>z ~ N(μ, Σ), length J.</returns>
    public double[] Draw(int seed) => Draws(1, seed).Row(0).ToArray();

    /// <summary>Draws independently.</summary>
    /// <param name="count">The number of draws. Range: at least 1.</param>
    /// <param name="seed">The seed; fewer draws from it are not the first of more.</param>
    /// <returns>A new matrix of one draw a row.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="count"/> is below 1.</exception>
    public Matrix<double> Draws(int count, int seed)
    {
        Guard.AtLeast(count, 1, nameof(count));
        var draws = Matrix<double>.Build.Dense(count, Count);
        var noise = new double[checked(count * NoiseCount)];
        NormalStream.Fill(seed, noise);
        var z = new double[Count];
        for (int n = 0; n < count; n++)
        {
            Transform(noise.AsSpan(n * NoiseCount, NoiseCount), z);
            draws.SetRow(n, z);
        }

        return draws;
    }

    /// <summary>Computes the Kullback–Leibler divergence of this distribution from another, in nats.</summary>
    /// <param name="other">The other, p.</param>
    /// <returns>KL(this ‖ p) = ½(tr Σ_p⁻¹Σ + (μ − μ_p)ᵀΣ_p⁻¹(μ − μ_p) − J + log det Σ_p − log det Σ).</returns>
    /// <exception cref="ArgumentException"><paramref name="other"/> has another number of latents.</exception>
    public double DivergenceFrom(GaussianPosterior other)
    {
        ArgumentNullException.ThrowIfNull(other);
        Guard.Length(other.Count, Count, nameof(other), "one for each latent");
        var column = new double[Count];
        for (int j = 0; j < Count; j++)
        {
            column[j] = Means[j] - other.Means[j];
        }

        double sum = other.SquaredDistance(column);
        var noise = new double[NoiseCount];
        for (int k = 0; k < noise.Length; k++)
        {
            noise[k] = 1;
            Scale(noise, column);
            noise[k] = 0;
            sum += other.SquaredDistance(column);
        }

        return 0.5 * (sum - Count + (other.LogDeterminant - LogDeterminant));
    }

    /// <summary>Writes z = μ + Fε.</summary>
    /// <param name="noise">ε, length <see cref="NoiseCount"/>.</param>
    /// <param name="latents">Receives z, length J.</param>
    public void Transform(ReadOnlySpan<double> noise, Span<double> latents)
    {
        Scale(noise, latents);
        for (int j = 0; j < latents.Length; j++)
        {
            latents[j] += Means[j];
        }
    }

    private static double[] Numbers(Gaussian marginal, double probability)
    {
        (double lower, double upper) = marginal.Interval(probability);
        return [marginal.Mean, marginal.StandardDeviation, lower, upper];
    }

    /// <summary>Writes Fε.</summary>
    /// <param name="noise">ε, length <see cref="NoiseCount"/>.</param>
    /// <param name="deviations">Receives Fε, length J.</param>
    protected internal abstract void Scale(ReadOnlySpan<double> noise, Span<double> deviations);

    /// <summary>Returns yᵀΣ⁻¹y.</summary>
    /// <param name="deviations">y, length J.</param>
    /// <returns>The squared Mahalanobis distance.</returns>
    protected internal abstract double SquaredDistance(ReadOnlySpan<double> deviations);

    /// <summary>Writes the parameters: μ, then those of F.</summary>
    /// <param name="destination">Receives them, length <see cref="ParameterCount"/>.</param>
    protected internal abstract void CopyParameters(Span<double> destination);

    /// <summary>Writes how large a step of each parameter is natural here, such as a latent's standard deviation for its mean.</summary>
    /// <param name="destination">Receives the sizes, all positive, length <see cref="ParameterCount"/>.</param>
    protected internal abstract void CopyScales(Span<double> destination);

    /// <summary>Makes the member of this family that has the given parameters.</summary>
    /// <param name="parameters">The parameters, length <see cref="ParameterCount"/>.</param>
    /// <param name="posterior">The member, of this instance's type.</param>
    /// <returns>Whether there is one: the parameters give finite means and a finite positive definite Σ.</returns>
    protected internal abstract bool TryWithParameters(ReadOnlySpan<double> parameters, [NotNullWhen(true)] out GaussianPosterior? posterior);

    /// <summary>Adds to a gradient what the gradient γ of a function of Fε adds: Σ_jk γ_j ε_k ∂F_jk/∂(parameter of F).</summary>
    /// <param name="noise">ε, length <see cref="NoiseCount"/>.</param>
    /// <param name="latentGradient">γ, length J.</param>
    /// <param name="gradient">The gradient in F's parameters, those after the means.</param>
    protected internal abstract void AddScaleGradient(ReadOnlySpan<double> noise, ReadOnlySpan<double> latentGradient, Span<double> gradient);

    /// <summary>Adds the gradient of the entropy in F's parameters.</summary>
    /// <param name="gradient">The gradient in F's parameters, those after the means.</param>
    protected internal abstract void AddEntropyGradient(Span<double> gradient);

    /// <summary>Returns Σ_ij.</summary>
    /// <param name="i">The row, in range.</param>
    /// <param name="j">The column, in range.</param>
    /// <returns>The element.</returns>
    protected abstract double CovarianceElement(int i, int j);
}
