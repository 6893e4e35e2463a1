using System.Collections.Immutable;

namespace VariationalInference;

/// <summary>Finds what is wrong with learned parameters.</summary>
internal static class LearningWarnings
{
    public static ImmutableArray<LearningWarning> Of(
        LinearGaussianModel start,
        LearningProblem problem,
        LearningPoint learned,
        NoiseFloors floors,
        LearningInformation? information,
        VariationalEmOptions options)
    {
        var warnings = ImmutableArray.CreateBuilder<LearningWarning>();
        void Warn(LearningWarningKind kind, FormattableString message, IEnumerable<int> indices) =>
            warnings.Add(new LearningWarning(kind, Guard.Text(message), [.. indices]));

        foreach (int k in problem.EmptyColumns)
        {
            Warn(LearningWarningKind.EmptyColumn, $"Column {k}{start.Columns.Behind(k)} has no cells; nothing is learned from it.", [k]);
        }

        foreach (int k in problem.ConstantColumns)
        {
            Warn(LearningWarningKind.ConstantColumn, $"Column {k}{start.Columns.Behind(k)} is constant; it was left out of the fit and of the bound.", [k]);
        }

        int needed = options.Loadings ? start.LatentCount + 2 : options.PriorVariances == VarianceLearning.Each ? start.LatentCount : 1;

        // The members of a group are as many draws from its variance.
        bool needsRows = options.PriorVarianceGroups.IsEmpty ? options.LearnsPriorVariances : problem.Layout.Deviations.HasSingle;
        needed = Math.Max(needed, options.Offset || needsRows ? 2 : 1);
        if (problem.RowCount < needed)
        {
            Warn(
                LearningWarningKind.TooFewRows,
                $"There are {problem.RowCount} rows with cells; {start.LatentCount} latents need at least {needed}.",
                []);
        }

        int[] silent = [.. floors.Silent(problem, learned).Select(i => problem.Columns[i])];
        if (silent.Length > 0 && options is { Loadings: true, NoiseVariances: VarianceLearning.Each })
        {
            Warn(
                LearningWarningKind.HeywoodCase,
                $"Heywood case: the latents explain column {Join(silent, start.Columns)} entirely; the noise variance is 0.",
                silent);
        }
        else if (silent.Length > 0)
        {
            Warn(LearningWarningKind.NoiseVarianceAtZero, $"The noise variance of column {Join(silent, start.Columns)} is at its boundary, 0.", silent);
        }

        int[] floored = [.. floors.Binding(learned).Select(i => problem.Columns[i])];
        if (floored.Length > 0)
        {
            Warn(
                LearningWarningKind.NoiseVarianceAtFloor,
                $"The noise variance of column {Join(floored, start.Columns)} is at its floor; the likelihood rises below it.",
                floored);
        }

        int[] idle = [.. Enumerable.Range(0, learned.Latents).Where(j => problem.Layout.Deviations[j] >= 0 && learned.Deviations[j] == 0)];
        if (idle.Length > 0)
        {
            Warn(LearningWarningKind.PriorVarianceAtZero, $"The prior variance of latent {Join(idle, start.Latents)} is at its boundary, 0.", idle);
        }

        AddUnidentified(warnings, start, problem, information, options);
        return warnings.ToImmutable();
    }

    private static void AddUnidentified(
        ImmutableArray<LearningWarning>.Builder warnings,
        LinearGaussianModel start,
        LearningProblem problem,
        LearningInformation? information,
        VariationalEmOptions options)
    {
        void Warn(string message, IEnumerable<int> indices) =>
            warnings.Add(new LearningWarning(LearningWarningKind.Unidentified, message, [.. indices]));

        int latents = start.LatentCount;
        bool several = problem.IsSum && latents > 1;
        if (several && problem.Layout.DeviationCount > 1)
        {
            Warn("Of the prior variances of a sum the likelihood tells only the total; how it is divided is arbitrary.", Enumerable.Range(0, latents));
        }

        if (several && options.PriorMeans)
        {
            Warn("Of the prior means of a sum the likelihood tells only the total; how it is divided is arbitrary.", Enumerable.Range(0, latents));
        }

        (string[] names, int[] columns) = information?.Unidentified(includeSums: !several, problem.Columns, start.Columns) ?? ([], []);
        if (names.Length > 0)
        {
            Warn($"The data cannot tell these parameters apart: {string.Join(", ", names)}.", columns);
        }
    }

    private static string Join(int[] indices, NameList names) => string.Join(", ", indices.Select(index => Guard.Text($"{index}{names.Behind(index)}")));
}
