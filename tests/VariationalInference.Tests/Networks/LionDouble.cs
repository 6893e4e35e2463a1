using System.Collections.Immutable;

namespace VariationalInference.Tests.Networks;

/// <summary>An optimiser of someone's own: φ ← φ + η · sign(b m + (1 − b)∇), m ← c m + (1 − c)∇ (Chen et al. 2023).</summary>
internal sealed record LionDouble : Optimizer
{
    public override double LearningRate { get; init; } = 0.002;

    public double Blend { get; init; } = 0.9;

    public double Decay { get; init; } = 0.99;

    public override string Kind => "lion";

    public override ImmutableArray<KeyValuePair<string, double>> GetSettings() =>
        [new("learningRate", LearningRate), new("blend", Blend), new("decay", Decay)];

    public override Optimizer? WithSetting(string name, double value) => name switch
    {
        "learningRate" => this with { LearningRate = value },
        "blend" => this with { Blend = value },
        "decay" => this with { Decay = value is >= 0 and < 1 ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "decay must be below 1.") },
        _ => null,
    };

    public override OptimizerState CreateState(int parameterCount) => new State(this, parameterCount);

    private sealed class State(LionDouble settings, int parameterCount) : OptimizerState(settings, parameterCount)
    {
        private readonly double[] _momentum = new double[parameterCount];

        public override ImmutableArray<KeyValuePair<string, Memory<double>>> GetVectors() => [new("momentum", _momentum)];

        public override void StepPart(Span<double> parameters, ReadOnlySpan<double> gradient, int first, double rateFactor)
        {
            for (int i = 0; i < parameters.Length; i++)
            {
                ref double momentum = ref _momentum[first + i];
                double direction = (settings.Blend * momentum) + ((1 - settings.Blend) * gradient[i]);
                parameters[i] += settings.LearningRate * rateFactor * Math.Sign(direction);
                momentum = (settings.Decay * momentum) + ((1 - settings.Decay) * gradient[i]);
            }
        }
    }
}
