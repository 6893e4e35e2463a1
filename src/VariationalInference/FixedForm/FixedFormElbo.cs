using System.Runtime.InteropServices;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>
/// The ELBO as a function of the parameters ν of a Gaussian q: first fix the form of q, then optimise.
/// </summary>
/// <remarks>
/// <para>
/// L(q) = E_q[log p(x, z)] + H(q) for any <see cref="ILogJoint"/> and any family of <see cref="GaussianPosterior"/>. The expectation is in closed
/// form for a quadratic log joint, by quadrature in few dimensions, or an average over fixed draws: see <see cref="LogJointExpectation"/>.
/// <see cref="Evaluate"/> gives both terms and the gradient, <see cref="Ascend"/> goes uphill.
/// </para>
/// <para>
/// For one row of a linear-Gaussian model and mean field, L(μ, v) = c + hᵀμ − ½ μᵀΛμ − ½ Σ Λ_jj v_j + ½ Σ log(2πe v_j), the ELBO with every
/// constant, so that L ≤ log p(x). Its gradients are h − Λμ and ½(1/v_j − Λ_jj); they vanish at the best mean-field posterior, where coordinate
/// ascent ends too. Evaluated in residual form, O(JK), for Gaussian sums O(J). For the maximum alone <see cref="CaviSolver"/> costs less.
/// </para>
/// <threadsafety>Immutable, hence safe to share.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp"><![CDATA[
/// var model = new GaussianSumModel(latentCount: 3, observationCount: 2, noiseVariance: 1.0);
/// var elbo = new FixedFormElbo(model.Observe([1.2, 0.8]));
/// MeanFieldGaussian completed = elbo.StationaryPoint();   // by completing the square
/// GradientAscentResult walked = elbo.Maximize();   // by gradient ascent
/// Console.WriteLine(completed[0]);   // N(0.28571, 0.33333)
/// Console.WriteLine(walked.MeanField[0]);   // N(0.28571, 0.33333)
/// Console.WriteLine($"{elbo.Value(completed):F5} <= {elbo.Joint.LogEvidence:F5}");   // -3.66865 <= -2.99369
/// Console.WriteLine(elbo.Gradient(completed).Means.All(slope => Math.Abs(slope) < 1e-12));   // True
///
/// // With full covariance nothing is lost.
/// var prior = new MultivariateGaussian([0, 0, 0], Matrix<double>.Build.DenseIdentity(3));
/// Console.WriteLine($"{elbo.Ascend(prior).Elbo:F5}");   // -2.99369
/// ]]></code>
/// </example>
public sealed class FixedFormElbo
{
    /// <summary>Initializes a new instance of the <see cref="FixedFormElbo"/> class with the expectation that suits the log joint.</summary>
    /// <param name="joint">
    /// The log joint. A <see cref="QuadraticLogJoint"/>, from <see cref="LinearGaussianModel.Observe(ReadOnlySpan{double})"/>, has its expectation in closed form; others
    /// by <see cref="LogJointExpectation.Draws"/> with its defaults.
    /// </param>
    public FixedFormElbo(ILogJoint joint)
        : this(LogJointExpectation.Of(joint))
    {
    }

    /// <summary>Initializes a new instance of the <see cref="FixedFormElbo"/> class.</summary>
    /// <param name="expectation">How E_q[log p(x, z)] is worked out.</param>
    public FixedFormElbo(LogJointExpectation expectation)
    {
        ArgumentNullException.ThrowIfNull(expectation);
        Expectation = expectation;
    }

    /// <summary>Gets how E_q[log p(x, z)] is worked out.</summary>
    public LogJointExpectation Expectation { get; }

    /// <summary>Gets the log joint of a row of a linear-Gaussian model, whose expectation is in closed form.</summary>
    /// <exception cref="InvalidOperationException">The expectation is not in closed form; see <see cref="LogJointExpectation.Joint"/>.</exception>
    public QuadraticLogJoint Joint => Expectation is ClosedFormExpectation closed
        ? closed.Quadratic
        : throw new InvalidOperationException(
            "The expectation is not in closed form: this member needs a QuadraticLogJoint. Evaluate, Value and Ascend need none.");

    /// <summary>Evaluates the ELBO of any Gaussian, in nats.</summary>
    /// <param name="q">The posterior.</param>
    /// <returns>E_q[log p(x, z)] + H(q).</returns>
    /// <exception cref="ArgumentException">
    /// <paramref name="q"/> has another number of latents, or needs more draws or fewer dimensions than the expectation has.
    /// </exception>
    public double Value(GaussianPosterior q)
    {
        ArgumentNullException.ThrowIfNull(q);
        return q is MeanFieldGaussian factors && Expectation is ClosedFormExpectation
            ? Terms(factors).Total
            : Expectation.Value(q) + q.Entropy;
    }

