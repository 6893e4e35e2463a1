namespace VariationalInference;

/// <summary>Adam, uphill (Kingma &amp; Ba 2015, algorithm 1): each parameter's step is scaled by the gradients it has met.</summary>
/// <remarks>
/// m ← β₁m + (1 − β₁)∇, v ← β₂v + (1 − β₂)∇², φ ← φ + η m̂ / (√v̂ + ε), with the bias corrections m̂ = m / (1 − β₁ᵗ) and
/// v̂ = v / (1 − β₂ᵗ) after t steps. No parameter moves by much more than η in a step.
/// </remarks>
public sealed class Adam : Optimizer
{
    /// <inheritdoc/>
    /// <value>The default is 0.01.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is not positive and finite.</exception>
    public override double LearningRate
    {
        get;
        init
        {
            Guard.Positive(value, nameof(LearningRate));
            field = value;
        }
    } = 0.01;

    /// <summary>Gets the decay rate β₁ of the mean gradient. Range: at least 0 and below 1.</summary>
    /// <value>The default is 0.9.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is below 0, 1 or more, or not a number.</exception>
    public double Beta1
    {
        get;
        init
        {
            Guard.InRange(value, 0, 1, nameof(Beta1));
            field = value;
        }
    } = 0.9;

    /// <summary>Gets the decay rate β₂ of the mean squared gradient. Range: at least 0 and below 1.</summary>
    /// <value>The default is 0.999.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is below 0, 1 or more, or not a number.</exception>
    public double Beta2
    {
        get;
        init
        {
            Guard.InRange(value, 0, 1, nameof(Beta2));
            field = value;
        }
    } = 0.999;

    /// <summary>Gets ε, which bounds the scaling of parameters whose gradients are tiny. Range: positive and finite.</summary>
    /// <value>The default is 1e-8.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is not positive and finite.</exception>
    public double Epsilon
    {
        get;
        init
        {
            Guard.Positive(value, nameof(Epsilon));
            field = value;
        }
    } = 1e-8;

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="parameterCount"/> is below 1.</exception>
    public override OptimizerState CreateState(int parameterCount)
    {
        Guard.AtLeast(parameterCount, 1, nameof(parameterCount));
        return new AdamState(this, parameterCount);
    }

    private sealed class AdamState(Adam settings, int parameterCount) : OptimizerState(parameterCount)
    {
        private readonly double[] _first = new double[parameterCount];
        private readonly double[] _second = new double[parameterCount];
        private long _steps;

        public override void Step(Span<double> parameters, ReadOnlySpan<double> gradient, double rateFactor)
        {
            CheckStep(parameters.Length, gradient.Length, rateFactor);
            _steps++;
            double firstCorrection = 1.0 - Math.Pow(settings.Beta1, _steps);
            double secondCorrection = 1.0 - Math.Pow(settings.Beta2, _steps);
            double rate = settings.LearningRate * rateFactor / firstCorrection;
            for (int i = 0; i < gradient.Length; i++)
            {
                double slope = gradient[i];
                _first[i] = (settings.Beta1 * _first[i]) + ((1.0 - settings.Beta1) * slope);
                _second[i] = (settings.Beta2 * _second[i]) + ((1.0 - settings.Beta2) * slope * slope);
                parameters[i] += rate * _first[i] / (Math.Sqrt(_second[i] / secondCorrection) + settings.Epsilon);
            }
        }
    }
}
