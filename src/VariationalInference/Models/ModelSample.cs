using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>Draws (Z, X) from a model's joint distribution.</summary>
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
}
