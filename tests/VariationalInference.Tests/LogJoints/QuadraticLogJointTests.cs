using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using VariationalInference.Tests.Reference;
using Xunit;

namespace VariationalInference.Tests.LogJoints;

public sealed class QuadraticLogJointTests
{
    private const double Relative = 1e-9;

    private static readonly LinearGaussianModel Model = new(
        Matrix<double>.Build.DenseOfRowArrays([1.5, -0.5, 0.2], [0.3, 2.0, -1.0]),
        [0.5, -1.0],
        [0.4, 2.0],
        [0.1, -0.2, 0.3],
        [1.0, 0.5, 4.0]);

    [Theory]
    [MemberData(nameof(ReferenceCase.Ids), MemberType = typeof(ReferenceCase))]
    public void ExactPosterior_OfEachReferenceCase_HasItsMeans(string id)
    {
        ReferenceCase reference = ReferenceCase.Of(id);
        LinearGaussianModel model = reference.Model;

        for (int n = 0; n < reference.Rows.Length; n++)
        {
            QuadraticLogJoint joint = model.Observe(reference.Rows[n]);
            MeansShouldBeExact(joint.Posterior().Means, reference, n);
            MeansShouldBeExact(joint.MeanFieldOptimum().Means, reference, n);
            MeansShouldBeExact(new FixedFormElbo(joint).StationaryPoint().Means, reference, n);
        }
    }

    [Theory]
    [MemberData(nameof(ReferenceCase.Ids), MemberType = typeof(ReferenceCase))]
    public void ExactPosterior_OfEachReferenceCase_LosesNoMoreThanADenseSolve(string id)
    {
        ReferenceCase reference = ReferenceCase.Of(id);
        LinearGaussianModel model = reference.Model;
        double largest = reference.PosteriorMeans.Max(row => row.Max(Math.Abs));
        double ulps = Math.BitIncrement(largest) - largest;
        double allowed = Math.Max(reference.DenseSolveError, 4 * ulps) * 10;

        for (int n = 0; n < reference.Rows.Length; n++)
        {
            double[] means = [.. model.Posterior(reference.Rows[n]).Means];
            means.Zip(reference.PosteriorMeans[n], (mean, exact) => Math.Abs(mean - exact)).Max()
                .Should().BeLessThanOrEqualTo(allowed, "row {0}", n);
        }
    }

    [Theory]
    [MemberData(nameof(ReferenceCase.Ids), MemberType = typeof(ReferenceCase))]
    public void ExactPosterior_OfEachReferenceCase_HasItsCovariance(string id)
    {
        ReferenceCase reference = ReferenceCase.Of(id);

        CovarianceShouldBeExact(reference.Model.Posterior(reference.Rows[0]), reference);
    }

    [Theory]
    [MemberData(nameof(ReferenceCase.Ids), MemberType = typeof(ReferenceCase))]
    public void MeanFieldOptimum_OfEachReferenceCase_HasItsVariances(string id)
    {
        ReferenceCase reference = ReferenceCase.Of(id);
        QuadraticLogJoint joint = reference.Model.Observe(reference.Rows[0]);

        for (int j = 0; j < reference.Model.LatentCount; j++)
        {
            double exact = reference.MeanFieldVariances[j];
            joint.MeanFieldOptimum().Variances[j].Should().BeApproximately(exact, Relative * exact, "of latent {0}", j);
            (1 / joint.PrecisionDiagonal[j]).Should().BeApproximately(exact, Relative * exact, "of latent {0}", j);
        }
    }

    [Theory]
    [MemberData(nameof(ReferenceCase.Ids), MemberType = typeof(ReferenceCase))]
    public void LogEvidence_OfEachReferenceCase_IsExact(string id)
    {
        ReferenceCase reference = ReferenceCase.Of(id);
        LinearGaussianModel model = reference.Model;

        double[] evidences = [.. reference.Rows.Select(row => model.LogEvidence(row))];

        EvidenceShouldBeExact(evidences, reference);
    }

    [Theory]
    [MemberData(nameof(ReferenceCase.Ids), MemberType = typeof(ReferenceCase))]
    public void ApproximationGap_OfEachReferenceCase_IsExact(string id)
    {
        ReferenceCase reference = ReferenceCase.Of(id);
        double exact = reference.Gap;

        double gap = reference.Model.Observe(reference.Rows[0]).ApproximationGap;

        // Below 1e-15 nats the gap of nearly orthogonal loadings hangs on the rounding of the loadings' inner products.
        gap.Should().BeApproximately(exact, (Relative * exact) + 1e-15);
        gap.Should().BeGreaterThanOrEqualTo(0);
    }

