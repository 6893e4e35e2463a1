namespace VariationalInference;

/// <summary>A rule that turns gradients into parameter steps: φ ← φ + η · direction(∇). The objective is maximised.</summary>
/// <remarks>
/// An optimiser holds settings only and may be shared; what a training run accumulates lives in <see cref="OptimizerState"/>.
/// </remarks>
public abstract record Optimizer
{
    private protected Optimizer()
    {
    }

    /// <summary>Gets the step size η. Range: positive and finite.</summary>
    public abstract double LearningRate { get; init; }

    /// <summary>Gets the name of the rule in files.</summary>
    internal abstract string Kind { get; }

    /// <summary>Creates the state of one training run.</summary>
    /// <param name="parameterCount">The number of parameters that will be stepped. Range: at least 1.</param>
    /// <returns>A fresh state.</returns>
    public abstract OptimizerState CreateState(int parameterCount);
}
