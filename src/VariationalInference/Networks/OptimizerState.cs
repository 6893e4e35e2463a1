namespace VariationalInference;

/// <summary>What an optimiser accumulates over one training run. Not thread-safe.</summary>
internal abstract class OptimizerState
{
    private readonly int _parameterCount;

    private protected OptimizerState(Optimizer settings, int parameterCount)
    {
        Settings = settings;
        _parameterCount = parameterCount;
    }

    /// <summary>Gets the rule that the state belongs to.</summary>
    internal Optimizer Settings { get; }

    /// <summary>Gets the vectors that the state consists of, each as long as the parameters, by their names in files.</summary>
    internal abstract IReadOnlyList<(string Name, double[] Values)> Vectors { get; }

    /// <summary>Gets or sets the number of steps taken.</summary>
    internal long Steps { get; set; }

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

    /// <summary>
    /// Steps some neighbouring parameters, for the step that <see cref="Steps"/> counts already; parts may be stepped at once on several threads.
    /// </summary>
    /// <param name="parameters">These parameters.</param>
    /// <param name="gradient">The gradient in them.</param>
    /// <param name="first">The place of the first of them among all.</param>
    /// <param name="rateFactor">Multiplies the learning rate.</param>
    internal abstract void StepPart(Span<double> parameters, ReadOnlySpan<double> gradient, int first, double rateFactor);

    /// <summary>Copies the state; the copy shares nothing that can change.</summary>
    internal OptimizerState Copy()
    {
        OptimizerState copy = Settings.CreateState(_parameterCount);
        copy.CopyFrom(this);
        return copy;
    }

    /// <summary>Takes over what another state of the same kind has accumulated.</summary>
    internal void CopyFrom(OptimizerState other)
    {
        Steps = other.Steps;
        for (int i = 0; i < Vectors.Count; i++)
        {
            other.Vectors[i].Values.CopyTo(Vectors[i].Values.AsSpan());
        }
    }
}