    [Theory]
    [MemberData(nameof(ReferenceCase.SumIds), MemberType = typeof(ReferenceCase))]
    public void SumWrittenAsGeneralModel_OfEachReferenceCase_IsAsExact(string id)
    {
        ReferenceCase reference = ReferenceCase.Of(id);
        LinearGaussianModel model = reference.GeneralModel();

        for (int n = 0; n < reference.Rows.Length; n++)
        {
            MeansShouldBeExact(model.Posterior(reference.Rows[n]).Means, reference, n);
        }

        CovarianceShouldBeExact(model.Posterior(reference.Rows[0]), reference);
        EvidenceShouldBeExact([.. reference.Rows.Select(row => model.LogEvidence(row))], reference);
        model.Observe(reference.Rows[0]).ApproximationGap.Should().BeApproximately(
            reference.Gap, (Relative * reference.Gap) + 1e-15);
    }

    [Fact]
    public void Coefficients_AreThoseOfTheInformationForm()
    {
        double[] row = [1.0, -2.0];
        QuadraticLogJoint joint = Model.Observe(row);
        Matrix<double> a = Model.Loadings();
        Matrix<double> noisePrecision = Matrix<double>.Build.DenseOfDiagonalArray([.. Model.NoiseVariances.Select(r => 1 / r)]);
        Matrix<double> priorPrecision = Matrix<double>.Build.DenseOfDiagonalArray([.. Model.PriorVariances.Select(s => 1 / s)]);
        Vector<double> centred = Vector<double>.Build.Dense([row[0] - 0.5, row[1] + 1.0]);
        Vector<double> priorMeans = Vector<double>.Build.Dense([.. Model.PriorMeans]);

        Matrix<double> precision = priorPrecision + (a.Transpose() * noisePrecision * a);
        Vector<double> linear = (priorPrecision * priorMeans) + (a.Transpose() * noisePrecision * centred);
        double constant = 0;
        for (int k = 0; k < 2; k++)
        {
            constant -= 0.5 * (Math.Log(2 * Math.PI * Model.NoiseVariances[k]) + (centred[k] * centred[k] / Model.NoiseVariances[k]));
        }

        for (int j = 0; j < 3; j++)
        {
            constant -= 0.5 * (Math.Log(2 * Math.PI * Model.PriorVariances[j]) + (priorMeans[j] * priorMeans[j] / Model.PriorVariances[j]));
        }

        (joint.Precision() - precision).L2Norm().Should().BeLessThan(1e-14 * precision.L2Norm());
        joint.Linear.Should().Equal(linear, (actual, expected) => Math.Abs(actual - expected) < 1e-13);
        joint.Constant.Should().BeApproximately(constant, 1e-13);
        joint.PrecisionDiagonal.Should().Equal(precision.Diagonal(), (actual, expected) => Math.Abs(actual - expected) < 1e-13);
        joint.LatentCount.Should().Be(3);
        joint.ObservedCount.Should().Be(2);
    }

