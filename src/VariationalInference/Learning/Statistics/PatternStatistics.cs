using System.Collections.Immutable;
using System.Text.Json.Serialization;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>What <see cref="SufficientStatistics"/> keeps of the rows that have the same cells.</summary>
/// <remarks>
/// One of <see cref="SufficientStatistics.Patterns"/>. Memory: K_o(K_o + 5)/2 numbers.
/// <threadsafety>Immutable, hence safe to share.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp"><![CDATA[
/// var table = Matrix<double>.Build.DenseOfRowArrays([1.0, 2.0], [3.0, 4.0], [5.0, double.NaN]);
/// PatternStatistics complete = SufficientStatistics.Of(table).Patterns[0];
/// Console.WriteLine(complete);   // 2 rows with cells in the columns [0, 1]
/// Console.WriteLine($"{complete.Means[0]}, {complete.CrossProduct(0, 1)}");   // 2, 2
/// ]]></code>
/// </example>
[JsonConverter(typeof(ResultJsonConverter))]
public sealed class PatternStatistics
{
    internal PatternStatistics(MissingPattern pattern, Moments moments, int columnCount)
    {
        Pattern = pattern;
        Moments = moments;
        Observed = [.. Enumerable.Range(0, columnCount).Where(k => !pattern.IsMissing(k))];
        Means = [.. Enumerable.Range(0, moments.Size).Select(moments.Mean)];
    }

    /// <summary>Gets the columns whose cells are there, in ascending order; the size K_o of everything here is their number.</summary>
    public ImmutableArray<int> Observed { get; }

    /// <summary>Gets the number of rows n.</summary>
    public long RowCount => Moments.Count;

    /// <summary>Gets the means x̄ of the observed columns, length K_o, in the columns' units.</summary>
    public ImmutableArray<double> Means { get; }

    internal MissingPattern Pattern { get; }

    internal Moments Moments { get; }

    /// <summary>Returns one centred cross product.</summary>
    /// <param name="i">The place of a column in <see cref="Observed"/>.</param>
    /// <param name="j">The place of another, or of the same.</param>
    /// <returns>Σ_n (x_ni − x̄_i)(x_nj − x̄_j), in the product of the columns' units.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An index is outside 0 … K_o − 1.</exception>
    public double CrossProduct(int i, int j)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(i);
        ArgumentOutOfRangeException.ThrowIfNegative(j);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(i, Moments.Size);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(j, Moments.Size);
        return Moments.Product(i, j);
    }

    /// <summary>Writes out the centred cross products.</summary>
    /// <returns>A new K_o×K_o matrix Σ_n (x_n − x̄)(x_n − x̄)ᵀ.</returns>
    /// <exception cref="InvalidOperationException">No column is observed.</exception>
    public Matrix<double> CrossProducts() => Moments.Size > 0
        ? Matrix<double>.Build.Dense(Moments.Size, Moments.Size, Moments.Product)
        : throw new InvalidOperationException("The pattern has no observed columns, hence no cross products.");

    /// <summary>Returns the number of rows and the columns they have.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => $"{Wording.Count(RowCount, "row")} with cells in the columns {Wording.List(Observed)}";
}
