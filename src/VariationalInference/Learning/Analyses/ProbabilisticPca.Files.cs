namespace VariationalInference;

/// <content>Saving and loading.</content>
public sealed partial class ProbabilisticPca : ISaved<ProbabilisticPca>
{
    static string ISaved<ProbabilisticPca>.Kind => "probabilistic_pca";

    /// <summary>Loads a solution that <see cref="Save(string)"/> saved.</summary>
    /// <inheritdoc cref="SavedFile.Load{T}(string)"/>
    public static ProbabilisticPca Load(string path) => SavedFile.Load<ProbabilisticPca>(path);

    /// <summary>Loads a solution from a stream, from where it stands to its end.</summary>
    /// <inheritdoc cref="SavedFile.Load{T}(Stream)"/>
    public static ProbabilisticPca Load(Stream stream) => SavedFile.Load<ProbabilisticPca>(stream);

    /// <inheritdoc cref="SavedFile.Save{T}(T, string)"/>
    public void Save(string path) => SavedFile.Save(this, path);

    /// <inheritdoc cref="SavedFile.Save{T}(T, Stream)"/>
    public void Save(Stream stream) => SavedFile.Save(this, stream);

    void ISaved<ProbabilisticPca>.Write(ModelState state)
    {
        state.AddPartIfAny("fit", Fit);
        if (Fit is null)
        {
            state.AddPart("model", Model);
        }

        state.AddNumber("noise_variance", NoiseVariance);
        state.AddNumber("noise_variance_error", NoiseVarianceError);
        state.AddNumber("log_evidence", LogEvidence);
        state.Add("eigenvalues", Eigenvalues.AsSpan());
        LearningWarningFile.Write(state, Warnings);
    }

    static ProbabilisticPca ISaved<ProbabilisticPca>.Read(ModelState state)
    {
        var fit = state.ReadPartIfAny<VariationalEmResult>("fit");
        return new ProbabilisticPca(
            fit?.Model ?? state.ReadPart<LinearGaussianModel>("model"),
            state.Number("noise_variance"),
            state.Number("log_evidence"),
            state.Vector("eigenvalues"))
        {
            Fit = fit,
            NoiseVarianceError = state.Number("noise_variance_error"),
            Warnings = LearningWarningFile.Read(state),
        };
    }
}
