using System.Text;

namespace VariationalInference;

/// <summary>The summary of a fit as text, laid out as lme4's.</summary>
internal static class MixedSummary
{
    private static readonly string[] RandomHeader = ["group", "effect", "variance", "sd", "correlation"];

    public static string Of(MixedModelFit fit, double probability)
    {
        var text = new StringBuilder();
        text.Append("Linear mixed model by ").Append(fit.Options.Restricted ? "REML" : "maximum likelihood").Append('\n');
        text.Append(fit.Model).Append("\n\n");
        text.Append(Guard.Text(
            $"{(fit.Options.Restricted ? "restricted log likelihood" : "log likelihood")} {fit.LogLikelihood:F4}, AIC {fit.Aic:F2}, BIC {fit.Bic:F2}\n"));
        text.Append(Wording.Count(fit.ObservationCount, "observation"));
        foreach (RandomTerm term in fit.RandomTerms.DistinctBy(term => term.Group))
        {
            text.Append(Guard.Text($"; {term.Group}: {Wording.Count(term.Levels.Length, "level")}"));
        }

        text.Append("\n\nRandom effects\n");
        Write(text, RandomRows(fit), numbers: 2);
        text.Append("\nFixed effects\n");
        Write(text, FixedRows(fit, probability), numbers: 1);
        if (!fit.Converged)
        {
            text.Append(fit.IsUnbounded ? "\nThe likelihood has no maximum.\n" : Guard.Text($"\nNot converged: the log likelihood may rise by {fit.RemainingNats:G2}.\n"));
        }

        foreach (LearningWarning warning in fit.Warnings)
        {
            text.Append('\n').Append(warning).Append('\n');
        }

        return text.ToString().TrimEnd('\n');
    }

    private static List<string[]> RandomRows(MixedModelFit fit)
    {
        List<string[]> rows = [RandomHeader];
        for (int t = 0; t < fit.RandomTerms.Length; t++)
        {
            RandomTerm term = fit.RandomTerms[t];
            for (int a = 0; a < term.Effects.Length; a++)
            {
                VarianceComponent own = Find(fit, term, term.Effects[a], null);
                IEnumerable<string> correlations = Enumerable.Range(0, a).Select(
                    b => Guard.Text($"{Find(fit, term, term.Effects[b], term.Effects[a]).SdOrCorrelation,5:F2}"));
                rows.Add([a == 0 ? term.Group : string.Empty, term.Effects[a], Number(own.Value), Number(own.SdOrCorrelation), string.Join(' ', correlations)]);
            }
        }

        rows.Add(["Residual", string.Empty, Number(fit.ResidualVariance), Number(Math.Sqrt(fit.ResidualVariance)), string.Empty]);
        return rows;
    }

    private static VarianceComponent Find(MixedModelFit fit, RandomTerm term, string effect, string? other) =>
        fit.VarianceComponents.First(component => component.Group == term.Group && component.Effect == effect && component.OtherEffect == other);

    private static List<string[]> FixedRows(MixedModelFit fit, double probability)
    {
        List<string[]> rows = [[string.Empty, "estimate", "standard error", "z", Guard.Text($"{100 * probability:G4} % interval")]];
        foreach (FixedEffect effect in fit.FixedEffects)
        {
            (double lower, double upper) = effect.Interval(probability);
            int decimals = Decimals(effect.StandardError);
            rows.Add(
            [
                effect.Name, Fixed(effect.Estimate, decimals), Number(effect.StandardError), Guard.Text($"{effect.ZValue:F2}"),
                $"{Fixed(lower, decimals)} to {Fixed(upper, decimals)}",
            ]);
        }

        return rows;
    }

    /// <summary>Returns how many decimals show four digits of a number.</summary>
    private static int Decimals(double size) =>
        size > 0 && double.IsFinite(size) ? Math.Clamp(3 - (int)Math.Floor(Math.Log10(size)), 0, 15) : 4;

    private static string Fixed(double value, int decimals) =>
        Math.Abs(value) < 1e15 ? value.ToString("F" + decimals, System.Globalization.CultureInfo.InvariantCulture) : Number(value);

    private static string Number(double value) => Guard.Text($"{value:G5}");

    /// <summary>Writes rows in columns, the first ones from the left and the others from the right.</summary>
    private static void Write(StringBuilder text, List<string[]> rows, int numbers)
    {
        int[] widths = [.. Enumerable.Range(0, rows[0].Length).Select(c => rows.Max(row => row[c].Length))];
        foreach (string[] row in rows)
        {
            IEnumerable<string> cells = row.Select((cell, c) => c < numbers ? cell.PadRight(widths[c]) : cell.PadLeft(widths[c]));
            text.Append((" " + string.Join("  ", cells)).TrimEnd()).Append('\n');
        }
    }
}
