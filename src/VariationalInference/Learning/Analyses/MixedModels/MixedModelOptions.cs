namespace VariationalInference;

/// <summary>How a <see cref="MixedModel"/> is fitted.</summary>
/// <remarks><threadsafety>Immutable, hence safe to share.</threadsafety></remarks>
/// <example>
/// <code language="csharp">
/// double[] yield = [9.8, 10.1, 10.0, 11.9, 12.2, 10.9, 11.1, 11.0];
/// string[] batch = ["a", "a", "a", "b", "b", "c", "c", "c"];
/// MixedModel model = new MixedModel("yield", yield).Random("batch", batch);
/// Console.WriteLine($"{model.Fit().ResidualVariance:F4}");   // 0.0223
/// Console.WriteLine($"{model.Fit(new MixedModelOptions { Restricted = true }).ResidualVariance:F4}");   // 0.0223
/// </code>
/// </example>
public sealed record MixedModelOptions
{
    /// <summary>
    /// Gets a value indicating whether the restricted likelihood (REML) is maximised, the likelihood integrated over the fixed effects, which allows for the degrees
    /// of freedom that estimating them takes; <see langword="false"/> means maximum likelihood.
    /// </summary>
    /// <value>The default is <see langword="false"/>. Models with different fixed effects can only be compared by maximum likelihood.</value>
    public bool Restricted { get; init; }

    /// <summary>Gets the largest number of steps from each start. Range: at least 1.</summary>
    /// <value>The default is 200.</value>
    public int MaxIterations { get; init => field = Guard.AtLeast(value, 1, nameof(MaxIterations)); } = 200;

    /// <summary>Gets the largest number of threads; the result does not depend on it. <see langword="null"/> means the number of processors. Range: at least 1.</summary>
    /// <value>The default is <see langword="null"/>.</value>
    public int? MaxThreads
    {
        get;
        init
        {
            Guard.AtLeast(value ?? 1, 1, nameof(MaxThreads));
            field = value;
        }
    }

    /// <summary>Lists the options.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => Guard.Text(
        $"MixedModelOptions {{ Restricted = {Restricted}, MaxIterations = {MaxIterations}, MaxThreads = {Wording.OrNull(MaxThreads)} }}");
}
