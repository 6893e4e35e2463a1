using FluentAssertions;
using MathNet.Numerics.Distributions;
using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.Random;
using Xunit;
using Lane = System.Numerics.Vector<double>;

namespace VariationalInference.Tests.Hybrid;

/// <summary>The three estimators against finite differences of what they claim to differentiate, with the same draws.</summary>
public sealed class OutputGradientTests
{
    private const int Draws = 3;
    private static readonly double[] Row = [1.3, -0.4, 2.2];

    [Theory]
    [InlineData(GradientEstimator.Reparameterized)]
    [InlineData(GradientEstimator.StickingTheLanding)]
    [InlineData(GradientEstimator.Analytic)]
    public void Gradient_SameDraws_MatchesCentralDifferences(GradientEstimator estimator)
    {
        LinearGaussianModel model = Model();
        var point = new Point(model.Observe(Row), [0, 2], [0.4, -1.1], [-0.3, 0.8]);
        double[] noise = Noise(Draws * 2, seed: 4);
        (double[] means, double[] logVariances) = point.Gradient(estimator, noise);
        for (int i = 0; i < 2; i++)
        {
            Check(means[i], shift => point.Objective(estimator, noise, i, shift, 0));
            Check(logVariances[i], shift => point.Objective(estimator, noise, i, 0, shift));
        }
    }

    [Fact]
    public void StickingTheLanding_OneAmortizedLatentAtTheOptimum_IsZeroDrawByDraw()
    {
        QuadraticLogJoint joint = new GaussianSumModel(3, 2, 0.7).Observe([1.2, 0.8]);
        MeanFieldGaussian optimum = joint.MeanFieldOptimum();
        var point = new Point(joint, [0], [optimum.Means[0]], [Math.Log(optimum.Variances[0])]);
        foreach (double epsilon in Noise(100, seed: 8))
        {
            (double[] means, double[] logVariances) = point.Gradient(GradientEstimator.StickingTheLanding, [epsilon]);
            means[0].Should().BeApproximately(0, 1e-12);
            logVariances[0].Should().BeApproximately(0, 1e-12);
        }
    }

    [Theory]
    [InlineData(GradientEstimator.Reparameterized)]
    [InlineData(GradientEstimator.StickingTheLanding)]
    public void MeanOfManyDraws_IsWithinFiveStandardErrorsOfTheAnalyticGradient(GradientEstimator estimator)
    {
        const int Count = 100_000;
        var point = new Point(Model().Observe(Row), [0, 2], [0.4, -1.1], [-0.3, 0.8]);
        (double[] means, double[] logVariances) = point.Gradient(GradientEstimator.Analytic, []);
        double[] noise = Noise(Count * 2, seed: 21);
        var draws = new double[4][];
        for (int output = 0; output < 4; output++)
        {
            draws[output] = new double[Count];
        }

        for (int n = 0; n < Count; n++)
        {
            (double[] m, double[] v) = point.Gradient(estimator, noise[(2 * n)..((2 * n) + 2)]);
            (draws[0][n], draws[1][n], draws[2][n], draws[3][n]) = (m[0], m[1], v[0], v[1]);
        }

        double[] expected = [.. means, .. logVariances];
        for (int output = 0; output < 4; output++)
        {
            (double mean, double deviation) = MathNet.Numerics.Statistics.Statistics.MeanStandardDeviation(draws[output]);
            deviation.Should().BeGreaterThan(0);
            mean.Should().BeApproximately(expected[output], 5 * deviation / Math.Sqrt(Count));
        }
    }

    [Fact]
    public void NaturalGradient_OneAmortizedLatent_IsThePlainGradient()
    {
        var point = new Point(Model().Observe(Row), [1], [0.4], [-0.3]);
        double plain = point.Gradient(GradientEstimator.Analytic, []).Means[0];
        double natural = point.Gradient(GradientEstimator.Analytic, [], natural: true).Means[0];
        natural.Should().BeApproximately(plain, 1e-12 * Math.Abs(plain));
    }

    [Fact]
    public void NaturalGradient_SeveralAmortizedLatents_PointsAtTheOptimum()
    {
        QuadraticLogJoint joint = Model().Observe(Row);
        var point = new Point(joint, [0, 2], [0.4, -1.1], [-0.3, 0.8]);
        double[] step = point.Gradient(GradientEstimator.Analytic, [], natural: true).Means;

        // diag(P)P⁻¹g with g = P(μ* − μ): each component is its own curvature times its own error.
        MultivariateGaussian posterior = joint.Posterior();
        Matrix<double> profile = Matrix<double>.Build.Dense(2, 2, (i, j) => posterior.Covariance(2 * i, 2 * j)).Inverse();
        step[0].Should().BeApproximately(profile[0, 0] * (posterior.Means[0] - 0.4), 1e-10);
        step[1].Should().BeApproximately(profile[1, 1] * (posterior.Means[2] + 1.1), 1e-10);
    }

