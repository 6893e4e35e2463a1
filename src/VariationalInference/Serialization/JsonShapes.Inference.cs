using System.Collections.Immutable;

namespace VariationalInference;

/// <content>What solvers return, which is written only: it is bound to a model.</content>
internal static partial class JsonShapes
{
    private static void AddInference()
    {
        Add<CaviResult>((fields, value) =>
        {
            fields.AddObject("exact", value.Exact);
            fields.AddObject("meanField", value.MeanField);
            fields.Add("elbo", value.Elbo);
            fields.Add("elboTrace", value.ElboTrace);
            fields.Add("iterations", value.Iterations);
            fields.Add("stopReason", value.StopReason);
            fields.Add("converged", value.Converged);
            fields.Add("errorBound", value.ErrorBound);
            fields.Add("elboGapBound", value.ElboGapBound);
            fields.Add("logEvidence", value.LogEvidence);
            fields.Add("approximationGap", value.ApproximationGap);
            fields.Add("paretoShape", value.ParetoShape);
        });
        Add<CaviTable>((fields, value) =>
        {
            fields.AddNames(LatentNamesName, value.LatentNames);
            fields.Add("rowCount", value.RowCount);
            fields.Add("incompleteRowCount", value.IncompleteRowCount);
            fields.Add("unconvergedRowCount", value.UnconvergedRowCount);
            fields.Add("converged", value.Converged);
            fields.Add("largestErrorBound", value.LargestErrorBound);
            fields.Add("means", value.Means);
            fields.Add("variances", value.Variances());
            fields.Add("meanFieldVariances", value.MeanFieldVariances());
            AddIfAny(fields, "errorBounds", value.AnyErrorBounds);
            AddIfAny(fields, "elbos", value.AnyElbos);
            AddIfAny(fields, "logEvidences", value.AnyLogEvidences);
        });
        Add<GradientAscentResult>((fields, value) =>
        {
            fields.AddObject("exact", value.Exact);
            fields.AddObject("meanField", value.MeanField);
            fields.Add("elbo", value.Elbo);
            fields.Add("elboTrace", value.ElboTrace);
            fields.Add("steps", value.Steps);
            fields.Add("stopReason", value.StopReason);
            fields.Add("converged", value.Converged);
            fields.Add("errorBound", value.ErrorBound);
            fields.Add("varianceErrorBound", value.VarianceErrorBound);
            fields.Add("elboGapBound", value.ElboGapBound);
            fields.Add("logEvidence", value.LogEvidence);
            fields.Add("approximationGap", value.ApproximationGap);
        });
        Add<ElboEvaluation>((fields, value) =>
        {
            fields.Add("expectation", value.Expectation);
            fields.Add("entropy", value.Entropy);
            fields.Add("elbo", value.Elbo);
            fields.Add("gradient", value.Gradient);
        });
        Add<ElboGradient>((fields, value) =>
        {
            fields.Add("means", value.Means);
            fields.Add("variances", value.Variances);
            fields.Add("logVariances", value.LogVariances);
        });
        AddFixedForm<GaussianPosterior>();
        AddFixedForm<MeanFieldGaussian>();
        AddFixedForm<LowRankGaussian>();
        AddFixedForm<MultivariateGaussian>();
        Add<HybridTable>((fields, value) =>
        {
            fields.AddNames(LatentNamesName, value.LatentNames);
            fields.Add("rowCount", value.RowCount);
            fields.Add("means", value.Means);
            fields.Add("meanFieldVariances", value.MeanFieldVariances);
            fields.Add("elbos", value.Elbos);
            fields.Add("logEvidences", value.LogEvidences);
            fields.Add("approximationGaps", value.ApproximationGaps);
            fields.Add("amortizationGaps", value.AmortizationGaps);
            fields.Add("optimizationGaps", value.OptimizationGaps);
            fields.Add("gapLimit", value.GapLimit);
            fields.Add("flaggedRows", value.FlaggedRows);
        });
        Add<HybridResult>((fields, value) =>
        {
            fields.Add("encoder", value.Encoder.ToString());
            fields.Add("model", value.Model.ToString());
            fields.Add("amortizedLatents", value.AmortizedLatents);
            fields.Add("stopReason", value.StopReason);
            fields.Add("converged", value.Converged);
            fields.Add("epochs", value.Epochs);
            fields.Add("bestEpoch", value.BestEpoch);
            fields.Add("amortizationGap", value.AmortizationGap);
            fields.Add("largestAmortizationGap", value.LargestAmortizationGap);
            fields.Add("approximationGap", value.ApproximationGap);
            fields.Add("optimizationGap", value.OptimizationGap);
            fields.Add("validationLogEvidence", value.ValidationLogEvidence);
            fields.Add("validationElbo", value.ValidationElbo);
            fields.Add("gapLimit", value.GapLimit);
            fields.Add("failure", value.Failure?.Message);
            fields.AddObjects("history", value.History);
        });
        Add<DecoderResult>((fields, value) =>
        {
            fields.AddNames("observationNames", value.Model.ObservationNames);
            fields.AddNames("amortizedLatentNames", value.Model.AmortizedLatentNames);
            fields.AddNames("linearLatentNames", value.Model.LinearLatentNames);
            fields.Add("encoder", value.Encoder.ToString());
            fields.Add("model", value.Model.ToString());
            fields.Add("stopReason", value.StopReason);
            fields.Add("converged", value.Converged);
            fields.Add("epochs", value.Epochs);
            fields.Add("bestEpoch", value.BestEpoch);
            fields.AddObject("evaluation", value.Evaluation);
            fields.Add("elboLimit", value.ElboLimit);
            fields.Add("failure", value.Failure?.Message);
            fields.AddObjects("history", value.History);
        });
        Add<MeanFieldFit>((fields, value) =>
        {
            fields.AddObject("posterior", value.Posterior);
            WriteFit(fields, value);
        });
        Add<GaussianTable>((fields, value) => WriteTable(fields, value));
        Add<MeanFieldTable>((fields, value) => WriteTable(fields, value));
        Add<ModelSample>((fields, value) =>
        {
            fields.Add("latents", value.Latents);
            fields.Add("observations", value.Observations);
        });
    }

