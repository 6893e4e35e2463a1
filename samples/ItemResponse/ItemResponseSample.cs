using Spectre.Console;

namespace VariationalInference.Samples;

/// <summary>From answers to items and abilities, with intervals.</summary>
internal sealed class ItemResponseSample(IAnsiConsole console, ItemResponseArguments arguments)
{
    private const double Coverage = 0.95;

    // More lines are no table to read any more.
    private const int MostPatterns = 12;

    private readonly SampleOutput _output = new(console, arguments.Files, "A test: its items and abilities", arguments.Settings);

    public void Run()
    {
        var table = new AnswerTable(arguments.Path, arguments.CountColumn, arguments.Dialect);
        var model = new ItemResponse(arguments.Dimensions, new ItemResponseOptions { EqualDiscriminations = arguments.EqualDiscriminations });
        ItemResponseFit test = model.Learn(table.Answers, table.Items);
        _output.WriteLine($"Data: {arguments.Source}; {test.PersonCount} persons, {test.Items.Length} items");
        _output.WriteLine($"Model: {model}");
        _output.WriteLine();
        WriteItems(test);
        _output.WriteLine($"ELBO {Format.Nats(test.Elbo)}, a lower bound on the log likelihood; {(test.Converged ? "converged" : $"not converged: {test.StopReason}")}; {test.ParameterCount} parameters.");
        foreach (LearningWarning warning in test.Warnings)
        {
            _output.WriteLine($"Warning: {warning.Message}");
        }

        _output.WriteLine();
        for (int dimension = 0; dimension < test.Dimensions; dimension++)
        {
            WriteAbilities(test, table, dimension);
        }

        if (test.Dimensions == 1)
        {
            WriteMissing(test, table);
            _output.Draw(() => TestCharts.Curves(test));
            _output.Draw(() => TestCharts.Abilities(test, Shown(table)));
        }

        _output.Save();
    }

    private void WriteItems(ItemResponseFit test)
    {
        string[] dimensions = [.. Enumerable.Range(1, test.Dimensions).Select(d => test.Dimensions == 1 ? "discrimination" : $"discrimination {d}")];
        var rows = new NumberTable("Items", ["item", .. dimensions.SelectMany(name => new[] { name, "95 % interval" }), "difficulties", "95 % intervals"]);
        foreach (ResponseItem item in test.Items)
        {
            rows.AddRow(
            [
                item.Name,
                .. item.Discriminations.SelectMany(a => new[] { Format.Mean(a.Value, a.StandardError), Interval(a) }),
                string.Join("; ", item.Difficulties.Select(d => Format.Mean(d.Value, d.StandardError))),
                string.Join("; ", item.Difficulties.Select(Interval)),
            ]);
        }

        _output.Write(rows);
    }

    private void WriteAbilities(ItemResponseFit test, AnswerTable table, int dimension)
    {
        (double[] Answers, int Persons)[] shown = Shown(table);
        string which = test.Dimensions == 1 ? "ability" : $"ability {dimension + 1}";
        var rows = new NumberTable(
            shown.Length == table.Patterns.Count ? $"What answers say of {which}" : $"The {shown.Length} most frequent of {table.Patterns.Count} patterns: {which}",
            "answers",
            "persons",
            which,
            "95 % interval");
        foreach ((Gaussian ability, string text, int persons) in shown.Select(pattern => (test.Ability(pattern.Answers, dimension), AnswerTable.TextOf(pattern.Answers), pattern.Persons)).OrderBy(row => row.Item1.Mean))
        {
            (double lower, double upper) = ability.Interval(Coverage);
            rows.AddRow(text, $"{persons}", Format.Mean(ability.Mean, ability.StandardDeviation), $"{Format.Mean(lower, ability.StandardDeviation)} to {Format.Mean(upper, ability.StandardDeviation)}");
        }

        _output.Write(rows);
    }

    /// <summary>Somebody who was not asked the last item: what would the answer be?</summary>
    private void WriteMissing(ItemResponseFit test, AnswerTable table)
    {
        double[] answers = [.. test.Items.Select(_ => 1.0)];
        answers[^1] = double.NaN;
        Gaussian ability = test.Ability(answers);
        double[] probabilities = test.Predict(table.Items[^1], answers);
        _output.WriteLine(
            $"Answers {AnswerTable.TextOf(answers)}: ability {Format.PlusMinus(ability.Mean, ability.StandardDeviation)}, and the missing answer to {table.Items[^1]} is {test.Items[^1].CategoryCount - 1} with probability {Format.Mean(probabilities[^1], 0.01)}.");
    }

    private static (double[] Answers, int Persons)[] Shown(AnswerTable table) =>
        [.. table.Patterns.OrderByDescending(pattern => pattern.Persons).ThenBy(pattern => AnswerTable.TextOf(pattern.Answers), StringComparer.Ordinal).Take(MostPatterns)];

    private static string Interval(LearnedParameter parameter)
    {
        (double lower, double upper) = parameter.Interval(Coverage);
        return $"{Format.Mean(lower, parameter.StandardError)} to {Format.Mean(upper, parameter.StandardError)}";
    }
}
