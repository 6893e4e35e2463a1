using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using VariationalInference.Tests.CoordinateAscent;
using VariationalInference.Tests.Reference;
using Xunit;

namespace VariationalInference.Tests.Quadratics;

/// <summary>Small whole numbers at scales of 1e±12: loadings that depend on each other exactly, beside noise and priors that differ by up to 48 orders.</summary>
public class ExtremeScalesTests
{
    private const int Models = 1000;

    /// <summary>Of a value in nats.</summary>
    private const double Digits = 1e-8;

    [Fact]
    public void LogEvidence_IsExact_ByRowAndByTable() => Sweep((model, row, joint, _) =>
    {
        double truth = Evidence(model, row);
        CaviTable table = new CaviSolver().Solve(model, Matrix<double>.Build.DenseOfRowArrays(row), CaviOutputs.LogEvidences);
        double tolerance = Digits * Math.Max(1, Math.Abs(truth));
        return Off("evidence", joint.LogEvidence, truth, tolerance) ?? Off("evidence by table", table.LogEvidences[0], truth, tolerance);
    });

    [Fact]
    public void Posterior_HasTheExactVariances() => Sweep((model, row, joint, truth) =>
    {
        double[] variances = truth.Variances();
        MultivariateGaussian posterior = joint.Posterior();
        return Enumerable.Range(0, variances.Length).Select(j => Off($"variance {j}", posterior.Variances[j], variances[j], 1e-8 * variances[j])).FirstOrDefault(off => off is not null)
            ?? (truth.ErrorOf([.. posterior.Means]) is var error && !(error <= 1e-6 + Rounding(truth, posterior.Means)) ? $"means off by {error} sd" : null);
    });

    [Fact]
    public void ApproximationGap_IsExact() => Sweep((model, row, joint, truth) =>
    {
        double expected = truth.ApproximationGap;
        return joint.ParetoShape is not (>= 0 and < 1) ? $"Pareto shape {joint.ParetoShape:R}"
            : Off("gap", joint.ApproximationGap, expected, 1e-10 * Math.Max(1, expected));
    });

    /// <summary>From an attack on the library.</summary>
    [Theory]
    [InlineData("500 5; -300 -3", "1e-11 1e-4", "-1 2", "1e12 1e9", "-5 2")]
    [InlineData("0 0; -4e7 -4", "1 1e-5", "-3 2", "1e9 1e9", "1 0")]
    [InlineData("-2e9 -2e9 -1e9 0; 1 1 -5e9 -4e9", "1e-10 1e-10", "0 0 0 0", "1e5 1e5 1e5 1e5", "8 7")]
    [InlineData("3 -4 -4 5; 0 -1 -2 3; 4 1 -1 -3; 1 -3 -5 5", "1e-5 10 1e-10 1e-3", "0 0 0 0", "1000 1000 1000 1000", "-7 0 -5 6")]
    [InlineData("-3 -3; 3 3; 1 1", "1e-6 1e-6 1e-6", "0 0", "1e9 1e9", "1 2 3")]
    public void Solve_DependentColumns_IsExactByEveryRoute(string loadings, string noise, string means, string variances, string row)
    {
        double[] Numbers(string text) => [.. text.Split(' ').Select(value => double.Parse(value, System.Globalization.CultureInfo.InvariantCulture))];
        double[] x = Numbers(row);
        var model = new LinearGaussianModel(
            Matrix<double>.Build.DenseOfRowArrays(loadings.Split("; ").Select(Numbers)), new double[x.Length], Numbers(noise), Numbers(means), Numbers(variances));
        ExactPosterior truth = ExactPosterior.Of(model, x);
        QuadraticLogJoint joint = model.Observe(x);

        joint.LogEvidence.Should().BeApproximately(Evidence(model, x), Digits * Math.Max(1, Math.Abs(Evidence(model, x))));
        joint.ParetoShape.Should().BeInRange(0, 1).And.BeLessThan(1);
        double[] exact = truth.Variances();
        for (int j = 0; j < exact.Length; j++)
        {
            joint.Posterior().Variances[j].Should().BeApproximately(exact[j], 1e-9 * exact[j]);
        }

        foreach (CaviMethod method in new[] { CaviMethod.Accelerated, CaviMethod.Direct })
        {
            CaviResult fit = new CaviSolver(new CaviOptions { Method = method }).Solve(joint);
            fit.Converged.Should().BeTrue();
            truth.ErrorOf([.. fit.MeanField.Means]).Should().BeLessThanOrEqualTo(fit.ErrorBound);
        }
    }

    [Fact]
    public void Solve_IsCertified_AndItsTraceRises()
    {
        foreach (CaviMethod method in new[] { CaviMethod.Accelerated, CaviMethod.Direct })
        {
            var solver = new CaviSolver(new CaviOptions { Method = method });
            Sweep((model, row, joint, truth) =>
            {
                CaviResult fit = solver.Solve(joint);
                double error = truth.ErrorOf([.. fit.MeanField.Means]);
                double evidence = Evidence(model, row), slack = Digits * Math.Max(1, Math.Abs(evidence));
                return !(error <= fit.ErrorBound) ? $"{method}: error {error} above its bound {fit.ErrorBound}"
                    : !(fit.LargestElboDecrease <= slack) ? $"{method}: the trace falls by {fit.LargestElboDecrease}"
                    : !(fit.Elbo <= evidence + slack) ? $"{method}: ELBO {fit.Elbo} above the evidence {evidence}"
                    : !(fit.ElboGapBound + slack >= evidence - joint.ApproximationGap - fit.Elbo) ? $"{method}: the ELBO lacks {evidence - joint.ApproximationGap - fit.Elbo}, more than {fit.ElboGapBound}"
                    : method == CaviMethod.Accelerated && !fit.Converged && new CaviSolver(new CaviOptions { Method = CaviMethod.Direct }).Solve(joint).Converged ? "only the direct method is certified"
                    : null;
            });
        }
    }

