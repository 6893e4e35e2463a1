using System.Text.Json.Serialization;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>Draws (Z, X) from a model's joint distribution.</summary>
/// <remarks>
/// From <see cref="LinearGaussianModel.Sample"/>: data whose truth is known, to train an encoder on or to test with.
/// <threadsafety>Safe to share, as long as nobody writes its matrices.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp">
/// var model = new GaussianSumModel(latentCount: 3, observationCount: 2, noiseVariance: 1.0);
/// ModelSample draws = model.Sample(1_000, seed: 1);
/// Console.WriteLine(draws);   // 1000 draws of 3 latents and 2 observations
/// CaviTable fits = new CaviSolver().Solve(model, draws.Observations);
/// double error = (fits.Means - draws.Latents).PointwisePower(2).Enumerate().Average();
/// Console.WriteLine($"{error:F2}: the posterior variance is 0.71");   // 0.72: the posterior variance is 0.71
/// </code>
/// </example>
[JsonConverter(typeof(ResultJsonConverter))]
public sealed class ModelSample
{
    internal ModelSample(Matrix<double> latents, Matrix<double> observations)
    {
        Latents = latents;
        Observations = observations;
    }

    /// <summary>Gets the latents, N×J.</summary>
    public Matrix<double> Latents { get; }

    /// <summary>Gets the observations, N×K; row n was drawn given row n of <see cref="Latents"/>.</summary>
    public Matrix<double> Observations { get; }

    /// <summary>Returns the number of draws and the model they are of.</summary>
    /// <returns>The text.</returns>
    public override string ToString() =>
        $"{Wording.Count(Latents.RowCount, "draw")} of {Wording.Count(Latents.ColumnCount, "latent")} and {Wording.Count(Observations.ColumnCount, "observation")}";
}
