using System.Collections.Immutable;
using System.Text.Json.Serialization;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>What is predicted of every cell of a table, each row given its own observed cells.</summary>
/// <remarks>
/// From <see cref="Predictor.Predict(Matrix{double}, CancellationToken)"/>; covariances and draws of a row are in its <see cref="PredictedRow"/>.
/// Memory: O(NK).
/// <threadsafety>Safe to share, as long as nobody writes its matrices.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp"><![CDATA[
/// var model = new GaussianSumModel(latentCount: 3, observationCount: 2, noiseVariance: 1.0);
/// var table = Matrix<double>.Build.DenseOfRowArrays([1.2, 0.8], [0.1, double.NaN]);
/// PredictedTable predicted = new Predictor(model).Predict(table);
/// Console.WriteLine(predicted[1, 1]);   // 0.075 (sd 0.87, of a measurement 1.3)
/// (Matrix<double> lower, Matrix<double> upper) = predicted.Interval(0.95);
/// Console.WriteLine($"{lower[0, 0]:F2} to {upper[0, 0]:F2}");   // -1.49 to 3.20
/// ]]></code>
/// </example>
[JsonConverter(typeof(ResultJsonConverter))]
public sealed class PredictedTable
{
    private readonly NameList _columnNames;

    internal PredictedTable(
        Matrix<double> means, Matrix<double> signalVariances, ImmutableArray<double> noiseVariances, NameList columnNames)
    {
        _columnNames = columnNames;
        Means = means;
        SignalVariances = signalVariances;
        NoiseVariances = noiseVariances;
    }

    /// <summary>Gets the number of rows N.</summary>
    public int RowCount => Means.RowCount;

    /// <summary>Gets the number of columns K.</summary>
    public int ColumnCount => Means.ColumnCount;

    /// <summary>Gets the names of the columns, length K; empty where the model has none.</summary>
    public IReadOnlyList<string> ColumnNames => _columnNames;

    /// <summary>Gets the means, N×K, of signal and measurements alike.</summary>
    public Matrix<double> Means { get; }

    /// <summary>Gets the variances of the signal, without noise, N×K.</summary>
    public Matrix<double> SignalVariances { get; }

    /// <summary>Gets the noise variances r, length K.</summary>
    public ImmutableArray<double> NoiseVariances { get; }

    /// <summary>Gets what is predicted of one cell.</summary>
    /// <param name="row">The row n, counted from 0.</param>
    /// <param name="column">The column k, counted from 0.</param>
    /// <returns>The prediction.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An index is outside the table.</exception>
    public Prediction this[int row, int column]
    {
        get
        {
            Guard.InRange(row, 0, RowCount, nameof(row));
            Guard.InRange(column, 0, ColumnCount, nameof(column));
            return Prediction.Of(Means[row, column], SignalVariances[row, column], NoiseVariances[column]);
        }
    }

    /// <summary>Gets what is predicted of one cell of the column of this name.</summary>
    /// <param name="row">The row n, counted from 0.</param>
    /// <param name="column">One of <see cref="ColumnNames"/>.</param>
    /// <returns>The prediction.</returns>
    /// <exception cref="ArgumentException">There is no such name.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The row is outside the table.</exception>
    public Prediction this[int row, string column] => this[row, _columnNames.Find(column, nameof(column), nameof(ColumnNames))];

    /// <summary>Writes out the variances of measurements, with noise.</summary>
    /// <returns>A new N×K matrix.</returns>
    public Matrix<double> Variances() => SignalVariances.MapIndexed((_, k, variance) => variance + NoiseVariances[k]);

    /// <summary>Writes out the central intervals of all cells.</summary>
    /// <param name="probability">The probability. Range: 0 &lt; probability &lt; 1.</param>
    /// <param name="withNoise">Whether the intervals are those of measurements, or of the signal.</param>
    /// <returns>Two new N×K matrices: the intervals' ends.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="probability"/> is outside its range.</exception>
    public (Matrix<double> Lower, Matrix<double> Upper) Interval(double probability, bool withNoise = true)
    {
        double quantile = new Gaussian(0, 1).Interval(probability).Upper;
        Matrix<double> reach = SignalVariances.MapIndexed((_, k, variance) => quantile * Math.Sqrt(withNoise ? variance + NoiseVariances[k] : variance));
        return (Means - reach, Means + reach);
    }

    /// <summary>Sums up the predictions in one line.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => $"predictions of {Wording.Count(RowCount, "row")} of {Wording.Count(ColumnCount, "column")}";
}
