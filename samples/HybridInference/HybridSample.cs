using System.Diagnostics;
using System.Globalization;
using MathNet.Numerics.LinearAlgebra;
using Spectre.Console;

namespace VariationalInference.Samples;

/// <summary>Example B from end to end: train an encoder beside closed-form updates, then infer real rows and say how good that is.</summary>
internal sealed class HybridSample(IAnsiConsole console, HybridArguments arguments)
{
    private readonly GaussianSumModel _model = arguments.Model;

    public int Run()
    {
        if (arguments.ShowHelp)
        {
            console.WriteLine(HybridArguments.Help);
            return 0;
        }

        WriteModel();
        if (arguments.CompleteRows.Count == 0)
        {
            throw new UsageException("no group has all its measurements; an encoder needs complete rows");
        }

        HybridResult result = Train();
        WriteTraining(result);
        WriteRows(result);
        WriteIncompleteRows();
        WriteTimes(result);
        return 0;
    }

    private void WriteModel()
    {
        console.WriteLine($"Data: {arguments.Source}");
        console.WriteLine($"Model: each measurement = z1 (the quantity) + z2 (set-up bias) + z3 (drift) + noise of variance {SampleProgram.Format(_model.NoiseVariance)}");
        for (int j = 0; j < _model.LatentCount; j++)
        {
            console.WriteLine($"  z{j + 1} ~ {new Gaussian(_model.PriorMeans[j], _model.PriorVariances[j])} before the data");
        }

        if (arguments.Estimated)
        {
            console.WriteLine("What the command line did not give was estimated from the data, by the moments of a one-way layout.");
        }

        console.WriteLine();
    }

    private HybridResult Train()
    {
        Matrix<double> rows;
        if (arguments.TrainOnData)
        {
            rows = Rows(arguments.CompleteRows);
            console.WriteLine($"Training on the {rows.RowCount} complete rows of the file.");
        }
        else
        {
            rows = _model.Sample(arguments.TrainRows, arguments.Seed).Observations;
            console.WriteLine($"The file has {arguments.CompleteRows.Count} complete rows, too few to train on: training on {rows.RowCount} draws from the model.");
            console.WriteLine("The real rows are then inferred by an encoder that never saw them.");
        }

        using var cancellation = new CancellationTokenSource();
        Console.CancelKeyPress += (_, key) =>
        {
            key.Cancel = true;
            cancellation.Cancel();
        };
        var encoder = new MlpEncoder(_model.ObservationCount, arguments.Training.AmortizedLatents.Length, [32, 32], seed: arguments.Seed);
        console.WriteLine($"Encoder: {encoder}, {encoder.Parameters.Length} parameters; gradients: {arguments.Training.Estimator}. Ctrl-C stops and keeps the best.");
        return new TrainingDisplay(console).Show(progress =>
            new HybridSolver(arguments.Training).Fit(_model, encoder, rows, progress, cancellation.Token));
    }

    private void WriteTraining(HybridResult result)
    {
        Table table = SampleProgram.NumberTable("Held-out rows, nats a row", "part", "value");
        table.AddRow("ELBO", SampleProgram.Format(result.ValidationElbo));
        table.AddRow("+ amortization gap (the encoder)", SampleProgram.FormatSmall(result.AmortizationGap));
        table.AddRow("+ approximation gap (mean field)", SampleProgram.Format(result.ApproximationGap));
        table.AddRow("= log evidence", SampleProgram.Format(result.ValidationLogEvidence));
        console.Write(table);
        console.WriteLine($"Stopped after {result.Epochs} epochs: {result.StopReason}{(result.Converged ? string.Empty : ", not converged")}.");
        console.WriteLine();
    }

    private void WriteRows(HybridResult result)
    {
        HybridTable inferred = result.Infer(Rows(arguments.CompleteRows));
        string[] latents = [.. Enumerable.Range(0, _model.LatentCount).Select(j =>
            result.AmortizedLatents.Contains(j) ? $"z{j + 1} (encoder)" : $"z{j + 1} (closed form)")];
        Table table = SampleProgram.NumberTable(
            "Real rows: mean ± mean-field sd", ["row", .. latents, "exact z1, z2, z3", "off by (sd)", "row's gap"]);
        for (int n = 0; n < inferred.RowCount; n++)
        {
            int row = arguments.CompleteRows[n];
            MultivariateGaussian exact = _model.Posterior(arguments.Data.Values.Row(row).ToArray());
            MeanFieldGaussian q = inferred.Posteriors[n];
            double difference = Enumerable.Range(0, q.Count).Max(j => Math.Abs(q.Means[j] - exact.Mean[j]) / exact[j].StandardDeviation);
            table.AddRow(
            [
                arguments.Data.Groups[row],
                .. Enumerable.Range(0, q.Count).Select(j => $"{Short(q.Means[j])} ± {Short(q[j].StandardDeviation)}"),
                string.Join(", ", exact.Mean.Select(Short)),
                difference.ToString("F3", CultureInfo.InvariantCulture),
                inferred.AmortizationGaps[n].ToString("0E-0", CultureInfo.InvariantCulture),
            ]);
        }

        console.Write(table);
        console.WriteLine("'off by' is the largest difference from the exact posterior mean, in exact posterior standard deviations.");
        console.WriteLine();
    }

    private void WriteIncompleteRows()
    {
        foreach (int row in Enumerable.Range(0, arguments.Data.Groups.Count).Except(arguments.CompleteRows))
        {
            CaviResult fit = new CaviSolver().Solve(_model, arguments.Data.Values.Row(row).ToArray());
            console.WriteLine($"Row {arguments.Data.Groups[row]} has missing measurements and was inferred by coordinate ascent: {fit.Posterior}");
        }
    }

    private void WriteTimes(HybridResult result)
    {
        double[] row = arguments.Data.Values.Row(arguments.CompleteRows[0]).ToArray();
        var cavi = new CaviSolver();
        double encoder = MedianMicroseconds(() => result.Infer(row));
        double coordinate = MedianMicroseconds(() => cavi.Solve(_model, row));
        console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"One new row: {encoder:F1} µs by the encoder, {coordinate:F1} µs by coordinate ascent ({cavi.Solve(_model, row).Sweeps} sweeps)."));
    }

    private static double MedianMicroseconds(Action work)
    {
        const int Rounds = 101;
        const int Repetitions = 50;
        var times = new double[Rounds];
        for (int round = 0; round < Rounds; round++)
        {
            long start = Stopwatch.GetTimestamp();
            for (int i = 0; i < Repetitions; i++)
            {
                work();
            }

            times[round] = Stopwatch.GetElapsedTime(start).TotalMicroseconds / Repetitions;
        }

        Array.Sort(times);
        return times[Rounds / 2];
    }

    private Matrix<double> Rows(IReadOnlyList<int> rows) =>
        Matrix<double>.Build.DenseOfRowVectors(rows.Select(row => arguments.Data.Values.Row(row)));

    private static string Short(double value) => value.ToString("G4", CultureInfo.InvariantCulture);
}
