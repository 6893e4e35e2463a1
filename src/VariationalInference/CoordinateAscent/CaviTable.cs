using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Text.Json.Serialization;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>The outcome of coordinate ascent on the rows of a table.</summary>
/// <remarks>
/// It holds the means, N×J, what was asked for by row, and an entry for each incomplete row; posteriors of single rows are made when they
/// are asked for.
/// <threadsafety>Safe to share, as long as nobody writes <see cref="Means"/>, from which posteriors are read.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp"><![CDATA[
/// var model = new GaussianSumModel(latentCount: 3, observationCount: 2, noiseVariance: 1.0);
/// var table = Matrix<double>.Build.DenseOfRowArrays([1.2, 0.8], [0.1, double.NaN], [2.0, 2.2]);
/// CaviTable fits = new CaviSolver().Solve(model, table, CaviOutputs.LogEvidences);
/// Console.WriteLine($"{fits.RowCount} rows, {fits.IncompleteRowCount} of them incomplete");   // 3 rows, 1 of them incomplete
/// Console.WriteLine(fits.Exact(1));   // marginals N(0.025, 0.75), N(0.025, 0.75), N(0.025, 0.75)
/// Console.WriteLine(fits.MeanField(1)[0]);   // N(0.025, 0.5)
/// Console.WriteLine($"{fits.LogEvidences[0]:F5}");   // -2.99369
/// ]]></code>
/// </example>
[JsonConverter(typeof(ResultJsonConverter))]
public sealed class CaviTable
{
    private readonly LoadingStructure _structure;
    private readonly IncompleteRow[] _incomplete;
    private readonly CaviTableSummary _summary;
    private readonly ImmutableArray<double> _errorBounds;
    private readonly ImmutableArray<double> _elbos;
    private readonly ImmutableArray<double> _logEvidences;

    internal CaviTable(
        LoadingStructure structure,
        double[] means,
        CaviTableSummary summary,
        IncompleteRow[] incomplete,
        double[]? errorBounds,
        double[]? elbos,
        double[]? logEvidences)
    {
        _structure = structure;
        _summary = summary;
        _incomplete = incomplete;
        _errorBounds = ImmutableCollectionsMarshal.AsImmutableArray(errorBounds);
        _elbos = ImmutableCollectionsMarshal.AsImmutableArray(elbos);
        _logEvidences = ImmutableCollectionsMarshal.AsImmutableArray(logEvidences);
        Means = Matrix<double>.Build.Dense(RowCount, structure.Prior.Count, means);
    }

    /// <summary>Gets the number of rows N.</summary>
    public int RowCount => _summary.RowCount;

    /// <summary>Gets the names of the latents, the columns of <see cref="Means"/>; empty where the model has none.</summary>
    public IReadOnlyList<string> LatentNames { get; internal init; } = [];

    /// <summary>Gets the posterior means, N×J, which exact and mean-field posteriors have in common.</summary>
    public Matrix<double> Means { get; }

    /// <summary>Gets the error bound of each row, in exact posterior standard deviations; see <see cref="CaviResult.ErrorBound"/>.</summary>
    /// <exception cref="InvalidOperationException">They were not asked for.</exception>
    public ImmutableArray<double> ErrorBounds => Requested(_errorBounds, CaviOutputs.ErrorBounds);

    /// <summary>Gets the ELBO of each row, in nats.</summary>
    /// <exception cref="InvalidOperationException">They were not asked for.</exception>
    public ImmutableArray<double> Elbos => Requested(_elbos, CaviOutputs.Elbos);

    /// <summary>Gets the exact log evidence of each row, in nats.</summary>
    /// <exception cref="InvalidOperationException">They were not asked for.</exception>
    public ImmutableArray<double> LogEvidences => Requested(_logEvidences, CaviOutputs.LogEvidences);

    internal ImmutableArray<double> AnyErrorBounds => _errorBounds;

    internal ImmutableArray<double> AnyElbos => _elbos;

    internal ImmutableArray<double> AnyLogEvidences => _logEvidences;

    /// <summary>Gets a value indicating whether every row converged.</summary>
    public bool Converged => _summary.Converged;

    /// <summary>Gets the number of rows that did not converge.</summary>
    public int UnconvergedRowCount => _summary.UnconvergedRowCount;

    /// <summary>Gets the largest error bound of a row, in exact posterior standard deviations.</summary>
    public double LargestErrorBound => _summary.LargestErrorBound;

