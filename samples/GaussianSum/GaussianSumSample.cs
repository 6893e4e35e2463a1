using System.Globalization;
using Spectre.Console;

namespace VariationalInference.Samples;

/// <summary>Example A from end to end: the model, two ways to the same posterior, and how good it is.</summary>
internal sealed class GaussianSumSample(IAnsiConsole console, GaussianSumArguments arguments)
{
    private const int Shown = 8;
    private const int MeanDigits = 5;

    private readonly GaussianSumModel _model = arguments.Model;
    private readonly SampleOutput _output = new(console, arguments.Files, "Example A: a Gaussian sum", arguments.Settings);

    public void Run()
    {
        double[] row = arguments.Row(0);
        CaviResult fit = new CaviSolver(new CaviOptions { Method = CaviMethod.PlainSweeps }).Solve(_model, row);
        CaviResult accelerated = new CaviSolver().Solve(_model, row);
        var elbo = new FixedFormElbo(_model.Observe(row));
        GradientAscentResult walked = elbo.Maximize();

        WriteModel(row);
        WritePath("Coordinate ascent, equation (4-1)", "sweep", fit.ElboTrace, fit.Elbo);
        _output.WriteLine($"Stopped after {fit.Iterations} sweeps: {fit.StopReason}.");
        _output.WriteLine(
            $"Accelerated, the default, it takes {accelerated.Iterations} iterations to {Format.Nats(accelerated.Elbo)}: {accelerated.StopReason}.");
        _output.WriteLine();
        WritePath("Gradient ascent, equation (4-2)", "step", walked.ElboTrace, fit.Elbo);
        _output.WriteLine($"Stopped after {walked.Steps} steps: {walked.StopReason}.");
        _output.WriteLine();
        if (_model.LatentCount == 2)
        {
            _output.Draw(() => ElboSurface.Draw(_model, row, arguments.Quantities));
        }

        if (_model.LatentCount > 1)
        {
            _output.Draw(() => ErrorBySweep.Draw(_model, row));
        }

        WritePosterior(fit, walked, elbo.StationaryPoint());
        _output.Draw(() => PosteriorDensities.Draw(fit, arguments.Quantities));
        WriteGaps(fit, elbo.Terms(fit.MeanField));
        WriteTable(new CaviSolver().Solve(_model, arguments.Data.Values, CaviOutputs.All));
        _output.Save();
    }

    private void WriteModel(double[] row)
    {
        _output.WriteLine($"Data: {arguments.Source}");
        _output.WriteLine($"Model: each measurement = {string.Join(" + ", arguments.Causes)} + noise, noise variance {Format.Number(_model.NoiseVariance)}");
        for (int j = 0; j < _model.LatentCount; j++)
        {
            _output.WriteLine($"  {arguments.Causes[j]}: {Format.PlusMinus(_model.PriorMeans[j], Math.Sqrt(_model.PriorVariances[j]))} before the data");
        }

        if (arguments.Estimated)
        {
            _output.WriteLine("What the command line did not give was estimated from the data, by the moments of a one-way layout.");
        }

        string values = string.Join(", ", row.Select(value => double.IsNaN(value) ? "missing" : Format.Exact(value)));
        _output.WriteLine($"First row ({arguments.Data.Groups[0]}): {values}");
        _output.WriteLine();
    }

    /// <summary>Shows the first points of a trace, then every point whose number is a power of two, then the last.</summary>
    private void WritePath(string title, string unit, IReadOnlyList<double> trace, double optimum)
    {
        var table = new NumberTable(title, unit, "ELBO (nats)", "short of the optimum by");
        for (int t = 0; t < trace.Count; t++)
        {
            if (t < Shown || t == trace.Count - 1 || (t & (t - 1)) == 0)
            {
                table.AddRow($"{t}", Format.Number(trace[t]), Format.Small(optimum - trace[t]));
            }
        }

        _output.Write(table);
    }

    private void WritePosterior(CaviResult fit, GradientAscentResult walked, MeanFieldGaussian completed)
    {
        MultivariateGaussian exact = fit.Exact;
        var means = new NumberTable(
            "Posterior means: completed the square, walked to, and exact",
            "cause",
            "coordinate ascent",
            "gradient ascent",
            "closed form (4-3)",
            "exact",
            "largest difference in sd");
        var deviations = new NumberTable(
            "Posterior sd: exact, and too small by mean field",
            "cause",
            "prior",
            "mean field (4-4)",
            "exact");
        for (int j = 0; j < _model.LatentCount; j++)
        {
            double sd = exact[j].StandardDeviation;
            double difference = new[] { fit.MeanField.Means[j], walked.MeanField.Means[j], completed.Means[j] }
                .Max(mean => Math.Abs(mean - exact.Means[j]) / sd);
            means.AddRow(
                arguments.Causes[j],
                Format.Mean(fit.MeanField.Means[j], sd, MeanDigits),
                Format.Mean(walked.MeanField.Means[j], sd, MeanDigits),
                Format.Mean(completed.Means[j], sd, MeanDigits),
                Format.Mean(exact.Means[j], sd, MeanDigits),
                difference <= 1e-8 ? "< 1E-08" : Format.Small(difference));
            deviations.AddRow(
                arguments.Causes[j],
                Format.Number(Math.Sqrt(_model.PriorVariances[j])),
                Format.Number(fit.MeanField[j].StandardDeviation),
                Format.Number(sd));
        }

        _output.Write(means);
        _output.Write(deviations);
    }

    private void WriteGaps(CaviResult fit, ElboTerms terms)
    {
        var table = new NumberTable("Where the evidence goes", "part", "nats");
        table.AddRow("data fit", Format.Nats(terms.DataFit));
        table.AddRow("prior", Format.Nats(terms.Prior));
        table.AddRow("uncertainty cost", Format.Nats(terms.UncertaintyCost));
        table.AddRow("spread", Format.Nats(terms.Spread));
        table.AddRow("constant", Format.Nats(terms.Constant));
        table.AddRow("= ELBO", Format.Nats(fit.Elbo));
        table.AddRow("+ optimisation gap, at most", Format.Small(fit.ElboGapBound));
        table.AddRow("+ approximation gap", Format.Nats(fit.ApproximationGap));
        table.AddRow("= log evidence", Format.Nats(fit.LogEvidence));
        _output.Write(table);
        _output.WriteLine($"No mean is off by more than {fit.ErrorBound.ToString("G2", CultureInfo.InvariantCulture)} posterior standard deviations.");
        _output.WriteLine();
    }

    private void WriteTable(CaviTable fits)
    {
        var table = new NumberTable("All rows in one call", ["row", .. arguments.Causes, "ELBO", "log evidence", "error at most"]);
        for (int n = 0; n < fits.RowCount; n++)
        {
            MultivariateGaussian posterior = fits.Exact(n);
            table.AddRow(
            [
                arguments.Data.Groups[n],
                .. posterior.Means.Select((mean, j) => Format.PlusMinus(mean, posterior[j].StandardDeviation)),
                Format.Nats(fits.Elbos[n]),
                Format.Nats(fits.LogEvidences[n]),
                Format.Small(fits.ErrorBounds[n]),
            ]);
        }

        _output.Write(table);
        _output.WriteLine($"{fits.RowCount} rows, {fits.UnconvergedRowCount} not converged; ± is the exact posterior standard deviation.");
    }
}
