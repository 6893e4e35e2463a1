using System.Collections.Immutable;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>Hybrid posteriors of the rows of a table; a row's log evidence = ELBO + approximation gap + amortization gap, all exact.</summary>
public sealed class HybridTable
{
    internal HybridTable(ImmutableArray<MeanFieldGaussian> posteriors)
    {
        Posteriors = posteriors;
        int latents = posteriors[0].Count;
        Means = Matrix<double>.Build.Dense(posteriors.Length, latents, (n, j) => posteriors[n].Means[j]);
        Variances = Matrix<double>.Build.Dense(posteriors.Length, latents, (n, j) => posteriors[n].Variances[j]);
    }

    /// <summary>Gets the posterior of each row, in the table's order.</summary>
    public ImmutableArray<MeanFieldGaussian> Posteriors { get; }

    /// <summary>Gets the number of rows N.</summary>
    public int RowCount => Posteriors.Length;

    /// <summary>Gets the posterior means, N×J.</summary>
    public Matrix<double> Means { get; }

    /// <summary>Gets the posterior variances, N×J.</summary>
    public Matrix<double> Variances { get; }

    /// <summary>Gets the exact ELBO of each row, in nats.</summary>
    public required ImmutableArray<double> Elbos { get; init; }

    /// <summary>Gets the exact log evidence of each row, in nats.</summary>
    public required ImmutableArray<double> LogEvidences { get; init; }

    /// <summary>Gets the exact amortization gap of each row, in nats; a large one marks a row where the encoder extrapolates.</summary>
    public required ImmutableArray<double> AmortizationGaps { get; init; }

    /// <summary>Gets what the best mean-field posterior loses in each row, in nats.</summary>
    public required double ApproximationGap { get; init; }

    /// <summary>Sums up the outcome in one line.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => Guard.Text(
        $"{RowCount} rows, amortization gap {AmortizationGaps.Average():G2} on average and {AmortizationGaps.Max():G2} at most, approximation gap {ApproximationGap:G4} nats a row");
}
