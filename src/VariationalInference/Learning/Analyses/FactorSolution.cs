using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json.Serialization;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>The factors of a <see cref="FactorAnalysis"/> in one rotation: loadings, correlations, uniquenesses, scores.</summary>
/// <remarks>
/// Loadings are standardised: those of observations and factors of variance 1, the pattern matrix where factors are correlated. Factors come in
/// descending order of their sums of squared loadings, and each has loadings of a positive sum.
/// <threadsafety>Immutable, hence safe to share.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp"><![CDATA[
/// var correlations = Matrix<double>.Build.DenseOfRowArrays(
///     [1.00, 0.72, 0.63, 0.24, 0.21, 0.18],
///     [0.72, 1.00, 0.56, 0.21, 0.19, 0.16],
///     [0.63, 0.56, 1.00, 0.19, 0.16, 0.14],
///     [0.24, 0.21, 0.19, 1.00, 0.56, 0.48],
///     [0.21, 0.19, 0.16, 0.56, 1.00, 0.42],
///     [0.18, 0.16, 0.14, 0.48, 0.42, 1.00]);
/// FactorAnalysis analysis = FactorAnalysis.Learn(SufficientStatistics.OfMoments(300, new double[6], correlations), factorCount: 2);
/// FactorSolution simple = analysis.Rotate(FactorRotation.Quartimin);
/// Console.WriteLine($"{simple.Loadings()[0, 0]:F2} {Math.Abs(simple.Loadings()[0, 1]):F2}, correlation {simple.FactorCorrelations()[0, 1]:F2}");
/// // 0.90 0.00, correlation 0.33
/// Console.WriteLine(simple.Scores([1, 1, 1, double.NaN, 0, 0], FactorScoreMethod.Regression).Length);   // 2
/// ]]></code>
/// </example>
[JsonConverter(typeof(ResultJsonConverter))]
public sealed class FactorSolution
{
    private readonly Matrix<double> _loadings;
    private readonly Matrix<double> _correlations;
    private readonly Matrix<double> _transformation;
    private readonly FactorAnalysis _analysis;

    internal FactorSolution(FactorAnalysis analysis, FactorRotation rotation, RotationResult result, int startsAtBest, int starts)
    {
        _analysis = analysis;
        Rotation = rotation;
        Converged = result.Converged;
        StartsAtBest = startsAtBest;
        Starts = starts;
        Matrix<double> rotated = analysis.StandardLoadings * result.Transformation.Transpose().Inverse();
        int[] order = [.. Enumerable.Range(0, rotated.ColumnCount).OrderByDescending(j => rotated.Column(j).DotProduct(rotated.Column(j)))];
        Matrix<double> arrange = Matrix<double>.Build.Dense(order.Length, order.Length);
        for (int j = 0; j < order.Length; j++)
        {
            arrange[order[j], j] = rotated.Column(order[j]).Sum() < 0 ? -1 : 1;
        }

        // A signed permutation is its own inverse transposed.
        _loadings = rotated * arrange;
        _transformation = result.Transformation * arrange;
        _correlations = _transformation.TransposeThisAndMultiply(_transformation);
    }

    /// <summary>Gets the rotation.</summary>
    public FactorRotation Rotation { get; }

    /// <summary>Gets a value indicating whether the search for the rotation came to an optimum.</summary>
    public bool Converged { get; }

    /// <summary>Gets the number of starts of that search.</summary>
    public int Starts { get; }

    /// <summary>Gets how many of them came to the best optimum; where they are few there may be a better one.</summary>
    public int StartsAtBest { get; }

    /// <summary>Gets the part of each observation's variance that is noise, length K; NaN for a constant column.</summary>
    public ImmutableArray<double> Uniquenesses => _analysis.Uniquenesses;

    /// <summary>Writes out the loadings.</summary>
    /// <returns>A new K×J matrix.</returns>
    public Matrix<double> Loadings() => _loadings.Clone();

    /// <summary>Writes out the correlations between observations and factors, which are the loadings where factors are uncorrelated.</summary>
    /// <returns>A new K×J matrix, the structure matrix.</returns>
    public Matrix<double> Structure() => _loadings * _correlations;

    /// <summary>Writes out the correlations between factors.</summary>
    /// <returns>A new J×J matrix with ones in its diagonal; the identity but for rounding where the rotation is orthogonal.</returns>
    public Matrix<double> FactorCorrelations() => _correlations.Clone();

    /// <summary>Estimates the factors of one row.</summary>
    /// <param name="row">The observations, length K; NaN means missing.</param>
    /// <param name="method">How.</param>
    /// <returns>The scores, length J, in the factors' standard deviations.</returns>
    /// <exception cref="ArgumentException"><paramref name="row"/> has another length or holds an infinity, or <paramref name="method"/> is none.</exception>
    public double[] Scores(ReadOnlySpan<double> row, FactorScoreMethod method = FactorScoreMethod.Regression)
    {
        FactorScoring scoring = CreateScoring(method);
        _analysis.Fit.Model.RequireRow(row);
        var scores = new double[_loadings.ColumnCount];
        scoring.Write(row, scores);
        return scores;
    }

    /// <summary>Takes a row in single precision, which is widened; the outcome is that of the doubles.</summary>
    /// <inheritdoc cref="Scores(ReadOnlySpan{double}, FactorScoreMethod)"/>
    [OverloadResolutionPriority(-1)]
    public double[] Scores(ReadOnlySpan<float> row, FactorScoreMethod method = FactorScoreMethod.Regression)
    {
        using var wide = new WidenedRow(row, stackalloc double[WidenedRow.StackDoubles]);
        return Scores(wide.Values, method);
    }

