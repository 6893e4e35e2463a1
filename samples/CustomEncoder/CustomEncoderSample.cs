using System.Collections.Immutable;
using MathNet.Numerics.LinearAlgebra;
using Spectre.Console;
using VariationalInference.Testing;

namespace VariationalInference.Samples;

/// <summary>From an encoder's source to inference with it: examine it, train it, and see that the order of observations is nothing to it.</summary>
internal sealed class CustomEncoderSample(IAnsiConsole console, CustomEncoderArguments arguments)
{
    private readonly GaussianSumModel _model = new(latentCount: 3, observationCount: 5, noiseVariance: 1.0);
    private readonly SampleOutput _output = new(console, arguments.Files, "An encoder of one's own", arguments.Settings);

    public void Run()
    {
        var encoder = new SetEncoder(_model.ObservationCount, latentCount: 1, arguments.Units, arguments.Seed);
        _output.WriteLine($"Model: {_model.ObservationCount} observations, each the sum of {_model.LatentCount} latents plus noise of variance {Format.Number(_model.NoiseVariance)}");
        _output.WriteLine($"Encoder of z1: {encoder}");
        Matrix<double> rows = _model.Sample(arguments.TrainRows, arguments.Seed).Observations;
        if (Conforms(encoder, rows))
        {
            HybridResult result = Train(encoder, rows);
            _output.Draw(() => TrainingChart.Draw("set-encoder-training", result));
            WriteOrders(result, [1.2, 0.8, -0.3, 2.1, 0.4]);
            _output.Draw(() => EncoderMeansChart.Draw("set-encoder-means", result, arguments.Seed + 1));
        }

        _output.Save();
    }

    private bool Conforms(IEncoder encoder, Matrix<double> rows)
    {
        ImmutableArray<string> violations = EncoderConformance.Check(encoder, rows.SubMatrix(0, Math.Min(20, rows.RowCount), 0, rows.ColumnCount));
        _output.WriteLine($"Conformance: {violations.Length} violations{(violations.IsEmpty ? ", gradients agree with central differences" : string.Empty)}.");
        foreach (string violation in violations)
        {
            _output.WriteLine("  " + violation);
        }

        _output.WriteLine();
        return violations.IsEmpty;
    }

    private HybridResult Train(IEncoder encoder, Matrix<double> rows)
    {
        var options = new HybridOptions { AmortizedLatents = [0], MaxEpochs = arguments.Epochs, Seed = arguments.Seed };
        HybridResult result = new HybridSolver(options).Fit(_model, encoder, rows);
        var table = new NumberTable("Held-out rows, nats a row", "part", "untrained", "trained");
        HybridProgress before = result.History[0];
        table.AddRow("ELBO", Format.Nats(before.ValidationElbo), Format.Nats(result.ValidationElbo));
        table.AddRow("+ amortization gap (the encoder)", Format.Small(before.AmortizationGap), Format.Small(result.AmortizationGap));
        table.AddRow("+ approximation gap (mean field)", Format.Nats(before.ApproximationGap), Format.Nats(result.ApproximationGap));
        table.AddRow("= log evidence", Format.Nats(before.ValidationLogEvidence), Format.Nats(result.ValidationLogEvidence));
        _output.Write(table);
        _output.WriteLine($"Stopped after {result.Epochs} epochs: {result.StopReason}{(result.Converged ? string.Empty : ", not converged")}.");
        _output.WriteLine();
        return result;
    }

    /// <summary>Infers one row with its observations in every order.</summary>
    private void WriteOrders(HybridResult result, double[] row)
    {
        double[][] orders = [.. Orders(row)];
        MeanFieldGaussian[] answers = [.. orders.Select(order => result.Infer(order).MeanField)];
        MultivariateGaussian exact = _model.Posterior(row);
        var table = new NumberTable(
            "One row in other orders: mean ± mean-field sd", "row", "z1 (encoder)", "z2 (closed form)", "z3 (closed form)", "exact z1");
        foreach (int n in (int[])[0, orders.Length / 2, orders.Length - 1])
        {
            table.AddRow(
            [
                string.Join(", ", orders[n].Select(Format.Exact)),
                .. Enumerable.Range(0, _model.LatentCount).Select(j => Format.PlusMinus(answers[n].Means[j], answers[n][j].StandardDeviation)),
                Format.Mean(exact.Means[0], exact[0].StandardDeviation),
            ]);
        }

        _output.Write(table);
        bool same = answers.All(answer => answer.Means[0].Equals(answers[0].Means[0]) && answer.Variances[0].Equals(answers[0].Variances[0]));
        double change = answers.Max(answer => answer.Means.Zip(answers[0].Means, (left, right) => Math.Abs(left - right)).Max());
        _output.WriteLine($"Over all {orders.Length} orders: the encoder's mean and variance have {(same ? "the same bits" : "different bits")};");
        _output.WriteLine($"the largest change in any latent's mean, rounding in the closed form, is {Format.Small(change)}.");
    }

    private static IEnumerable<double[]> Orders(double[] values) => values.Length == 0
        ? [[]]
        : Enumerable.Range(0, values.Length).SelectMany(first =>
            Orders([.. values[..first], .. values[(first + 1)..]]).Select(rest => (double[])[values[first], .. rest]));
}
