using System.Collections.Immutable;

namespace VariationalInference;

/// <summary>A rule that turns gradients into parameter steps: φ ← φ + η · direction(∇). The objective is maximised.</summary>
/// <remarks>
/// <para>
/// An optimiser holds settings only; what a training run accumulates is the run's own <see cref="OptimizerState"/>. <see cref="Adam"/> is the
/// default; <see cref="Sgd"/> is the one to compare with. <see cref="HybridOptions.Optimizer"/> takes any. A step costs O(parameters).
/// </para>
/// <para>
/// A rule of one's own derives from this: a record of settings, which it lists and changes by name so that options and checkpoints hold them. To read
/// such a file, pass an optimiser of that kind.
/// </para>
/// <threadsafety>Immutable, hence safe to share.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp"><![CDATA[
/// using System.Collections.Immutable;
///
/// Optimizer optimizer = new Sgd { LearningRate = 0.05 };
/// var options = new HybridOptions { Optimizer = optimizer with { LearningRate = 0.1 } };
/// Console.WriteLine(options.Optimizer);   // Sgd { LearningRate = 0.1, Momentum = 0.9 }
///
/// // One of one's own goes into options and out of them.
/// string json = new HybridOptions { Optimizer = new SignAscent { LearningRate = 0.25 } }.ToJson();
/// Console.WriteLine(HybridOptions.FromJson(json, new SignAscent()).Optimizer);   // SignAscent { LearningRate = 0.25 }
///
/// // φ ← φ + η · sign(∇).
/// sealed record SignAscent : Optimizer
/// {
///     public override double LearningRate { get; init; } = 0.01;
///
///     public override string Kind => "sign_ascent";
///
///     public override ImmutableArray<KeyValuePair<string, double>> GetSettings() => [new("learningRate", LearningRate)];
///
///     public override Optimizer? WithSetting(string name, double value) => name == "learningRate" ? this with { LearningRate = value } : null;
///
///     public override OptimizerState CreateState(int parameterCount) => new State(this, parameterCount);
///
///     private sealed class State(SignAscent settings, int parameterCount) : OptimizerState(settings, parameterCount)
///     {
///         public override ImmutableArray<KeyValuePair<string, Memory<double>>> GetVectors() => [];
///
///         public override void StepPart(Span<double> parameters, ReadOnlySpan<double> gradient, int first, double rateFactor)
///         {
///             for (int i = 0; i < parameters.Length; i++)
///             {
///                 parameters[i] += settings.LearningRate * rateFactor * Math.Sign(gradient[i]);
///             }
///         }
///     }
/// }
/// ]]></code>
/// </example>
public abstract record Optimizer
{
    /// <summary>Gets the step size η. Range: positive and finite.</summary>
    public abstract double LearningRate { get; init; }

    /// <summary>Gets the name of the rule in files.</summary>
    public abstract string Kind { get; }

    /// <summary>Lists the settings by their names in files.</summary>
    /// <returns>Every setting, each finite, under a name of its own other than <c>kind</c>.</returns>
    public abstract ImmutableArray<KeyValuePair<string, double>> GetSettings();

    /// <summary>Copies the optimiser with one setting changed.</summary>
    /// <param name="name">The name of the setting, as <see cref="GetSettings"/> has it.</param>
    /// <param name="value">The value.</param>
    /// <returns>The copy; <see langword="null"/> when there is no such setting.</returns>
    /// <exception cref="ArgumentException">The value is out of the setting's range.</exception>
    public abstract Optimizer? WithSetting(string name, double value);

    /// <summary>Creates the state of one training run.</summary>
    /// <param name="parameterCount">The number of parameters that will be stepped. Range: at least 1.</param>
    /// <returns>A fresh state.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="parameterCount"/> is below 1.</exception>
    public abstract OptimizerState CreateState(int parameterCount);

    /// <summary>Lists the settings.</summary>
    /// <returns>The text.</returns>
    public sealed override string ToString() =>
        $"{GetType().Name} {{ {string.Join(", ", GetSettings().Select(setting => Guard.Text($"{char.ToUpperInvariant(setting.Key[0])}{setting.Key[1..]} = {setting.Value}")))} }}";

    /// <summary>Creates a state, and requires that there is one.</summary>
    /// <exception cref="InvalidOperationException">There is none.</exception>
    internal OptimizerState NewState(int parameterCount) => CreateState(parameterCount)
        ?? throw new InvalidOperationException($"CreateState of the optimizer {Kind} returned null; it must return a state.");
}
