using System.Collections.Immutable;
using System.Text.Json.Serialization;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>How well a model foresees rows that it has not learned from: log densities, and where measurements lie in what was predicted of them.</summary>
/// <remarks>
/// <para>
/// Log densities compare models on the same rows: larger is better. Probability integral transforms judge one model by itself: they are uniform where
/// its predictions are right, crowd around ½ where it is too unsure, and towards 0 and 1 where it is too sure (Dawid, 1984).
/// </para>
/// <para>From <see cref="Predictor.Score(Matrix{double}, CellScoring, CancellationToken)"/>.</para>
/// <threadsafety>Safe to share, as long as nobody writes its matrices.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp">
/// var model = new GaussianSumModel(latentCount: 3, observationCount: 2, noiseVariance: 1.0);
/// HeldOutScores scores = new Predictor(model).Score(model.Sample(10_000, seed: 1).Observations);
/// Console.WriteLine($"{scores.Coverage(0.95):F2}");   // 0.95
/// Console.WriteLine($"{scores.LogDensities.Average():F1} nats a row");   // -3.8 nats a row
/// </code>
/// </example>
[JsonConverter(typeof(ResultJsonConverter))]
public sealed class HeldOutScores
{
    internal HeldOutScores(CellScoring cells, double[] logDensities, Matrix<double> cellLogDensities, Matrix<double> transforms)
    {
        Cells = cells;
        LogDensities = [.. logDensities];
        CellLogDensities = cellLogDensities;
        Transforms = transforms;
    }

    /// <summary>Gets what each cell was predicted from.</summary>
    public CellScoring Cells { get; }

    /// <summary>Gets the joint log density of the observed cells of each row, length N, in nats: the log evidence.</summary>
    public ImmutableArray<double> LogDensities { get; }

    /// <summary>Gets the log density of each cell, predicted from what <see cref="Cells"/> says, N×K, in nats; NaN where a cell is missing.</summary>
    public Matrix<double> CellLogDensities { get; }

    /// <summary>Gets the probability integral transform of each cell, N×K: the predicted probability of a smaller value. NaN where a cell is missing.</summary>
    public Matrix<double> Transforms { get; }

    /// <summary>Returns which part of the observed cells lie in the central intervals that were predicted of them.</summary>
    /// <param name="probability">The probability of the intervals; about that part should lie within. Range: 0 &lt; probability &lt; 1.</param>
    /// <returns>The part; NaN of no cell at all.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="probability"/> is outside its range.</exception>
    public double Coverage(double probability)
    {
        _ = new Gaussian(0, 1).Interval(probability);
        double[] known = [.. Transforms.Enumerate().Where(double.IsFinite)];
        return known.Length == 0 ? double.NaN : known.Count(transform => Math.Abs(transform - 0.5) <= probability / 2) / (double)known.Length;
    }

    /// <summary>Sums up the scores in one line.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => Guard.Text(
        $"{Wording.Count(LogDensities.Length, "row")}: {LogDensities.Average():G6} nats a row; cells {(Cells == CellScoring.Marginal ? "by themselves" : "given the others of their row")}: {Coverage(0.95):P1} within 95 % intervals");
}
