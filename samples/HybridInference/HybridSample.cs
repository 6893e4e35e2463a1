using System.Diagnostics;
using System.Globalization;
using MathNet.Numerics.LinearAlgebra;
using Spectre.Console;

namespace VariationalInference.Samples;

/// <summary>
/// Example B from end to end: train a model with a network and linear latents beside a plain VAE, set both beside the linear models on rows that nobody has
/// seen, and show what the latents are good for.
/// </summary>
internal sealed class HybridSample(IAnsiConsole console, HybridArguments arguments)
{
    private const int TimedRows = 40;

    private readonly DigitTable _digits = new();
    private readonly SampleOutput _output = new(console, arguments.Files, "Example B: hybrid inference with a neural decoder", arguments.Settings);

    private string Plain => $"plain VAE, {arguments.Amortized} latents";

    private string Hybrid => $"hybrid, {arguments.Amortized} + {arguments.Linear}";

    private int FactorCount => arguments.Amortized + arguments.Linear;

    public void Run()
    {
        _output.WriteLine($"Data: {DigitTable.Source}");
        _output.WriteLine($"{_digits.Training.RowCount} rows to train on; {_digits.Test.RowCount} by other writers to judge by, which no training sees.");
        _output.WriteLine($"Model: row = f(zA) + A zC + b + noise; {arguments.Amortized} latents zA behind a network, {arguments.Linear} latents zC with loadings A.");
        console.WriteLine("Ctrl-C stops the training that runs, and keeps the best.");

        var models = new DigitModels(console, arguments, _digits);
        (Predictor components, double componentSeconds) = Timed(models.Components);
        (Predictor factors, double factorSeconds) = Timed(models.Factors);
        (DecoderResult plain, double plainSeconds) = Timed(() => models.Train("plain VAE", linearLatents: 0));
        (DecoderResult hybrid, double hybridSeconds) = Timed(() => models.Train("hybrid", arguments.Linear));
        (DecoderResult halves, double halfSeconds) = Timed(() => models.TrainForUpperHalves("upper halves", hybrid.Model));
        _output.WriteLine();

        DecoderEvaluation[] plainly = ByRow(plain), together = ByRow(hybrid);
        WriteBounds(
            factors,
            [
                new Judged($"PPCA, {FactorCount} components (exact)", Exact(components), componentSeconds),
                new Judged($"factor analysis, {FactorCount} factors (exact)", Exact(factors), factorSeconds),
                new Judged($"{Plain} (ELBO)", Elbos(plainly), plainSeconds),
                new Judged($"{Hybrid} (ELBO)", Elbos(together), hybridSeconds),
            ]);
        _output.Draw(() => DigitPictures.Training(plain, hybrid));
        WriteGaps(plainly, together);
        WriteReconstructions(components, factors, plain, hybrid);
        WriteLatents(hybrid);
        WriteHalves(factors, halves, halfSeconds);
        WriteTimes(hybrid);
        _output.Save();
    }

    /// <summary>Writes what each model says of the test rows: all densities of the same 64 numbers, so that nats compare.</summary>
    private void WriteBounds(Predictor factors, Judged[] models)
    {
        double[] baseline = Exact(factors);
        var table = new NumberTable(
            "Test rows, nats a row: log likelihood, or the ELBO below it", "model", "mean", "standard error", "above factor analysis", "trained in");
        foreach (Judged model in models)
        {
            double[] differences = [.. model.Nats.Zip(baseline, (own, other) => own - other)];
            table.AddRow(
                model.Name,
                Decimals(model.Nats.Average()),
                Decimals(StandardError(model.Nats)),
                differences.All(difference => difference == 0) ? string.Empty : $"{Decimals(differences.Average())} ± {Decimals(StandardError(differences))}",
                $"{model.Seconds.ToString("F1", CultureInfo.InvariantCulture)} s");
        }

        _output.Write(table);
        double[] gained = [.. models[^1].Nats.Zip(models[^2].Nats, (hybrid, plain) => hybrid - plain)];
        _output.WriteLine(
            $"With the same networks, {arguments.Linear} latents in closed form are worth {Decimals(gained.Average())} ± {Decimals(StandardError(gained))} nats a row, compared row by row.");
        _output.WriteLine();
    }

