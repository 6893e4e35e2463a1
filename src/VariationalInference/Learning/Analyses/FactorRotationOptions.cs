namespace VariationalInference;

/// <summary>How <see cref="FactorAnalysis.Rotate"/> rotates.</summary>
/// <remarks><threadsafety>Immutable, hence safe to share.</threadsafety></remarks>
/// <example>
/// <code language="csharp">
/// var options = new FactorRotationOptions { KaiserNormalization = false, Starts = 50 };
/// Console.WriteLine(options.PromaxPower);   // 4
/// </code>
/// </example>
public sealed record FactorRotationOptions
{
    /// <summary>Gets a value indicating whether observations count alike, whatever part of them the factors explain: their loadings are scaled to length 1.</summary>
    /// <value>The default is <see langword="true"/>.</value>
    public bool KaiserNormalization { get; init; } = true;

    /// <summary>Gets the power of the varimax loadings that promax turns to. Range: greater than 1, finite.</summary>
    /// <value>The default is 4.</value>
    public double PromaxPower
    {
        get;
        init
        {
            if (!(value > 1 && double.IsFinite(value)))
            {
                throw new ArgumentOutOfRangeException(
                    nameof(PromaxPower), value, Guard.Text($"{nameof(PromaxPower)} is {value}; it must be greater than 1 and finite."));
            }

            field = value;
        }
    } = 4;

    /// <summary>
    /// Gets the number of starts, as the criteria have several optima: the loadings as learned, and random rotations of them. Range: at least 1.
    /// </summary>
    /// <value>The default is 20.</value>
    public int Starts { get; init => field = Guard.AtLeast(value, 1, nameof(Starts)); } = 20;

    /// <summary>Gets the largest number of iterations from each start. Range: at least 1.</summary>
    /// <value>The default is 5,000.</value>
    public int MaxIterations { get; init => field = Guard.AtLeast(value, 1, nameof(MaxIterations)); } = 5_000;

    /// <summary>Gets the seed of the starts that are drawn; the same seed gives the same result, bit for bit.</summary>
    /// <value>The default is 0.</value>
    public int Seed { get; init; }

    /// <summary>Lists the options.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => Guard.Text(
        $"FactorRotationOptions {{ KaiserNormalization = {KaiserNormalization}, PromaxPower = {PromaxPower}, Starts = {Starts}, MaxIterations = {MaxIterations}, Seed = {Seed} }}");
}