    /// <summary>Evaluates the two terms of the ELBO and its gradient in q's own parameters.</summary>
    /// <param name="q">The posterior.</param>
    /// <returns>The terms and the gradient.</returns>
    /// <exception cref="ArgumentException">As <see cref="Value(GaussianPosterior)"/>.</exception>
    public ElboEvaluation Evaluate(GaussianPosterior q)
    {
        ArgumentNullException.ThrowIfNull(q);
        var gradient = new double[q.ParameterCount];
        double expectation = Expectation.Evaluate(q, gradient);
        q.AddEntropyGradient(gradient.AsSpan(q.Count));
        return new ElboEvaluation(expectation, q.Entropy, ImmutableCollectionsMarshal.AsImmutableArray(gradient), q.Count);
    }

    /// <summary>Evaluates the gradient of the ELBO in the covariance itself, ∇_Σ L = ½(Σ⁻¹ + E_q[∇² log p]); for a quadratic ½(Σ⁻¹ − Λ).</summary>
    /// <param name="q">The posterior.</param>
    /// <returns>A new symmetric J×J matrix G: a small symmetric change dΣ changes the ELBO by tr(G dΣ).</returns>
    /// <exception cref="ArgumentException">As <see cref="Value(GaussianPosterior)"/>.</exception>
    public Matrix<double> CovarianceGradient(MultivariateGaussian q)
    {
        ArgumentNullException.ThrowIfNull(q);
        Matrix<double> inverse = q.CholeskyFactor().Inverse();
        return 0.5 * (inverse.TransposeThisAndMultiply(inverse) + Expectation.Curvature(q));
    }

    /// <summary>Goes uphill in any family, from a start, until the gradient vanishes.</summary>
    /// <remarks>
    /// By limited-memory BFGS (Nocedal, 1980) over the family's parameters in their natural sizes at the start; with
    /// <see cref="GradientAscentOptions.StepSize"/> η by plain steps of η times the gradient in those sizes.
    /// </remarks>
    /// <typeparam name="TPosterior">The family.</typeparam>
    /// <param name="start">Where to start; the prior is a good place.</param>
    /// <param name="options">The step and when to stop; <see langword="null"/> for the defaults.</param>
    /// <param name="cancellationToken">Stops the ascent; the best point so far is returned.</param>
    /// <returns>The best point that was found, converged or not.</returns>
    /// <exception cref="ArgumentException">As <see cref="Value(GaussianPosterior)"/>.</exception>
    public FixedFormResult<TPosterior> Ascend<TPosterior>(
        TPosterior start, GradientAscentOptions? options = null, CancellationToken cancellationToken = default)
        where TPosterior : GaussianPosterior
    {
        ArgumentNullException.ThrowIfNull(start);
        return new FamilyAscent<TPosterior>(this, options ?? new GradientAscentOptions(), start).Run(start, cancellationToken);
    }

    /// <summary>Evaluates the ELBO, in nats.</summary>
    /// <param name="means">The means μ, length J, all finite.</param>
    /// <param name="variances">The variances v (not standard deviations), length J, all positive and finite.</param>
    /// <returns>The lower bound on the log evidence; larger is better.</returns>
    /// <exception cref="ArgumentException">A length or a value is outside its range.</exception>
    /// <exception cref="InvalidOperationException">The expectation is not in closed form.</exception>
    public double Value(ReadOnlySpan<double> means, ReadOnlySpan<double> variances) => Terms(means, variances).Total;

    /// <summary>Evaluates the terms of the ELBO.</summary>
    /// <param name="q">The posterior.</param>
    /// <returns>The terms, which sum to <see cref="Value(GaussianPosterior)"/>.</returns>
    /// <exception cref="ArgumentException"><paramref name="q"/> has another number of latents.</exception>
    /// <exception cref="InvalidOperationException">The expectation is not in closed form.</exception>
    public ElboTerms Terms(MeanFieldGaussian q)
    {
        ArgumentNullException.ThrowIfNull(q);
        return Terms(q.Means.AsSpan(), q.Variances.AsSpan());
    }

