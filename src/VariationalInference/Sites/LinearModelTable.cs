using System.Collections.Immutable;
using System.Runtime.InteropServices;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>How good the Gaussians are that were fitted to the rows of a table by a <see cref="LinearModel"/>.</summary>
/// <remarks>
/// Where the work was cancelled, rows that were not reached have <see cref="StopReason.Cancelled"/>, and means and an ELBO that are NaN.
/// <threadsafety>Safe to share, as long as nobody writes <see cref="Means"/>, from which posteriors are read.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp"><![CDATA[
/// var model = new LinearModel(Matrix<double>.Build.Dense(3, 1, 1), Likelihood.Bernoulli(), GaussianPrior.Independent(count: 1));
/// LinearModelTable fits = new FixedFormSolver().Solve(model, Matrix<double>.Build.DenseOfRowArrays([1, 0, 1], [0, double.NaN, 0]));
/// Console.WriteLine($"{fits.Means[0, 0]:F2} and {fits.Means[1, 0]:F2}");   // 0.30 and -0.70
/// ]]></code>
/// </example>
public abstract class LinearModelTable
{
    private readonly bool[] _converged;

    private protected LinearModelTable(SitePass pass)
    {
        _converged = pass.Converged;
        Means = pass.Means;
        Elbos = ImmutableCollectionsMarshal.AsImmutableArray(pass.Elbos);
        Slopes = ImmutableCollectionsMarshal.AsImmutableArray(pass.Slopes);
        StopReasons = ImmutableCollectionsMarshal.AsImmutableArray(pass.StopReasons);
        SolvedRowCount = pass.SolvedCount;
        IsGlobal = pass.Model.IsLogConcave;
        LatentNames = pass.Model.LatentNames;
    }

    /// <summary>Gets the number of rows N.</summary>
    public int RowCount => Means.RowCount;

    /// <summary>Gets the number of rows that were solved: all, unless the work was cancelled.</summary>
    public int SolvedRowCount { get; }

    /// <summary>Gets the names of the latents; empty where they have none.</summary>
    public IReadOnlyList<string> LatentNames { get; }

    /// <summary>Gets the posterior means, N×J.</summary>
    public Matrix<double> Means { get; }

    /// <summary>Gets the ELBO of each row, in nats.</summary>
    public ImmutableArray<double> Elbos { get; }

    /// <summary>Gets the slope of each row; see <see cref="LinearModelFit.Slope"/>.</summary>
    public ImmutableArray<double> Slopes { get; }

    /// <summary>Gets why the run of each row ended.</summary>
    public ImmutableArray<StopReason> StopReasons { get; }

    /// <summary>Gets a value indicating whether there is one optimum a row, since every likelihood is log-concave.</summary>
    public bool IsGlobal { get; }

    /// <summary>Gets the number of rows that did not converge; see <see cref="LinearModelFit.Converged"/>.</summary>
    public int UnconvergedRowCount => _converged.Count(converged => !converged);

    /// <summary>Gets a value indicating whether every row converged.</summary>
    public bool Converged => UnconvergedRowCount == 0;

    /// <summary>Writes out the variances of the posteriors.</summary>
    /// <returns>A new N×J matrix; NaN where a row was not solved.</returns>
    public Matrix<double> Variances() => Matrix<double>.Build.DenseOfRows(
        Enumerable.Range(0, RowCount).Select(row => IsSolved(row) ? (IEnumerable<double>)PosteriorOf(row).Variances : Enumerable.Repeat(double.NaN, Means.ColumnCount)));

    /// <summary>
    /// Sums up the rows that were solved by latent: mean, standard deviation, least and largest of the posterior means, and the root of the mean posterior variance; then the
    /// ELBO by row.
    /// </summary>
    /// <param name="names">The names of the latents, length J; <see langword="null"/> means the model's own, or else z1, z2, ….</param>
    /// <returns>The table, a row for each latent and one for the ELBO.</returns>
    /// <exception cref="ArgumentException"><paramref name="names"/> has another length or holds a null.</exception>
    public SummaryTable Summary(IReadOnlyList<string>? names = null)
    {
        NameList latents = NameList.OrOwn(names, LatentNames, "z", Means.ColumnCount, nameof(names), "one for each latent");
        int[] solved = [.. Enumerable.Range(0, RowCount).Where(IsSolved)];
        Matrix<double> variances = Variances();
        return new SummaryTable(
            [.. ColumnSummary.Columns, "posterior sd"],
            [
                .. latents.Select((name, j) => (name, (double[])
                    [
                        .. ColumnSummary.Of(Array.ConvertAll(solved, row => Means[row, j])),
                        ColumnSummary.TypicalDeviation(Array.ConvertAll(solved, row => variances[row, j])),
                    ])),
                ("ELBO", [.. ColumnSummary.Of(Array.ConvertAll(solved, row => Elbos[row])), double.NaN]),
            ]);
    }

    /// <summary>Sums up the outcome in one line.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => Guard.Text(
        $"{Wording.Count(RowCount, "row")}, {UnconvergedRowCount} not converged, ELBO {Elbos.Where(elbo => !double.IsNaN(elbo)).Sum():G8}");

    private protected abstract GaussianPosterior PosteriorOf(int row);

    private protected void Require(int row)
    {
        Guard.InRange(row, 0, RowCount, nameof(row));
        if (!IsSolved(row))
        {
            throw new InvalidOperationException(Guard.Text($"Row {row} was not solved before the work was cancelled."));
        }
    }

    private bool IsSolved(int row) => !double.IsNaN(Elbos[row]);
}
