using System.Diagnostics;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference.Benchmarks;

/// <summary>What training with the default options comes to on rows that it never saw, for easy and for stiff models.</summary>
internal static class HybridOutcomes
{
    private const int Rows = 20_000;
    private const int UnseenRows = 5_000;
    private static readonly int[] Seeds = [1, 2, 3];
    private static readonly double[] NoiseVariances = [1e-4, 0.01, 1, 100];
    private static readonly (int Latents, int Observations, int Amortized)[] Sizes = [(3, 2, 1), (5, 4, 2), (10, 20, 9)];

    public static int Run()
    {
        Console.WriteLine("| J, K, amortized | σ² | data | gap on unseen rows, nats a row, by seed | converged | epochs | seconds |");
        Console.WriteLine("|---|---|---|---|---|---|---|");
        foreach ((int latents, int observations, int amortized) in Sizes)
        {
            foreach (double noise in NoiseVariances)
            {
                Row(latents, observations, amortized, noise, offset: 0, scale: 1);
                Row(latents, observations, amortized, noise, offset: 1e3, scale: 1e-3);
            }
        }

        return 0;
    }

    private static void Row(int latents, int observations, int amortized, double noise, double offset, double scale)
    {
        LinearGaussianModel model = Model(latents, observations, noise, offset, scale);
        List<double> gaps = [], seconds = [];
        List<int> epochs = [];
        List<string> converged = [];
        foreach (int seed in Seeds)
        {
            Matrix<double> rows = model.Sample(Rows, seed).Observations;
            var options = new HybridOptions { AmortizedLatents = [.. Enumerable.Range(0, amortized)], Seed = seed };
            var clock = Stopwatch.StartNew();
            HybridResult result = new HybridSolver(options).Fit(model, new MlpEncoder(observations, amortized, [32, 32], seed: seed), rows);
            seconds.Add(clock.Elapsed.TotalSeconds);
            epochs.Add(result.Epochs);
            converged.Add(result.Converged ? "yes" : $"no ({result.StopReason})");
            gaps.Add(result.Infer(model.Sample(UnseenRows, 1000 + seed).Observations).AmortizationGaps.Average());
        }

        string data = offset == 0 ? "as it is" : "offset 1e3, scale 1e-3";
        Console.WriteLine(FormattableString.Invariant(
            $"| {latents}, {observations}, {amortized} | {noise} | {data} | {string.Join(", ", gaps.Select(gap => FormattableString.Invariant($"{gap:0.0e-0}")))} | {string.Join(", ", converged)} | {string.Join(", ", epochs)} | {string.Join(", ", seconds.Select(time => FormattableString.Invariant($"{time:F1}")))} |"));
    }

    /// <summary>A Gaussian sum, in other units and with an offset if asked.</summary>
    private static LinearGaussianModel Model(int latents, int observations, double noise, double offset, double scale)
    {
        if (offset == 0 && scale == 1)
        {
            return new GaussianSumModel(latents, observations, noise);
        }

        double square = scale * scale;
        return new LinearGaussianModel(
            Matrix<double>.Build.Dense(observations, latents, 1),
            [.. Enumerable.Repeat(offset, observations)],
            [.. Enumerable.Repeat(noise * square, observations)],
            new double[latents],
            [.. Enumerable.Repeat(square, latents)]);
    }
}
