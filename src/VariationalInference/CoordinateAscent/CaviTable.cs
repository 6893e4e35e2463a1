using System.Collections.Immutable;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>The outcome of coordinate ascent on the rows of a table.</summary>
public sealed class CaviTable
{
    internal CaviTable(ImmutableArray<CaviResult> rows)
    {
        Rows = rows;
        int latents = rows[0].Posterior.Count;
        Means = Matrix<double>.Build.Dense(rows.Length, latents, (n, j) => rows[n].Posterior.Means[j]);
        Variances = Matrix<double>.Build.Dense(rows.Length, latents, (n, j) => rows[n].Posterior.Variances[j]);
    }

    /// <summary>Gets the outcome of each row, in the table's order.</summary>
    public ImmutableArray<CaviResult> Rows { get; }

    /// <summary>Gets the number of rows N.</summary>
    public int RowCount => Rows.Length;

    /// <summary>Gets the posterior means, N×J.</summary>
    public Matrix<double> Means { get; }

    /// <summary>Gets the mean-field variances, N×J; rows observed in the same cells have the same.</summary>
    public Matrix<double> Variances { get; }

    /// <summary>Gets the sum of the rows' ELBOs, in nats.</summary>
    public double Elbo => Rows.Sum(row => row.Elbo);

    /// <summary>Gets the sum of the rows' log evidences, in nats.</summary>
    public double LogEvidence => Rows.Sum(row => row.LogEvidence);

    /// <summary>Gets a value indicating whether every row converged.</summary>
    public bool Converged => UnconvergedRowCount == 0;

    /// <summary>Gets the number of rows that did not converge.</summary>
    public int UnconvergedRowCount => Rows.Count(row => !row.Converged);

    /// <summary>Gets the largest error bound of a row, in posterior standard deviations.</summary>
    public double LargestErrorBound => Rows.Max(row => row.ErrorBound);

    /// <summary>Sums up the outcome in one line.</summary>
    /// <returns>The text.</returns>
    public override string ToString() =>
        Guard.Text($"{RowCount} rows, {UnconvergedRowCount} not converged, error at most {LargestErrorBound:G2} posterior sd");
}
