namespace VariationalInference;

/// <content>The kinds that are made here.</content>
public abstract partial class Likelihood
{
    /// <summary>Creates x ~ N(η, r).</summary>
    /// <param name="variance">The noise variance r, which can be learned. Range: positive and finite.</param>
    /// <returns>The likelihood.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="variance"/> is outside its range.</exception>
    public static Likelihood Gaussian(double variance = 1) => new GaussianLikelihood(Guard.Positive(variance, nameof(variance)));

    /// <summary>Creates x = 1 with probability 1/(1 + e^−η), or Φ(η), and 0 otherwise.</summary>
    /// <param name="link">How the predictor becomes a probability.</param>
    /// <returns>The likelihood.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="link"/> is not a member.</exception>
    public static Likelihood Bernoulli(BinaryLink link = BinaryLink.Logit) =>
        Guard.Defined(link, nameof(link)) == BinaryLink.Probit ? new ProbitLikelihood() : new BernoulliLikelihood();

    /// <summary>Creates x ~ Binomial(n, 1/(1 + e^−η)), whose trials n are a cell's size.</summary>
    /// <returns>The likelihood.</returns>
    public static Likelihood Binomial() => new BinomialLikelihood();

    /// <summary>Creates x ~ Poisson(t e^η), whose exposure t is a cell's size.</summary>
    /// <returns>The likelihood.</returns>
    public static Likelihood Poisson() => new PoissonLikelihood();

    /// <summary>Creates counts of mean μ = t e^η and variance μ + μ²/r, whose exposure t is a cell's size.</summary>
    /// <param name="dispersionSize">The number r, which can be learned: the larger, the closer to Poisson. Range: positive and finite.</param>
    /// <returns>The likelihood.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="dispersionSize"/> is outside its range.</exception>
    public static Likelihood NegativeBinomial(double dispersionSize = 1) =>
        new NegativeBinomialLikelihood(Guard.Positive(dispersionSize, nameof(dispersionSize)));

    /// <summary>Creates x = η + s T, where T has Student's t distribution: a Gaussian with heavy tails.</summary>
    /// <param name="scale">The scale s, which can be learned. Range: positive and finite.</param>
    /// <param name="degreesOfFreedom">The degrees of freedom ν, which can be learned. Range: positive and finite.</param>
    /// <returns>The likelihood, which is not log-concave.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A parameter is outside its range.</exception>
    public static Likelihood StudentT(double scale = 1, double degreesOfFreedom = 4) =>
        new StudentTLikelihood(Guard.Positive(scale, nameof(scale)), Guard.Positive(degreesOfFreedom, nameof(degreesOfFreedom)));

    /// <summary>Creates classes x = 0, …, C − 1 with P(X ≤ k) = 1/(1 + e^(η − c_k)): the larger η, the higher the class.</summary>
    /// <param name="cutpoints">
    /// The cutpoints c_0 &lt; … &lt; c_{C−2}, which can be learned, as the first and the gaps between them. A column of such cells has no offset.
    /// </param>
    /// <returns>The likelihood.</returns>
    /// <exception cref="ArgumentException">There is no cutpoint, one is not finite, or they do not ascend.</exception>
    public static Likelihood Ordinal(ReadOnlySpan<double> cutpoints) => OrdinalLikelihood.Create(cutpoints);

    /// <summary>Creates x ~ Gamma of mean e^η and shape a, so of variance e^2η/a.</summary>
    /// <param name="shape">The shape a, which can be learned. Range: positive and finite.</param>
    /// <returns>The likelihood.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="shape"/> is outside its range.</exception>
    public static Likelihood Gamma(double shape = 1) => new GammaLikelihood(Guard.Positive(shape, nameof(shape)));

    /// <summary>Creates x ~ Exponential of mean e^η, such as waiting times.</summary>
    /// <returns>The likelihood.</returns>
    public static Likelihood Exponential() => new ExponentialLikelihood();
}