    [Fact]
    public void AmortizationGap_IsThatOfTheMeans_AndNeverNegative()
    {
        var random = new System.Random(3);
        Sweep((model, row, joint, truth) =>
        {
            MultivariateGaussian posterior = joint.Posterior();
            int[] amortized = [.. Enumerable.Range(0, model.LatentCount).Where(j => j == 0 || random.Next(2) == 0)];
            double distance = Math.Pow(10, random.Next(-6, 3));
            var encoder = new MlpEncoder(row.Length, amortized.Length);
            encoder.Calibrate(new EncoderScales(
                [.. row],
                [.. row.Select(_ => 1.0)],
                [.. amortized.Select(j => posterior.Means[j] + (distance * (random.NextDouble() - 0.5) * Math.Sqrt(posterior.Variances[j])))],
                [.. amortized.Select(j => Math.Sqrt(posterior.Variances[j]))],
                [.. amortized.Select(j => 1 / joint.Shape.PrecisionDiagonal[j])]));

            // Beside other rows, in any lane.
            int at = random.Next(6);
            Matrix<double> rows = Matrix<double>.Build.DenseOfRows(Enumerable.Range(0, 6).Select(n => row.Select(value => value + n - at)));
            HybridTable table = new HybridInference(model, encoder, [.. amortized]).Infer(rows);
            HybridTable swept = new HybridInference(model, encoder, [.. amortized]) { CoordinateSweeps = 1 }.Infer(rows);
            int[] all = [.. Enumerable.Range(0, model.LatentCount)];
            double gap = truth.MeanLoss(table.Means.Row(at).ToArray(), amortized), evidence = Evidence(model, row);
            double loss = truth.MeanLoss(swept.Means.Row(at).ToArray(), all) - gap;

            // In doubles, coordinates off by ε‖w‖ leave ε‖B‖‖w‖ in the gradient of the amortized means, and that in posterior standard deviations.
            double shift = joint.Shape.IsExtended ? 0 : 1e-16 * joint.Shape.Loadings.FrobeniusNorm * joint.Whitened.ToArray().Max(Math.Abs);
            double tolerance = (1e-8 * gap) + 1e-10 + (shift * (Math.Sqrt(2 * gap) + shift));
            return Off("gap", table.AmortizationGaps[at], gap, tolerance)
                ?? Off("gap after sweeps", swept.AmortizationGaps[at], gap, tolerance)
                ?? Off("evidence", table.LogEvidences[at], evidence, Digits * Math.Max(Math.Max(1, gap), Math.Abs(evidence)))
                ?? Off("optimization gap", swept.OptimizationGaps[at], loss, (1e-6 * (gap + loss)) + 1e-6)
                ?? (table.AmortizationGaps[at] >= 0 && swept.OptimizationGaps[at] >= 0 ? null : "negative");
        });
    }

    /// <summary>What rounding the means themselves to doubles may come to, in posterior standard deviations.</summary>
    private static double Rounding(ExactPosterior truth, IReadOnlyList<double> means) =>
        truth.Variances().Select((variance, j) => 4e-16 * Math.Abs(means[j]) / Math.Sqrt(variance)).Max();

    private static string? Off(string what, double value, double truth, double tolerance) =>
        Math.Abs(value - truth) <= tolerance ? null : $"{what} {value} for {truth}";

    private static double Evidence(LinearGaussianModel model, double[] row) => ExactEvidence.LogEvidence(
        row, model.Loadings().ToArray(), [.. model.Offset], [.. model.NoiseVariances], [.. model.PriorMeans], [.. model.PriorVariances]);

    private static void Sweep(Func<LinearGaussianModel, double[], QuadraticLogJoint, ExactPosterior, string?> check)
    {
        var failures = new List<string>();
        for (int seed = 0; seed < Models; seed++)
        {
            (LinearGaussianModel model, double[] row) = Case(seed);
            if (check(model, row, model.Observe(row), ExactPosterior.Of(model, row)) is string failure)
            {
                failures.Add($"{seed}: {failure}");
            }
        }

        failures.Should().BeEmpty();
    }

    private static (LinearGaussianModel Model, double[] Row) Case(int seed)
    {
        var random = new System.Random(seed);
        int latents = random.Next(1, 5), observations = random.Next(1, 5), spread = seed % 4 == 0 ? 4 : 12;
        double Power(int reach) => Math.Pow(10, random.Next(-reach, reach + 1));
        double[] rows = [.. Enumerable.Range(0, observations).Select(_ => Power(random.Next(0, 5)))], columns = [.. Enumerable.Range(0, latents).Select(_ => Power(random.Next(0, 5)))];
        Matrix<double> loadings = Matrix<double>.Build.Dense(observations, latents, (k, j) => random.Next(-5, 6) * rows[k] * columns[j]);
        return (
            new LinearGaussianModel(
                loadings,
                new double[observations],
                [.. Enumerable.Range(0, observations).Select(_ => Power(spread))],
                [.. Enumerable.Range(0, latents).Select(_ => (double)random.Next(-3, 4))],
                [.. Enumerable.Range(0, latents).Select(_ => Power(spread))]),
            [.. Enumerable.Range(0, observations).Select(_ => (double)random.Next(-9, 10))]);
    }
}
