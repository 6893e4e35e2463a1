using System.Diagnostics;
using System.Globalization;
using MathNet.Numerics.LinearAlgebra;
using Spectre.Console;

namespace VariationalInference.Samples;

/// <summary>What an encoder gives away, where the exact answer is known: train an encoder beside closed-form updates, then infer real rows and say how good that is.</summary>
internal sealed class AmortizationSample(IAnsiConsole console, AmortizationArguments arguments)
{
    private const int ShownRows = 40;

    private readonly GaussianSumModel _model = arguments.Model;
    private readonly SampleOutput _output = new(console, arguments.Files, "Amortization: an encoder against the exact posterior", arguments.Settings);

    public void Run()
    {
        WriteModel();
        Matrix<double> rows = TrainingRows();
        HybridResult result = Train(rows);
        WriteTraining(result);
        _output.Draw(() => TrainingChart.Draw("amortization-training", result));
        WriteGradients(result, rows);
        WriteRows(result);
        _output.Draw(() => EncoderMeansChart.Draw("amortization-means", result, arguments.Seed + 1, arguments.Unit, Rows(arguments.CompleteRows)));
        WriteIncompleteRows();
        WriteTimes(result);
        _output.Save();
    }

    private void WriteModel()
    {
        _output.WriteLine($"Data: {arguments.Source}");
        _output.WriteLine($"Model: each measurement = z1 (the quantity) + z2 (set-up bias) + z3 (drift) + noise of variance {Format.Number(_model.NoiseVariance)}");
        for (int j = 0; j < _model.LatentCount; j++)
        {
            _output.WriteLine($"  z{j + 1}: {Format.PlusMinus(_model.PriorMeans[j], Math.Sqrt(_model.PriorVariances[j]))} before the data");
        }

        if (arguments.Estimated)
        {
            _output.WriteLine("What the command line did not give was estimated from the data, by the moments of a one-way layout.");
        }

        _output.WriteLine();
    }

    private Matrix<double> TrainingRows()
    {
        if (arguments.TrainOnData)
        {
            _output.WriteLine($"Training on the {arguments.CompleteRows.Count} complete rows of the file.");
            return Rows(arguments.CompleteRows);
        }

        _output.WriteLine($"The file has {arguments.CompleteRows.Count} complete rows, too few to train on: training on {arguments.TrainRows} draws from the model.");
        _output.WriteLine("The real rows are then inferred by an encoder that never saw them.");
        return _model.Sample(arguments.TrainRows, arguments.Seed).Observations;
    }

    private HybridResult Train(Matrix<double> rows)
    {
        var encoder = new MlpEncoder(_model.ObservationCount, arguments.Training.AmortizedLatents.Length, [32, 32], seed: arguments.Seed);
        _output.WriteLine($"Encoder: {encoder}, {encoder.Parameters.Length} parameters; gradients: {arguments.Training.Estimator}.");
        console.WriteLine("Ctrl-C stops and keeps the best.");
        var display = new TrainingDisplay<HybridProgress>(console, progress => (progress.Epoch, progress.MaxEpochs, Describe(progress)));
        return Interruption.Stops(interrupted => display.Show(progress =>
            new HybridSolver(arguments.Training).Fit(_model, encoder, rows, progress, interrupted)));
    }

    private static string Describe(HybridProgress progress) => string.Create(
        CultureInfo.InvariantCulture,
        $"epoch {progress.Epoch}: held-out ELBO {progress.ValidationElbo:G7}, amortization gap {progress.AmortizationGap:G2} nats a row");

    private void WriteTraining(HybridResult result)
    {
        var table = new NumberTable("Held-out rows, nats a row", "part", "value");
        table.AddRow("ELBO", Format.Nats(result.ValidationElbo));
        table.AddRow("+ amortization gap (the encoder)", Format.Small(result.AmortizationGap));
        table.AddRow("+ approximation gap (mean field)", Format.Nats(result.ApproximationGap));
        table.AddRow("= log evidence", Format.Nats(result.ValidationLogEvidence));
        _output.Write(table);
        _output.WriteLine($"Stopped after {result.Epochs} epochs: {result.StopReason}{(result.Converged ? string.Empty : ", not converged")}.");
        _output.WriteLine();
    }

    private void WriteGradients(HybridResult result, Matrix<double> rows)
    {
        var table = new NumberTable(
            "A minibatch's gradient at the trained encoder", "estimator", "signal", "noise of rows", "noise of draws", "signal to noise");
        foreach (GradientQuality quality in GradientDiagnostics.Measure(result, rows).Values)
        {
            table.AddRow(
                quality.Estimator.ToString(),
                Format.Small(quality.Signal),
                Format.Small(quality.RowNoise),
                Format.Small(quality.DrawNoise),
                Format.Small(quality.SignalToNoise));
        }

        _output.Write(table);
        _output.WriteLine();
    }

