namespace VariationalInference;

/// <summary>The outcome of coordinate ascent on one row whose posterior went to the caller's own buffers.</summary>
/// <param name="Elbo">The ELBO of the posterior, in nats, with every constant.</param>
/// <param name="ErrorBound">The bound on the error of every mean, in exact posterior standard deviations; see <see cref="CaviResult.ErrorBound"/>.</param>
/// <param name="Iterations">The number of iterations done.</param>
/// <param name="StopReason">Why the run ended.</param>
/// <param name="Converged">Whether <paramref name="ErrorBound"/> is within <see cref="CaviOptions.Tolerance"/>, whatever stopped the run.</param>
public readonly record struct CaviSummary(double Elbo, double ErrorBound, int Iterations, CaviStopReason StopReason, bool Converged);
