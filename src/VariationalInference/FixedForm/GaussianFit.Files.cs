using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;

namespace VariationalInference;

/// <content>Saving and loading.</content>
public sealed partial record GaussianFit : ISaved<GaussianFit>
{
    /// <summary>Creates a fit of numbers that are known.</summary>
    public GaussianFit()
    {
    }

    [SetsRequiredMembers]
    private GaussianFit(ModelState state)
        : base(state)
    {
        Posterior = null!;
    }

    static string ISaved<GaussianFit>.Kind => "gaussian_fit";

    /// <summary>Loads a fit that <see cref="Save(string)"/> saved.</summary>
    /// <inheritdoc cref="SavedFile.Load{T}(string)"/>
    public static GaussianFit Load(string path) => SavedFile.Load<GaussianFit>(path);

    /// <summary>Loads a fit from a stream, from where it stands to its end.</summary>
    /// <inheritdoc cref="SavedFile.Load{T}(Stream)"/>
    public static GaussianFit Load(Stream stream) => SavedFile.Load<GaussianFit>(stream);

    /// <inheritdoc cref="SavedFile.Save{T}(T, string)"/>
    public void Save(string path) => SavedFile.Save(this, path);

    /// <inheritdoc cref="SavedFile.Save{T}(T, Stream)"/>
    public void Save(Stream stream) => SavedFile.Save(this, stream);

    /// <summary>Adds the posterior by its means and the lower Cholesky factor of its covariance, row by row, and how the fit went.</summary>
    void ISaved<GaussianFit>.Write(ModelState state)
    {
        var parameters = new double[Posterior.ParameterCount];
        Posterior.CopyParameters(parameters);
        state.AddNames("latent_names", NameList.Of(Posterior.LatentNames, Posterior.Count, nameof(Posterior), "one for each latent"));
        state.Add("means", parameters.AsSpan(0, Posterior.Count));
        state.Add("cholesky_factor", parameters.AsSpan(Posterior.Count));
        WriteOutcome(state);
    }

    static GaussianFit ISaved<GaussianFit>.Read(ModelState state)
    {
        ImmutableArray<double> means = state.Vector("means");
        ImmutableArray<double> factor = state.Vector("cholesky_factor", checked(LowerFactor.Start(means.Length)));
        Guard.AtLeast(means.Length, 1, "means");
        Guard.AllFinite(means.AsSpan(), "means");
        Guard.AllFinite(factor.AsSpan(), "cholesky_factor");
        for (int j = 0; j < means.Length; j++)
        {
            Guard.Positive(factor[LowerFactor.Start(j) + j], "cholesky_factor's diagonal");
        }

        return new GaussianFit(state)
        {
            Posterior = new MultivariateGaussian(means, DenseCovariance.Of(new LowerFactor([.. factor], means.Length)))
            {
                LatentNames = state.NamesIfAny("latent_names"),
            },
        };
    }
}