    /// <summary>Gets the number of rows that have missing cells.</summary>
    public int IncompleteRowCount => _incomplete.Length;

    /// <summary>
    /// Returns the exact posterior of one row, N(Λ⁻¹h, Λ⁻¹): the covariance is exact, and the means are within the row's error bound where it did not
    /// converge.
    /// </summary>
    /// <param name="row">The row n, counted from 0.</param>
    /// <returns>The posterior.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="row"/> is outside 0 … N − 1.</exception>
    public MultivariateGaussian Exact(int row) => ShapeOf(row).PosteriorOf(ImmutableCollectionsMarshal.AsImmutableArray(MeansOf(row)), LatentNames);

    /// <summary>Returns the mean-field posterior of one row, whose variances are too small.</summary>
    /// <param name="row">The row n, counted from 0.</param>
    /// <returns>The posterior.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="row"/> is outside 0 … N − 1.</exception>
    public MeanFieldGaussian MeanField(int row) => MeanFieldGaussian.Adopt(MeansOf(row), ShapeOf(row).MeanFieldVariances, LatentNames);

    /// <summary>Writes out the exact posterior variances, which rows observed in the same cells have in common.</summary>
    /// <returns>A new N×J matrix.</returns>
    public Matrix<double> Variances() => Variances(shape => shape.Variances);

    /// <summary>Writes out the mean-field variances, at most the exact ones, which rows observed in the same cells have in common.</summary>
    /// <returns>A new N×J matrix.</returns>
    public Matrix<double> MeanFieldVariances() => Variances(shape => shape.MeanFieldVariances);

    /// <summary>
    /// Sums up the table by latent: mean, standard deviation, least and largest of the rows' posterior means, and the root of the rows' mean variance, exact and mean-field;
    /// then what was asked for by row.
    /// </summary>
    /// <param name="names">The names of the latents, length J; <see langword="null"/> means the model's own, or else z1, z2, ….</param>
    /// <returns>The table, a row for each latent.</returns>
    /// <exception cref="ArgumentException"><paramref name="names"/> has another length or holds a null.</exception>
    public SummaryTable Summary(IReadOnlyList<string>? names = null)
    {
        NameList latents = NameList.OrOwn(names, LatentNames, "z", Means.ColumnCount, nameof(names), "one for each latent");
        Matrix<double> exact = Variances(), meanField = MeanFieldVariances();
        return new SummaryTable(
            [.. ColumnSummary.Columns, "posterior sd", "mean-field sd"],
            [
                .. latents.Select((name, j) => (name, (double[])
                    [
                        .. ColumnSummary.Of(Means.Column(j).ToArray()),
                        ColumnSummary.TypicalDeviation(exact.Column(j).ToArray()),
                        ColumnSummary.TypicalDeviation(meanField.Column(j).ToArray()),
                    ])),
                .. new[] { ("ELBO", _elbos), ("log evidence", _logEvidences), ("error bound", _errorBounds) }
                    .Where(item => !item.Item2.IsDefault)
                    .Select(item => (item.Item1, (double[])[.. ColumnSummary.Of(item.Item2), double.NaN, double.NaN])),
            ]);
    }

    /// <summary>Sums up the outcome in one line.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => _summary.ToString();

    private static ImmutableArray<double> Requested(ImmutableArray<double> values, CaviOutputs output) => values.IsDefault
        ? throw new InvalidOperationException(Guard.Text($"{output} were not asked for; pass {nameof(CaviOutputs)}.{output} to the solver."))
        : values;

    private Matrix<double> Variances(Func<SharedShape, ImmutableArray<double>> variancesOf)
    {
        ImmutableArray<double> complete = variancesOf(_structure.Complete);
        Matrix<double> variances = Matrix<double>.Build.Dense(RowCount, complete.Length, (_, j) => complete[j]);
        foreach (IncompleteRow row in _incomplete)
        {
            variances.SetRow(row.Index, [.. variancesOf(_structure.ShapeOf(row.Pattern))]);
        }

        return variances;
    }

    private double[] MeansOf(int row)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(row);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(row, RowCount);
        return Means.Row(row).ToArray();
    }

    private SharedShape ShapeOf(int row)
    {
        int index = Array.BinarySearch(_incomplete, new IncompleteRow(row, default));
        return index < 0 ? _structure.Complete : _structure.ShapeOf(_incomplete[index].Pattern);
    }
}
