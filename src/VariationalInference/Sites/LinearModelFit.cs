using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;

namespace VariationalInference;

/// <summary>How good the Gaussian is that was fitted to a row of a <see cref="LinearModel"/>.</summary>
/// <remarks>
/// The bounds are on the distance from the best Gaussian of the family, whose mean is not the exact posterior mean where that is skewed.
/// <threadsafety>Immutable, hence safe to share.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp"><![CDATA[
/// var model = new LinearModel(Matrix<double>.Build.Dense(3, 1, 1), Likelihood.Poisson(), GaussianPrior.Independent(count: 1, variance: 4));
/// LinearModelFit fit = new FixedFormSolver().Solve(model, [3, 5, 4]);
/// Console.WriteLine($"{fit.Converged}, {fit.IsGlobal}, {fit.ErrorBound < 1e-8}");   // True, True, True
/// ]]></code>
/// </example>
public abstract record LinearModelFit
{
    private protected LinearModelFit()
    {
    }

    [SetsRequiredMembers]
    private protected LinearModelFit(ModelState state)
    {
        Elbo = state.Number("elbo");
        ElboTrace = state.Vector("elbo_trace");
        StopReason = state.Member<StopReason>("stop_reason");
        Slope = state.Number("slope");
        Distance = state.Number("distance");
        Converged = state.Flag("converged");
        IsGlobal = state.Flag("is_global");
        ElboGapBound = state.Number("elbo_gap_bound");
    }

    /// <summary>Gets the ELBO, in nats, with every constant.</summary>
    public required double Elbo { get; init; }

    /// <summary>Gets the ELBO by iteration; element 0 at the start.</summary>
    public required ImmutableArray<double> ElboTrace { get; init; }

    /// <summary>Gets the number of iterations done.</summary>
    public int Iterations => ElboTrace.Length - 1;

    /// <summary>
    /// Gets why the run ended; <see cref="StopReason.MeanChangeBelowTolerance"/> where rounding keeps <see cref="Slope"/> above the tolerance, but the optimum is
    /// within a hundredth of it to first order.
    /// </summary>
    public required StopReason StopReason { get; init; }

    /// <summary>
    /// Gets the length of the ELBO's gradient, in the whitened means and a root of the whitened covariance, times the largest ratio of a prior standard deviation to a posterior
    /// one.
    /// </summary>
    public required double Slope { get; init; }

    /// <summary>
    /// Gets the distance from the optimum to first order, in posterior standard deviations: the length of the natural gradient, or of the step that combines the last ones where that is
    /// longer.
    /// </summary>
    public required double Distance { get; init; }

    /// <summary>
    /// Gets a value indicating whether <see cref="Slope"/> is within the tolerance, or <see cref="Distance"/> within a hundredth of it, whatever stopped the run.
    /// </summary>
    public required bool Converged { get; init; }

    /// <summary>Gets a value indicating whether there is one optimum, since every likelihood is log-concave; else this is one of several, perhaps.</summary>
    public required bool IsGlobal { get; init; }

    /// <summary>
    /// Gets the bound on the distance of every mean from that of the best Gaussian, in posterior standard deviations; ∞ where the optimum need not be
    /// the only one, though <see cref="Slope"/> is small there too.
    /// </summary>
    public double ErrorBound => IsGlobal ? Slope : double.PositiveInfinity;

    /// <summary>Gets the bound on what the ELBO lacks of its largest value, in nats; ∞ where the optimum need not be the only one.</summary>
    public required double ElboGapBound { get; init; }

    private protected void WriteOutcome(ModelState state)
    {
        state.AddNumber("elbo", Elbo);
        state.Add("elbo_trace", ElboTrace.AsSpan());
        state.AddMember("stop_reason", StopReason);
        state.AddNumber("slope", Slope);
        state.AddNumber("distance", Distance);
        state.AddFlag("converged", Converged);
        state.AddFlag("is_global", IsGlobal);
        state.AddNumber("elbo_gap_bound", ElboGapBound);
    }

    private protected string Outcome => Guard.Text(
        $"{Wording.Count(Iterations, "iteration")} ({StopReason}), ELBO {Elbo:G8}, {(IsGlobal ? "means off by at most" : "one optimum of several, slope")} {Slope:G2}{(IsGlobal ? " posterior sd" : string.Empty)}");
}
