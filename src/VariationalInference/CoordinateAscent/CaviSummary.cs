namespace VariationalInference;

/// <summary>The outcome of coordinate ascent on one row whose posterior went to the caller's own buffers.</summary>
/// <remarks>
/// What <see cref="CaviSolver.Solve(LinearGaussianModel, ReadOnlySpan{double}, Span{double}, Span{double}, CancellationToken)"/> returns: the numbers of a
/// <see cref="CaviResult"/> without its memory.
/// <threadsafety>Immutable, hence safe to share.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp">
/// var model = new GaussianSumModel(latentCount: 3, observationCount: 2, noiseVariance: 1.0);
/// var solver = new CaviSolver();
/// var means = new double[3];
/// var variances = new double[3];
/// CaviSummary summary = solver.Solve(model, [1.2, 0.8], means, variances);
/// Console.WriteLine($"{means[0]:F5}, {summary.StopReason}");   // 0.28571, CertificateMet
/// </code>
/// </example>
/// <param name="Elbo">The ELBO of the posterior, in nats, with every constant.</param>
/// <param name="ErrorBound">The bound on the error of every mean, in exact posterior standard deviations; see <see cref="CaviResult.ErrorBound"/>.</param>
/// <param name="Iterations">The number of iterations done.</param>
/// <param name="StopReason">Why the run ended.</param>
/// <param name="Converged">Whether <paramref name="ErrorBound"/> is within <see cref="CaviOptions.Tolerance"/>, whatever stopped the run.</param>
public readonly record struct CaviSummary(double Elbo, double ErrorBound, int Iterations, CaviStopReason StopReason, bool Converged)
{
    /// <summary>Sums up the outcome in one line.</summary>
    /// <returns>The text.</returns>
    public override string ToString() =>
        Guard.Text($"{Wording.Count(Iterations, "iteration")} ({StopReason}), ELBO {Elbo:G8}, error at most {ErrorBound:G2} posterior sd");
}
