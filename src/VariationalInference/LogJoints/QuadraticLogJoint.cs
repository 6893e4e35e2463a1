using System.Collections.Immutable;
using System.Runtime.InteropServices;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>
/// The log joint of one row as a function of the latents, log p(x, z) = c + hᵀz − ½ zᵀΛz: all that a solver needs to know of a model.
/// </summary>
/// <remarks>
/// <para>
/// Λ = D⁻² + AᵀR⁻¹A and h = D⁻²m + AᵀR⁻¹(x − b), over the observed cells of the row, with D = diag(s) the prior standard deviations
/// and R = diag(r) the noise variances. Every constant is kept, so that ELBO ≤ log p(x) holds as it stands. Get one from
/// <see cref="LinearGaussianModel.Observe(ReadOnlySpan{double})"/>.
/// </para>
/// <para>
/// Inside, the row is kept as the residual form const − ½‖w − Bt‖² − ½‖t‖² in whitened coordinates t = D⁻¹(z − m), which stays accurate
/// where c, h and Λ as they stand lose every digit (tiny noise, large offsets). Cost: O(JK) for a value or gradient, O(J + K) for
/// Gaussian sums; the first exact solve of a general model costs one J-column orthogonal reduction, shared by all complete rows.
/// </para>
/// <para>
/// Take it where one row is asked several things, or where a solver is to be held against values and gradients of your own.
/// </para>
/// <threadsafety>Immutable, hence safe to share.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp">
/// var model = new GaussianSumModel(latentCount: 3, observationCount: 2, noiseVariance: 1.0);
/// QuadraticLogJoint joint = model.Observe([1.2, 0.8]);
/// Console.WriteLine($"{joint.LogEvidence:F5}");   // -2.99369
/// Console.WriteLine($"{joint.Value([0.3, 0.3, 0.3]):F5}");   // -4.77969
/// Console.WriteLine($"{joint.ApproximationGap:F5} nats, k = {joint.ParetoShape:F3}");   // 0.67496 nats, k = 0.667
///
/// var gradient = new double[3];
/// joint.Gradient([0.3, 0.3, 0.3], gradient);
/// Console.WriteLine($"{gradient[0]:F5}");   // -0.10000
/// </code>
/// </example>
public sealed partial class QuadraticLogJoint : ILogJoint
{
    private static readonly double LogTwoPi = Math.Log(2 * Math.PI);

    /// <summary>The largest double below 1.</summary>
    private static readonly double LargestShape = Math.BitDecrement(1.0);

    private readonly double[] _observations;
    private double[]? _optimum;
    private double[]? _linear;

    // Boxed, so that a thread sees all of a number or nothing.
    private object? _constant;
    private object? _logEvidence;

    /// <param name="row">What conditioning on the row gave.</param>
    /// <param name="observations">w, length Rank.</param>
    internal QuadraticLogJoint(ConditionedRow row, double[] observations)
    {
        Row = row;
        _observations = observations;
    }

    /// <summary>Gets the number of latents J.</summary>
    public int LatentCount => Shape.LatentCount;

    /// <summary>Gets the number of observed (not missing) cells of the row.</summary>
    public int ObservedCount => Shape.ObservedCount;

    /// <summary>Gets the constant c, in nats: the log joint at z = 0.</summary>
    public double Constant => (double)(_constant ??= Value(new double[LatentCount]));

    /// <summary>Gets the linear coefficients h, length J.</summary>
    public ImmutableArray<double> Linear
    {
        get
        {
            if (_linear is null)
            {
                var h = new double[LatentCount];
                Gradient(new double[LatentCount], h);
                _linear = h;
            }

            return ImmutableCollectionsMarshal.AsImmutableArray(_linear);
        }
    }

    /// <summary>Gets the diagonal Λ_jj of the posterior precision, length J.</summary>
    public ImmutableArray<double> PrecisionDiagonal => Shape.PrecisionDiagonal;

    /// <summary>Gets the log evidence log p(x) of the observed cells, in nats.</summary>
    public double LogEvidence => (double)(_logEvidence ??= Shape.LogEvidence(_observations, Optimum, LogLikelihoodBase, new double[Shape.Rank]));

    /// <summary>
    /// Gets the approximation gap log p(x) − ELBO* = ½(Σ log Λ_jj − log det Λ) of the best mean-field posterior, in nats; it is ≥ 0 and
    /// the same for every row observed in the same cells.
    /// </summary>
    public double ApproximationGap => Shape.ApproximationGap;

    /// <summary>
    /// Gets the Pareto shape k̂ of importance sampling from the best mean-field posterior, 1 − λ_min(Λ diag(1/Λ_jj)): 0 means that mean
    /// field is exact, above 0.7 that its weights are useless (Vehtari et al., 2015). Range: 0 ≤ k̂ &lt; 1.
    /// </summary>
    public double ParetoShape => Math.Clamp(1 - Shape.Spectrum.Min, 0, LargestShape);

