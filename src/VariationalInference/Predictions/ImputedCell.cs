using System.Text.Json.Serialization;

namespace VariationalInference;

/// <summary>A cell that was missing, and what is predicted of it.</summary>
/// <remarks>
/// From <see cref="ImputedTable.Cells"/>.
/// <threadsafety>Immutable, hence safe to share.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp"><![CDATA[
/// var model = new GaussianSumModel(latentCount: 3, observationCount: 2, noiseVariance: 1.0);
/// var table = Matrix<double>.Build.DenseOfRowArrays([1.2, 0.8], [0.1, double.NaN]);
/// ImputedCell cell = new Predictor(model).Impute(table).Cells[0];
/// Console.WriteLine(cell);   // [1, 1]: 0.075 (sd 0.87, of a measurement 1.3)
/// ]]></code>
/// </example>
[JsonConverter(typeof(ResultJsonConverter))]
public readonly record struct ImputedCell
{
    /// <summary>Gets the row, counted from 0.</summary>
    public required int Row { get; init; }

    /// <summary>Gets the column, counted from 0.</summary>
    public required int Column { get; init; }

    /// <summary>Gets what is predicted, given the observed cells of the row.</summary>
    public required Prediction Value { get; init; }

    /// <summary>Returns the place and the prediction.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => Guard.Text($"[{Row}, {Column}]: {Value}");
}
