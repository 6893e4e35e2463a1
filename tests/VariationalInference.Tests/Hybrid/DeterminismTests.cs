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
}
