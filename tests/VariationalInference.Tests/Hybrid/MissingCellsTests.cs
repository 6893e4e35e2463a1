using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.Random;
using VariationalInference.Testing;
using Xunit;

namespace VariationalInference.Tests.Hybrid;

/// <summary>Rows with missing cells: the encoder sees which, and everything else counts the cells that were observed.</summary>
public sealed class MissingCellsTests
{
    private static readonly LinearGaussianModel General = new(
        Matrix<double>.Build.DenseOfArray(new[,] { { 1, 0.5, -0.3 }, { 0.7, -1, 0.4 }, { 0.1, 0.6, 1.5 }, { 0.9, 0.2, -0.6 } }),
        [0.1, -0.2, 0.3, 5],
        [0.5, 0.8, 1.1, 0.7],
        [0.3, -1, 0.5],
        [1, 2, 0.5]);

    [Theory]
    [InlineData("sum", 0.1)]
    [InlineData("sum", 0.3)]
    [InlineData("general", 0.1)]
    [InlineData("general", 0.3)]
    public void Fit_ComesCloseOnUnseenRows(string name, double share)
    {
        LinearGaussianModel model = Model(name);
        var encoder = new MlpEncoder(4, 1, new PerceptronOptions { HiddenWidths = [32, 32], Seed = 1, AcceptsMissing = true });
        var options = new HybridOptions { GapTolerance = 5e-4, Estimator = GradientEstimator.StickingTheLanding };

        HybridResult result = new HybridSolver(options).Fit(model, encoder, Rows(model, 20_000, share, seed: 1));

        result.Converged.Should().BeTrue();
        result.Infer(Rows(model, 2_000, share, seed: 99)).AmortizationGaps.Average().Should().BeLessThan(1e-3);
    }

    [Theory]
    [InlineData("sum", null)]
    [InlineData("sum", 2)]
    [InlineData("general", null)]
    [InlineData("general", 2)]
    public void Table_EveryRow_HasTheElboAndTheGapsOfItsOwnCells(string name, int? sweeps)
    {
        LinearGaussianModel model = Model(name);
        var inference = new HybridInference(model, new MlpEncoder(4, 1, new PerceptronOptions { HiddenWidths = [8], Seed = 1, AcceptsMissing = true }), [2]) { CoordinateSweeps = sweeps };
        Matrix<double> rows = Rows(model, 300, 0.4, seed: 5);
        rows.SetRow(7, [.. Enumerable.Repeat(double.NaN, 4)]);

        HybridTable table = inference.Infer(rows);

        for (int n = 0; n < rows.RowCount; n++)
        {
            double[] row = rows.Row(n).ToArray();
            QuadraticLogJoint joint = model.Observe(row);
            MeanFieldGaussian posterior = table.MeanField(n);
            double elbo = new FixedFormElbo(joint).Value(posterior);
            table.Elbos[n].Should().BeApproximately(elbo, 1e-11 * Math.Abs(elbo));
            table.LogEvidences[n].Should().BeApproximately(joint.LogEvidence, 1e-10);
            table.ApproximationGaps[n].Should().Be(joint.ApproximationGap);
            bool isCoupled = sweeps is not null && joint.ObservedCount > 0;
            (table.OptimizationGaps[n] > 0).Should().Be(isCoupled, "two coordinate latents are not at their best after two sweeps");

            // The amortization gap is what is left with the coordinate latent at its best for the encoder's means.
            var exact = new HybridInference(model, inference.Encoder, [2]);
            double best = new FixedFormElbo(joint).Value(exact.Infer(row).MeanField);
            table.AmortizationGaps[n].Should().BeApproximately(joint.LogEvidence - joint.ApproximationGap - best, 1e-10);
            table.OptimizationGaps[n].Should().BeApproximately(best - elbo, 1e-10);
        }
    }

    [Fact]
    public void Encoder_MissingCell_CountsAsItsMeanWithAMark()
    {
        var encoder = new MlpEncoder(2, 1, new PerceptronOptions { AcceptsMissing = true, Precision = NetworkPrecision.Bits64 });
        encoder.Calibrate(new EncoderScales([10, 20], [2, 5], [1], [3], [0.5]));
        encoder.Parameters.Length.Should().Be((4 + 1) * 2);
        new double[] { 1, 2, 3, 4, 0, 0, 0, 7, 0.25, 0.5 }.CopyTo(encoder.Parameters);
        double[] outputs = new double[4];

        encoder.CreateTape(2).Forward([12, double.NaN, 12, 25], outputs);

        outputs[0].Should().BeApproximately(1 + (3 * ((1 * 1) + 4 + 0.25)), 1e-14);
        outputs[1].Should().BeApproximately(Math.Log(0.5) + 7 + 0.5, 1e-14);
        outputs[2].Should().BeApproximately(1 + (3 * (1 + 2 + 0.25)), 1e-14);
        outputs[3].Should().BeApproximately(Math.Log(0.5) + 0.5, 1e-14);
    }

