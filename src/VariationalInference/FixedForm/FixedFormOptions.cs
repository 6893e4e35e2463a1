namespace VariationalInference;

/// <summary>When <see cref="FixedFormSolver"/> stops.</summary>
/// <remarks><threadsafety>Immutable, hence safe to share.</threadsafety></remarks>
/// <example>
/// <code language="csharp">
/// var options = new FixedFormOptions { Tolerance = 1e-6 };
/// Console.WriteLine(options);   // FixedFormOptions { Tolerance = 1E-06, MaxIterations = 1000, Starts = 1, …
/// </code>
/// </example>
public sealed record FixedFormOptions
{
    /// <summary>
    /// Gets the tolerance on <see cref="LinearModelFit.ErrorBound"/>, or on the slope behind it. Range: at least 0; 0 goes on to the rounding floor.
    /// </summary>
    /// <value>The default is 1e-8.</value>
    public double Tolerance { get; init => field = Guard.NonNegative(value, nameof(Tolerance)); } = 1e-8;

    /// <summary>Gets the largest number of iterations. Range: at least 1.</summary>
    /// <value>The default is 1,000.</value>
    public int MaxIterations { get; init => field = Guard.AtLeast(value, 1, nameof(MaxIterations)); } = 1_000;

    /// <summary>
    /// Gets from how many points to look for the optimum where a likelihood is not log-concave, so that there may be several; the best one is returned. The first is where the cells are
    /// likely, others are drawn. Range: at least 1.
    /// </summary>
    /// <value>The default is 1.</value>
    public int Starts { get; init => field = Guard.AtLeast(value, 1, nameof(Starts)); } = 1;

    /// <summary>Gets the seed from which starts are drawn.</summary>
    /// <value>The default is 1.</value>
    public int Seed { get; init; } = 1;

    /// <summary>Gets the largest number of threads that work on a long row or a table; results do not depend on it. Range: at least 1.</summary>
    /// <value>The default is the number of processors.</value>
    public int MaxThreads { get; init => field = Guard.AtLeast(value, 1, nameof(MaxThreads)); } = Environment.ProcessorCount;

    /// <summary>Lists the options.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => Guard.Text($"FixedFormOptions {{ Tolerance = {Tolerance}, MaxIterations = {MaxIterations}, Starts = {Starts}, Seed = {Seed}, MaxThreads = {MaxThreads} }}");
}
