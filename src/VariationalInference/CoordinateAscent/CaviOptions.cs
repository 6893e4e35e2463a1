namespace VariationalInference;

/// <summary>
/// How coordinate ascent goes about it and when it stops. Every rule that is set is checked after each iteration; the first to hold stops
/// the run.
/// </summary>
/// <remarks><threadsafety>Immutable, hence safe to share.</threadsafety></remarks>
/// <example>
/// <code language="csharp">
/// // Plain coordinate updates, ended by a small change: the certificate still tells how far off they ended.
/// var options = new CaviOptions { Method = CaviMethod.PlainSweeps, Tolerance = 0, MeanChangeTolerance = 1e-8 };
/// var model = new GaussianSumModel(latentCount: 3, observationCount: 5, noiseVariance: 0.1);
/// CaviResult fit = new CaviSolver(options).Solve(model, [1.2, 0.8, 1.1, 0.9, 1.0]);
/// Console.WriteLine($"{fit.Iterations} sweeps, {fit.StopReason}, off by at most {fit.ErrorBound:G2} posterior sd");
/// // … sweeps, MeanChangeBelowTolerance, off by at most … posterior sd
/// </code>
/// </example>
public sealed record CaviOptions
{
    /// <summary>Gets how the stationary point is reached; all methods have the same one, and the same certificate.</summary>
    /// <value>The default is <see cref="CaviMethod.Accelerated"/>.</value>
    public CaviMethod Method { get; init => field = Guard.Defined(value, nameof(Method)); } = CaviMethod.Accelerated;

    /// <summary>
    /// Gets the tolerance on <see cref="CaviResult.ErrorBound"/>: the largest error of a mean, in that latent's exact posterior standard
    /// deviations, that counts as converged. An accelerated run goes on to a gradient 1e-5 times as small where rounding allows, which costs an
    /// iteration or two. Range: at least 0; 0 stops only at the rounding floor.
    /// </summary>
    /// <value>The default is 1e-8.</value>
    public double Tolerance { get; init => field = Guard.NonNegative(value, nameof(Tolerance)); } = 1e-8;

    /// <summary>
    /// Gets the limit on the largest change of a mean in one iteration, in mean-field standard deviations 1/√Λ_jj. A
    /// small change does not mean a small error; <see cref="CaviResult.Converged"/> still tells. Range: positive.
    /// </summary>
    /// <value>The default is <see langword="null"/>: not used.</value>
    public double? MeanChangeTolerance
    {
        get;
        init => field = value is double tolerance ? Guard.Positive(tolerance, nameof(MeanChangeTolerance)) : null;
    }

    /// <summary>Gets the limit on the growth of the ELBO in one iteration, in nats, below which the run stops. Range: at least 0.</summary>
    /// <value>The default is <see langword="null"/>: not used.</value>
    public double? ElboChangeTolerance
    {
        get;
        init => field = value is double tolerance ? Guard.NonNegative(tolerance, nameof(ElboChangeTolerance)) : null;
    }

    /// <summary>Gets the largest number of iterations of a row; one sweep updates each latent once. Range: at least 1.</summary>
    /// <value>The default is 100,000.</value>
    public int MaxIterations { get; init => field = Guard.AtLeast(value, 1, nameof(MaxIterations)); } = 100_000;

    /// <summary>Gets the largest number of threads that work on a table; results do not depend on it. Range: at least 1.</summary>
    /// <value>The default is the number of processors.</value>
    public int MaxThreads { get; init => field = Guard.AtLeast(value, 1, nameof(MaxThreads)); } = Environment.ProcessorCount;

    /// <summary>Gets a value indicating whether rows of a table need runs of their own.</summary>
    internal bool SolvesRowByRow => Method == CaviMethod.PlainSweeps || MeanChangeTolerance is not null || ElboChangeTolerance is not null;

    /// <summary>Lists the options.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => Guard.Text(
        $"CaviOptions {{ Method = {Method}, Tolerance = {Tolerance}, MeanChangeTolerance = {Wording.OrNull(MeanChangeTolerance)}, ElboChangeTolerance = {Wording.OrNull(ElboChangeTolerance)}, MaxIterations = {MaxIterations}, MaxThreads = {MaxThreads} }}");
}
