using System.Diagnostics;
using FluentAssertions;
using Xunit;

namespace VariationalInference.Tests.Hybrid;

public sealed class DeterminismTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public void Fit_AnyNumberOfThreads_SameBits(int threads) => Fingerprint.Compute(threads).Should().Be(Fingerprint.Compute(threads: 2));

    [Fact]
    public void Fit_MoreParametersThanOneThreadSteps_SameBitsForAnyNumberOfThreads()
    {
        var model = new GaussianSumModel();
        var rows = model.Sample(2_000, seed: 1).Observations;
        HybridResult Fit(int threads, Optimizer optimizer) => new HybridSolver(
            new HybridOptions { MaxEpochs = 1, GapTolerance = 0, MaxThreads = threads, Optimizer = optimizer }).Fit(
                model, new MlpEncoder(2, 1, [130, 130], seed: 1), rows);
        foreach (Optimizer optimizer in new Optimizer[] { new Adam(), new Sgd { LearningRate = 0.001 } })
        {
            Fit(3, optimizer).ShouldBeTheSameAs(Fit(1, optimizer));
        }
    }

    [Fact]
    public void Fit_SecondProcess_SameBits()
    {
        var start = new ProcessStartInfo(
            Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", ["exec", typeof(Fingerprint).Assembly.Location])
        {
            RedirectStandardOutput = true,
        };
        using Process process = Process.Start(start)!;
        string output = process.StandardOutput.ReadToEnd().Trim();
        process.WaitForExit();
        process.ExitCode.Should().Be(0);
        output.Should().Be(Fingerprint.Compute());
    }

    [Fact]
    public void Fit_OtherSeed_OtherParameters()
    {
        var model = new GaussianSumModel();
        var rows = model.Sample(300, seed: 1).Observations;
        double[] Parameters(int seed) => new HybridSolver(new HybridOptions { MaxEpochs = 1, Seed = seed, GapTolerance = 0 })
            .Fit(model, new MlpEncoder(2, 1), rows).Encoder.Parameters.ToArray();
        Parameters(1).Should().NotEqual(Parameters(2));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void TrainingSteps_AllocateNothing(int threads)
    {
        var model = new GaussianSumModel();
        var rows = model.Sample(4_000, seed: 1).Observations;
        Allocated(epochs: 3);

        long more = Allocated(epochs: 23) - Allocated(epochs: 3);

        // 20 epochs of 29 steps; what an epoch allocates for its report and its order of rows is less than a kilobyte.
        more.Should().BeLessThan(20 * 1500);

        long Allocated(int epochs)
        {
            var options = new HybridOptions
            {
                MaxEpochs = epochs,
                GapTolerance = 0,
                Patience = 1000,
                BatchSize = 128,
                MaxThreads = threads,
                Estimator = GradientEstimator.Reparameterized,
            };
            long before = GC.GetAllocatedBytesForCurrentThread();
            new HybridSolver(options).Fit(model, new MlpEncoder(2, 1, [8, 8], seed: 1), rows);
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }
    }
}
