namespace VariationalInference;

/// <summary>What was learned as a table: each parameter with its standard error and interval.</summary>
internal static class LearnedSummary
{
    public static SummaryTable Of(
        VariationalEmResult learned, VariationalEmOptions options, IReadOnlyList<string>? columnNames, IReadOnlyList<string>? latentNames, double probability)
    {
        NameList columns = NameList.OrOwn(columnNames, learned.Model.ObservationNames, "x", learned.Offset.Length, nameof(columnNames), "one for each observation");
        NameList latents = NameList.OrOwn(latentNames, learned.Model.LatentNames, "z", learned.PriorMeans.Length, nameof(latentNames), "one for each latent");
        string[] ends = SummaryTable.Ends(probability);
        ParameterStandardErrors errors = learned.StandardErrors;
        List<(string, double[])> rows = [];
        if (options.Loadings)
        {
            var loadings = learned.Loadings();
            var loadingErrors = errors.Loadings();
            for (int k = 0; k < columns.Count; k++)
            {
                for (int j = 0; j < latents.Count; j++)
                {
                    string name = latents.Count == 1 ? $"loading {columns[k]}" : $"loading {columns[k]}, {latents[j]}";
                    rows.Add((name, Numbers(loadings[k, j], loadingErrors[k, j], isVariance: false)));
                }
            }
        }

        Add(options.Offset ? VarianceLearning.Each : VarianceLearning.Fixed, "offset", columns, learned.Offset, errors.Offset, isVariance: false);
        Add(options.NoiseVariances, "noise variance", columns, learned.NoiseVariances, errors.NoiseVariances, isVariance: true);
        Add(options.PriorMeans ? VarianceLearning.Each : VarianceLearning.Fixed, "prior mean", latents, learned.PriorMeans, errors.PriorMeans, isVariance: false);
        VarianceLearning priors = options.PriorVarianceGroups.IsEmpty ? options.PriorVariances : VarianceLearning.Each;
        Add(priors, "prior variance", latents, learned.PriorVariances, errors.PriorVariances, isVariance: true);
        return new SummaryTable(["estimate", "standard error", .. ends], rows);

        void Add(
            VarianceLearning how, string what, IReadOnlyList<string> owners, IReadOnlyList<double> values, IReadOnlyList<double> deviations, bool isVariance)
        {
            // Of a shared one, the first that has a standard error; a column that was left out has none.
            int first = Math.Max(0, deviations.ToList().FindIndex(double.IsFinite));
            for (int i = 0; i < owners.Count && how == VarianceLearning.Each; i++)
            {
                rows.Add(($"{what} {owners[i]}", Numbers(values[i], deviations[i], isVariance)));
            }

            if (how == VarianceLearning.Shared)
            {
                rows.Add((what, Numbers(values[first], deviations[first], isVariance)));
            }
        }

        // Variances have their intervals on the scale of logarithms, where they stay above zero.
        double[] Numbers(double value, double error, bool isVariance)
        {
            var parameter = new LearnedParameter(value, error);
            (double lower, double upper) = isVariance ? parameter.PositiveInterval(probability) : parameter.Interval(probability);
            return [value, error, lower, upper];
        }
    }
}
