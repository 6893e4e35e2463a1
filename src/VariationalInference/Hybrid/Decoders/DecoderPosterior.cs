using System.Text.Json.Serialization;

namespace VariationalInference;

/// <summary>What is inferred of a row's latents by a <see cref="DecoderInference"/>.</summary>
/// <remarks><threadsafety>Immutable, hence safe to share.</threadsafety></remarks>
/// <example>
/// <code language="csharp"><![CDATA[
/// Matrix<double> rows = new GaussianSumModel(latentCount: 3, observationCount: 4, noiseVariance: 1.0).Sample(500, seed: 1).Observations;
/// var model = new DecoderModel(new MlpDecoder(latentCount: 1, observationCount: 4, hiddenWidths: [8]), linearLatentCount: 1);
/// DecoderResult result = new HybridSolver(new DecoderOptions { MaxEpochs = 5 }).Fit(model, new MlpEncoder(4, 1, hiddenWidths: [8]), rows);
/// DecoderPosterior posterior = result.Infer([0.5, 0.2, 0.1, 0.4]);
/// Console.WriteLine($"{posterior.Amortized.Count} and {posterior.Linear!.Count}");   // 1 and 1
/// Console.WriteLine(posterior.IsUnlikeTraining);   // False
/// ]]></code>
/// </example>
[JsonConverter(typeof(ResultJsonConverter))]
public sealed class DecoderPosterior
{
    internal DecoderPosterior(MeanFieldGaussian amortized, MultivariateGaussian? linear, double elbo, bool isUnlikeTraining)
    {
        Amortized = amortized;
        Linear = linear;
        Elbo = elbo;
        IsUnlikeTraining = isUnlikeTraining;
    }

    /// <summary>Gets q(z_A), independent factors.</summary>
    public MeanFieldGaussian Amortized { get; }

    /// <summary>
    /// Gets the means and the covariance matrix of the linear latents: those of the mixture of their exact posteriors over the draws of z_A;
    /// <see langword="null"/> without linear latents.
    /// </summary>
    public MultivariateGaussian? Linear { get; }

    /// <summary>Gets the row's ELBO over the same draws, in nats.</summary>
    public double Elbo { get; }

    /// <summary>Gets a value indicating whether that is below <see cref="DecoderInference.ElboLimit"/>: the row is unlike those of training.</summary>
    public bool IsUnlikeTraining { get; }

    /// <summary>Lists the factors, the marginals of the linear latents, and the ELBO.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => Guard.Text(
        $"{Amortized}{(Linear is null ? string.Empty : "; " + Linear)}; ELBO {Elbo:G6}{(IsUnlikeTraining ? ", unlike training" : string.Empty)}");
}
