namespace VariationalInference.Testing;

/// <summary>How <see cref="LikelihoodConformance"/> compares what a likelihood says with what it computes from its log density.</summary>
/// <remarks><threadsafety>Immutable, hence safe to share.</threadsafety></remarks>
/// <example>
/// <code language="csharp"><![CDATA[
/// var options = new LikelihoodConformanceOptions { DrawCount = 1_000 };
/// Console.WriteLine(LikelihoodConformance.Check(Likelihood.Bernoulli(), [0, 1], options: options).Length);   // 0
/// ]]></code>
/// </example>
public sealed record LikelihoodConformanceOptions
{
    /// <summary>
    /// Gets how far a derivative, an expectation, a probability or a moment may be from the one computed here, relative to the size of what it is made of. Range: positive and finite.
    /// </summary>
    /// <value>The default is 1e-6.</value>
    public double Tolerance
    {
        get;
        init => field = Require.Positive(value, nameof(Tolerance));
    } = 1e-6;

    /// <summary>Gets the number of draws at each predictor examined. Range: at least 100.</summary>
    /// <value>The default is 20,000.</value>
    public int DrawCount
    {
        get;
        init => field = Require.AtLeast(value, 100, nameof(DrawCount));
    } = 20_000;

    /// <summary>Gets the seed of the draws. The same seed gives the same outcome.</summary>
    /// <value>The default is 0.</value>
    public int Seed { get; init; }

    /// <summary>Lists the options.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => FormattableString.Invariant(
        $"LikelihoodConformanceOptions {{ Tolerance = {Tolerance}, DrawCount = {DrawCount}, Seed = {Seed} }}");
}
