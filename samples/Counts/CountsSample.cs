using Spectre.Console;

namespace VariationalInference.Samples;

/// <summary>From counts to rates by group: how far they vary beyond chance, and the rate of each group, shrunken.</summary>
internal sealed class CountsSample(IAnsiConsole console, CountsArguments arguments)
{
    private const double Coverage = 0.95;
    private const int MostLevels = 60;

    private readonly SampleOutput _output = new(console, arguments.Files, "Rates by group", arguments.Settings);

    public void Run()
    {
        ColumnTable columns = ColumnTable.Read(
            arguments.Path,
            new CsvColumns { Responses = [arguments.Counts], Covariates = [.. arguments.Covariates, .. arguments.Sizes is string sizes ? new[] { sizes } : []], Labels = arguments.Groups },
            arguments.Dialect);
        double[] counts = [.. columns.Numbers(arguments.Counts)];
        double[] exposures = arguments.Sizes is string name ? [.. columns.Numbers(name)] : [.. counts.Select(_ => 1.0)];
        var model = new MixedModel(arguments.Counts, counts);
        foreach (string covariate in arguments.Covariates)
        {
            model = model.Fixed(covariate, columns.Numbers(covariate).AsSpan());
        }

        foreach (string group in arguments.Groups)
        {
            model = model.Random(group, columns.Labels(group).AsSpan());
        }

        GeneralizedMixedFit fit = Fit(model, exposures);
        _output.WriteLine($"Data: {arguments.Source}");
        _output.WriteLine($"Model: {model}, {fit.Likelihood}");
        WriteDispersion(counts, exposures);
        _output.WriteLine();
        WriteParameters(fit);
        _output.WriteLine($"ELBO {Format.Nats(fit.Elbo)}, a lower bound on the log likelihood; {(fit.Converged ? "converged" : "not converged")}.");
        foreach (LearningWarning warning in fit.Warnings)
        {
            _output.WriteLine($"Warning: {warning.Message}");
        }

        _output.WriteLine();
        foreach (string group in arguments.Groups)
        {
            WriteRates(fit, group, [.. columns.Labels(group)], counts, exposures);
        }

        _output.Save();
    }

    /// <summary>Fits the model; what the library refuses is a fault of the columns, which it names.</summary>
    private GeneralizedMixedFit Fit(MixedModel model, double[] exposures)
    {
        try
        {
            return model.Fit(arguments.IsNegativeBinomial ? Likelihood.NegativeBinomial() : Likelihood.Poisson(), arguments.Sizes is null ? default : exposures);
        }
        catch (InvalidOperationException exception)
        {
            throw new CsvFormatException($"{arguments.Path}: {exception.Message}", exception);
        }
    }

    /// <summary>How much counts vary about one rate for all, against what Poisson's do.</summary>
    private void WriteDispersion(double[] counts, double[] exposures)
    {
        int[] observed = [.. Enumerable.Range(0, counts.Length).Where(n => !double.IsNaN(counts[n]))];
        double rate = observed.Sum(n => counts[n]) / observed.Sum(n => exposures[n]);
        double squares = observed.Sum(n => (counts[n] - (rate * exposures[n])) * (counts[n] - (rate * exposures[n])) / (rate * exposures[n]));
        _output.WriteLine(
            $"{observed.Length} counts, {Format.Exact(observed.Sum(n => counts[n]))} in all; about one rate for all they vary {Format.Mean(squares / (observed.Length - 1), 0.1)} times as much as Poisson's.");
    }

    private void WriteParameters(GeneralizedMixedFit fit)
    {
        var table = new NumberTable("Learned parameters, of the logarithm of the rate", "parameter", "estimate", "standard error", "95 % interval");
        SummaryTable summary = fit.Summary(Coverage);
        for (int row = 0; row < summary.RowCount; row++)
        {
            table.AddRow(summary.Names[row], Format.Number(summary[row, 0], summary[row, 1]), Format.Number(summary[row, 1]), Format.Interval(summary[row, 2], summary[row, 3]));
        }

        _output.Write(table);
    }

    private void WriteRates(GeneralizedMixedFit fit, string group, string[] labels, double[] counts, double[] exposures)
    {
        string[] levels = [.. labels.Where((_, n) => !double.IsNaN(counts[n])).Distinct()];
        var table = new NumberTable(
            $"Rates of {group}, relative to the average", group, arguments.Counts, arguments.Sizes ?? "counts", "own rate", "shrunken rate", "95 % interval");
        var ratios = new List<(string Label, double Own, double Ratio, double Lower, double Upper)>();
        double all = Rate(counts, exposures, Enumerable.Range(0, counts.Length));
        foreach (string level in levels)
        {
            int[] rows = [.. Enumerable.Range(0, labels.Length).Where(n => labels[n] == level)];
            Gaussian effect = fit.RandomEffect(group, level);
            (double lower, double upper) = effect.Interval(Coverage);
            double own = Rate(counts, exposures, rows) / all;
            ratios.Add((level, own, Math.Exp(effect.Mean), Math.Exp(lower), Math.Exp(upper)));
            table.AddRow(
                level,
                Format.Exact(rows.Where(n => !double.IsNaN(counts[n])).Sum(n => counts[n])),
                Format.Number(rows.Where(n => !double.IsNaN(counts[n])).Sum(n => exposures[n])),
                Format.Mean(own, 0.1),
                Format.Mean(Math.Exp(effect.Mean), 0.1),
                $"{Format.Mean(Math.Exp(lower), 0.1)} to {Format.Mean(Math.Exp(upper), 0.1)}");
        }

        _output.Write(table);
        _output.Draw(() => RateChart(group, ratios));
    }

    private Chart RateChart(string group, List<(string Label, double Own, double Ratio, double Lower, double Upper)> ratios)
    {
        (string Label, double Own, double Ratio, double Lower, double Upper)[] rows = [.. ratios.OrderByDescending(row => Math.Round(row.Ratio, 9)).Take(MostLevels)];
        string left = rows.Length == ratios.Count ? string.Empty : FormattableString.Invariant($" The {MostLevels} largest of {ratios.Count} are shown.");
        return new Chart(
            $"rates-{(group.All(char.IsAsciiLetterOrDigit) ? group.ToLowerInvariant() : $"{arguments.Groups.ToList().IndexOf(group) + 1}")}",
            $"{arguments.Counts}: rates of {group}",
            $"The rate of each {group} relative to the average (dashed): its own as rings, the one that is shrunken as far as chance explains the difference as dots, with 95 % intervals." + left,
            [
                new Panel(
                    new Axis("rate relative to the average"),
                    new Axis(group) { Categories = [.. rows.Select(row => row.Label)] },
                    [
                        new Rule("average", new Look(Hue.Grey, Stroke.Dashed), 1, IsUpright: true),
                        new Intervals("95 % interval", new Look(Hue.Blue), [.. rows.Select((row, n) => (row.Lower, row.Upper, (double)n))]),
                        new Curve("own rate", new Look(Hue.Vermilion, Stroke.None, Marker.Ring), [.. rows.Select((row, n) => (row.Own, (double)n))]),
                        new Curve("shrunken rate", new Look(Hue.Blue, Stroke.None, Marker.Dot), [.. rows.Select((row, n) => (row.Ratio, (double)n))]),
                    ]),
            ]);
    }

    private static double Rate(double[] counts, double[] exposures, IEnumerable<int> rows)
    {
        int[] observed = [.. rows.Where(n => !double.IsNaN(counts[n]))];
        return observed.Sum(n => counts[n]) / observed.Sum(n => exposures[n]);
    }
}
