using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using Xunit;

namespace VariationalInference.Tests.CoordinateAscent;

/// <summary>The call that writes one row's posterior into the caller's buffers.</summary>
public sealed class CaviBufferTests
{
    private static readonly GaussianSumModel Example = new();

    [Fact]
    public void Buffers_ReceiveThePosterior()
    {
        double[] means = new double[3], variances = new double[3];

        CaviSummary summary = new CaviSolver().Solve(Example, [1.2, 0.8], means, variances);

        means.Should().OnlyContain(mean => Math.Abs(mean - (2.0 / 7)) < 1e-12);
        variances.Should().OnlyContain(variance => Math.Abs(variance - (5.0 / 7)) < 1e-15);
        summary.Converged.Should().BeTrue();
        summary.StopReason.Should().Be(StopReason.CertificateMet);
        summary.Elbo.Should().Be(new CaviSolver().Solve(Example, [1.2, 0.8]).Elbo);
    }

    [Theory]
    [InlineData(CaviMethod.Accelerated, 3, 2)]
    [InlineData(CaviMethod.Direct, 3, 2)]
    [InlineData(CaviMethod.PlainSweeps, 3, 2)]
    [InlineData(CaviMethod.Accelerated, 60, 80)]
    [InlineData(CaviMethod.Direct, 60, 80)]
    public void Call_AllocatesNothing(CaviMethod method, int latents, int observations)
    {
        LinearGaussianModel[] models =
        [
            new GaussianSumModel(latents, observations, 0.5),
            new LinearGaussianModel(
                Matrix<double>.Build.Random(observations, latents, 1),
                new double[observations],
                [.. Enumerable.Repeat(0.5, observations)],
                new double[latents],
                [.. Enumerable.Repeat(1.0, latents)]),
        ];
        var solver = new CaviSolver(new CaviOptions { Method = method, MaxIterations = 100 });
        double[] means = new double[latents], variances = new double[latents], row = new double[observations];
        row[0] = 1.2;
        row[1] = double.NaN;
        foreach (LinearGaussianModel model in models)
        {
            Solve(model, 10);

            long allocated = Solve(model, 100);

            allocated.Should().BeLessThan(100, "that is less than a byte a row");
        }

        long Solve(LinearGaussianModel model, int count)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < count; i++)
            {
                solver.Solve(model, row, means, variances);
            }

            return GC.GetAllocatedBytesForCurrentThread() - before;
        }
    }

    [Fact]
    public void BadInput_IsRefused()
    {
        var solver = new CaviSolver();
        double[] three = new double[3];

        Refusal.Of<ArgumentException>(
            () => solver.Solve(Example, [1, 2], new double[2], three), "means", "means has 2 elements; it must have 3, one for each latent.");
        Refusal.Of<ArgumentException>(
            () => solver.Solve(Example, [1, 2], three, new double[4]), "variances", "variances has 4 elements; it must have 3, one for each latent.");
        Refusal.Of<ArgumentException>(
            () => solver.Solve(Example, [1, double.NegativeInfinity], three, three),
            "row",
            "row[1] is -Infinity; it must be finite, or NaN when it is missing.");
        FluentActions.Invoking(() => solver.Solve(null!, [1, 2], three, three)).Should().Throw<ArgumentNullException>().WithParameterName("model");
    }
}
