using FluentAssertions;
using MathNet.Numerics.Distributions;
using MathNet.Numerics.LinearAlgebra;
using Xunit;

namespace VariationalInference.Tests.Learning.Sites;

public sealed class SiteProfileTests
{
    public static TheoryData<string, int> Kinds
    {
        get
        {
            var kinds = new TheoryData<string, int>();
            foreach (string kind in (string[])["bernoulli", "probit", "poisson", "negative binomial", "ordinal", "gamma", "gaussian", "mixed", "student"])
            {
                for (int latents = 1; latents <= 3; latents++)
                {
                    kinds.Add(kind, latents);
                }
            }

            return kinds;
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Differentiate_IsTheDerivativeOfTheProfileAndOfItsGradient(string kind, int latents)
    {
        (SiteParameters parameters, double[] theta, SiteRows rows) = Case(kind, latents, rowCount: 90);
        using var profile = new SiteProfile(parameters, rows, maxThreads: 2);
        RowStates states = Solved(profile, theta, out _);
        SiteCurvature curvature = profile.Differentiate(theta, states);

        const double step = 1e-4;
        for (int i = 0; i < parameters.Count; i++)
        {
            (double[] above, double[] below) = ([.. theta], [.. theta]);
            above[i] += step;
            below[i] -= step;
            RowStates high = Solved(profile, above, out double highest), low = Solved(profile, below, out double lowest);
            SiteCurvature up = profile.Differentiate(above, high), down = profile.Differentiate(below, low);

            // The value's rounding over the step, and the third derivative times its square.
            curvature.Gradient[i].Should().BeApproximately((highest - lowest) / (2 * step), 1e-5 * (1 + Math.Abs(curvature.Gradient[i])));
            for (int j = 0; j < parameters.Count; j++)
            {
                // Hermite interpolation over 0.05 is good to 1e-5 of what third derivatives contribute, less where tails are heavy.
                double scale = 1 + Math.Sqrt(Math.Abs(curvature[i, i] * curvature[j, j]));
                curvature[i, j].Should().BeApproximately(-(up.Gradient[j] - down.Gradient[j]) / (2 * step), (kind == "student" ? 1e-3 : 1e-4) * scale);
            }
        }
    }

    [Fact]
    public void Evaluate_GaussianCells_IsTheEvidence()
    {
        (SiteParameters parameters, double[] theta, SiteRows rows) = Case("gaussian", 2, rowCount: 70);
        SitePoint point = parameters.At(theta)!;
        int columns = parameters.Columns.Length;
        Matrix<double> loadings = Matrix<double>.Build.Dense(columns, 2, (k, j) => point.Loadings[(k * 2) + j]);
        double[] noise = [.. point.Likelihoods.Select(likelihood => likelihood.Parameters[0].Value)];
        double expected = 0;
        for (int n = 0; n < rows.Count; n++)
        {
            int[] seen = [.. Enumerable.Range(0, columns).Where(k => !double.IsNaN(rows.Columns[k][n]))];
            if (seen.Length == 0)
            {
                continue;
            }

            Matrix<double> a = Matrix<double>.Build.DenseOfRows(seen.Select(k => loadings.Row(k)));
            Matrix<double> covariance = (a * a.Transpose()) + Matrix<double>.Build.DenseOfDiagonalArray([.. seen.Select(k => noise[k])]);
            Vector<double> residual = Vector<double>.Build.DenseOfEnumerable(seen.Select(k => rows.Columns[k][n] - point.Offsets[k]));
            var root = covariance.Cholesky();
            expected += rows.Weights[n] * -0.5 * (residual.DotProduct(root.Solve(residual)) + root.DeterminantLn + (seen.Length * Math.Log(2 * Math.PI)));
        }

        using var profile = new SiteProfile(parameters, rows, maxThreads: 1);
        profile.Evaluate(theta, new RowStates(2, rows.Count)).Should().BeApproximately(expected, 1e-11 * Math.Abs(expected));
    }

    [Theory]
    [InlineData("bernoulli")]
    [InlineData("ordinal")]
    [InlineData("poisson")]
    [InlineData("negative binomial")]
    public void Evaluate_OneLatent_IsJustBelowTheMarginalLikelihood(string kind)
    {
        (SiteParameters parameters, double[] theta, SiteRows rows) = Case(kind, 1, rowCount: 60);
        SitePoint point = parameters.At(theta)!;
        double expected = 0;
        for (int n = 0; n < rows.Count; n++)
        {
            // The trapezoid rule: exact to rounding for what is smooth and falls off like a Gaussian.
            const double step = 0.02;
            double sum = 0;
            for (double z = -9; z <= 9; z += step)
            {
                double log = Normal.PDFLn(0, 1, z);
                for (int k = 0; k < parameters.Columns.Length; k++)
                {
                    double cell = rows.Columns[k][n];
                    log += double.IsNaN(cell) ? 0 : point.Likelihoods[k].LogDensity(cell, point.Offsets[k] + (point.Loadings[k] * z));
                }

                sum += step * Math.Exp(log);
            }

            expected += rows.Weights[n] * Math.Log(sum);
        }

        using var profile = new SiteProfile(parameters, rows, maxThreads: 1);
        double elbo = profile.Evaluate(theta, new RowStates(1, rows.Count));
        elbo.Should().BeLessThan(expected).And.BeGreaterThan(expected - (0.02 * rows.Count));
    }

    [Fact]
    public void Evaluate_FromAnyStates_ComesToTheSameOptimum()
    {
        (SiteParameters parameters, double[] theta, SiteRows rows) = Case("mixed", 2, rowCount: 80);
        using var profile = new SiteProfile(parameters, rows, maxThreads: 1);
        double cold = profile.Evaluate(theta, new RowStates(2, rows.Count));
        var far = new RowStates(2, rows.Count);
        for (int q = 0; q < far.Width; q++)
        {
            for (int n = 0; n < rows.Count; n++)
            {
                far[q][n] = q < 2 ? 3 * ((n % 3) - 1) : q == 3 ? 0.5 : 1 + (n % 5);
            }
        }

        profile.Evaluate(theta, far).Should().BeApproximately(cold, 1e-11 * Math.Abs(cold));
    }

    [Fact]
    public void RowsOf_EqualRows_AreKeptOnceWithTheirNumber()
    {
        SiteRows rows = SiteRows.Of(RowSpan.RowMajor([1, double.NaN, 0, 1, 1, double.NaN, -0.0, 1, 0, 0], 2));

        rows.Count.Should().Be(3);
        rows.Weights.Should().Equal(2, 2, 1);
        rows.Places.Should().Equal(0, 1, 0, 1, 2);
        rows.Columns[0].Should().Equal(1, 0, 0);
    }

    /// <summary>Counts as large as 1e5 under a predictor near 0: the first steps overflow, and are taken back.</summary>
    [Fact]
    public void Evaluate_CountsFarFromTheirPredictors_HasAFiniteElbo()
    {
        SiteParameters parameters = SiteParameters.Of([SiteColumn.Of(Likelihood.Poisson()), SiteColumn.Of(Likelihood.Poisson())], 1, shared: false);
        SiteRows rows = SiteRows.Of(RowSpan.RowMajor([1e5, 9e4, 0, 2, 3, double.NaN], 2));
        using var profile = new SiteProfile(parameters, rows, maxThreads: 1);

        foreach (double loading in (double[])[0.5, 3, 40])
        {
            double elbo = profile.Evaluate([loading, 0, loading, 0], new RowStates(1, 3));
            elbo.Should().BeInRange(-1e7, 0);
        }
    }

    private static RowStates Solved(SiteProfile profile, double[] theta, out double value)
    {
        var states = new RowStates(profile.Parameters.Latents, profile.Rows.Count);
        value = profile.Evaluate(theta, states);
        return states;
    }

    private static (SiteParameters Parameters, double[] Theta, SiteRows Rows) Case(string kind, int latents, int rowCount)
    {
        Likelihood[] likelihoods = kind switch
        {
            "bernoulli" => Repeat(Likelihood.Bernoulli()),
            "probit" => Repeat(Likelihood.Bernoulli(BinaryLink.Probit)),
            "poisson" => Repeat(Likelihood.Poisson()),
            "negative binomial" => Repeat(Likelihood.NegativeBinomial(3)),
            "ordinal" => Repeat(Likelihood.Ordinal([-1, 0.2, 1.4])),
            "gamma" => Repeat(Likelihood.Gamma(2)),
            "gaussian" => Repeat(Likelihood.Gaussian(0.7)),
            "student" => Repeat(Likelihood.StudentT(1, 5)),
            _ => [Likelihood.Bernoulli(), Likelihood.Gaussian(0.5), Likelihood.Poisson(), Likelihood.Ordinal([-0.5, 0.5]), Likelihood.NegativeBinomial(2)],
        };
        Matrix<double> loadings = Matrix<double>.Build.Dense(5, latents, (k, j) => 0.4 + (0.3 * (((k + 1) * (j + 2)) % 4)) - (j == 1 && k > 2 ? 1 : 0));
        double[] offset = [0.3, -0.2, 0.5, 0, 0.1];
        Matrix<double> table = SiteTables.Draw(loadings, offset, likelihoods, rowCount, seed: 7, missing: 0.1);
        SiteColumn[] columns = [.. likelihoods.Select((likelihood, k) => kind == "ordinal" || (kind == "mixed" && k == 3)
            ? new SiteColumn(likelihood, [.. Enumerable.Range(1, likelihood.Parameters.Length - 1)])
            : SiteColumn.Of(likelihood))];
        SiteParameters parameters = SiteParameters.Of(columns, latents, shared: false);
        var theta = new double[parameters.Count];
        for (int k = 0; k < columns.Length; k++)
        {
            ReadOnlySpan<int> places = parameters.Places(k);
            for (int j = 0; j < latents; j++)
            {
                theta[places[j]] = loadings[k, j] + 0.1;
            }

            theta[places[latents]] = offset[k] - 0.1;
            double[] free = columns[k].Places();
            for (int d = 0; d < free.Length; d++)
            {
                theta[places[latents + 1 + d]] = free[d] + 0.1;
            }
        }

        return (parameters, theta, SiteTables.Rows(table));

        static Likelihood[] Repeat(Likelihood likelihood) => [.. Enumerable.Repeat(likelihood, 5)];
    }
}
