namespace VariationalInference;

/// <summary>What an optimiser accumulates over one training run. Not thread-safe.</summary>
public abstract class OptimizerState
{
    private protected OptimizerState()
    {
    }

    /// <summary>Takes one step uphill, in place.</summary>
    /// <param name="parameters">The parameters φ.</param>
    /// <param name="gradient">The gradient of the objective in φ, of the same length.</param>
    /// <param name="rateFactor">Multiplies the learning rate for this step, so that a schedule needs no new optimiser. Range: positive.</param>
    /// <exception cref="ArgumentException">A length differs from the state's.</exception>
    public abstract void Step(Span<double> parameters, ReadOnlySpan<double> gradient, double rateFactor);
}