    [Theory]
    [InlineData(NetworkPrecision.Bits32, 0.01, 0.1)]
    [InlineData(NetworkPrecision.Bits64, 1e-5, 1e-5)]
    public void Encoder_WithMissingCells_Conforms(NetworkPrecision precision, double step, double tolerance)
    {
        var encoder = new MlpEncoder(4, 2, new PerceptronOptions { HiddenWidths = [6, 5], Seed = 3, Precision = precision, AcceptsMissing = true });
        var options = new ConformanceOptions { StepSize = step, GradientTolerance = tolerance };
        EncoderConformance.Check(encoder, Rows(General, 20, 0.3, seed: 2), options).Should().BeEmpty();
    }

    [Fact]
    public void Encoder_SavedAndLoaded_AcceptsMissingCellsStill()
    {
        var encoder = new MlpEncoder(3, 2, new PerceptronOptions { HiddenWidths = [5], Seed = 3, AcceptsMissing = true });
        using var stream = new MemoryStream();
        encoder.Save(stream);
        stream.Position = 0;

        MlpEncoder loaded = MlpEncoder.Load(stream);

        loaded.AcceptsMissing.Should().BeTrue();
        loaded.ObservationCount.Should().Be(3);
        loaded.Parameters.ToArray().Should().Equal(encoder.Parameters.ToArray());
        loaded.Clone().AcceptsMissing.Should().BeTrue();
    }

    [Fact]
    public void EndlessPatterns_AreInferredAllTheSame()
    {
        const int Cells = 14;
        var model = new LinearGaussianModel(
            Matrix<double>.Build.Random(Cells, 2, seed: 1), new double[Cells], [.. Enumerable.Repeat(0.5, Cells)], [0, 0], [1, 1]);
        var inference = new HybridInference(model, new MlpEncoder(Cells, 1, new PerceptronOptions { Seed = 1, AcceptsMissing = true }), [0]);
        Matrix<double> rows = Rows(model, 3_000, 0.5, seed: 5);

        HybridTable first = inference.Infer(rows);
        HybridTable second = inference.Infer(rows);

        second.Elbos.Should().Equal(first.Elbos);
        first.LogEvidences[2_999].Should().BeApproximately(model.LogEvidence(rows.Row(2_999).ToArray()), 1e-10);
    }

    [Fact]
    public void Encoder_ThatDoesNotAcceptMissingCells_IsNotGivenAny()
    {
        var model = new GaussianSumModel(3, 2, 1);
        Matrix<double> rows = Matrix<double>.Build.DenseOfArray(new[,] { { 1, 2 }, { 3, double.NaN } });
        var inference = new HybridInference(model, new MlpEncoder(2, 1), [0]);
        Refusal.Of<ArgumentException>(() => inference.Infer(rows), "table", "table[1, 1] is NaN; it must be finite.");
        Refusal.Of<ArgumentException>(() => inference.Infer([1, double.NaN]), "row", "row[1] is NaN; it must be finite.");
        Refusal.Of<ArgumentException>(
            () => new HybridSolver().Fit(model, new MlpEncoder(2, 1), [rows], rows.SubMatrix(0, 1, 0, 2)),
            "chunks",
            "chunks[0][1, 1] is NaN; it must be finite.");
        Refusal.Of<ArgumentException>(
            () => new HybridInference(model, new MlpEncoder(2, 1, new PerceptronOptions { AcceptsMissing = true }), [0]).Infer([1, double.PositiveInfinity]),
            "row",
            "row[1] is Infinity; it must be finite, or NaN when it is missing.");
    }

    private static LinearGaussianModel Model(string name) => name == "sum" ? new GaussianSumModel(3, 4, 1) : General;

    /// <summary>Draws rows and leaves out cells at random.</summary>
    private static Matrix<double> Rows(LinearGaussianModel model, int count, double share, int seed)
    {
        Matrix<double> rows = model.Sample(count, seed).Observations;
        var random = new Xoshiro256StarStar(seed, threadSafe: false);
        return rows.Map(value => random.NextDouble() < share ? double.NaN : value);
    }
}
