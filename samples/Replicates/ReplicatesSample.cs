using Spectre.Console;

namespace VariationalInference.Samples;

/// <summary>One-way random effects from end to end: the analysis of variance, the variances, and each group's mean.</summary>
internal sealed class ReplicatesSample(IAnsiConsole console, ReplicatesArguments arguments)
{
    private const double Coverage = 0.95;

    private readonly SampleOutput _output = new(console, arguments.Files, "Replicates: variance between and within groups", arguments.Settings);
    private readonly OutputFile? _chart = arguments.Chart is string path ? new OutputFile(path) : null;

    public void Run()
    {
        if (arguments.Mixed is MixedFormula formula)
        {
            new MixedSample(_output, arguments, formula).Run();
        }
        else if (arguments.IsWide)
        {
            LearnStream();
        }
        else
        {
            LearnGroups(ReplicateCsv.ReadLong(arguments.Path, arguments.Group, arguments.Value, arguments.Dialect));
        }

        _output.Save();
    }

    private void LearnGroups(ReplicateTable data)
    {
        double[][] groups = [.. data.Values.EnumerateRows().Select(row => row.Where(value => !double.IsNaN(value)).ToArray())];
        OneWayRandomEffects learned = OneWayRandomEffects.Learn(groups, arguments.Restricted);
        WriteModel($"{groups.Sum(group => group.Length)} measurements in {groups.Length} groups{FitLines.Missing(data.MissingCount)}");
        WriteAnova(learned.Anova);
        WriteParameters(learned.Mean, learned.BetweenVariance, learned.WithinVariance);
        FitLines.Write(_output, learned.Fit);
        _output.WriteLine();
        ShrunkenMean[] means = Infer(learned, data, groups);
        WriteMeans(means, learned);
        Chart chart = ShrinkageChart.Draw(arguments.Value, arguments.Unit, arguments.Group, learned.Mean.Value, means);
        _output.Draw(() => chart);
        if (_chart is not null)
        {
            _chart.Write(chart.ToSvg());
            console.WriteLine($"Shrinkage chart: {_chart.Name}");
        }
    }

    /// <summary>Learns the same model from sufficient statistics, which one pass over a file of any size builds.</summary>
    private void LearnStream()
    {
        SufficientStatisticsBuilder? builder = null;
        foreach (double[] row in ReplicateCsv.StreamWide(arguments.Path, arguments.Label, arguments.Dialect))
        {
            builder ??= new SufficientStatisticsBuilder(row.Length);
            builder.Add(row);
        }

        SufficientStatistics statistics = builder?.Build()
            ?? throw new CsvFormatException($"{arguments.Path}: there is no line below the header line");
        var options = new VariationalEmOptions { PriorMeans = true, PriorVariances = VarianceLearning.Shared };
        VariationalEmResult fit = new VariationalEm(options).Learn(new GaussianSumModel(1, statistics.ColumnCount), statistics);
        WriteModel($"{statistics}");
        WriteParameters(
            new LearnedParameter(fit.PriorMeans[0], fit.StandardErrors.PriorMeans[0]),
            new LearnedParameter(fit.PriorVariances[0], fit.StandardErrors.PriorVariances[0]),
            new LearnedParameter(fit.NoiseVariances[0], fit.StandardErrors.NoiseVariances[0]));
        _output.WriteLine($"Log likelihood {Format.Nats(fit.Elbo)}; {fit.StopReason} after {fit.Iterations} iterations.");
        FitLines.Write(_output, fit.Warnings);
        _output.WriteLine();
    }

    private void WriteModel(string size)
    {
        _output.WriteLine($"Data: {arguments.Source}; {size}");
        _output.WriteLine($"Model: {arguments.Value} = mean + effect of {arguments.Group} + noise, all three learned by {arguments.Method}");
        _output.WriteLine();
    }

    private void WriteAnova(AnovaTable anova)
    {
        var table = new NumberTable("Analysis of variance", "source", "degrees of freedom", "sum of squares", "mean square", "F");
        table.AddRow(
            $"between {arguments.Group}",
            $"{anova.DegreesOfFreedomBetween}",
            Format.Number(anova.SumOfSquaresBetween),
            Format.Number(anova.MeanSquareBetween),
            Format.Number(anova.F));
        table.AddRow(
            "within", $"{anova.DegreesOfFreedomWithin}", Format.Number(anova.SumOfSquaresWithin), Format.Number(anova.MeanSquareWithin), string.Empty);
        _output.Write(table);
    }

    private void WriteParameters(LearnedParameter mean, LearnedParameter between, LearnedParameter within)
    {
        var table = new NumberTable("Learned parameters", "parameter", "estimate", "standard error", "95 % interval", "sd");
        Add("mean", mean, mean.Interval(Coverage), string.Empty);
        AddVariance($"variance between {arguments.Group}", between);
        AddVariance("variance within", within);
        _output.Write(table);

        void AddVariance(string name, LearnedParameter variance) =>
            Add(name, variance, variance.PositiveInterval(Coverage), Format.Number(Math.Sqrt(variance.Value)));

        void Add(string name, LearnedParameter parameter, (double Lower, double Upper) interval, string deviation)
        {
            table.AddRow(
                name,
                Format.Number(parameter.Value, parameter.StandardError),
                double.IsNaN(parameter.StandardError) ? Why(parameter) : Format.Number(parameter.StandardError),
                double.IsNaN(parameter.StandardError) ? string.Empty : Format.Interval(interval.Lower, interval.Upper),
                deviation);
        }
    }

    /// <summary>Says why a parameter has no standard error.</summary>
    private static string Why(LearnedParameter parameter) => parameter.Value == 0 ? "at its boundary" : "not determined";

    /// <summary>Infers each group's own mean with the learned model, by coordinate ascent over the table.</summary>
    private static ShrunkenMean[] Infer(OneWayRandomEffects learned, ReplicateTable data, double[][] groups)
    {
        CaviTable posteriors = new CaviSolver().Solve(learned.Model, data.Values);
        return [.. groups.Select((group, n) =>
        {
            Gaussian posterior = posteriors.Exact(n)[0];
            (double lower, double upper) = posterior.Interval(Coverage);
            return new ShrunkenMean(data.Groups[n], group.Length, group.Length == 0 ? double.NaN : group.Average(), posterior.Mean, lower, upper);
        })];
    }

    private void WriteMeans(ShrunkenMean[] means, OneWayRandomEffects learned)
    {
        var table = new NumberTable(
            "Means of the groups, given the learned parameters", arguments.Group, "measurements", "own mean", "shrunken mean", "95 % interval");
        foreach (ShrunkenMean mean in means)
        {
            // Without variance between groups, their intervals have no width to speak of; the common mean's error has.
            double spread = learned.BetweenVariance.Value > 0 ? (mean.Upper - mean.Lower) / 4 : learned.Mean.StandardError;
            table.AddRow(
                mean.Label,
                $"{mean.Count}",
                mean.Count == 0 ? "none" : Format.Mean(mean.Own, spread),
                Format.Mean(mean.Value, spread),
                $"{Format.Mean(mean.Lower, spread)} to {Format.Mean(mean.Upper, spread)}");
        }

        _output.Write(table);
    }
}
