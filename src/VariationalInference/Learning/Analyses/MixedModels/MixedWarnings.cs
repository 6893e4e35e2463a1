using System.Collections.Immutable;

namespace VariationalInference;

/// <summary>Finds what is wrong with a fitted mixed model.</summary>
internal static class MixedWarnings
{
    /// <summary>Of the 16 digits of a double, so many must be left in the determinant.</summary>
    private const double LeastDigits = 1e-8;

    public static ImmutableArray<LearningWarning> Of(MixedModelFit fit, MixedEstimate estimate)
    {
        var warnings = ImmutableArray.CreateBuilder<LearningWarning>();
        if (fit.IsUnbounded)
        {
            warnings.Add(new LearningWarning(
                LearningWarningKind.NoiseVarianceAtZero,
                "The random effects fit every response exactly: the likelihood rises without limit as the residual variance goes to 0.",
                []));
        }

        AddBoundaries(warnings, fit, estimate);
        AddUnidentified(warnings, fit, estimate);
        double lost = estimate.Objective.Criterion.Amplification * DoublePrecision.UnitRoundoff;
        if (lost > LeastDigits)
        {
            warnings.Add(new LearningWarning(
                LearningWarningKind.DigitsLost,
                Guard.Text($"Variances differ so much that rounding changes the log likelihood by about {lost:G1} nats for each level."),
                []));
        }

        return warnings.ToImmutable();
    }

    private static void AddBoundaries(ImmutableArray<LearningWarning>.Builder warnings, MixedModelFit fit, MixedEstimate estimate)
    {
        for (int t = 0; t < fit.Model.Terms.Length; t++)
        {
            RandomTermSpec term = fit.Model.Terms[t];
            (int factor, int[] effects) = RandomTerm.PlaceOf(estimate.Design, term.Group, t);
            int[] zeros = [.. Enumerable.Range(0, effects.Length).Where(e => fit.Units.Covariance(factor, effects[e], effects[e]) == 0
                && !estimate.Flat.Any(item => Is(estimate, item.Parameter, factor, effects[e])))];
            foreach (int e in zeros)
            {
                warnings.Add(new LearningWarning(
                    LearningWarningKind.PriorVarianceAtZero,
                    $"The variance of {term.Effects[e].Name} between the levels of {term.Group} is at its boundary, 0.",
                    [t]));
            }

            int rank = effects.Count(column => effects.Any(e => estimate.Factor(factor, e)[column] != 0));
            bool isSingular = rank < effects.Count(e => fit.Units.Covariance(factor, e, e) > 0);
            if (isSingular)
            {
                warnings.Add(new LearningWarning(
                    LearningWarningKind.SingularCovariance,
                    $"The covariance of the effects of {term.Group} is singular: one of them is a combination of the others.",
                    [t]));
            }
        }
    }

    private static void AddUnidentified(ImmutableArray<LearningWarning>.Builder warnings, MixedModelFit fit, MixedEstimate estimate)
    {
        VarianceComponent[] unknown = [.. fit.VarianceComponents.Where(component => double.IsNaN(component.StandardError) && component.Value > 0
            && component.OtherEffect is null)];
        string[] names =
        [
            .. estimate.Flat.Select(item => NameOf(estimate, item.Parameter)),
            .. estimate.Optimum.Curvature is MixedCurvature curvature
                ? estimate.Optimum.Active.Where((_, i) => curvature.IsFlat[i]).Select(parameter => NameOf(estimate, parameter)).Distinct()
                : [],
        ];
        if (names.Length > 0)
        {
            string[] residual = unknown.Any(component => component.Effect.Length == 0) ? ["residual variance"] : [];
            warnings.Add(new LearningWarning(
                LearningWarningKind.Unidentified, $"The data do not tell: {string.Join(", ", names.Concat(residual).Distinct())}.", []));
        }
    }

    private static bool Is(MixedEstimate estimate, int parameter, int factor, int effect)
    {
        (int f, int row, _) = estimate.Objective.Parameters[parameter];
        return f == factor && row == effect;
    }

    private static string NameOf(MixedEstimate estimate, int parameter)
    {
        (int factor, int row, int column) = estimate.Objective.Parameters[parameter];
        GroupingFactor group = estimate.Design.Factors[factor];
        return row == column
            ? $"variance of {group.Effects[row].Name} between the levels of {group.Name}"
            : $"covariance of {group.Effects[column].Name} and {group.Effects[row].Name} between the levels of {group.Name}";
    }
}