    internal ConditionedRow Row { get; }

    /// <summary>Gets the names of the latents, which posteriors get.</summary>
    internal NameList LatentNames { get; init; } = NameList.None;

    internal SharedShape Shape => Row.Shape;

    /// <summary>Gets the row's size in words.</summary>
    internal string Size => $"{Wording.Count(LatentCount, "latent")}, {Wording.Count(ObservedCount, "observed cell")}";

    /// <summary>Gets w = R^(−½)(x − b − Am), reduced to <see cref="PosteriorShape.Rank"/> values.</summary>
    internal ReadOnlySpan<double> Whitened => _observations.AsSpan(0, Shape.Rank);

    /// <summary>Gets w, and behind it its digits beyond a double where the shape takes them.</summary>
    internal ReadOnlySpan<double> WhitenedDigits => _observations;

    /// <summary>Gets the log joint's part that depends neither on z nor on the priors' normalisation.</summary>
    internal double LogLikelihoodBase => Row.LogLikelihoodBase;

    /// <summary>Gets t* = D⁻¹(Λ⁻¹h − m). Threads that compute it at the same time get the same values.</summary>
    internal double[] Optimum
    {
        get
        {
            if (_optimum is null)
            {
                var t = new double[LatentCount];
                Shape.Precision.Optimum(_observations, t, new double[Shape.Precision.BufferLength]);
                _optimum = t;
            }

            return _optimum;
        }
    }

    /// <summary>Writes out the posterior precision.</summary>
    /// <returns>A new J×J matrix Λ.</returns>
    public Matrix<double> Precision()
    {
        Matrix<double> precision = Matrix<double>.Build.Dense(LatentCount, LatentCount, (i, j) => i == j
            ? Shape.Diagonal[j]
            : ShortVectors.Dot(Shape.Loadings.Column(i), Shape.Loadings.Column(j)));
        return Shape.Prior.Precision(precision);
    }

    /// <summary>Evaluates the log joint log p(x, z) with every constant, in nats.</summary>
    /// <param name="latents">The latents z, length J, all finite.</param>
    /// <returns>The value.</returns>
    /// <exception cref="ArgumentException"><paramref name="latents"/> has another length or holds a value that is not finite.</exception>
    public double Value(ReadOnlySpan<double> latents)
    {
        RequireLatents(latents, nameof(latents));
        var t = new double[LatentCount];
        var e = new double[Shape.Rank];
        Shape.Prior.Whiten(latents, t);
        Shape.Loadings.Residual(Whitened, t, e);
        double priors = (LatentCount * LogTwoPi) + Shape.Prior.LogDeterminant;
        return LogLikelihoodBase - (0.5 * (ShortVectors.SquaredNorm(e) + ShortVectors.SquaredNorm(t) + priors));
    }

    /// <summary>Computes the gradient of the log joint, ∇_z log p(x, z) = h − Λz, in the residual form D⁻²(m − z) + AᵀR⁻¹(x − b − Az).</summary>
    /// <param name="latents">The latents z, length J, all finite.</param>
    /// <param name="destination">Receives the gradient, length J.</param>
    /// <exception cref="ArgumentException">A length differs from J, or a latent is not finite.</exception>
    public void Gradient(ReadOnlySpan<double> latents, Span<double> destination)
    {
        RequireLatents(latents, nameof(latents));
        Guard.Length(destination.Length, LatentCount, nameof(destination), "one for each latent");
        var t = new double[LatentCount];
        var e = new double[Shape.Rank];
        Shape.Prior.Whiten(latents, t);
        Shape.Loadings.Residual(Whitened, t, e);
        Shape.Loadings.Gradient(t, e, destination);
        Shape.Prior.ToLatents(destination);
    }

    /// <summary>Returns the exact posterior N(Λ⁻¹h, Λ⁻¹).</summary>
    /// <returns>The posterior of all latents together.</returns>
    public MultivariateGaussian Posterior() => Shape.PosteriorOf(OptimalMeans(), LatentNames);

    /// <summary>Returns the best mean-field posterior in closed form: means Λ⁻¹h, variances 1/Λ_jj.</summary>
    /// <returns>The maximiser of the ELBO.</returns>
    internal MeanFieldGaussian MeanFieldOptimum() =>
        MeanFieldGaussian.Adopt(ImmutableCollectionsMarshal.AsArray(OptimalMeans())!, Shape.MeanFieldVariances, LatentNames);

    /// <summary>Names the row's size.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => $"quadratic log joint of {Size}";

    internal void RequireLatents(ReadOnlySpan<double> latents, string name)
    {
        Guard.Length(latents.Length, LatentCount, name, "one for each latent");
        Guard.AllFinite(latents, name);
    }

    private ImmutableArray<double> OptimalMeans()
    {
        var means = new double[LatentCount];
        Shape.Precision.OptimalMeans(_observations, Optimum, means);
        return ImmutableCollectionsMarshal.AsImmutableArray(means);
    }
}