    /// <summary>Evaluates the terms of the ELBO.</summary>
    /// <param name="means">The means μ, length J, all finite.</param>
    /// <param name="variances">The variances v, length J, all positive and finite.</param>
    /// <returns>The terms, which sum to the ELBO.</returns>
    /// <exception cref="ArgumentException">A length or a value is outside its range.</exception>
    /// <exception cref="InvalidOperationException">The expectation is not in closed form.</exception>
    public ElboTerms Terms(ReadOnlySpan<double> means, ReadOnlySpan<double> variances)
    {
        Require(means, variances);
        SharedShape shape = Joint.Shape;
        var t = new double[Joint.LatentCount];
        var e = new double[shape.Rank];
        shape.Prior.Whiten(means, t);
        shape.Loadings.Residual(Joint.Whitened, t, e);
        double cost = 0;
        double spread = 0;
        for (int j = 0; j < t.Length; j++)
        {
            cost += shape.ScaledPrecision[j] * (variances[j] / shape.Prior.ConditionalVariances[j]);
            spread += Math.Log(variances[j]);
        }

        return new ElboTerms
        {
            DataFit = -0.5 * (ShortVectors.SquaredNorm(e) + Joint.Row.Unexplained),
            Prior = -0.5 * ShortVectors.SquaredNorm(t),
            UncertaintyCost = -0.5 * cost,
            Spread = 0.5 * spread,
            Constant = Joint.Shape.LogNormalizer + (0.5 * (t.Length - shape.Prior.LogDeterminant)),
        };
    }

    /// <summary>Evaluates the gradient of the ELBO.</summary>
    /// <param name="q">The posterior.</param>
    /// <returns>The gradient in means, variances and log variances.</returns>
    /// <exception cref="ArgumentException"><paramref name="q"/> has another number of latents.</exception>
    /// <exception cref="InvalidOperationException">The expectation is not in closed form.</exception>
    public ElboGradient Gradient(MeanFieldGaussian q)
    {
        ArgumentNullException.ThrowIfNull(q);
        return Gradient(q.Means.AsSpan(), q.Variances.AsSpan());
    }

    /// <summary>Evaluates the gradient of the ELBO.</summary>
    /// <param name="means">The means μ, length J, all finite.</param>
    /// <param name="variances">The variances v, length J, all positive and finite.</param>
    /// <returns>The gradient in means, variances and log variances.</returns>
    /// <exception cref="ArgumentException">A length or a value is outside its range.</exception>
    /// <exception cref="InvalidOperationException">The expectation is not in closed form.</exception>
    public ElboGradient Gradient(ReadOnlySpan<double> means, ReadOnlySpan<double> variances)
    {
        Require(means, variances);
        int count = Joint.LatentCount;
        var meanGradient = new double[count];
        Joint.Gradient(means, meanGradient);
        var varianceGradient = new double[count];
        var logVarianceGradient = new double[count];
        for (int j = 0; j < count; j++)
        {
            double ratio = Joint.Shape.ScaledPrecision[j] * (variances[j] / Joint.Shape.Prior.ConditionalVariances[j]);
            logVarianceGradient[j] = 0.5 * (1 - ratio);
            varianceGradient[j] = logVarianceGradient[j] / variances[j];
        }

        return new ElboGradient([.. meanGradient], [.. varianceGradient], [.. logVarianceGradient]);
    }

    /// <summary>Returns the maximiser by "completing the square": the point where the gradient vanishes.</summary>
    /// <returns>Means Λ⁻¹h and variances 1/Λ_jj.</returns>
    /// <exception cref="InvalidOperationException">The expectation is not in closed form.</exception>
    public MeanFieldGaussian StationaryPoint() => Joint.MeanFieldOptimum();

    /// <summary>Walks to the maximiser by gradient ascent, ν ← ν + η∇L with ν = (μ, log v).</summary>
    /// <param name="options">The step and when to stop; <see langword="null"/> for the defaults.</param>
    /// <param name="start">Where to start; <see langword="null"/> starts from the prior.</param>
    /// <param name="cancellationToken">Stops the walk; the best point so far is returned.</param>
    /// <returns>The best point that was found, converged or not.</returns>
    /// <exception cref="ArgumentException"><paramref name="start"/> has another number of latents.</exception>
    /// <exception cref="InvalidOperationException">The expectation is not in closed form.</exception>
    public GradientAscentResult Maximize(
        GradientAscentOptions? options = null, MeanFieldGaussian? start = null, CancellationToken cancellationToken = default)
    {
        GaussianPrior prior = Joint.Shape.Prior;
        start ??= new MeanFieldGaussian(prior.Means.AsSpan(), prior.Variances.AsSpan());
        Guard.Length(start.Count, Joint.LatentCount, nameof(start), "one for each latent");
        return new GradientAscent(this, options ?? new GradientAscentOptions(), start).Run(cancellationToken);
    }

    /// <summary>Names the size of the log joint.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => $"ELBO of {(Expectation is ClosedFormExpectation closed
        ? closed.Quadratic.Size
        : Wording.Count(Expectation.Joint.LatentCount, "latent"))}";

    private void Require(ReadOnlySpan<double> means, ReadOnlySpan<double> variances)
    {
        Joint.RequireLatents(means, nameof(means));
        Guard.Length(variances.Length, Joint.LatentCount, nameof(variances), "one for each latent");
        Guard.AllPositive(variances, nameof(variances));
    }
}
