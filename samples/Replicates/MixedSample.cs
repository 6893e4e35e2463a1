namespace VariationalInference.Samples;

/// <summary>A mixed model from end to end: fixed effects, standard deviations, predictions, and the effects of each group.</summary>
internal sealed class MixedSample(SampleOutput output, ReplicatesArguments arguments, MixedFormula formula)
{
    private const double Coverage = 0.95;
    private const string Intercept = "(Intercept)";

    // An interval of 95 % is four standard deviations wide.
    private const double DeviationsPerInterval = 4;

    public void Run()
    {
        var table = new MixedTable(arguments.Path, formula, arguments.Dialect);
        table.RequireKnownFactors(arguments.Predictions);
        MixedModelFit fit = Fit(table.Model());
        WriteModel(fit, table);
        WriteFixedEffects(fit);
        WriteDeviations(fit);
        WriteLikelihood(fit);
        WritePredictions(fit);
        for (int t = 0; t < fit.RandomTerms.Length; t++)
        {
            WriteEffects(fit.RandomTerms[t], table, PictureOf(fit, t));
        }
    }

    /// <summary>Fits the model; what the library refuses is a fault of the columns, which it names.</summary>
    private MixedModelFit Fit(MixedModel model)
    {
        try
        {
            return model.Fit(new MixedModelOptions { Restricted = arguments.Restricted });
        }
        catch (InvalidOperationException exception)
        {
            throw new CsvFormatException($"{arguments.Path}: {exception.Message}", exception);
        }
    }

    private void WriteModel(MixedModelFit fit, MixedTable table)
    {
        IEnumerable<string> groups = fit.RandomTerms.DistinctBy(term => term.Group).Select(term => $"{term.Levels.Length} of {term.Group}");
        output.WriteLine($"Data: {arguments.Source}");
        output.WriteLine($"{fit.ObservationCount} measurements; groups: {string.Join(", ", groups)}{FitLines.Missing(table.MissingCount)}");
        output.WriteLine($"Model: {fit.Model}, by {arguments.Method}");
        output.WriteLine();
    }

    private void WriteFixedEffects(MixedModelFit fit)
    {
        var table = new NumberTable("Fixed effects", "effect", "estimate", "standard error", "95 % interval", "z");
        foreach (FixedEffect effect in fit.FixedEffects)
        {
            (double lower, double upper) = effect.Interval(Coverage);
            table.AddRow(
                effect.Name,
                Format.Number(effect.Estimate, effect.StandardError),
                Format.Number(effect.StandardError),
                Format.Interval(lower, upper),
                Format.Number(effect.ZValue));
        }

        output.Write(table);
    }

    private void WriteDeviations(MixedModelFit fit)
    {
        var table = new NumberTable(
            "Standard deviations and correlations", "parameter", "estimate", "95 % profile interval", "variance or covariance");
        foreach (VarianceInterval interval in fit.VarianceIntervals(Coverage))
        {
            VarianceComponent component = interval.Component;
            bool isKnown = !double.IsNaN(interval.Lower) && !double.IsNaN(interval.Upper);
            table.AddRow(
                NameOf(component),
                Format.Number(component.SdOrCorrelation, Spread(interval.Lower, interval.Upper)),
                isKnown ? Format.Interval(interval.Lower, interval.Upper) : "not determined",
                Format.Number(component.Value));
        }

        output.Write(table);
    }

    /// <summary>Names a standard deviation or a correlation; an intercept is the group itself.</summary>
    private static string NameOf(VarianceComponent component) => component switch
    {
        { Effect: "" } => "sd within",
        { OtherEffect: string other } => $"correlation of {component.Effect} and {other} of {component.Group}",
        { Effect: Intercept } => $"sd between {component.Group}",
        _ => $"sd of {component.Effect} between {component.Group}",
    };

    private void WriteLikelihood(MixedModelFit fit)
    {
        FitLines.Write(output, fit);
        output.WriteLine($"{fit.ParameterCount} parameters; AIC {Format.Nats(fit.Aic)}, BIC {Format.Nats(fit.Bic)}.");
        output.WriteLine();
    }

