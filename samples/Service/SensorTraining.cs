using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference.Samples;

/// <summary>A file to serve: an encoder for one quantity that three sensors measure, each with a bias of its own.</summary>
internal static class SensorTraining
{
    private const int Rows = 4_000;

    /// <summary>Gets the model: a sensor shows the quantity, its bias, and noise.</summary>
    public static LinearGaussianModel Model { get; } = new(
        Matrix<double>.Build.DenseOfRowArrays([1.0, 1, 0, 0], [1.0, 0, 1, 0], [1.0, 0, 0, 1]),
        offset: [0, 0, 0],
        noiseVariances: [0.1, 0.2, 0.3],
        priorMeans: [20, 0, 0, 0],
        priorVariances: [25, 0.5, 0.5, 0.5])
    {
        ObservationNames = ["left", "middle", "right"],
        LatentNames = ["quantity", "bias of left", "bias of middle", "bias of right"],
    };

    /// <summary>Trains on draws from the model, a fifth of whose cells are missing, and saves all that inference needs.</summary>
    public static void Save(string path)
    {
        Matrix<double> rows = Model.Sample(Rows, seed: 1).Observations.MapIndexed((n, k, value) => (n + (2 * k)) % 5 == 0 ? double.NaN : value);
        var encoder = new MlpEncoder(
            observationCount: Model.ObservationCount, latentCount: 1, new PerceptronOptions { HiddenWidths = [16], AcceptsMissing = true });
        new HybridSolver(new HybridOptions { MaxEpochs = 30 }).Fit(Model, encoder, rows).Save(path);
    }
}