    private void WriteRows(HybridResult result)
    {
        HybridTable inferred = result.Infer(Rows(arguments.CompleteRows));
        string[] latents = [.. Enumerable.Range(0, _model.LatentCount).Select(j =>
            result.AmortizedLatents.Contains(j) ? $"z{j + 1} (encoder)" : $"z{j + 1} (closed form)")];
        var table = new NumberTable(
            "Real rows: mean ± mean-field sd", ["row", .. latents, "exact z1, z2, z3", "off by (sd)", "row's gap"]);
        for (int n = 0; n < Math.Min(inferred.RowCount, ShownRows); n++)
        {
            int row = arguments.CompleteRows[n];
            MultivariateGaussian exact = _model.Posterior(arguments.Data.Values.Row(row).ToArray());
            MeanFieldGaussian q = inferred.MeanField(n);
            double difference = Enumerable.Range(0, q.Count).Max(j => Math.Abs(q.Means[j] - exact.Means[j]) / exact[j].StandardDeviation);
            table.AddRow(
            [
                arguments.Data.Groups[row],
                .. Enumerable.Range(0, q.Count).Select(j => Format.PlusMinus(q.Means[j], q[j].StandardDeviation)),
                string.Join(", ", exact.Means.Select((mean, j) => Format.Mean(mean, exact[j].StandardDeviation))),
                difference.ToString("F3", CultureInfo.InvariantCulture),
                Format.Small(inferred.AmortizationGaps[n]),
            ]);
        }

        _output.Write(table);
        if (inferred.RowCount > ShownRows)
        {
            _output.WriteLine($"{inferred.RowCount - ShownRows} more rows were inferred as well. All together: {inferred}.");
        }

        if (inferred.FlaggedRows.Length > 0)
        {
            IEnumerable<string> flagged = inferred.FlaggedRows.Take(ShownRows).Select(n => arguments.Data.Groups[arguments.CompleteRows[n]]);
            _output.WriteLine($"Unlike the training rows, by a gap above {Format.Small(inferred.GapLimit)}: {string.Join(", ", flagged)}.");
        }

        _output.WriteLine("'off by' is the largest difference from the exact posterior mean, in exact posterior standard deviations.");
        _output.WriteLine();
    }

    private void WriteIncompleteRows()
    {
        int[] incomplete = [.. Enumerable.Range(0, arguments.Data.Groups.Count).Except(arguments.CompleteRows)];
        if (incomplete.Length == 0)
        {
            return;
        }

        _output.WriteLine($"Rows with missing measurements ({incomplete.Length}), by coordinate ascent: z1, z2, z3, mean ± sd");
        foreach (int row in incomplete.Take(ShownRows))
        {
            MultivariateGaussian exact = new CaviSolver().Solve(_model, arguments.Data.Values.Row(row).ToArray()).Exact;
            IEnumerable<string> causes = Enumerable.Range(0, exact.Count).Select(j => Format.PlusMinus(exact.Means[j], exact[j].StandardDeviation));
            _output.WriteLine($"  {arguments.Data.Groups[row]}: {string.Join(", ", causes)}");
        }

        _output.WriteLine();
    }

    private void WriteTimes(HybridResult result)
    {
        double[] row = arguments.Data.Values.Row(arguments.CompleteRows[0]).ToArray();
        var cavi = new CaviSolver();
        CaviResult fit = cavi.Solve(_model, row);
        double encoder = MedianMicroseconds(() => result.Infer(row));
        double coordinate = MedianMicroseconds(() => cavi.Solve(_model, row));
        _output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"One new row: {encoder:F1} µs by the encoder, {coordinate:F1} µs by coordinate ascent ({fit.Iterations} iterations, {fit.StopReason})."));
    }

    /// <summary>Returns a call's median time over rounds of about 5 ms, after a warm-up of 40 of them.</summary>
    private static double MedianMicroseconds(Action work)
    {
        const int Rounds = 40;
        TimeSpan warmUp = TimeSpan.FromMilliseconds(200);
        int calls = 0;
        long start = Stopwatch.GetTimestamp();
        for (; calls == 0 || Stopwatch.GetElapsedTime(start) < warmUp; calls++)
        {
            work();
        }

        int repetitions = Math.Max(1, calls / Rounds);
        var times = new double[Math.Min(calls, Rounds)];
        for (int round = 0; round < times.Length; round++)
        {
            start = Stopwatch.GetTimestamp();
            for (int i = 0; i < repetitions; i++)
            {
                work();
            }

            times[round] = Stopwatch.GetElapsedTime(start).TotalMicroseconds / repetitions;
        }

        Array.Sort(times);
        return times[times.Length / 2];
    }

    private Matrix<double> Rows(IReadOnlyList<int> rows) =>
        Matrix<double>.Build.DenseOfRowVectors(rows.Select(row => arguments.Data.Values.Row(row)));
}
