using System.Collections.Immutable;

namespace VariationalInference;

/// <summary>What an optimiser accumulates over one training run. Not thread-safe, but for <see cref="StepPart"/> of different parts.</summary>
/// <remarks>An optimiser of one's own derives its state from this, as <see cref="Optimizer"/> shows; <see cref="HybridSolver"/> steps it.</remarks>
/// <example>
/// <code language="csharp">
/// OptimizerState state = new Sgd { LearningRate = 0.5, Momentum = 0.5 }.CreateState(parameterCount: 1);
/// double[] parameters = [0];
/// state.Step(parameters, [1], rateFactor: 1);
/// state.Step(parameters, [1], rateFactor: 1);
/// Console.WriteLine($"{state.Steps} steps: {parameters[0]}");   // 2 steps: 1.25
/// </code>
/// </example>
public abstract class OptimizerState
{
    private readonly int _parameterCount;

    /// <summary>Initializes a new instance of the <see cref="OptimizerState"/> class.</summary>
    /// <param name="settings">The optimiser that makes the state.</param>
    /// <param name="parameterCount">The number of parameters that will be stepped. Range: at least 1.</param>
    /// <exception cref="ArgumentNullException"><paramref name="settings"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="parameterCount"/> is below 1.</exception>
    protected OptimizerState(Optimizer settings, int parameterCount)
    {
        ArgumentNullException.ThrowIfNull(settings);
        Guard.InArray(parameterCount, 1, nameof(parameterCount));
        Settings = settings;
        _parameterCount = parameterCount;
    }

    /// <summary>Gets the number of steps taken, that under way included.</summary>
    public long Steps { get; internal set; }

    /// <summary>Gets the rule that the state belongs to.</summary>
    internal Optimizer Settings { get; }

    /// <summary>Lists the vectors that the state consists of, by their names in files: writing to one changes the state.</summary>
    /// <returns>Every vector, each under a name of its own; always the same ones, of the same lengths.</returns>
    public abstract ImmutableArray<KeyValuePair<string, Memory<double>>> GetVectors();

    /// <summary>
    /// Steps some neighbouring parameters, for the step that <see cref="Steps"/> counts already. What becomes of a parameter must not depend on
    /// where the parts are cut; parts may be stepped at once on several threads.
    /// </summary>
    /// <param name="parameters">These parameters.</param>
    /// <param name="gradient">The gradient in them.</param>
    /// <param name="first">The place of the first of them among all.</param>
    /// <param name="rateFactor">Multiplies the learning rate.</param>
    public abstract void StepPart(Span<double> parameters, ReadOnlySpan<double> gradient, int first, double rateFactor);

    /// <summary>Takes one step uphill, in place.</summary>
    /// <param name="parameters">The parameters φ.</param>
    /// <param name="gradient">The gradient of the objective in φ, of the same length.</param>
    /// <param name="rateFactor">
    /// Multiplies the learning rate for this step, so that a schedule needs no new optimiser. Range: positive and finite.
    /// </param>
    /// <exception cref="ArgumentException">A length differs from the state's.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="rateFactor"/> is not positive and finite.</exception>
    public void Step(Span<double> parameters, ReadOnlySpan<double> gradient, double rateFactor)
    {
        Guard.Length(parameters.Length, _parameterCount, nameof(parameters), "as many as the state was created for");
        Guard.Length(gradient.Length, _parameterCount, nameof(gradient), "one for each parameter");
        Guard.Positive(rateFactor, nameof(rateFactor));
        Steps++;
        StepPart(parameters, gradient, first: 0, rateFactor);
    }

    /// <summary>Copies the state; the copy shares nothing that can change.</summary>
    internal OptimizerState Copy()
    {
        OptimizerState copy = Settings.NewState(_parameterCount);
        copy.CopyFrom(this);
        return copy;
    }

    /// <summary>Takes over what another state of the same kind has accumulated.</summary>
    internal void CopyFrom(OptimizerState other)
    {
        Steps = other.Steps;
        foreach (((string _, Memory<double> own), (string _, Memory<double> others)) in GetVectors().Zip(other.GetVectors()))
        {
            others.CopyTo(own);
        }
    }
}