    private static void WriteTable(JsonFields fields, LinearModelTable table)
    {
        fields.AddNames(LatentNamesName, table.LatentNames);
        fields.Add("rowCount", table.RowCount);
        fields.Add("solvedRowCount", table.SolvedRowCount);
        fields.Add("unconvergedRowCount", table.UnconvergedRowCount);
        fields.Add("converged", table.Converged);
        fields.Add("isGlobal", table.IsGlobal);
        fields.Add("means", table.Means);
        fields.Add("variances", table.Variances());
        fields.Add("elbos", table.Elbos);
        fields.Add("slopes", table.Slopes);
        fields.Add("stopReasons", table.StopReasons.Select(reason => System.Text.Json.JsonNamingPolicy.CamelCase.ConvertName(reason.ToString())));
    }

    private static void AddFixedForm<T>()
        where T : GaussianPosterior => Add<FixedFormResult<T>>((fields, value) =>
        {
            fields.AddObject("posterior", value.Posterior);
            fields.AddObject("evaluation", value.Evaluation);
            fields.Add("elbo", value.Elbo);
            fields.Add("elboTrace", value.ElboTrace);
            fields.Add("steps", value.Steps);
            fields.Add("stopReason", value.StopReason);
            fields.Add("converged", value.Converged);
            fields.Add("gradientNorm", value.GradientNorm);
        });

    private static void AddIfAny(JsonFields fields, string name, ImmutableArray<double> values)
    {
        if (!values.IsDefault)
        {
            fields.Add(name, values);
        }
    }
}