    private void WritePredictions(MixedModelFit fit)
    {
        if (arguments.Predictions.Count == 0)
        {
            return;
        }

        string[] groups = [.. formula.Groups.Concat(formula.Factors).Distinct()];
        IReadOnlyList<Prediction> predictions = fit.Predict(
            [.. formula.Numbers.Select(name => (name, arguments.Predictions.Select(row => row.Number(name)).ToArray()))],
            [.. groups.Select(group => (group, arguments.Predictions.Select(row => MixedTable.LabelOf(row, group)).ToArray()))]);
        var table = new NumberTable(
            $"Predictions of {Format.WithUnit(arguments.Value, arguments.Unit)}", "row", "expected", "95 % interval", "of a measurement");
        for (int i = 0; i < predictions.Count; i++)
        {
            Prediction prediction = predictions[i];
            table.AddRow(
                Describe(arguments.Predictions[i], fit),
                Format.Mean(prediction.Mean, prediction.MeanSd),
                Interval(prediction.MeanInterval(Coverage), prediction.MeanSd),
                Interval(prediction.Interval(Coverage), prediction.MeanSd));
        }

        output.Write(table);
    }

    /// <summary>Returns a row as it was given, and which of its groups are new.</summary>
    private static string Describe(PredictionRow row, MixedModelFit fit)
    {
        string[] added =
        [
            .. fit.RandomTerms.DistinctBy(term => term.Group)
                .Where(term => MixedTable.LabelOf(row, term.Group) is not string label || !term.Levels.Contains(label))
                .Select(term => $"a new {term.Group}"),
        ];
        return added.Length == 0 ? row.Text : $"{row.Text}; {string.Join(", ", added)}";
    }

    private void WriteEffects(RandomTerm term, MixedTable table, string picture)
    {
        IReadOnlyDictionary<string, int> counts = table.CountBy(term.Group);
        (string Title, IReadOnlyList<LevelEffect> Levels)[] effects =
            [.. term.Effects.Select((name, e) => (AxisOf(name), (IReadOnlyList<LevelEffect>)[.. term.Levels.Select((label, level) => EffectOf(term, label, level, e))]))];
        for (int e = 0; e < effects.Length; e++)
        {
            string name = term.Effects[e];
            var rows = new NumberTable(
                name == Intercept ? $"Effects of {term.Group}" : $"Effects of {term.Group} on the slope of {name}", term.Group, "measurements", "effect", "95 % interval");
            for (int level = 0; level < term.Levels.Length; level++)
            {
                LevelEffect effect = effects[e].Levels[level];
                double spread = Spread(effect.Lower, effect.Upper);
                rows.AddRow(
                    effect.Label,
                    $"{counts.GetValueOrDefault(effect.Label)}",
                    Format.Mean(effect.Mean, spread),
                    Interval((effect.Lower, effect.Upper), spread));
            }

            output.Write(rows);
        }

        output.Draw(() => EffectChart.Draw(picture, arguments.Value, term.Group, effects));
    }

    /// <summary>Names the picture of a term after its group where that makes names of files, each another, and by its number where it does not.</summary>
    private static string PictureOf(MixedModelFit fit, int term)
    {
        string[] groups = [.. fit.RandomTerms.Select(other => other.Group.ToLowerInvariant())];
        bool areNames = groups.Distinct().Count() == groups.Length && groups.All(group => group.All(char.IsAsciiLetterOrDigit));
        return $"effects-{(areNames ? groups[term] : $"{term + 1}")}";
    }

    private string AxisOf(string effect) => effect == Intercept
        ? Format.WithUnit($"effect on {arguments.Value}", arguments.Unit)
        : Format.WithUnit($"effect on the slope of {effect}", arguments.Unit is null ? null : $"{arguments.Unit} per unit");

    private static LevelEffect EffectOf(RandomTerm term, string label, int level, int effect)
    {
        RandomEffectPosterior posterior = term.Posterior(level, effect);
        (double lower, double upper) = posterior.Interval(Coverage);
        return new LevelEffect(label, posterior.Mean, lower, upper);
    }

    /// <summary>Returns the standard deviation that an interval stands for.</summary>
    private static double Spread(double lower, double upper) => (upper / DeviationsPerInterval) - (lower / DeviationsPerInterval);

    private static string Interval((double Lower, double Upper) interval, double spread) =>
        $"{Format.Mean(interval.Lower, spread)} to {Format.Mean(interval.Upper, spread)}";
}
