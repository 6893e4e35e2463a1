using System.Text.Json.Serialization;

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
/// Console.WriteLine($"N({means[0]:F5}, {variances[0]:F5}), {summary.StopReason}");   // N(0.28571, 0.71429), CertificateMet
/// </code>
/// </example>
[JsonConverter(typeof(ResultJsonConverter))]
public readonly record struct CaviSummary
{
    /// <summary>Gets the ELBO of the mean-field posterior, in nats, with every constant.</summary>
    public required double Elbo { get; init; }

    /// <summary>Gets the bound on the error of every mean, in exact posterior standard deviations; see <see cref="CaviResult.ErrorBound"/>.</summary>
    public required double ErrorBound { get; init; }

    /// <summary>Gets the number of iterations done.</summary>
    public required int Iterations { get; init; }

    /// <summary>Gets why the run ended.</summary>
    public required StopReason StopReason { get; init; }

    /// <summary>Gets a value indicating whether <see cref="ErrorBound"/> is within <see cref="CaviOptions.Tolerance"/>, whatever stopped the run.</summary>
    public required bool Converged { get; init; }

    /// <summary>Sums up the outcome in one line.</summary>
    /// <returns>The text.</returns>
    public override string ToString() =>
        Guard.Text($"{Wording.Count(Iterations, "iteration")} ({StopReason}), ELBO {Elbo:G8}, means off by at most {ErrorBound:G2} posterior sd");
}
