using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <content>Saving and loading.</content>
public sealed partial record MeanFieldFit : ISaved<MeanFieldFit>
{
    [SetsRequiredMembers]
    private MeanFieldFit(ModelState state)
        : base(state)
    {
        ImmutableArray<double> means = state.Vector("means");
        ImmutableArray<double> variances = state.Vector("variances", means.Length);
        Matrix<double> response = state.Matrix("linear_response", means.Length, means.Length);
        Posterior = new MeanFieldGaussian(means.AsSpan(), variances.AsSpan()) { LatentNames = state.NamesIfAny("latent_names") };
        _response = new Lazy<Matrix<double>>(response);
    }

    static string ISaved<MeanFieldFit>.Kind => "mean_field_fit";

    /// <summary>Loads a fit that <see cref="Save(string)"/> saved.</summary>
    /// <inheritdoc cref="SavedFile.Load{T}(string)"/>
    public static MeanFieldFit Load(string path) => SavedFile.Load<MeanFieldFit>(path);

    /// <summary>Loads a fit from a stream, from where it stands to its end.</summary>
    /// <inheritdoc cref="SavedFile.Load{T}(Stream)"/>
    public static MeanFieldFit Load(Stream stream) => SavedFile.Load<MeanFieldFit>(stream);

    /// <inheritdoc cref="SavedFile.Save{T}(T, string)"/>
    public void Save(string path) => SavedFile.Save(this, path);

    /// <inheritdoc cref="SavedFile.Save{T}(T, Stream)"/>
    public void Save(Stream stream) => SavedFile.Save(this, stream);

    /// <summary>Adds the posterior with its linear response, which is worked out for it, and how the fit went.</summary>
    void ISaved<MeanFieldFit>.Write(ModelState state)
    {
        state.AddNames("latent_names", NameList.Of(Posterior.LatentNames, Posterior.Count, nameof(Posterior), "one for each latent"));
        state.Add("means", Posterior.Means.AsSpan());
        state.Add("variances", Posterior.Variances.AsSpan());
        state.AddMatrix("linear_response", _response.Value);
        WriteOutcome(state);
    }

    static MeanFieldFit ISaved<MeanFieldFit>.Read(ModelState state) => new(state);
}