    private void WriteGaps(DecoderEvaluation[] plain, DecoderEvaluation[] hybrid)
    {
        var table = new NumberTable("Test rows, nats a row: where the ELBO falls short", "part", Plain, Hybrid);
        Add("ELBO of the encoder", row => row.Elbo);
        Add("+ amortization gap: each row's own best factors", row => row.AmortizationGap);
        Add("+ approximation gap, at least: importance weighting from these", row => row.ApproximationGap);
        Add("= log evidence, at least", row => row.Elbo + row.AmortizationGap + row.ApproximationGap);
        table.AddRow("latents of the encoder that are active", Active(plain), Active(hybrid));
        _output.Write(table);
        _output.WriteLine();

        void Add(string part, Func<DecoderEvaluation, double> nats) =>
            table.AddRow(part, Decimals(plain.Average(nats)), Decimals(hybrid.Average(nats)));
    }

    /// <summary>Counts the latents whose mean divergence from their prior is above 0.01 nats; the others say nothing of rows.</summary>
    private static string Active(DecoderEvaluation[] rows)
    {
        const double least = 0.01;
        int count = rows[0].LatentDivergences.Length;
        return $"{Enumerable.Range(0, count).Count(a => rows.Average(row => row.LatentDivergences[a]) > least)} of {count}";
    }

    private void WriteReconstructions(Predictor components, Predictor factors, DecoderResult plain, DecoderResult hybrid)
    {
        (string Name, Func<double[], double[]> Reconstruct)[] ways =
        [
            ($"PPCA, {FactorCount}", row => Signal(components, row)),
            ($"factors, {FactorCount}", row => Signal(factors, row)),
            ($"VAE, {arguments.Amortized}", row => plain.Reconstruct(row)),
            ("hybrid", row => hybrid.Reconstruct(row)),
        ];
        double[] errors = [.. ways.Select(way => DigitErrors.OfPixels(_digits.Test, way.Reconstruct, from: 0))];
        var table = new NumberTable("Test rows from their latents alone", "model", "root mean square error, shades of 16");
        foreach ((string name, double error) in ways.Select(way => way.Name).Zip(errors))
        {
            table.AddRow(name, Shades(error));
        }

        _output.Write(table);
        _output.Draw(() => DigitPictures.Rows(
            "digits-reconstructed",
            "Test rows and what each model makes of them",
            "The first test row of each digit, from its latents alone. With as many latents as the linear models, the hybrid comes closest to the rows.",
            _digits.Shown,
            [("row", row => row), .. ways],
            _digits.Test));
    }

    private static double[] Signal(Predictor predictor, double[] row)
    {
        LinearGaussianModel model = predictor.Model;
        Vector<double> latents = Vector<double>.Build.DenseOfEnumerable(predictor.Posterior(row).Means);
        return [.. (model.Loadings() * latents) + Vector<double>.Build.DenseOfEnumerable(model.Offset)];
    }

    private void WriteLatents(DecoderResult hybrid)
    {
        DigitLatents latents = DigitLatents.Of(hybrid, _digits);
        _output.WriteLine(
            $"Of the variance of the test rows' pixels, f(zA) has {Percent(latents.NetworkShare)}, A zC {Percent(latents.LinearShare)}; which digit a row is, the nearest mean of a digit's");
        _output.WriteLine(
            $"training rows tells by zA in {Percent(latents.KnownByNetwork)} of the test rows, by zC in {Percent(latents.KnownByLinear)}; by chance it would be 10 %.");
        _output.WriteLine();
        _output.Draw(() => DigitPictures.Latents(hybrid, _digits.Test.Row(_digits.Shown[3]).ToArray()));
    }

    private void WriteHalves(Predictor factors, DecoderResult halves, double seconds)
    {
        Matrix<double> upper = DigitTable.UpperHalves(_digits.Test);
        Matrix<double> byFactors = factors.Impute(upper).Values;
        Matrix<double> byHybrid = Matrix<double>.Build.DenseOfRows(Enumerable.Range(0, upper.RowCount).Select(n => halves.Impute(upper.Row(n).ToArray())));
        double[] means = [.. _digits.Training.ColumnSums() / _digits.Training.RowCount];
        var table = new NumberTable("Lower halves of the test rows, filled in from the upper ones", "model", "root mean square error, shades of 16");
        table.AddRow("means of the training rows", Shades(DigitErrors.OfPixels(_digits.Test, _ => means, DigitTable.PixelCount / 2)));
        table.AddRow($"factor analysis, {FactorCount} factors", Shades(DigitErrors.OfTable(_digits.Test, byFactors, DigitTable.PixelCount / 2)));
        table.AddRow($"{Hybrid}", Shades(DigitErrors.OfTable(_digits.Test, byHybrid, DigitTable.PixelCount / 2)));
        _output.Write(table);
        _output.WriteLine(
            $"The hybrid is the one above; a second encoder, trained in {seconds.ToString("F1", CultureInfo.InvariantCulture)} s, infers its latents from upper halves.");
        _output.WriteLine();
        _output.Draw(() => DigitPictures.Tables(
            "digits-imputed",
            "Test rows without their lower halves, filled in",
            "The first test row of each digit. What is filled in is a mean: where an upper half could be of several digits, it is a blend of them.",
            _digits.Shown,
            [("seen", upper), ("factors", byFactors), ("hybrid", byHybrid), ("row", _digits.Test)]));
    }

