using System.Globalization;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference.Tests.Hybrid;

/// <summary>The bits of a small training run and of draws, as text.</summary>
internal static class Fingerprint
{
    public static string Compute(int threads = 2)
    {
        var model = new GaussianSumModel(3, 2, 0.5);
        Matrix<double> rows = model.Sample(1_000, seed: 3).Observations;
        var options = new HybridOptions
        {
            Estimator = GradientEstimator.Reparameterized,
            DrawCount = 2,
            MaxEpochs = 3,
            GapTolerance = 0,
            Seed = 11,
            MaxThreads = threads,
        };
        HybridResult result = new HybridSolver(options).Fit(model, new MlpEncoder(2, 1, [8, 8], seed: 5), rows);
        ulong hash = 14695981039346656037;
        foreach (double value in result.Encoder.Parameters.ToArray().Concat(rows.ToColumnMajorArray()).Append(result.AmortizationGap))
        {
            hash = (hash ^ BitConverter.DoubleToUInt64Bits(value)) * 1099511628211;
        }

        return hash.ToString("X16", CultureInfo.InvariantCulture);
    }
}
