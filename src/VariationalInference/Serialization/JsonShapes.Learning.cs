namespace VariationalInference;

/// <content>What was learned, which is written only: files keep it.</content>
internal static partial class JsonShapes
{
    private static void AddLearning()
    {
        Add<VariationalEmResult>((fields, value) =>
        {
            AddModelNames(fields, value.Model);
            fields.Add("loadings", value.Loadings());
            fields.Add("offset", value.Offset);
            fields.Add("noiseVariances", value.NoiseVariances);
            fields.Add("priorMeans", value.PriorMeans);
            fields.Add("priorVariances", value.PriorVariances);
            fields.Add("elbo", value.Elbo);
            fields.Add("logEvidence", value.LogEvidence);
            fields.Add("elboTrace", value.ElboTrace);
            fields.Add("iterations", value.Iterations);
            fields.Add("stopReason", value.StopReason);
            fields.Add("converged", value.Converged);
            fields.Add("remainingNats", value.RemainingNats);
            fields.Add("remainingStandardErrors", value.RemainingStandardErrors);
            fields.Add("gradientNorm", value.GradientNorm);
            fields.AddObjects("optima", value.Optima);
            fields.AddObjects("warnings", value.Warnings);
        });
        Add<ParameterStandardErrors>((fields, value) =>
        {
            fields.Add("loadings", value.Loadings());
            fields.Add("offset", value.Offset);
            fields.Add("noiseVariances", value.NoiseVariances);
            fields.Add("priorMeans", value.PriorMeans);
            fields.Add("priorVariances", value.PriorVariances);
        });
        Add<FactorAnalysis>((fields, value) =>
        {
            fields.AddObject("fit", value.Fit);
            fields.Add("uniquenesses", value.Uniquenesses);
            fields.Add("rowCount", value.RowCount);
            fields.Add("parameterCount", value.ParameterCount);
            fields.Add("degreesOfFreedom", value.DegreesOfFreedom);
            fields.Add("aic", value.Aic);
            fields.Add("bic", value.Bic);
            fields.AddObject("exactFit", value.ExactFit);
        });
        Add<FactorCountComparison>((fields, value) => fields.AddObjects("analyses", value.Analyses));
        Add<FactorSolution>((fields, value) =>
        {
            fields.Add("rotation", value.Rotation);
            fields.Add("converged", value.Converged);
            fields.Add("starts", value.Starts);
            fields.Add("startsAtBest", value.StartsAtBest);
            fields.Add("uniquenesses", value.Uniquenesses);
            fields.Add("loadings", value.Loadings());
            fields.Add("structure", value.Structure());
            fields.Add("factorCorrelations", value.FactorCorrelations());
        });
        Add<ProbabilisticPca>((fields, value) =>
        {
            AddModelNames(fields, value.Model);
            fields.Add("loadings", value.Model.Loadings());
            fields.Add("offset", value.Model.Offset);
            fields.Add("noiseVariance", value.NoiseVariance);
            fields.Add("noiseVarianceError", value.NoiseVarianceError);
            fields.Add("logEvidence", value.LogEvidence);
            fields.Add("eigenvalues", value.Eigenvalues);
            fields.AddObjects("warnings", value.Warnings);
        });
        Add<BayesianRegression>((fields, value) =>
        {
            fields.AddObject("coefficients", value.Coefficients);
            fields.Add("noiseVariance", value.NoiseVariance);
            fields.Add("priorMeans", value.PriorMeans);
            fields.Add("priorVariances", value.PriorVariances);
            fields.Add("logEvidence", value.LogEvidence);
            fields.Add("converged", value.Converged);
            fields.AddObjects("warnings", value.Warnings);
        });
        Add<OneWayRandomEffects>((fields, value) =>
        {
            fields.AddObject("mean", value.Mean);
            fields.AddObject("betweenVariance", value.BetweenVariance);
            fields.AddObject("withinVariance", value.WithinVariance);
            fields.AddObjects("effects", value.Effects);
            fields.AddObject("anova", value.Anova);
            fields.Add("logLikelihood", value.LogLikelihood);
        });
        Add<ItemResponseFit>((fields, value) =>
        {
            fields.Add("dimensions", value.Dimensions);
            fields.Add("personCount", value.PersonCount);
            fields.AddObjects("items", value.Items);
            fields.Add("elbo", value.Elbo);
            fields.Add("elboTrace", value.ElboTrace);
            fields.Add("parameterCount", value.ParameterCount);
            fields.Add("stopReason", value.StopReason);
            fields.Add("converged", value.Converged);
            fields.Add("remainingStandardErrors", value.RemainingStandardErrors);
            fields.AddObjects("warnings", value.Warnings);
        });
        Add<ResponseItem>((fields, value) =>
        {
            fields.Add("name", value.Name);
            fields.Add("categoryCount", value.CategoryCount);
            fields.AddObjects("discriminations", value.Discriminations);
            fields.AddObjects("intercepts", value.Intercepts);
            fields.AddObjects("difficulties", value.Difficulties);
        });
        Add<CountFactorFit>((fields, value) =>
        {
            fields.AddNames("columnNames", value.ColumnNames);
            fields.Add("factorCount", value.FactorCount);
            fields.Add("rowCount", value.RowCount);
            fields.AddObjects("loadings", Enumerable.Range(0, value.ColumnNames.Count * value.FactorCount).Select(i => value.Loading(i / value.FactorCount, i % value.FactorCount)));
            fields.AddObjects("offsets", value.Offsets);
            fields.AddObjects("dispersionSizes", value.DispersionSizes);
            fields.Add("elbo", value.Elbo);
            fields.Add("elboTrace", value.ElboTrace);
            fields.Add("parameterCount", value.ParameterCount);
            fields.Add("stopReason", value.StopReason);
            fields.Add("converged", value.Converged);
            fields.Add("remainingStandardErrors", value.RemainingStandardErrors);
            fields.AddObjects("warnings", value.Warnings);
        });
        Add<RegressionStatistics>((fields, value) =>
        {
            fields.AddNames(LatentNamesName, value.LatentNames);
            fields.Add("latentCount", value.LatentCount);
            fields.Add("observationCount", value.ObservationCount);
            fields.Add("missingCount", value.MissingCount);
            fields.Add("residualSumOfSquares", value.ResidualSumOfSquares);
            fields.Add("triangle", value.Triangle());
        });
        Add<PatternStatistics>((fields, value) =>
        {
            fields.Add("observed", value.Observed);
            fields.Add("rowCount", value.RowCount);
            fields.Add("means", value.Means);
            fields.AddRows("crossProducts", Enumerable.Range(0, value.Means.Length).Select(
                i => Enumerable.Range(0, value.Means.Length).Select(j => value.CrossProduct(i, j)).ToArray()));
        });
        Add<SufficientStatistics>((fields, value) =>
        {
            fields.AddNames("columnNames", value.ColumnNames);
            fields.Add("columnCount", value.ColumnCount);
            fields.Add("rowCount", value.RowCount);
            fields.AddObjects("patterns", value.Patterns);
        });
    }

