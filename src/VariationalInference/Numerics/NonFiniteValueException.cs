namespace VariationalInference;

/// <summary>A computed quantity left the range of double precision; inference cannot go on from there.</summary>
/// <remarks>
/// Cells and parameters that are not finite are refused with an <see cref="ArgumentException"/>; this one is for values that are, and whose
/// squares or variances are not.
/// </remarks>
/// <example>
/// <code language="csharp">
/// var model = new GaussianSumModel(latentCount: 3, observationCount: 2, noiseVariance: 1e-10);
/// try
/// {
///     new CaviSolver().Solve(model, [1e160, -1e160]);
/// }
/// catch (NonFiniteValueException exception)
/// {
///     Console.WriteLine($"row {exception.Row}: {exception.Quantity}");   // row 0: the squared residual of the prior prediction
/// }
/// </code>
/// </example>
public sealed class NonFiniteValueException : ArithmeticException
{
    /// <summary>Initializes a new instance of the <see cref="NonFiniteValueException"/> class.</summary>
    public NonFiniteValueException()
        : this("A computed quantity is not finite.")
    {
    }

    /// <summary>Initializes a new instance of the <see cref="NonFiniteValueException"/> class.</summary>
    /// <param name="message">What is not finite, and where.</param>
    public NonFiniteValueException(string message)
        : base(message)
    {
    }

    /// <summary>Initializes a new instance of the <see cref="NonFiniteValueException"/> class.</summary>
    /// <param name="message">What is not finite, and where.</param>
    /// <param name="innerException">The cause.</param>
    public NonFiniteValueException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    internal NonFiniteValueException(string quantity, long row)
        : base(Guard.Text($"{quantity} is not finite in row {row}; it must be."))
    {
        Quantity = quantity;
        Row = row;
    }

    internal NonFiniteValueException(string quantity, double value, long row, int iteration)
        : base(Guard.Text($"{quantity} is {value} in row {row} at iteration {iteration}; the row's values and the model's variances are too far apart for double precision."))
    {
        Quantity = quantity;
        Row = row;
        Iteration = iteration;
    }

    /// <summary>Gets the name of the quantity that is not finite.</summary>
    public string Quantity { get; } = string.Empty;

    /// <summary>Gets the row of the table, or of a stream of tables, counted from 0; 0 for a single row.</summary>
    public long Row { get; }

    /// <summary>Gets the sweep, step or epoch at which it happened.</summary>
    public int Iteration { get; }
}
