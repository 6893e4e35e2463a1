using System.Collections.Immutable;
using System.Numerics.Tensors;

namespace VariationalInference;

/// <summary>Stochastic gradient ascent with momentum: v ← βv + ∇, φ ← φ + ηv (Polyak 1964).</summary>
/// <remarks>
/// On a constant gradient the steps grow to η / (1 − β) times it. It has one setting less than <see cref="Adam"/> to choose, and needs its
/// learning rate chosen for the problem.
/// <threadsafety>Immutable, hence safe to share.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp">
/// var options = new HybridOptions { Optimizer = new Sgd { LearningRate = 0.1, Momentum = 0.9 }, MaxEpochs = 100 };
/// var model = new GaussianSumModel(latentCount: 3, observationCount: 2, noiseVariance: 1.0);
/// HybridResult hybrid = new HybridSolver(options).Fit(model, new MlpEncoder(2, 1), model.Sample(2_000, seed: 1).Observations);
/// Console.WriteLine(hybrid.StopReason);   // GapBelowTolerance
/// </code>
/// </example>
public sealed record Sgd : Optimizer
{
    /// <inheritdoc/>
    /// <value>The default is 0.1.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is not positive and finite.</exception>
    public override double LearningRate { get; init => field = Guard.Positive(value, nameof(LearningRate)); } = 0.1;

    /// <summary>Gets the share β of the last step's direction that carries on. Range: at least 0 and below 1; 0 is plain ascent.</summary>
    /// <value>The default is 0.9.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is below 0, 1 or more, or not a number.</exception>
    public double Momentum { get; init => field = Guard.InRange(value, 0, 1, nameof(Momentum)); } = 0.9;

    /// <inheritdoc/>
    /// <value>sgd</value>
    public override string Kind => "sgd";

    /// <inheritdoc/>
    public override ImmutableArray<KeyValuePair<string, double>> GetSettings() =>
        [new("learningRate", LearningRate), new("momentum", Momentum)];

    /// <inheritdoc/>
    public override Optimizer? WithSetting(string name, double value) => name switch
    {
        "learningRate" => this with { LearningRate = value },
        "momentum" => this with { Momentum = value },
        _ => null,
    };

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="parameterCount"/> is below 1.</exception>
    public override OptimizerState CreateState(int parameterCount)
    {
        Guard.InArray(parameterCount, 1, nameof(parameterCount));
        return new SgdState(this, parameterCount);
    }

    private sealed class SgdState(Sgd settings, int parameterCount) : OptimizerState(settings, parameterCount)
    {
        private readonly double[] _velocity = new double[parameterCount];

        public override ImmutableArray<KeyValuePair<string, Memory<double>>> GetVectors() => [new("velocity", _velocity)];

        public override void StepPart(Span<double> parameters, ReadOnlySpan<double> gradient, int first, double rateFactor)
        {
            Span<double> velocity = _velocity.AsSpan(first, parameters.Length);
            TensorPrimitives.MultiplyAdd(velocity, settings.Momentum, gradient, velocity);
            TensorPrimitives.MultiplyAdd(velocity, settings.LearningRate * rateFactor, parameters, parameters);
        }
    }
}
