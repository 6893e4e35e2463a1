namespace VariationalInference;

/// <summary>When <see cref="FixedFormSolver"/> stops.</summary>
/// <remarks><threadsafety>Immutable, hence safe to share.</threadsafety></remarks>
/// <example>
/// <code language="csharp">
/// var options = new FixedFormOptions { Tolerance = 1e-6 };
/// Console.WriteLine(options);   // FixedFormOptions { Tolerance = 1E-06, MaxIterations = 1000 }
/// </code>
/// </example>
public sealed record FixedFormOptions
{
    /// <summary>Gets the tolerance on <see cref="GaussianFit.ErrorBound"/>, or on the slope behind it. Range: at least 0; 0 never stops a run.</summary>
    /// <value>The default is 1e-8.</value>
    public double Tolerance { get; init => field = Guard.NonNegative(value, nameof(Tolerance)); } = 1e-8;

    /// <summary>Gets the largest number of iterations. Range: at least 1.</summary>
    /// <value>The default is 1,000.</value>
    public int MaxIterations { get; init => field = Guard.AtLeast(value, 1, nameof(MaxIterations)); } = 1_000;

    /// <summary>Lists the options.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => Guard.Text($"FixedFormOptions {{ Tolerance = {Tolerance}, MaxIterations = {MaxIterations} }}");
}
