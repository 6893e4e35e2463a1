using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using VariationalInference.Tests.FixedForm;
using Xunit;

namespace VariationalInference.Tests.LogJoints;

public sealed class PredictorLogJointTests
{
    [Fact]
    public void Value_IsTheSumOfPriorAndCells()
    {
        (LinearModel model, Matrix<double> table, Matrix<double> sizes) = ScaledModels.Table(rows: 5, seed: 21);
        double[] latents = [0.3, -0.4, 0.8];
        var prior = new MultivariateGaussian([.. model.Prior.Means], model.Prior.CovarianceMatrix());
        for (int n = 0; n < 5; n++)
        {
            Vector<double> predictors = model.Loadings() * Vector<double>.Build.Dense(latents);
            double expected = prior.LogDensity(latents) + Enumerable.Range(0, table.ColumnCount).Where(k => !double.IsNaN(table[n, k]))
                .Sum(k => model.Likelihoods[k].LogDensity(table[n, k], predictors[k] + model.Offset[k], sizes[n, k]));

            PredictorLogJoint joint = model.Observe(table.Row(n).ToArray(), sizes.Row(n).ToArray());

            joint.Value(latents).Should().BeApproximately(expected, 1e-11);
            joint.ToString().Should().StartWith("log joint of 3 latents and ");
            joint.ObservedCount.Should().Be(table.Row(n).Count(value => !double.IsNaN(value)));
        }
    }

    [Fact]
    public void Gradient_IsTheDerivative()
    {
        (LinearModel model, Matrix<double> table, Matrix<double> sizes) = ScaledModels.Table(rows: 5, seed: 22);
        double[] latents = [0.3, -0.4, 0.8];
        var gradient = new double[3];
        for (int n = 0; n < 5; n++)
        {
            PredictorLogJoint joint = model.Observe(table.Row(n).ToArray(), sizes.Row(n).ToArray());
            joint.Gradient(latents, gradient);
            for (int j = 0; j < 3; j++)
            {
                double Along(double change)
                {
                    double[] moved = [.. latents];
                    moved[j] += change;
                    return joint.Value(moved);
                }

                gradient[j].Should().BeApproximately((Along(1e-5) - Along(-1e-5)) / 2e-5, 1e-6 * (1 + Math.Abs(gradient[j])));
            }
        }
    }

    /// <summary>Two ways to the same ELBO: sites, and quadrature of the log joint over the latents.</summary>
    [Fact]
    public void FixedFormElbo_OfTheJoint_IsThatOfTheSites()
    {
        var model = new LinearModel(
            Matrix<double>.Build.DenseOfRowArrays([0.5, 0.2], [-0.3, 0.4], [0.1, 0.6]),
            [Likelihood.Bernoulli(), Likelihood.Poisson(), Likelihood.NegativeBinomial(2)],
            GaussianPrior.Independent(count: 2, variance: 0.5));
        GaussianFit fit = new FixedFormSolver().Solve(model, [1, 2, 3]);
        MeanFieldFit meanField = new CaviSolver().Solve(model, [1, 2, 3]);
        var elbo = new FixedFormElbo(LogJointExpectation.Quadrature(model.Observe([1, 2, 3]), pointsPerDimension: 40));

        elbo.Value(fit.Posterior).Should().BeApproximately(fit.Elbo, 1e-9);
        elbo.Value(meanField.Posterior).Should().BeApproximately(meanField.Elbo, 1e-9);
    }

    [Fact]
    public void Observe_RefusesByName()
    {
        var model = new LinearModel(Matrix<double>.Build.Dense(2, 1, 1), Likelihood.Bernoulli(), GaussianPrior.Independent(count: 1));

        model.Invoking(m => m.Observe([0, 0.5])).Should().Throw<ArgumentException>().WithMessage("row[1] is 0.5; it must be 0 or 1*").WithParameterName("row");
        model.Invoking(m => m.Observe([0])).Should().Throw<ArgumentException>().WithParameterName("row");
        model.Observe([0, 1]).Invoking(joint => joint.Value([double.NaN])).Should().Throw<ArgumentException>().WithParameterName("latents");
        model.Observe([0, 1]).Invoking(joint => joint.Gradient([1], new double[2])).Should().Throw<ArgumentException>().WithParameterName("destination");
    }
}