    /// <summary>Times one row at a time: by the encoder with the closed form behind it, and by optimisation of the row's own factors from the prior.</summary>
    private void WriteTimes(DecoderResult hybrid)
    {
        // With all weights 0 it puts out the prior of every row.
        var none = new MlpEncoder(DigitTable.PixelCount, arguments.Amortized);
        none.Parameters.Span.Clear();
        var alone = new DecoderInference(hybrid.Model, none);
        double[][] rows = [.. Enumerable.Range(0, TimedRows).Select(n => _digits.Test.Row(n).ToArray())];
        (double encoded, double encoder) = PerRow(rows, repetitions: 50, row => hybrid.Infer(row).Elbo);
        (double climbed, double ascent) = PerRow(rows, repetitions: 2, row => alone.Refine(row).Elbo);
        _output.WriteLine(
            $"One new row, the first {TimedRows} of the test rows: {encoder.ToString("F0", CultureInfo.InvariantCulture)} µs by encoder and closed form, to an ELBO of {Decimals(encoded)};");
        _output.WriteLine(
            $"{ascent.ToString("F0", CultureInfo.InvariantCulture)} µs by optimisation from the prior, {(ascent / encoder).ToString("F0", CultureInfo.InvariantCulture)} times as long, to {Decimals(climbed)}.");
    }

    /// <summary>Returns the mean of what rows come to, and the median time of a row in microseconds.</summary>
    private static (double Mean, double Microseconds) PerRow(double[][] rows, int repetitions, Func<double[], double> work)
    {
        double mean = rows.Average(work);
        double[] times = new double[repetitions];
        for (int i = 0; i < repetitions; i++)
        {
            long start = Stopwatch.GetTimestamp();
            foreach (double[] row in rows)
            {
                work(row);
            }

            times[i] = Stopwatch.GetElapsedTime(start).TotalMicroseconds / rows.Length;
        }

        return (mean, times.Order().ElementAt(repetitions / 2));
    }

    private static (T Result, double Seconds) Timed<T>(Func<T> work)
    {
        var watch = Stopwatch.StartNew();
        T result = work();
        return (result, watch.Elapsed.TotalSeconds);
    }

    private double[] Exact(Predictor predictor) => [.. predictor.Score(_digits.Test).LogDensities];

    private static double[] Elbos(DecoderEvaluation[] rows) => [.. rows.Select(row => row.Elbo)];

    /// <summary>Evaluates each test row by itself, with draws of its own, so that models can be compared row by row.</summary>
    private DecoderEvaluation[] ByRow(DecoderResult result) =>
    [
        .. Enumerable.Range(0, _digits.Test.RowCount).AsParallel().AsOrdered().Select(n =>
            result.Evaluate(_digits.Test.SubMatrix(n, 1, 0, DigitTable.PixelCount), refinedRowCount: 1, seed: n)),
    ];

    private static double StandardError(double[] values)
    {
        double mean = values.Average();
        return Math.Sqrt(values.Sum(value => (value - mean) * (value - mean)) / (values.Length - 1) / values.Length);
    }

    private static string Decimals(double nats) => nats.ToString("F2", CultureInfo.InvariantCulture);

    private static string Shades(double error) => (DigitTable.Shades * error).ToString("F2", CultureInfo.InvariantCulture);

    private static string Percent(double share) => (100 * share).ToString("F0", CultureInfo.InvariantCulture) + " %";

    /// <summary>A model with what it says of each test row, and how long it took to learn.</summary>
    private sealed record Judged(string Name, double[] Nats, double Seconds);
}
