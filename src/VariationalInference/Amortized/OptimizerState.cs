namespace VariationalInference;

/// <summary>What an optimiser accumulates over one training run. Not thread-safe.</summary>
public abstract class OptimizerState
{
    private readonly int _parameterCount;

    private protected OptimizerState(int parameterCount)
    {
        _parameterCount = parameterCount;
    }

    /// <summary>Takes one step uphill, in place.</summary>
    /// <param name="parameters">The parameters φ.</param>
    /// <param name="gradient">The gradient of the objective in φ, of the same length.</param>
    /// <param name="rateFactor">
    /// Multiplies the learning rate for this step, so that a schedule needs no new optimiser. Range: positive and finite.
    /// </param>
    /// <exception cref="ArgumentException">A length differs from the state's.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="rateFactor"/> is not positive and finite.</exception>
    public abstract void Step(Span<double> parameters, ReadOnlySpan<double> gradient, double rateFactor);

    private protected void CheckStep(int parameters, int gradient, double rateFactor)
    {
        Guard.Length(parameters, _parameterCount, nameof(parameters), "as many as the state was created for");
        Guard.Length(gradient, _parameterCount, nameof(gradient), "one for each parameter");
        Guard.Positive(rateFactor, nameof(rateFactor));
    }
}
