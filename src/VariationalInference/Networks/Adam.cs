using System.Collections.Immutable;
using System.Numerics;

namespace VariationalInference;

/// <summary>Adam, uphill (Kingma &amp; Ba 2015, algorithm 1): each parameter's step is scaled by the gradients it has met.</summary>
/// <remarks>
/// m ← β₁m + (1 − β₁)∇, v ← β₂v + (1 − β₂)∇², φ ← φ + η m̂ / (√v̂ + ε), with the bias corrections m̂ = m / (1 − β₁ᵗ) and v̂ = v / (1 − β₂ᵗ)
/// after t steps. No parameter moves by much more than η in a step. The default of <see cref="HybridOptions.Optimizer"/>: it needs the
/// least care with the learning rate.
/// <threadsafety>Immutable, hence safe to share.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp">
/// var options = new HybridOptions { Optimizer = new Adam { LearningRate = 0.005 } };
/// Console.WriteLine(options.Optimizer);   // Adam { LearningRate = 0.005, Beta1 = 0.9, Beta2 = 0.999, Epsilon = 1E-08 }
/// </code>
/// </example>
public sealed record Adam : Optimizer
{
    /// <inheritdoc/>
    /// <value>The default is 0.01.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is not positive and finite.</exception>
    public override double LearningRate { get; init => field = Guard.Positive(value, nameof(LearningRate)); } = 0.01;

    /// <summary>Gets the decay rate β₁ of the mean gradient. Range: at least 0 and below 1.</summary>
    /// <value>The default is 0.9.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is below 0, 1 or more, or not a number.</exception>
    public double Beta1 { get; init => field = Guard.InRange(value, 0, 1, nameof(Beta1)); } = 0.9;

    /// <summary>Gets the decay rate β₂ of the mean squared gradient. Range: at least 0 and below 1.</summary>
    /// <value>The default is 0.999.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is below 0, 1 or more, or not a number.</exception>
    public double Beta2 { get; init => field = Guard.InRange(value, 0, 1, nameof(Beta2)); } = 0.999;

    /// <summary>Gets ε, which bounds the scaling of parameters whose gradients are tiny. Range: positive and finite.</summary>
    /// <value>The default is 1e-8.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is not positive and finite.</exception>
    public double Epsilon { get; init => field = Guard.Positive(value, nameof(Epsilon)); } = 1e-8;

    /// <inheritdoc/>
    /// <value>adam</value>
    public override string Kind => "adam";

    /// <inheritdoc/>
    public override ImmutableArray<KeyValuePair<string, double>> GetSettings() =>
        [new("learningRate", LearningRate), new("beta1", Beta1), new("beta2", Beta2), new("epsilon", Epsilon)];

    /// <inheritdoc/>
    public override Optimizer? WithSetting(string name, double value) => name switch
    {
        "learningRate" => this with { LearningRate = value },
        "beta1" => this with { Beta1 = value },
        "beta2" => this with { Beta2 = value },
        "epsilon" => this with { Epsilon = value },
        _ => null,
    };

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="parameterCount"/> is below 1.</exception>
    public override OptimizerState CreateState(int parameterCount)
    {
        Guard.InArray(parameterCount, 1, nameof(parameterCount));
        return new AdamState(this, parameterCount);
    }

    private sealed class AdamState(Adam settings, int parameterCount) : OptimizerState(settings, parameterCount)
    {
        private readonly double[] _first = new double[parameterCount];
        private readonly double[] _second = new double[parameterCount];

        public override ImmutableArray<KeyValuePair<string, Memory<double>>> GetVectors() =>
            [new("first_moments", _first), new("second_moments", _second)];

        public override void StepPart(Span<double> parameters, ReadOnlySpan<double> gradient, int first, double rateFactor)
        {
            double firstCorrection = 1.0 - Math.Pow(settings.Beta1, Steps);
            double secondCorrection = 1.0 - Math.Pow(settings.Beta2, Steps);
            double rate = settings.LearningRate * rateFactor / firstCorrection;
            Span<double> firstMoments = _first.AsSpan(first, parameters.Length);
            Span<double> secondMoments = _second.AsSpan(first, parameters.Length);
            int i = StepVectors(parameters, gradient, firstMoments, secondMoments, rate, secondCorrection);
            for (; i < gradient.Length; i++)
            {
                double slope = gradient[i];
                firstMoments[i] = (settings.Beta1 * firstMoments[i]) + ((1.0 - settings.Beta1) * slope);
                secondMoments[i] = (settings.Beta2 * secondMoments[i]) + ((1.0 - settings.Beta2) * slope * slope);
                parameters[i] += rate * firstMoments[i] / (Math.Sqrt(secondMoments[i] / secondCorrection) + settings.Epsilon);
            }
        }

        /// <summary>The same for as many whole vectors as there are, in the same operations; returns how many parameters that were.</summary>
        private int StepVectors(
            Span<double> parameters,
            ReadOnlySpan<double> gradient,
            Span<double> firstMoments,
            Span<double> secondMoments,
            double rate,
            double secondCorrection)
        {
            Vector<double> beta1 = new(settings.Beta1), rest1 = new(1.0 - settings.Beta1);
            Vector<double> beta2 = new(settings.Beta2), rest2 = new(1.0 - settings.Beta2);
            Vector<double> rates = new(rate), corrections = new(secondCorrection), epsilon = new(settings.Epsilon);
            int i = 0;
            for (; i + Vector<double>.Count <= gradient.Length; i += Vector<double>.Count)
            {
                var slope = new Vector<double>(gradient[i..]);
                Vector<double> first = (beta1 * new Vector<double>(firstMoments[i..])) + (rest1 * slope);
                Vector<double> second = (beta2 * new Vector<double>(secondMoments[i..])) + (rest2 * slope * slope);
                first.CopyTo(firstMoments[i..]);
                second.CopyTo(secondMoments[i..]);
                Vector<double> step = rates * first / (Vector.SquareRoot(second / corrections) + epsilon);
                (new Vector<double>(parameters[i..]) + step).CopyTo(parameters[i..]);
            }

            return i;
        }
    }
}
