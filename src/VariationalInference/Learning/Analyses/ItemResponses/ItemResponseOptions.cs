namespace VariationalInference;

/// <summary>How an <see cref="ItemResponse"/> model is learned.</summary>
/// <remarks><threadsafety>Immutable, hence safe to share.</threadsafety></remarks>
/// <example>
/// <code language="csharp">
/// var options = new ItemResponseOptions { EqualDiscriminations = true };
/// Console.WriteLine(new ItemResponse(dimensions: 1, options));   // item response model of 1 dimension, equal discriminations
/// </code>
/// </example>
public sealed record ItemResponseOptions
{
    /// <summary>
    /// Gets a value indicating whether all items have the same discrimination: the one-parameter model, Rasch's, whose abilities have as many logits of standard
    /// deviation as the discrimination says. For one dimension only.
    /// </summary>
    /// <value>The default is <see langword="false"/>: each item has its own.</value>
    public bool EqualDiscriminations { get; init; }

    /// <summary>Gets how far the parameters may be from the optimum to count as converged, in standard errors. Range: positive.</summary>
    /// <value>The default is 1e-6.</value>
    public double Tolerance { get; init => field = Guard.Positive(value, nameof(Tolerance)); } = 1e-6;

    /// <summary>Gets the largest number of Newton steps on all persons. Range: at least 1.</summary>
    /// <value>The default is 100.</value>
    public int MaxIterations { get; init => field = Guard.AtLeast(value, 1, nameof(MaxIterations)); } = 100;

    /// <summary>Gets the number of starts: the first from the correlations of the items, the others drawn. Range: at least 1.</summary>
    /// <value>The default is 4.</value>
    public int Starts { get; init => field = Guard.AtLeast(value, 1, nameof(Starts)); } = 4;

    /// <summary>Gets the seed of the starts that are drawn; the same seed gives the same result, bit for bit.</summary>
    /// <value>The default is 0.</value>
    public int Seed { get; init; }

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
        $"ItemResponseOptions {{ EqualDiscriminations = {EqualDiscriminations}, Tolerance = {Tolerance}, MaxIterations = {MaxIterations}, Starts = {Starts}, Seed = {Seed}, MaxThreads = {Wording.OrNull(MaxThreads)} }}");
}