    private static void Check(double gradient, Func<double, double> objective)
    {
        const double Step = 1e-4;
        double difference = (objective(Step) - objective(-Step)) / (2 * Step);
        double richardson = ((4 * (objective(Step / 2) - objective(-Step / 2)) / Step) - difference) / 3;
        gradient.Should().BeApproximately(richardson, 1e-6 * Math.Max(Math.Abs(gradient), 1e-3));
    }

    private static double[] Noise(int count, int seed)
    {
        var noise = new double[count];
        Normal.Samples(new Xoshiro256StarStar(seed), noise, 0, 1);
        return noise;
    }

    private static LinearGaussianModel Model() => new(
        Matrix<double>.Build.DenseOfArray(new[,] { { 1, 0.5, -0.3, 0.2 }, { 0.7, -1, 0.4, 0 }, { 0.1, 0.6, 1.5, -0.8 } }),
        [0.1, -0.2, 0.3],
        [0.5, 0.2, 1.1],
        [0.3, -1, 0.5, 0],
        [1, 2, 0.5, 3]);

    /// <summary>Encoder outputs at one row, with the coordinate block solved for them and then held.</summary>
    private sealed class Point
    {
        private readonly QuadraticLogJoint _joint;
        private readonly AmortizedBlock _block;
        private readonly double[] _means;
        private readonly double[] _logVariances;
        private readonly Lane[] _whitened;
        private readonly Lane[] _residual;
        private readonly double[] _coordinateMeans;

        public Point(QuadraticLogJoint joint, int[] amortized, double[] means, double[] logVariances)
        {
            _joint = joint;
            _block = new AmortizedBlock(joint.Shape, [.. amortized]);
            _means = means;
            _logVariances = logVariances;
            _whitened = [.. means.Select((mean, i) => _block.Whiten(i, new Lane(mean)))];
            _residual = new Lane[joint.Shape.Rank];
            var coordinates = new Lane[_block.Coordinate.Length];
            _block.Residual(InLanes(joint.Whitened), _whitened, _residual);
            _block.Solve(_residual, coordinates);
            _coordinateMeans = [.. coordinates.Select((t, i) =>
                joint.Shape.Prior.Means[_block.Coordinate[i]] + (joint.Shape.Prior.Deviations[_block.Coordinate[i]] * t[0]))];
        }

        public (double[] Means, double[] LogVariances) Gradient(GradientEstimator estimator, double[] noise, bool natural = false)
        {
            var means = new Lane[_means.Length];
            var logVariances = new Lane[_means.Length];
            double[] ratios = [.. _logVariances.Select((rho, i) => _block.Shape.VarianceRatio(_block.Amortized[i], rho))];
            new OutputGradient(_block, estimator, natural).Evaluate(
                _block, _whitened, _residual, InLanes(ratios), InLanes(noise), means, logVariances);
            return ([.. means.Select(mean => mean[0])], [.. logVariances.Select(value => value[0])]);
        }

        private static Lane[] InLanes(ReadOnlySpan<double> values) => [.. values.ToArray().Select(value => new Lane(value))];

        /// <summary>What the estimator differentiates, with output i shifted: an average over draws, or the exact ELBO.</summary>
        public double Objective(GradientEstimator estimator, double[] noise, int output, double meanShift, double logVarianceShift)
        {
            double[] means = [.. _means];
            double[] logVariances = [.. _logVariances];
            means[output] += meanShift;
            logVariances[output] += logVarianceShift;
            if (estimator == GradientEstimator.Analytic)
            {
                double[] variances = [.. _joint.Shape.MeanFieldVariances];
                for (int i = 0; i < means.Length; i++)
                {
                    variances[_block.Amortized[i]] = Math.Exp(logVariances[i]);
                }

                return new FixedFormElbo(_joint).Value(Latents(means), variances);
            }

            double sum = 0;
            for (int draw = 0; draw < Draws; draw++)
            {
                double[] z = [.. means.Select((mean, i) => mean + (Math.Exp(0.5 * logVariances[i]) * noise[(draw * means.Length) + i]))];
                sum += _joint.Value(Latents(z)) - LogDensity(estimator, z, logVariances);
            }

            return sum / Draws;
        }

        /// <summary>log q(z): by (5-4) its parameters move with the outputs; sticking to the landing, they stay.</summary>
        private double LogDensity(GradientEstimator estimator, double[] z, double[] logVariances) =>
            estimator == GradientEstimator.Reparameterized
                ? -0.5 * logVariances.Sum()
                : z.Select((value, i) => Normal.PDFLn(_means[i], Math.Exp(0.5 * _logVariances[i]), value)).Sum();

        private double[] Latents(double[] amortized)
        {
            var latents = new double[_joint.LatentCount];
            for (int i = 0; i < amortized.Length; i++)
            {
                latents[_block.Amortized[i]] = amortized[i];
            }

            for (int i = 0; i < _coordinateMeans.Length; i++)
            {
                latents[_block.Coordinate[i]] = _coordinateMeans[i];
            }

            return latents;
        }
    }
}
