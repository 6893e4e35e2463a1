using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Text.Json.Serialization;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>What is predicted of all cells of a row, given those that were observed: the signal Az + b, and measurements of it, with noise.</summary>
/// <remarks>
/// A cell that was observed is predicted like the others: its signal is what lies behind it, its measurement another one of the same signal. From
/// <see cref="Predictor.Predict(ReadOnlySpan{double})"/>.
/// <threadsafety>Immutable, hence safe to share.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp">
/// var model = new GaussianSumModel(latentCount: 3, observationCount: 2, noiseVariance: 1.0);
/// PredictedRow row = new Predictor(model).Predict([1.2, double.NaN]);
/// Console.WriteLine(row[1]);   // 0.9 (sd 0.87, of a measurement 1.3)
/// (double lower, double upper) = row[1].Interval(0.95);
/// Console.WriteLine($"{lower:F2} to {upper:F2}");   // -1.69 to 3.49
/// Console.WriteLine($"{row.LogDensity([double.NaN, 0.8]):F5}");   // -1.20160
/// Console.WriteLine(row.Draws(1_000, seed: 1).ColumnCount);   // 2
/// </code>
/// </example>
[JsonConverter(typeof(ResultJsonConverter))]
public sealed class PredictedRow
{
    private readonly SignalShape _signal;
    private readonly NameList _columnNames;

    internal PredictedRow(double[] means, SignalShape signal, ImmutableArray<double> noiseVariances, NameList columnNames)
    {
        _signal = signal;
        _columnNames = columnNames;
        NoiseVariances = noiseVariances;
        Means = ImmutableCollectionsMarshal.AsImmutableArray(means);
        SignalVariances = [.. signal.Variances];
        Variances = [.. signal.Variances.Select((variance, k) => variance + noiseVariances[k])];
    }

    /// <summary>Gets the number of cells K.</summary>
    public int Count => Means.Length;

    /// <summary>Gets the names of the cells, length K; empty where the model has none.</summary>
    public IReadOnlyList<string> ColumnNames => _columnNames;

    /// <summary>Gets the means, length K, of signal and measurements alike.</summary>
    public ImmutableArray<double> Means { get; }

    /// <summary>Gets the variances of the signal, without noise, length K.</summary>
    public ImmutableArray<double> SignalVariances { get; }

    /// <summary>Gets the variances of measurements, with noise, length K.</summary>
    public ImmutableArray<double> Variances { get; }

    /// <summary>Gets the noise variances r, length K.</summary>
    public ImmutableArray<double> NoiseVariances { get; }

    /// <summary>Gets what is predicted of one cell.</summary>
    /// <param name="cell">The cell k, counted from 0.</param>
    /// <returns>The prediction.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="cell"/> is outside 0 … K − 1.</exception>
    public Prediction this[int cell]
    {
        get
        {
            Guard.InRange(cell, 0, Count, nameof(cell));
            return Prediction.Of(Means[cell], SignalVariances[cell], NoiseVariances[cell]);
        }
    }

    /// <summary>Gets what is predicted of the cell of this name.</summary>
    /// <param name="column">One of <see cref="ColumnNames"/>.</param>
    /// <returns>The prediction.</returns>
    /// <exception cref="ArgumentException">There is no such name.</exception>
    public Prediction this[string column] => this[_columnNames.Find(column, nameof(column), nameof(ColumnNames))];

    /// <summary>Writes out the covariance matrix of measurements, or of the signal.</summary>
    /// <param name="withNoise">Whether each cell has the noise of a measurement.</param>
    /// <returns>A new K×K matrix; without noise its rank may be less than K.</returns>
    public Matrix<double> CovarianceMatrix(bool withNoise = true) => Matrix<double>.Build.Dense(
        Count, Count, (i, j) => i != j ? _signal.Covariance(i, j) : withNoise ? Variances[i] : SignalVariances[i]);

    /// <summary>Draws independently.</summary>
    /// <param name="count">The number of draws. Range: at least 1.</param>
    /// <param name="seed">The seed; the same seed gives the same draws.</param>
    /// <param name="withNoise">Whether measurements are drawn, or signals.</param>
    /// <returns>A new matrix of one draw a row, <paramref name="count"/>×K.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="count"/> is less than 1, or more than the draws that fit into an array.</exception>
    public Matrix<double> Draws(int count, int seed, bool withNoise = true)
    {
        int needed = _signal.Width + Count;
        Guard.InArray(count, needed, nameof(count));
        var noise = new double[count * needed];
        NormalStream.Fill(seed, noise);
        return Matrix<double>.Build.Dense(count, Count, (n, k) =>
        {
            ReadOnlySpan<double> own = noise.AsSpan(n * needed, needed);
            double value = Means[k] + ShortVectors.Dot(_signal.Root(k), own[..^Count]);
            return withNoise ? value + (Math.Sqrt(NoiseVariances[k]) * own[_signal.Width + k]) : value;
        });
    }

    /// <summary>Evaluates the joint log density of measurements, in nats.</summary>
    /// <param name="cells">The measurements, length K; NaN leaves a cell out.</param>
    /// <returns>The log density; 0 of no cell at all.</returns>
    /// <exception cref="ArgumentException"><paramref name="cells"/> has another length or holds an infinity.</exception>
    public double LogDensity(ReadOnlySpan<double> cells)
    {
        Guard.Length(cells.Length, Count, nameof(cells), "one for each cell");
        int count = 0;
        var places = new int[Count];
        for (int k = 0; k < cells.Length; k++)
        {
            if (!double.IsNaN(cells[k]))
            {
                Guard.AllFinite([cells[k]], nameof(cells));
                places[count++] = k;
            }
        }

        if (count == 0)
        {
            return 0;
        }

        double[] means = [.. places[..count].Select(k => Means[k])], values = new double[count];
        for (int i = 0; i < count; i++)
        {
            values[i] = cells[places[i]];
        }

        return new MultivariateGaussian(means, CovarianceOf(places[..count])).LogDensity(values);
    }

    /// <summary>Sums up the predictions in a table: mean, standard deviation of the signal and of a measurement, and the interval of a measurement.</summary>
    /// <param name="names">The names of the cells, length K; <see langword="null"/> means their own, or where they have none x1, x2, ….</param>
    /// <param name="probability">The probability of the intervals. Range: 0 &lt; probability &lt; 1.</param>
    /// <returns>The table, a row for each cell.</returns>
    /// <exception cref="ArgumentException"><paramref name="names"/> has another length or holds a null.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="probability"/> is outside its range.</exception>
    public SummaryTable Summary(IReadOnlyList<string>? names = null, double probability = 0.95)
    {
        IReadOnlyList<string> cells = NameList.OrOwn(names, _columnNames, "x", Count, nameof(names), "one for each cell");
        return new SummaryTable(["mean", "sd of the mean", "sd", .. SummaryTable.Ends(probability)], [.. cells.Select((name, k) => (name, this[k].Numbers(probability)))]);
    }

    /// <summary>Returns the predictions side by side; of many, the first ones.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => Wording.Join(", ", Count, k => this[k].ToString());

    private Matrix<double> CovarianceOf(int[] places) => Matrix<double>.Build.Dense(
        places.Length, places.Length, (i, j) => i == j ? Variances[places[i]] : _signal.Covariance(places[i], places[j]));
}
