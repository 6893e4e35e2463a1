namespace VariationalInference;

/// <content>Saving and loading.</content>
public sealed partial class BayesianRegression : ISaved<BayesianRegression>
{
    static string ISaved<BayesianRegression>.Kind => "bayesian_regression";

    /// <summary>Loads a regression that <see cref="Save(string)"/> saved.</summary>
    /// <inheritdoc cref="SavedFile.Load{T}(string)"/>
    public static BayesianRegression Load(string path) => SavedFile.Load<BayesianRegression>(path);

    /// <summary>Loads a regression from a stream, from where it stands to its end.</summary>
    /// <inheritdoc cref="SavedFile.Load{T}(Stream)"/>
    public static BayesianRegression Load(Stream stream) => SavedFile.Load<BayesianRegression>(stream);

    /// <inheritdoc cref="SavedFile.Save{T}(T, string)"/>
    public void Save(string path) => SavedFile.Save(this, path);

    /// <inheritdoc cref="SavedFile.Save{T}(T, Stream)"/>
    public void Save(Stream stream) => SavedFile.Save(this, stream);

    void ISaved<BayesianRegression>.Write(ModelState state)
    {
        state.AddPart("statistics", Statistics);
        state.AddPartIfAny("fit", Fit);
        if (Fit is null)
        {
            state.AddPart("model", _model);
        }

        state.Add("turned_observations", _turned);
        state.AddNumber("noise_variance", NoiseVariance);
        state.Add("prior_variances", PriorVariances.AsSpan());
        state.AddNumber("log_evidence", LogEvidence);
        LearningWarningFile.Write(state, Warnings);
    }

    static BayesianRegression ISaved<BayesianRegression>.Read(ModelState state)
    {
        var statistics = state.ReadPart<RegressionStatistics>("statistics");
        var fit = state.ReadPartIfAny<VariationalEmResult>("fit");
        LinearGaussianModel model = fit?.Model ?? state.ReadPart<LinearGaussianModel>("model");
        Guard.Length(model.LatentCount, statistics.LatentCount, "model", "the latents of the statistics");
        return new BayesianRegression(
            statistics,
            model,
            state.Number("noise_variance"),
            state.Number("log_evidence"),
            [.. state.Vector("turned_observations", model.ObservationCount)])
        {
            Fit = fit,
            PriorVariances = state.Vector("prior_variances", model.LatentCount),
            Warnings = LearningWarningFile.Read(state),
        };
    }
}
