using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using Xunit;

namespace VariationalInference.Tests.Hybrid;

/// <summary>Hybrid inference of one row: posterior, gaps and flag together, as the table has them.</summary>
public sealed class HybridRowTests
{
    private static readonly LinearGaussianModel Model = new(
        Matrix<double>.Build.DenseOfRowArrays([1.0, 0.2, 0], [-0.3, 1, 0.5], [0.5, 0.5, 1]), [0.1, 0, 0], [0.5, 1, 2], [0, 0, 0], [1, 3, 1]);

    private static readonly HybridInference Inference = new(Model, new MlpEncoder(3, 1, new PerceptronOptions { AcceptsMissing = true }), [0]) { GapLimit = 0.3 };

    [Fact]
    public void Infer_OfARow_IsThatOfTheTable()
    {
        Matrix<double> rows = Model.Sample(40, seed: 1).Observations.MapIndexed((n, k, value) => (n + k) % 5 == 0 ? double.NaN : value);
        HybridTable table = Inference.Infer(rows);
        double[] means = new double[3], variances = new double[3];
        for (int n = 0; n < 40; n++)
        {
            double[] cells = rows.Row(n).ToArray();
            HybridRow row = Inference.Infer(cells);

            row.MeanField.Means.Should().Equal(table.MeanField(n).Means);
            row.MeanField.Variances.Should().Equal(table.MeanField(n).Variances);
            row.Gaps.Elbo.Should().Be(table.Elbos[n]);
            row.Gaps.LogEvidence.Should().Be(table.LogEvidences[n]);
            row.Gaps.Approximation.Should().Be(table.ApproximationGaps[n]);
            row.Gaps.Amortization.Should().Be(table.AmortizationGaps[n]);
            row.Gaps.Optimization.Should().Be(table.OptimizationGaps[n]);
            row.IsFlagged.Should().Be(table.FlaggedRows.Contains(n));
            row.Gaps.LogEvidence.Should().BeApproximately(Model.LogEvidence(cells), 1e-12 * (1 + Math.Abs(row.Gaps.LogEvidence)));
            Inference.Infer(cells, means, variances).Should().Be(row.Gaps);
            means.Should().Equal(row.MeanField.Means);
            variances.Should().Equal(row.MeanField.Variances);
        }

        table.FlaggedRows.Length.Should().BeInRange(1, 39, "the case has rows of both kinds");
    }

    [Fact]
    public void Infer_OfARow_AllocatesTheAnswerAlone()
    {
        double[] cells = [0.3, 1, -1], means = new double[3], variances = new double[3];
        Inference.Infer(cells);

        BytesOf(() => Inference.Infer(cells, means, variances)).Should().Be(0);
        BytesOf(() => Inference.Infer(cells)).Should().BeLessThan(300, "two arrays of three doubles, the posterior and the row");
    }

    [Fact]
    public void Buffers_OfAnotherLength_AreRefused()
    {
        double[] cells = [0.3, 1, -1], three = new double[3];
        Refusal.Of<ArgumentException>(() => Inference.Infer(cells, new double[2], three), "means", "means has 2 elements; it must have 3, one for each latent.");
        Refusal.Of<ArgumentException>(() => Inference.Infer(cells, three, new double[4]), "meanFieldVariances", "meanFieldVariances has 4 elements; it must have 3");
        Refusal.Of<ArgumentException>(() => Inference.Infer(cells, three, three), "meanFieldVariances", "meanFieldVariances shares memory with means");
    }

    private static long BytesOf(Action action)
    {
        const int calls = 200;
        action();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < calls; i++)
        {
            action();
        }

        return (GC.GetAllocatedBytesForCurrentThread() - before) / calls;
    }
}
