using System.Collections.Immutable;

namespace VariationalInference;

/// <content>Saving and loading.</content>
public partial class LinearGaussianModel : ISaved<LinearGaussianModel>
{
    private const string SumStructure = "sum";
    private const string DenseStructure = "dense";

    static string ISaved<LinearGaussianModel>.Kind => "linear_gaussian_model";

    /// <summary>Loads a model that <see cref="Save(string)"/> saved: a <see cref="GaussianSumModel"/> where it was one.</summary>
    /// <inheritdoc cref="SavedFile.Load{T}(string)"/>
    public static LinearGaussianModel Load(string path) => SavedFile.Load<LinearGaussianModel>(path);

    /// <summary>Loads a model from a stream, from where it stands to its end.</summary>
    /// <inheritdoc cref="SavedFile.Load{T}(Stream)"/>
    public static LinearGaussianModel Load(Stream stream) => SavedFile.Load<LinearGaussianModel>(stream);

    /// <inheritdoc cref="SavedFile.Save{T}(T, string)"/>
    public void Save(string path) => SavedFile.Save(this, path);

    /// <inheritdoc cref="SavedFile.Save{T}(T, Stream)"/>
    public void Save(Stream stream) => SavedFile.Save(this, stream);

    void ISaved<LinearGaussianModel>.Write(ModelState state)
    {
        bool isSum = Structure is SumLoadings;
        state.Add("structure", isSum ? SumStructure : DenseStructure);
        state.AddPart("prior", Prior);
        state.AddNames("observation_names", Columns);
        state.AddNames("latent_names", Latents);
        state.Add("noise_variances", NoiseVariances.AsSpan());
        if (!isSum)
        {
            state.AddMatrix("loadings", Structure.Loadings());
            state.Add("offset", Offset.AsSpan());
        }
    }

    static LinearGaussianModel ISaved<LinearGaussianModel>.Read(ModelState state)
    {
        string structure = state.Text("structure");
        var prior = state.ReadPart<GaussianPrior>("prior");
        ImmutableArray<double> noise = state.Vector("noise_variances");
        LinearGaussianModel model = structure switch
        {
            SumStructure => new GaussianSumModel(noise.Length, Shared(noise), prior),
            DenseStructure => new LinearGaussianModel(state.Matrix("loadings"), state.Vector("offset").AsSpan(), noise.AsSpan(), prior),
            _ => throw new FormatException($"structure is {SafeTensors.Show(structure)}; it must be {SumStructure} or {DenseStructure}."),
        };
        return model.Named(
            NameList.Of(state.NamesIfAny("observation_names"), model.ObservationCount, "observation_names", "one for each observation"),
            NameList.Of(state.NamesIfAny("latent_names"), model.LatentCount, "latent_names", "one for each latent"));
    }

    private static double Shared(ImmutableArray<double> noise) => noise.IsEmpty || noise.Any(variance => variance != noise[0])
        ? throw new FormatException("noise_variances differ or there are none; the observations of a sum share one.")
        : noise[0];
}