    [Fact]
    public void ValueAndGradient_AreThoseOfTheQuadratic()
    {
        QuadraticLogJoint joint = Model.Observe([1.0, -2.0]);
        double[] z = [0.7, -1.1, 2.3];
        Vector<double> vector = Vector<double>.Build.Dense(z);
        Vector<double> linear = Vector<double>.Build.Dense([.. joint.Linear]);
        var gradient = new double[3];

        joint.Gradient(z, gradient);

        joint.Value(z).Should().BeApproximately(joint.Constant + (linear * vector) - (0.5 * (vector * joint.Precision() * vector)), 1e-12);
        gradient.Should().Equal(linear - (joint.Precision() * vector), (actual, expected) => Math.Abs(actual - expected) < 1e-13);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void PredictionBeyondTheDigitsOfADouble_IsNotRounded(bool sum)
    {
        // 1e16 + 1 is no double: rounded, the prediction would equal the observation, which is one less.
        double[] means = [1e16, 1];
        LinearGaussianModel model = sum
            ? new GaussianSumModel(1, 1, means, [1, 1])
            : new LinearGaussianModel(Matrix<double>.Build.Dense(1, 2, 1.0), [0], [1], means, [1, 1]);

        QuadraticLogJoint joint = model.Observe([1e16]);

        joint.Posterior().Means[1].Should().BeApproximately(1 - (1.0 / 3), 1e-15);
        joint.LogEvidence.Should().BeApproximately(-0.5 * (Math.Log(2 * Math.PI * 3) + (1.0 / 3)), 1e-15);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void ObservationFarMorePreciseThanAnother_DoesNotDrownIt(bool preciseFirst)
    {
        // The difference is seen with noise 1, the sum with noise 1e-20: Λ has the eigenvalues 1 + 2 and 1 + 2e20.
        double[][] loadings = [[1, 1], [1, -1]];
        double[] noise = [1e-20, 1];
        int[] order = preciseFirst ? [0, 1] : [1, 0];
        var model = new LinearGaussianModel(
            Matrix<double>.Build.DenseOfRowArrays(order.Select(k => loadings[k])), [0, 0], [.. order.Select(k => noise[k])], [0, 0], [1, 1]);

        QuadraticLogJoint joint = model.Observe([.. order.Select(k => k == 0 ? 0.0 : 3.0)]);

        joint.Posterior().Means.Should().Equal([1, -1], (actual, expected) => Math.Abs(actual - expected) < 1e-12);
        joint.Posterior().Variances.Should().OnlyContain(variance => Math.Abs((6 * variance) - 1) < 1e-12);
        joint.Posterior().Covariance(0, 1).Should().BeApproximately(-1.0 / 6, 1e-12);

        // Means of 1, rounded, leave a residual of up to 1e10 · 2e-16 standard deviations of the noise: squared and halved, 2e-12 nats.
        joint.LogEvidence.Should().BeApproximately(
            -Math.Log(2 * Math.PI) - (0.5 * (Math.Log(2) + Math.Log(3) + (9.0 / 3))), 1e-11);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void ParetoShape_IsOneLessTheSmallestEigenvalueOfTheScaledPrecision(bool sum)
    {
        LinearGaussianModel model = sum ? new GaussianSumModel(2, 0.3, [0, 0, 0], [1.0, 0.5, 4.0]) : Model;
        QuadraticLogJoint joint = model.Observe([1.0, -2.0]);
        Matrix<double> precision = joint.Precision();
        Matrix<double> scaled = precision.MapIndexed((i, j, value) => value / Math.Sqrt(precision[i, i] * precision[j, j]));

        double smallest = scaled.Evd(Symmetricity.Symmetric).EigenValues.Min(value => value.Real);

        joint.ParetoShape.Should().BeApproximately(1 - smallest, 1e-13);
    }

    [Fact]
    public void ParetoShape_OfOneLatent_IsZero() =>
        new GaussianSumModel(1, 5, 0.01).Observe([1, 2, 3, 4, 5]).ParetoShape.Should().Be(0);

    [Fact]
    public void LatentsOfAnotherLength_AreRefused()
    {
        QuadraticLogJoint joint = Model.Observe([1.0, -2.0]);

        FluentActions.Invoking(() => joint.Value([1.0])).Should().Throw<ArgumentException>()
            .WithParameterName("latents").WithMessage("latents has 1 elements; it must have 3, one for each latent.*");
        FluentActions.Invoking(() => joint.Gradient([1, 2, 3], new double[2])).Should().Throw<ArgumentException>()
            .WithParameterName("destination").WithMessage("destination has 2 elements; it must have 3, one for each latent.*");
    }

    [Theory]
    [InlineData(double.NaN, "NaN")]
    [InlineData(double.PositiveInfinity, "Infinity")]
    [InlineData(double.NegativeInfinity, "-Infinity")]
    public void LatentsThatAreNotFinite_AreRefused(double value, string text)
    {
        QuadraticLogJoint joint = Model.Observe([1.0, -2.0]);

        FluentActions.Invoking(() => joint.Value([1, value, 3])).Should().Throw<ArgumentException>()
            .WithParameterName("latents").WithMessage($"latents[1] is {text}; it must be finite.*");
    }

    [Fact]
    public void ToString_NamesTheSize() =>
        Model.Observe([1.0, double.NaN]).ToString().Should().Be("quadratic log joint of 3 latents, 1 observed cell");

    private static void MeansShouldBeExact(IReadOnlyList<double> means, ReferenceCase reference, int row)
    {
        double[] deviations = [.. reference.ExactVariances.Select(Math.Sqrt)];
        for (int j = 0; j < means.Count; j++)
        {
            double exact = reference.PosteriorMeans[row][j];
            double allowed = Math.Max(Relative * Math.Abs(exact), 1e-6 * deviations[j]);
            means[j].Should().BeApproximately(exact, allowed, "of row {0}, latent {1}", row, j);
        }
    }

    private static void CovarianceShouldBeExact(MultivariateGaussian posterior, ReferenceCase reference)
    {
        double[] deviations = [.. reference.ExactVariances.Select(Math.Sqrt)];
        for (int i = 0; i < posterior.Count; i++)
        {
            double exact = reference.ExactVariances[i];
            posterior.Variances[i].Should().BeApproximately(exact, Relative * exact, "of latent {0}", i);
            for (int j = 0; reference.Covariance is double[][] covariance && j < posterior.Count; j++)
            {
                posterior.Covariance(i, j).Should().BeApproximately(
                    covariance[i][j], Relative * deviations[i] * deviations[j], "of latents {0} and {1}", i, j);
            }
        }
    }

    private static void EvidenceShouldBeExact(double[] evidences, ReferenceCase reference)
    {
        for (int n = 0; n < evidences.Length; n++)
        {
            double exact = reference.LogEvidences[n];
            evidences[n].Should().BeApproximately(exact, Relative * Math.Abs(exact), "of row {0}", n);
        }

        evidences.Sum().Should().BeApproximately(
            reference.TotalLogEvidence, Relative * Math.Abs(reference.TotalLogEvidence));
    }
}
