using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference.Tests.Persistence;

/// <summary>One or more of everything that is saved.</summary>
internal static class SavedCases
{
    private static readonly Matrix<double> Covariance = Matrix<double>.Build.DenseOfRowArrays([4.0, 0.6], [0.6, 0.25]);

    private static readonly Lazy<SavedCase[]> Cases = new(() => [.. Models(), .. Hybrids()]);

    public static SavedCase[] All => Cases.Value;

    public static GaussianSumModel Sum => new(3, 0.1, [0.5, -1], [1, 2.5]);

    public static LinearGaussianModel Dense => new(
        Matrix<double>.Build.DenseOfRowArrays([1.0, 0, 0.1, 0, 2], [0.3, 1, 0, -0.7, 0]),
        [0.1, -3e10],
        [0.25, 1e-9],
        GaussianPrior.Concat(GaussianPrior.Independent(1, variance: 100, mean: -0.0), GaussianPrior.Repeated(2, Covariance, [1, 2])));

    private static IEnumerable<SavedCase> Models()
    {
        yield return SavedCase.Of("sum", "linear_gaussian_model", Sum, LinearGaussianModel.Load);
        yield return SavedCase.Of("dense", "linear_gaussian_model", Dense, LinearGaussianModel.Load);
        yield return SavedCase.Of(
            "correlated sum", "linear_gaussian_model", new GaussianSumModel(2, 1.0 / 3, GaussianPrior.Correlated([1, 2], Covariance)), LinearGaussianModel.Load);
    }

    private static IEnumerable<SavedCase> Hybrids()
    {
        HybridResult trained = new HybridSolver(new HybridOptions { MaxEpochs = 2 }).Fit(Sum, new MlpEncoder(3, 1, [4]), Sum.Sample(200, seed: 1).Observations);
        yield return SavedCase.Of("trained", "hybrid_inference", trained, stream => HybridInference.Load(stream));
        var inference = new HybridInference(Dense, new MlpEncoder(2, 1, [3]), [0]) { GapLimit = 0.125, CoordinateSweeps = 2 };
        yield return SavedCase.Of("untrained", "hybrid_inference", inference, stream => HybridInference.Load(stream));
    }
}
