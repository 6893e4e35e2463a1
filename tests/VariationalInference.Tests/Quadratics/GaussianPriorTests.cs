using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using Xunit;

namespace VariationalInference.Tests.Quadratics;

public class GaussianPriorTests
{
    private static readonly Matrix<double> Pair = Matrix<double>.Build.DenseOfRowArrays([4.0, 0.6], [0.6, 0.25]);

    public static TheoryData<int> Seeds => [.. Enumerable.Range(0, 40)];

    [Fact]
    public void Covariance_OfBlocks_IsZeroBetweenThem()
    {
        GaussianPrior prior = GaussianPrior.Concat(GaussianPrior.Independent(1, 9, 2), GaussianPrior.Repeated(2, Pair, [1, -1]));

        prior.CovarianceMatrix().ToRowMajorArray().Should().Equal(
            9, 0, 0, 0, 0, 0, 4, 0.6, 0, 0, 0, 0.6, 0.25, 0, 0, 0, 0, 0, 4, 0.6, 0, 0, 0, 0.6, 0.25);
        prior.Means.Should().Equal(2, 1, -1, 1, -1);
        prior.Variances.Should().Equal(9, 4, 0.25, 4, 0.25);
        prior.IsIndependent.Should().BeFalse();
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Posterior_CorrelatedPrior_IsThatOfTheTextbook(int seed)
    {
        (LinearGaussianModel model, double[] row, Matrix<double> prior) = RandomModel(seed);
        int[] observed = [.. Enumerable.Range(0, row.Length).Where(k => !double.IsNaN(row[k]))];
        Matrix<double> a = Matrix<double>.Build.DenseOfRows(observed.Select(k => model.Loadings().Row(k)));
        Vector<double> m = Vector<double>.Build.DenseOfEnumerable(model.PriorMeans);
        Vector<double> rest = Vector<double>.Build.DenseOfEnumerable(observed.Select(k => row[k] - model.Offset[k])) - (a * m);
        Matrix<double> marginal = (a * prior * a.Transpose()) + Matrix<double>.Build.DenseOfDiagonalArray([.. observed.Select(k => model.NoiseVariances[k])]);
        Matrix<double> covariance = prior - (prior * a.Transpose() * marginal.Solve(a * prior));
        Vector<double> means = m + (prior * a.Transpose() * marginal.Solve(rest));
        double evidence = -0.5 * ((observed.Length * Math.Log(2 * Math.PI)) + marginal.Cholesky().DeterminantLn + (rest * marginal.Solve(rest)));
        Matrix<double> precision = covariance.Inverse();

        QuadraticLogJoint joint = model.Observe(row);
        MultivariateGaussian posterior = joint.Posterior();

        posterior.Means.Should().BeEquivalentTo(means, Close(1e-9));
        posterior.CovarianceMatrix().Enumerate().Should().BeEquivalentTo(covariance.Enumerate(), Close(1e-9));
        joint.LogEvidence.Should().BeApproximately(evidence, 1e-9);
        joint.Precision().Enumerate().Should().BeEquivalentTo(precision.Enumerate(), Close(1e-8));
        joint.PrecisionDiagonal.Should().BeEquivalentTo(precision.Diagonal(), Close(1e-8));
        double gap = 0.5 * (precision.Diagonal().Sum(Math.Log) + covariance.Cholesky().DeterminantLn);
        joint.ApproximationGap.Should().BeApproximately(gap, 1e-9);
        foreach (CaviMethod method in Enum.GetValues<CaviMethod>())
        {
            CaviResult fit = new CaviSolver(new CaviOptions { Method = method }).Solve(joint);

            fit.Converged.Should().BeTrue();
            fit.MeanField.Means.Should().BeEquivalentTo(means, Close(1e-7));
            fit.MeanField.Variances.Should().BeEquivalentTo(precision.Diagonal().Select(value => 1 / value), Close(1e-9));
            fit.Elbo.Should().BeApproximately(evidence - gap, 1e-9);
            fit.LargestElboDecrease.Should().BeLessThan(1e-11);
        }

        var elbo = new FixedFormElbo(joint);
        var best = new MeanFieldGaussian([.. means], [.. precision.Diagonal().Select(value => 1 / value)]);
        elbo.Value(best).Should().BeApproximately(evidence - gap, 1e-9);
        elbo.Gradient(best).Means.Should().BeEquivalentTo(new double[means.Count], Close(1e-7));
        GradientAscentResult walk = elbo.Maximize(new GradientAscentOptions { Tolerance = 1e-7 });
        walk.Converged.Should().BeTrue();
        walk.MeanField.Means.Should().BeEquivalentTo(means, Close(1e-6));
        elbo.Value(new MultivariateGaussian([.. means], covariance)).Should().BeApproximately(evidence, 1e-8);

        Matrix<double> table = Matrix<double>.Build.DenseOfRowArrays(row, row, [.. row.Select(value => double.IsNaN(value) ? 1 : value)]);
        CaviTable fits = new CaviSolver().Solve(model, table, CaviOutputs.All);
        fits.Exact(1).Means.Should().BeEquivalentTo(means, Close(1e-9));
        fits.Exact(1).Variances.Should().BeEquivalentTo(covariance.Diagonal(), Close(1e-9));
        fits.MeanField(1).Variances.Should().BeEquivalentTo(precision.Diagonal().Select(value => 1 / value), Close(1e-9));
        fits.LogEvidences[0].Should().BeApproximately(evidence, 1e-9);
        fits.LargestErrorBound.Should().BeLessThan(1e-8);
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Gradient_CorrelatedPrior_IsThatOfDifferences(int seed)
    {
        (LinearGaussianModel model, double[] row, _) = RandomModel(seed);
        QuadraticLogJoint joint = model.Observe(row);
        var random = new System.Random(seed);
        double[] z = [.. model.PriorMeans.Select(mean => mean + random.NextDouble() - 0.5)];
        var gradient = new double[z.Length];

        joint.Gradient(z, gradient);

        for (int j = 0; j < z.Length; j++)
        {
            double[] up = [.. z], down = [.. z];
            up[j] += 1e-4;
            down[j] -= 1e-4;
            double slope = (joint.Value(up) - joint.Value(down)) / 2e-4;
            gradient[j].Should().BeApproximately(slope, 1e-6 * Math.Max(1, Math.Abs(slope)));
        }
    }

    [Fact]
    public void From_PosteriorOfOneRow_IsThePriorOfTheNext()
    {
        var model = new GaussianSumModel(latentCount: 3, observationCount: 2, noiseVariance: 0.5);
        GaussianPrior next = GaussianPrior.From(model.Posterior([1.2, 0.8]));

        MultivariateGaussian posterior = new GaussianSumModel(1, 0.5, next).Posterior([2.0]);

        var together = new GaussianSumModel(latentCount: 3, observationCount: 3, noiseVariance: 0.5);
        posterior.Means.Should().BeEquivalentTo(together.Posterior([1.2, 0.8, 2.0]).Means, Close(1e-12));
        posterior.CovarianceMatrix().Enumerate().Should().BeEquivalentTo(
            together.Posterior([1.2, 0.8, 2.0]).CovarianceMatrix().Enumerate(), Close(1e-12));
    }

    [Fact]
    public void From_MeanField_IsIndependent()
    {
        GaussianPrior prior = GaussianPrior.From(new MeanFieldGaussian([1, 2], [3, 4]));

        prior.IsIndependent.Should().BeTrue();
        prior.Means.Should().Equal(1, 2);
        prior.Variances.Should().Equal(3, 4);
    }

    [Fact]
    public void Sample_CorrelatedPrior_HasItsCovariance()
    {
        var model = new GaussianSumModel(1, 1, GaussianPrior.Concat(GaussianPrior.Independent(1, 2, 1), GaussianPrior.Repeated(1, Pair, [3, -1])));

        Matrix<double> latents = model.Sample(200_000, seed: 1).Latents;

        Vector<double> means = latents.ColumnSums() / latents.RowCount;
        Matrix<double> centred = latents - Matrix<double>.Build.Dense(latents.RowCount, 3, (_, j) => means[j]);
        Matrix<double> covariance = centred.TransposeThisAndMultiply(centred) / latents.RowCount;

        // Five standard errors.
        for (int i = 0; i < 3; i++)
        {
            means[i].Should().BeApproximately(model.PriorMeans[i], 5 * Math.Sqrt(model.PriorVariances[i] / latents.RowCount));
            for (int j = 0; j < 3; j++)
            {
                double error = Math.Sqrt(2 * model.PriorVariances[i] * model.PriorVariances[j] / latents.RowCount);
                covariance[i, j].Should().BeApproximately(model.Prior.Covariance(i, j), 5 * error);
            }
        }
    }

    [Fact]
    public void Fit_CorrelatedCoordinateBlock_HasTheExactEvidence()
    {
        GaussianPrior prior = GaussianPrior.Concat(GaussianPrior.Independent(1), GaussianPrior.Repeated(1, Pair));
        var model = new GaussianSumModel(3, 1, prior);
        Matrix<double> rows = model.Sample(400, seed: 1).Observations;
        var options = new HybridOptions { AmortizedLatents = [0], MaxEpochs = 40, Seed = 1 };

        HybridResult result = new HybridSolver(options).Fit(model, new MlpEncoder(3, 1, [8], seed: 1), rows);
        HybridTable inferred = result.Infer(rows);

        for (int n = 0; n < 20; n++)
        {
            inferred.LogEvidences[n].Should().BeApproximately(model.LogEvidence(rows.Row(n).ToArray()), 1e-8);
            inferred.Elbos[n].Should().BeLessThanOrEqualTo(inferred.LogEvidences[n] - inferred.ApproximationGaps[n] + 1e-12);
        }
    }

    [Fact]
    public void ManySweeps_OverACorrelatedCoordinateBlock_EndAtItsBest()
    {
        GaussianPrior prior = GaussianPrior.Concat(GaussianPrior.Independent(1), GaussianPrior.Repeated(1, Pair));
        var model = new GaussianSumModel(3, 1, prior);
        Matrix<double> rows = model.Sample(20, seed: 1).Observations;
        var encoder = new MlpEncoder(3, 1, [8], seed: 1);

        HybridTable best = new HybridInference(model, encoder, [0]).Infer(rows);
        HybridTable swept = new HybridInference(model, encoder, [0]) { CoordinateSweeps = 500 }.Infer(rows);

        for (int n = 0; n < rows.RowCount; n++)
        {
            swept.OptimizationGaps[n].Should().BeInRange(0, 1e-12);
            for (int j = 0; j < 3; j++)
            {
                swept.MeanField(n).Means[j].Should().BeApproximately(best.MeanField(n).Means[j], 1e-9);
            }
        }
    }

    [Fact]
    public void Fit_CorrelatedAmortizedLatent_IsRefusedByName()
    {
        var model = new GaussianSumModel(3, 1, GaussianPrior.Repeated(1, Pair));
        var solver = new HybridSolver(new HybridOptions { AmortizedLatents = [1] });

        Action fit = () => solver.Fit(model, new MlpEncoder(3, 1, [8], seed: 1), model.Sample(10, 1).Observations);

        fit.Should().Throw<ArgumentException>().WithMessage("*latent 1, which is correlated with others a priori*");
    }

    [Fact]
    public void Learn_CorrelatedPrior_IsRefusedByName()
    {
        var model = new GaussianSumModel(3, 1, GaussianPrior.Repeated(1, Pair));

        Action learn = () => new VariationalEm(new VariationalEmOptions { NoiseVariances = VarianceLearning.Shared })
            .Learn(model, model.Sample(10, 1).Observations);

        learn.Should().Throw<ArgumentException>().WithMessage("*correlated*").WithParameterName("start");
    }

    [Fact]
    public void Correlated_NoCovariance_IsRefusedByName()
    {
        Action[] refused =
        [
            () => GaussianPrior.Correlated([0, 0], Matrix<double>.Build.DenseOfRowArrays([1.0, 2.0], [2.0, 1.0])),
            () => GaussianPrior.Correlated([0, 0], Matrix<double>.Build.DenseOfRowArrays([1.0, 0.5], [0.4, 1.0])),
            () => GaussianPrior.Correlated([0, 0], Matrix<double>.Build.DenseOfRowArrays([1.0, 0.5], [0.5, -1.0])),
            () => GaussianPrior.Correlated([0, 0], Matrix<double>.Build.Dense(2, 3)),
            () => GaussianPrior.Repeated(2, Matrix<double>.Build.DenseOfRowArrays([1.0, double.NaN], [double.NaN, 1.0])),
        ];
        string[] messages = ["*positive definite*", "*[1, 0] is 0.4*symmetric*", "*[1, 1] is -1*positive*", "*2×3*square*", "*NaN*finite*"];

        for (int i = 0; i < refused.Length; i++)
        {
            refused[i].Should().Throw<ArgumentException>().WithMessage(messages[i]).WithParameterName("covariance");
        }

        ((Action)(() => GaussianPrior.Correlated([0], Pair))).Should().Throw<ArgumentException>().WithParameterName("means");
        ((Action)(() => GaussianPrior.Repeated(0, Pair))).Should().Throw<ArgumentException>().WithParameterName("levels");
        ((Action)(() => GaussianPrior.Independent(0))).Should().Throw<ArgumentException>().WithParameterName("count");
        ((Action)(() => GaussianPrior.Independent(2, -1))).Should().Throw<ArgumentException>().WithParameterName("variance");
        ((Action)(() => GaussianPrior.Concat())).Should().Throw<ArgumentException>().WithParameterName("priors");
        ((Action)(() => GaussianPrior.Independent(2).Covariance(2, 0))).Should().Throw<ArgumentException>().WithParameterName("i");
    }

    private static (LinearGaussianModel Model, double[] Row, Matrix<double> Prior) RandomModel(int seed)
    {
        var random = new System.Random(seed);
        Matrix<double> covariance = RandomCovariance(random, random.Next(2, 4));
        GaussianPrior prior = GaussianPrior.Concat(
            GaussianPrior.Independent([1, -2], [0.5, 3]),
            GaussianPrior.Repeated(random.Next(1, 4), covariance),
            GaussianPrior.Correlated([0.5, 1, 2], RandomCovariance(random, 3)));
        bool isSum = seed % 4 == 0;
        int columns = random.Next(1, 7);
        LinearGaussianModel model = isSum
            ? new GaussianSumModel(columns, 0.1 + random.NextDouble(), prior)
            : new LinearGaussianModel(
                Matrix<double>.Build.Dense(columns, prior.Count, (_, _) => (2 * random.NextDouble()) - 1),
                [.. Enumerable.Range(0, columns).Select(_ => random.NextDouble())],
                [.. Enumerable.Range(0, columns).Select(_ => Math.Exp((4 * random.NextDouble()) - 3))],
                prior);
        double[] row = [.. Enumerable.Range(0, columns).Select(k => k > 0 && random.Next(4) == 0 ? double.NaN : (4 * random.NextDouble()) - 2)];
        return (model, row, prior.CovarianceMatrix());
    }

    private static Matrix<double> RandomCovariance(System.Random random, int size)
    {
        Matrix<double> root = Matrix<double>.Build.Dense(size, size, (_, _) => (2 * random.NextDouble()) - 1);
        return (root * root.Transpose()) + (0.2 * Matrix<double>.Build.DenseIdentity(size));
    }

    private static Func<FluentAssertions.Equivalency.EquivalencyAssertionOptions<double>, FluentAssertions.Equivalency.EquivalencyAssertionOptions<double>> Close(double tolerance) =>
        options => options.WithStrictOrdering().Using<double>(item => item.Subject.Should().BeApproximately(item.Expectation, tolerance * Math.Max(1, Math.Abs(item.Expectation)))).WhenTypeIs<double>();
}