    /// <summary>Estimates the factors of many rows.</summary>
    /// <param name="table">The observations, N×K with N ≥ 1; NaN means missing.</param>
    /// <param name="method">How.</param>
    /// <returns>A new N×J matrix of scores, in the factors' standard deviations.</returns>
    /// <exception cref="ArgumentException"><paramref name="table"/> has another width, no rows or an infinity, or <paramref name="method"/> is none.</exception>
    public Matrix<double> Scores(Matrix<double> table, FactorScoreMethod method = FactorScoreMethod.Regression)
    {
        ArgumentNullException.ThrowIfNull(table);
        RowTable.RequireSize(_analysis.Fit.Model, table.RowCount, table.ColumnCount, nameof(table));
        FactorScoring scoring = CreateScoring(method);
        var scores = Matrix<double>.Build.Dense(table.RowCount, _loadings.ColumnCount);
        var row = new double[table.ColumnCount];
        var values = new double[_loadings.ColumnCount];
        for (int n = 0; n < table.RowCount; n++)
        {
            for (int k = 0; k < row.Length; k++)
            {
                row[k] = table[n, k];
                if (double.IsInfinity(row[k]))
                {
                    throw new ArgumentException(
                        Guard.Text($"{nameof(table)}[{n}, {k}]{_analysis.Fit.Model.Columns.Behind(k)} is {row[k]}; it must be finite, or NaN when it is missing."), nameof(table));
                }
            }

            scoring.Write(row, values);
            scores.SetRow(n, values);
        }

        return scores;
    }

    /// <inheritdoc cref="Scores(Matrix{double}, FactorScoreMethod)"/>
    public Matrix<double> Scores(RowSpan table, FactorScoreMethod method = FactorScoreMethod.Regression)
    {
        RowTable.RequireSize(_analysis.Fit.Model, table.RowCount, table.ColumnCount, nameof(table));
        return Scores(table.ToMatrix(), method);
    }

    /// <summary>
    /// Prints the loadings as R's print.loadings does, with the sums of their squares, and the part and the cumulated part of the variance that they are.
    /// </summary>
    /// <param name="cutoff">Loadings of a smaller size are left blank. Range: at least 0.</param>
    /// <param name="sorted">Whether observations are sorted by the factor on which they have a loading of at least 0.5, the others last.</param>
    /// <param name="names">The names of the observations, length K; <see langword="null"/> means their own, or where they have none x1, x2, ….</param>
    /// <returns>The table, in lines.</returns>
    /// <exception cref="ArgumentException">An argument is outside its range.</exception>
    public string LoadingTable(double cutoff = 0.1, bool sorted = false, IReadOnlyList<string>? names = null)
    {
        Guard.NonNegative(cutoff, nameof(cutoff));
        return VariationalInference.LoadingTable.Write(_loadings, _analysis.NamesOrNumbers(names), cutoff, sorted);
    }

    /// <summary>
    /// Sums up the solution in a table: the uniqueness and the loadings of each observation. Printed, it is uniquenesses, loadings, the correlations of factors where there
    /// are any, and how well the model fits.
    /// </summary>
    /// <param name="names">The names of the observations, length K; <see langword="null"/> means their own, or where they have none x1, x2, ….</param>
    /// <returns>The table, a row for each observation.</returns>
    /// <exception cref="ArgumentException"><paramref name="names"/> has another length or holds a null.</exception>
    public SummaryTable Summary(IReadOnlyList<string>? names = null)
    {
        IReadOnlyList<string> columns = _analysis.NamesOrNumbers(names);
        return new SummaryTable(
            ["uniqueness", .. Enumerable.Range(1, _loadings.ColumnCount).Select(j => Guard.Text($"factor {j}"))],
            [.. columns.Select((name, k) => (name, (double[])[Uniquenesses[k], .. _loadings.Row(k)]))],
            Text(columns));
    }

    /// <summary>Sums up the solution in one line.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => Rotation == FactorRotation.None
        ? $"{Wording.Count(_loadings.ColumnCount, "factor")} of {Wording.Count(_loadings.RowCount, "observation")}, as learned"
        : Guard.Text($"{Wording.Count(_loadings.ColumnCount, "factor")} of {Wording.Count(_loadings.RowCount, "observation")}, {Rotation}: {StartsAtBest} of {Wording.Count(Starts, "start")} at the best optimum{(Converged ? string.Empty : ", not converged")}");

    private string Text(IReadOnlyList<string> columns)
    {
        var text = new StringBuilder();
        text.AppendLine(ToString()).AppendLine().AppendLine("Uniquenesses:");
        VariationalInference.LoadingTable.Append(text, columns, [(string.Empty, Uniquenesses.Select(VariationalInference.LoadingTable.Number))]);
        text.AppendLine().AppendLine("Loadings:").Append(LoadingTable(names: columns));
        if (Rotation is FactorRotation.Promax or FactorRotation.Quartimin && _loadings.ColumnCount > 1)
        {
            string[] factors = [.. Enumerable.Range(1, _loadings.ColumnCount).Select(j => Guard.Text($"Factor{j}"))];
            text.AppendLine().AppendLine("Factor correlations:");
            VariationalInference.LoadingTable.Append(
                text, factors, [.. factors.Select((name, i) => (name, _correlations.Row(i).Select(VariationalInference.LoadingTable.Number)))]);
        }

        text.AppendLine().AppendLine(_analysis.FitText());
        return text.ToString().ReplaceLineEndings("\n").TrimEnd('\n');
    }

    private FactorScoring CreateScoring(FactorScoreMethod method) =>
        new(_analysis.Fit.Model, _transformation, Guard.Defined(method, nameof(method)));
}