    private static void AddMixedModels()
    {
        Add<MixedModelFit>((fields, value) =>
        {
            fields.Add("model", value.Model.ToString());
            fields.Add("restricted", value.Options.Restricted);
            fields.Add("observationCount", value.ObservationCount);
            fields.AddObjects("fixedEffects", value.FixedEffects);
            fields.AddObjects("varianceComponents", value.VarianceComponents);
            fields.AddObjects("randomTerms", value.RandomTerms);
            fields.Add("residualVariance", value.ResidualVariance);
            fields.Add("logLikelihood", value.LogLikelihood);
            fields.Add("logLikelihoods", value.LogLikelihoods);
            fields.Add("parameterCount", value.ParameterCount);
            fields.Add("aic", value.Aic);
            fields.Add("bic", value.Bic);
            fields.Add("remainingNats", value.RemainingNats);
            fields.Add("converged", value.Converged);
            fields.Add("isUnbounded", value.IsUnbounded);
            fields.Add("wasCancelled", value.WasCancelled);
            fields.Add("fitted", value.Fitted);
            fields.AddObjects("warnings", value.Warnings);
        });
        Add<GeneralizedMixedFit>((fields, value) =>
        {
            fields.Add("likelihood", value.Likelihood.Kind);
            fields.Add("responseCount", value.ResponseCount);
            fields.AddObjects("fixedEffects", value.FixedEffects);
            fields.AddObjects("parameters", value.Parameters);
            fields.AddObjects("varianceComponents", value.VarianceComponents);
            fields.Add("elbo", value.Elbo);
            fields.Add("converged", value.Converged);
            fields.Add("remainingStandardErrors", value.RemainingStandardErrors);
            fields.Add("fitted", value.Fitted());
            fields.AddObjects("warnings", value.Warnings);
        });
        Add<RandomTerm>((fields, value) =>
        {
            fields.Add("group", value.Group);
            fields.Add("effects", value.Effects);
            fields.Add("levels", value.Levels);
            fields.AddObjects("posteriors", Enumerable.Range(0, value.Levels.Length).SelectMany(
                level => Enumerable.Range(0, value.Effects.Length).Select(effect => value.Posterior(level, effect))));
        });
        Add<LikelihoodRatioTest>((fields, value) =>
        {
            fields.Add("chiSquare", value.ChiSquare);
            fields.Add("degreesOfFreedom", value.DegreesOfFreedom);
            fields.Add("pValue", value.PValue);
        });
    }

    private static void AddPredictions()
    {
        Add<PredictedRow>((fields, value) =>
        {
            fields.AddNames("columnNames", value.ColumnNames);
            fields.Add("means", value.Means);
            fields.Add("signalVariances", value.SignalVariances);
            fields.Add("variances", value.Variances);
            fields.Add("noiseVariances", value.NoiseVariances);
        });
        Add<PredictedTable>((fields, value) =>
        {
            fields.AddNames("columnNames", value.ColumnNames);
            fields.Add("means", value.Means);
            fields.Add("signalVariances", value.SignalVariances);
            fields.Add("noiseVariances", value.NoiseVariances);
        });
        Add<ImputedTable>((fields, value) =>
        {
            fields.AddNames("columnNames", value.ColumnNames);
            fields.Add("values", value.Values);
            fields.AddObjects("cells", value.Cells);
        });
        Add<HeldOutScores>((fields, value) =>
        {
            fields.Add("cells", value.Cells);
            fields.Add("logDensities", value.LogDensities);
            fields.Add("cellLogDensities", value.CellLogDensities);
            fields.Add("transforms", value.Transforms);
        });
    }

    private static void AddModelNames(JsonFields fields, LinearGaussianModel model)
    {
        fields.AddNames("observationNames", model.ObservationNames);
        fields.AddNames(LatentNamesName, model.LatentNames);
    }
}
