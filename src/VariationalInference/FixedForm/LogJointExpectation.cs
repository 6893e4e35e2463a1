using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>The expectation E_q[log p(x, z)] under a Gaussian q, and its derivatives in q's parameters.</summary>
/// <remarks>
/// Three kinds: <see cref="ClosedForm"/> for quadratic log joints; <see cref="Quadrature"/> in up to three dimensions, to about twelve digits for
/// smooth log joints; <see cref="Draws"/>, the average over draws that stay the same (sample average approximation), which is smooth in q and has
/// its own maximum, near the true one by the error of so many draws.
/// <threadsafety>Safe for concurrent use.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp">
/// var model = new GaussianSumModel(latentCount: 2, observationCount: 1, noiseVariance: 1.0);
/// QuadraticLogJoint joint = model.Observe([3.0]);
/// MultivariateGaussian q = model.Posterior([3.0]);
/// Console.WriteLine($"{LogJointExpectation.ClosedForm(joint).Value(q):F8}");   // -5.25681560
/// Console.WriteLine($"{LogJointExpectation.Quadrature(joint).Value(q):F8}");   // -5.25681560
/// </code>
/// </example>
public abstract class LogJointExpectation
{
    private protected LogJointExpectation(ILogJoint joint)
    {
        ArgumentNullException.ThrowIfNull(joint);
        Guard.AtLeast(joint.LatentCount, 1, nameof(joint));
        Joint = joint;
    }

    /// <summary>Gets the log joint.</summary>
    public ILogJoint Joint { get; }

    /// <summary>Works the expectation of a quadratic out in closed form, c + hᵀμ − ½ μᵀΛμ − ½ tr ΛΣ.</summary>
    /// <param name="joint">The quadratic.</param>
    /// <returns>The expectation.</returns>
    public static LogJointExpectation ClosedForm(QuadraticLogJoint joint) => new ClosedFormExpectation(joint);

    /// <summary>Integrates over the standard normals of q by a product of trapezoid rules, which converge geometrically for analytic functions.</summary>
    /// <param name="joint">The log joint. A family with more than 3 of them (see <see cref="GaussianPosterior.NoiseCount"/>) is refused.</param>
    /// <param name="pointsPerDimension">The points in each dimension, between −8.5 and 8.5. Range: at least 21.</param>
    /// <returns>The expectation.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="pointsPerDimension"/> is outside its range.</exception>
    public static LogJointExpectation Quadrature(ILogJoint joint, int pointsPerDimension = 31) =>
        new PointExpectation(joint, new TrapezoidPoints(pointsPerDimension));

    /// <summary>Averages over fixed antithetic draws.</summary>
    /// <param name="joint">The log joint.</param>
    /// <param name="drawCount">
    /// The number of draws, an even number, since each ε comes with −ε. A family that has F of <see cref="GaussianPosterior.FreeDirections"/>
    /// needs at least 4F: full covariance 4J, 2J pairs. Otherwise q could become narrow in a direction that no draw sees, or wide without end.
    /// The default is the larger of 256 and 8J.
    /// </param>
    /// <param name="seed">The seed of the draws.</param>
    /// <returns>The expectation.</returns>
    /// <exception cref="ArgumentException"><paramref name="drawCount"/> is below 2 or odd.</exception>
    public static LogJointExpectation Draws(ILogJoint joint, int? drawCount = null, int seed = 0)
    {
        ArgumentNullException.ThrowIfNull(joint);
        return new PointExpectation(joint, new AntitheticPoints(drawCount ?? Math.Max(256, checked(8 * joint.LatentCount)), seed));
    }

    /// <summary>Evaluates the expectation, in nats.</summary>
    /// <param name="q">The Gaussian.</param>
    /// <returns>E_q[log p(x, z)].</returns>
    /// <exception cref="ArgumentException">
    /// <paramref name="q"/> has another number of latents, or needs more draws or fewer dimensions than there are.
    /// </exception>
    public abstract double Value(GaussianPosterior q);

    /// <summary>Evaluates the expectation and its gradient.</summary>
    /// <param name="q">The Gaussian.</param>
    /// <param name="gradient">Receives the gradient in q's parameters, length <see cref="GaussianPosterior.ParameterCount"/>.</param>
    /// <returns>E_q[log p(x, z)].</returns>
    /// <exception cref="ArgumentException">As <see cref="Value"/>, or <paramref name="gradient"/> has another length.</exception>
    public abstract double Evaluate(GaussianPosterior q, Span<double> gradient);

    /// <summary>Evaluates the expected second derivatives, by Stein's identity from gradients alone.</summary>
    /// <param name="q">The Gaussian.</param>
    /// <returns>A new symmetric J×J matrix E_q[∇² log p(x, z)]; for a quadratic −Λ.</returns>
    /// <exception cref="ArgumentException">As <see cref="Value"/>.</exception>
    public abstract Matrix<double> Curvature(MultivariateGaussian q);

    internal static LogJointExpectation Of(ILogJoint joint) =>
        joint is QuadraticLogJoint quadratic ? ClosedForm(quadratic) : Draws(joint);

    private protected void Require(GaussianPosterior q)
    {
        ArgumentNullException.ThrowIfNull(q);
        Guard.Length(q.Count, Joint.LatentCount, nameof(q), "one for each latent");
    }

    private protected void Require(GaussianPosterior q, ReadOnlySpan<double> gradient)
    {
        Require(q);
        Guard.Length(gradient.Length, q.ParameterCount, nameof(gradient), "one for each parameter");
    }
}
