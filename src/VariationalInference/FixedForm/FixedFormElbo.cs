namespace VariationalInference;

/// <summary>
/// The ELBO of one row as a function of the parameters ν = (μ, v) of a mean-field Gaussian, section 4.5: first fix the form of q, then
/// optimise.
/// </summary>
/// <remarks>
/// <para>
/// L(μ, v) = c + hᵀμ − ½ μᵀΛμ − ½ Σ Λ_jj v_j + ½ Σ log(2πe v_j), equation (4-2) for any linear-Gaussian model and with every constant, so
/// that L ≤ log p(x). Its gradients are h − Λμ and ½(1/v_j − Λ_jj); they vanish at (4-3) and (4-4), where coordinate ascent ends too.
/// Evaluated in residual form, O(JK), for Gaussian sums O(J).
/// </para>
/// <para>
/// Take it to look at the ELBO itself: its terms, its gradient, the way uphill. For the maximum alone <see cref="CaviSolver"/> costs less.
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
/// Console.WriteLine(walked.Posterior[0]);   // N(0.28571, 0.33333)
/// Console.WriteLine($"{elbo.Value(completed):F5} <= {elbo.Joint.LogEvidence:F5}");   // -3.66865 <= -2.99369
/// Console.WriteLine(elbo.Gradient(completed).Means.All(slope => Math.Abs(slope) < 1e-12));   // True
/// ]]></code>
/// </example>
public sealed class FixedFormElbo
{
    /// <summary>Initializes a new instance of the <see cref="FixedFormElbo"/> class.</summary>
    /// <param name="joint">The log joint of the row, from <see cref="LinearGaussianModel.Observe"/>.</param>
    public FixedFormElbo(QuadraticLogJoint joint)
    {
        ArgumentNullException.ThrowIfNull(joint);
        Joint = joint;
    }

    /// <summary>Gets the log joint of the row.</summary>
    public QuadraticLogJoint Joint { get; }

    /// <summary>Evaluates the ELBO, in nats.</summary>
    /// <param name="means">The means μ, length J, all finite.</param>
    /// <param name="variances">The variances v (not standard deviations), length J, all positive and finite.</param>
    /// <returns>The lower bound on the log evidence; larger is better.</returns>
    /// <exception cref="ArgumentException">A length or a value is outside its range.</exception>
    public double Value(ReadOnlySpan<double> means, ReadOnlySpan<double> variances) => Terms(means, variances).Total;

    /// <summary>Evaluates the ELBO of a mean-field posterior, in nats.</summary>
    /// <param name="q">The posterior.</param>
    /// <returns>The lower bound on the log evidence; larger is better.</returns>
    /// <exception cref="ArgumentException"><paramref name="q"/> has another number of latents.</exception>
    public double Value(MeanFieldGaussian q) => Terms(q).Total;

    /// <summary>Evaluates the terms of equation (4-2).</summary>
    /// <param name="q">The posterior.</param>
    /// <returns>The terms, which sum to <see cref="Value(MeanFieldGaussian)"/>.</returns>
    /// <exception cref="ArgumentException"><paramref name="q"/> has another number of latents.</exception>
    public ElboTerms Terms(MeanFieldGaussian q)
    {
        ArgumentNullException.ThrowIfNull(q);
        return Terms(q.Means.AsSpan(), q.Variances.AsSpan());
    }

    /// <summary>Evaluates the terms of equation (4-2).</summary>
    /// <param name="means">The means μ, length J, all finite.</param>
    /// <param name="variances">The variances v, length J, all positive and finite.</param>
    /// <returns>The terms, which sum to the ELBO.</returns>
    /// <exception cref="ArgumentException">A length or a value is outside its range.</exception>
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

        return new ElboTerms(
            DataFit: -0.5 * (ShortVectors.SquaredNorm(e) + Joint.Row.Unexplained),
            Prior: -0.5 * ShortVectors.SquaredNorm(t),
            UncertaintyCost: -0.5 * cost,
            Spread: 0.5 * spread,
            Constant: Joint.Shape.LogNormalizer + (0.5 * (t.Length - shape.Prior.LogDeterminant)));
    }

    /// <summary>Evaluates the gradient of the ELBO, section 4.5.4.</summary>
    /// <param name="q">The posterior.</param>
    /// <returns>The gradient in means, variances and log variances.</returns>
    /// <exception cref="ArgumentException"><paramref name="q"/> has another number of latents.</exception>
    public ElboGradient Gradient(MeanFieldGaussian q)
    {
        ArgumentNullException.ThrowIfNull(q);
        return Gradient(q.Means.AsSpan(), q.Variances.AsSpan());
    }

    /// <summary>Evaluates the gradient of the ELBO, section 4.5.4.</summary>
    /// <param name="means">The means μ, length J, all finite.</param>
    /// <param name="variances">The variances v, length J, all positive and finite.</param>
    /// <returns>The gradient in means, variances and log variances.</returns>
    /// <exception cref="ArgumentException">A length or a value is outside its range.</exception>
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

    /// <summary>Returns the maximiser by "completing the square": the point where (4-3) and (4-4) make the gradient vanish.</summary>
    /// <returns>Means Λ⁻¹h and variances 1/Λ_jj.</returns>
    public MeanFieldGaussian StationaryPoint() => Joint.MeanFieldOptimum();

    /// <summary>Walks to the maximiser by gradient ascent, ν ← ν + η∇L with ν = (μ, log v), section 4.5.3.</summary>
    /// <param name="options">The step and when to stop; <see langword="null"/> for the defaults.</param>
    /// <param name="start">Where to start; <see langword="null"/> starts from the prior.</param>
    /// <param name="cancellationToken">Stops the walk; the best point so far is returned.</param>
    /// <returns>The best point that was found, converged or not.</returns>
    /// <exception cref="ArgumentException"><paramref name="start"/> has another number of latents.</exception>
    public GradientAscentResult Maximize(
        GradientAscentOptions? options = null, MeanFieldGaussian? start = null, CancellationToken cancellationToken = default)
    {
        GaussianPrior prior = Joint.Shape.Prior;
        start ??= new MeanFieldGaussian(prior.Means.AsSpan(), prior.Variances.AsSpan());
        Guard.Length(start.Count, Joint.LatentCount, nameof(start), "one for each latent");
        return new GradientAscent(this, options ?? new GradientAscentOptions(), start).Run(cancellationToken);
    }

    /// <summary>Names the row's size.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => $"ELBO of {Joint.Size}";

    private void Require(ReadOnlySpan<double> means, ReadOnlySpan<double> variances)
    {
        Joint.RequireLatents(means, nameof(means));
        Guard.Length(variances.Length, Joint.LatentCount, nameof(variances), "one for each latent");
        Guard.AllPositive(variances, nameof(variances));
    }
}
