namespace VariationalInference;

/// <summary>A rule that turns gradients into parameter steps: φ ← φ + η · direction(∇). The objective is maximised.</summary>
/// <remarks>
/// An optimiser holds settings only; what a training run accumulates is the run's own. <see cref="Adam"/> is the default; <see cref="Sgd"/>
/// is the one to compare with. <see cref="HybridOptions.Optimizer"/> takes either. A step costs O(parameters).
/// <threadsafety>Immutable, hence safe to share.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp">
/// Optimizer optimizer = new Sgd { LearningRate = 0.05 };
/// var options = new HybridOptions { Optimizer = optimizer with { LearningRate = 0.1 } };
/// Console.WriteLine(options.Optimizer);   // Sgd { LearningRate = 0.1, Momentum = 0.9 }
/// </code>
/// </example>
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
    internal abstract OptimizerState CreateState(int parameterCount);
}
