using FluentAssertions;
using MathNet.Numerics;
using MathNet.Numerics.LinearAlgebra;
using Xunit;

namespace VariationalInference.Tests.Quadratics;

/// <summary>Rows whose cells have precisions of their own, and with them a likelihood that is not Gaussian: by sites that move.</summary>
public class RowShapeTests
{
    [Fact]
    public void SetPrecisions_RowAfterRow_IsTheModelWithThatNoise()
    {
        var random = new System.Random(1);
        Matrix<double> loadings = Matrix<double>.Build.Dense(5, 3, (_, _) => random.NextDouble() - 0.5);
        GaussianPrior prior = GaussianPrior.Concat(
            GaussianPrior.Independent([1], [2]), GaussianPrior.Correlated([0, 1], Matrix<double>.Build.DenseOfRowArrays([1.0, 0.5], [0.5, 2.0])));
        var shape = new RowShape(loadings, prior);
        for (int n = 0; n < 20; n++)
        {
            double[] precisions = [.. Enumerable.Range(0, 5).Select(_ => Math.Exp((20 * random.NextDouble()) - 10))];
            double[] row = [.. Enumerable.Range(0, 5).Select(_ => random.NextDouble())];
            var model = new LinearGaussianModel(loadings, new double[5], [.. precisions.Select(value => 1 / value)], prior);
            QuadraticLogJoint joint = model.Observe(row);

            shape.SetPrecisions(precisions);

            double[] w = [.. joint.Whitened], t = new double[3], buffer = new double[CaviRun.BufferLength(3, 5)], means = new double[3];
            shape.GoToOptimum(w, t);
            shape.LogEvidence(w, t, shape.LogNormalizer, new double[5]).Should().BeApproximately(joint.LogEvidence, 1e-10 * Math.Max(1, Math.Abs(joint.LogEvidence)));
            for (int j = 0; j < 3; j++)
            {
                shape.MeanFieldVariance(j).Should().BeApproximately(joint.Shape.MeanFieldVariances[j], 1e-12 * joint.Shape.MeanFieldVariances[j]);
            }

            CaviSummary run = new RowAscent(new CaviOptions()).Run(shape, new RowConstants(shape.LogNormalizer, joint.Row.WhitenedNorm), w, buffer, [], means, null, 0, CancellationToken.None);
            run.Converged.Should().BeTrue();
            prior.Unwhiten(joint.Optimum, t);
            for (int j = 0; j < 3; j++)
            {
                means[j].Should().BeApproximately(t[j], 1e-8 * Math.Max(1, Math.Abs(t[j])));
            }
        }
    }

    [Fact]
    public void SetPrecisions_Again_AllocatesNothing()
    {
        var shape = new RowShape(Matrix<double>.Build.Dense(4, 2, (k, j) => k + j + 1), GaussianPrior.Independent(2));
        double[] precisions = [1, 2, 3, 4], w = [1, 0, 2, 1], t = new double[2];
        for (int pass = 0; pass < 100; pass++)
        {
            shape.SetPrecisions(precisions);
            shape.GoToOptimum(w, t);
        }

        long before = GC.GetAllocatedBytesForCurrentThread();
        shape.SetPrecisions(precisions);
        shape.GoToOptimum(w, t);

        (GC.GetAllocatedBytesForCurrentThread() - before).Should().Be(0);
    }

    /// <summary>A new likelihood takes two numbers a cell, g and λ, and the shape that is there; nothing else changes.</summary>
    [Fact]
    public void Sites_OfPoissonCounts_ReachTheMaximumOfTheirElbo()
    {
        var random = new System.Random(2);
        Matrix<double> loadings = Matrix<double>.Build.Dense(12, 2, (_, _) => random.NextDouble() - 0.3);
        GaussianPrior prior = GaussianPrior.Independent([0.5, 0], [1, 2]);
        double[] counts = [.. Enumerable.Range(0, 12).Select(_ => (double)random.Next(6))];
        var sites = new PoissonSites(loadings, prior, counts);

        sites.Solve();

        // The ELBO written out, E log p(x | η) = x η̄ − exp(η̄ + w/2) − log x!, less KL(q ‖ prior): its slope vanishes in each mean and variance.
        double Elbo(double[] means, double[] variances)
        {
            double elbo = 0;
            for (int k = 0; k < counts.Length; k++)
            {
                double mean = Enumerable.Range(0, 2).Sum(j => loadings[k, j] * means[j]), variance = Enumerable.Range(0, 2).Sum(j => loadings[k, j] * loadings[k, j] * variances[j]);
                elbo += (counts[k] * mean) - Math.Exp(mean + (variance / 2)) - SpecialFunctions.GammaLn(counts[k] + 1);
            }

            for (int j = 0; j < 2; j++)
            {
                double distance = means[j] - prior.Means[j];
                elbo -= 0.5 * (((variances[j] + (distance * distance)) / prior.Variances[j]) - 1 - Math.Log(variances[j] / prior.Variances[j]));
            }

            return elbo;
        }

        double best = Elbo(sites.Means, sites.Variances);
        const double step = 1e-4;
        for (int j = 0; j < 2; j++)
        {
            double[] up = [.. sites.Means], down = [.. sites.Means], wide = [.. sites.Variances], narrow = [.. sites.Variances];
            up[j] += step;
            down[j] -= step;
            wide[j] *= Math.Exp(step);
            narrow[j] *= Math.Exp(-step);
            ((Elbo(up, sites.Variances) - Elbo(down, sites.Variances)) / (2 * step)).Should().BeApproximately(0, 1e-6);
            ((Elbo(sites.Means, wide) - Elbo(sites.Means, narrow)) / (2 * step)).Should().BeApproximately(0, 1e-6);
            Elbo(up, sites.Variances).Should().BeLessThan(best);
            Elbo(sites.Means, wide).Should().BeLessThan(best);
        }
    }

    /// <summary>Mean field for counts: λ = exp(η̄ + w/2), g = x − λ, pseudo-observations η̄ + g/λ with precision λ.</summary>
    private sealed class PoissonSites(Matrix<double> loadings, GaussianPrior prior, double[] counts)
    {
        private readonly RowShape _shape = new(loadings, prior);

        public double[] Means { get; } = [.. prior.Means];

        public double[] Variances { get; } = [.. prior.Variances];

        public void Solve()
        {
            double[] precisions = new double[counts.Length], w = new double[counts.Length], t = new double[Means.Length];
            for (int pass = 0; pass < 200; pass++)
            {
                for (int k = 0; k < counts.Length; k++)
                {
                    double predictor = 0, atPrior = 0, variance = 0;
                    for (int j = 0; j < Means.Length; j++)
                    {
                        predictor += loadings[k, j] * Means[j];
                        atPrior += loadings[k, j] * prior.Means[j];
                        variance += loadings[k, j] * loadings[k, j] * Variances[j];
                    }

                    precisions[k] = Math.Exp(predictor + (variance / 2));
                    w[k] = Math.Sqrt(precisions[k]) * (predictor + ((counts[k] - precisions[k]) / precisions[k]) - atPrior);
                }

                _shape.SetPrecisions(precisions);
                _shape.GoToOptimum(w, t);
                prior.Unwhiten(t, Means);
                for (int j = 0; j < Variances.Length; j++)
                {
                    Variances[j] = _shape.MeanFieldVariance(j);
                }
            }
        }
    }
}
