using System.Text.Json;
using FluentAssertions;
using VariationalInference.Tests.Likelihoods;
using Xunit;

namespace VariationalInference.Tests.FixedForm;

public sealed class EvidenceEstimateTests
{
    public static TheoryData<string> Ids => LikelihoodCases.Theory(Models().Select(model => model.GetProperty("id").GetString()!));

    /// <summary>Evidences by quadrature on a grid; see the folder's description.</summary>
    [Theory]
    [MemberData(nameof(Ids))]
    public void FromDraws_IsWithinItsStandardErrorOfTheEvidence(string id)
    {
        JsonElement reference = Models().Single(item => item.GetProperty("id").GetString() == id);
        (LinearModel model, double[] row) = ScaledModels.Read(reference);
        GaussianFit fit = new FixedFormSolver().Solve(model, row);
        double exact = reference.GetProperty("log_evidence").GetDouble();

        EvidenceEstimate estimate = EvidenceEstimate.FromDraws(model.Observe(row), fit.Posterior, drawCount: 20_000);

        fit.Elbo.Should().BeLessThan(exact);
        if (estimate.IsReliable)
        {
            Math.Abs(estimate.LogEvidence - exact).Should().BeLessThan(4 * estimate.StandardError);
        }

        // Two far modes, and counts that are all zero, which leave half of the prior as it is: no Gaussian covers them, and k says so.
        estimate.IsReliable.Should().Be(id is not ("poisson_log_all_zero_J1_K5" or "student_t_two_clusters_J1_K7"), "k = {0}", estimate.ParetoShape);
    }

    [Fact]
    public void FromDraws_OfTheExactPosterior_HasNoError()
    {
        QuadraticLogJoint joint = new GaussianSumModel(latentCount: 3, observationCount: 2, noiseVariance: 1.0).Observe([1.2, 0.8]);

        EvidenceEstimate estimate = EvidenceEstimate.FromDraws(joint, joint.Posterior(), drawCount: 100);

        estimate.LogEvidence.Should().BeApproximately(joint.LogEvidence, 1e-13);
        estimate.StandardError.Should().BeLessThan(1e-7);
        estimate.EffectiveDrawCount.Should().BeApproximately(100, 1e-9);
    }

    /// <summary>The shape of mean field's weights is known in closed form.</summary>
    [Fact]
    public void FromDraws_OfMeanField_HasTheKnownShape()
    {
        QuadraticLogJoint joint = new GaussianSumModel(latentCount: 3, observationCount: 2, noiseVariance: 1.0).Observe([1.2, 0.8]);

        EvidenceEstimate estimate = EvidenceEstimate.FromDraws(joint, new CaviSolver().Solve(joint).MeanField, drawCount: 200_000);

        estimate.ParetoShape.Should().BeApproximately(joint.ParetoShape, 0.1);
        estimate.LogEvidence.Should().BeApproximately(joint.LogEvidence, 0.05);
    }

    [Fact]
    public void FromDraws_RefusesByName()
    {
        QuadraticLogJoint joint = new GaussianSumModel(latentCount: 3, observationCount: 2, noiseVariance: 1.0).Observe([1.2, 0.8]);
        FluentActions.Invoking(() => EvidenceEstimate.FromDraws(joint, new MeanFieldGaussian([0], [1]))).Should().Throw<ArgumentException>().WithParameterName("proposal");
        FluentActions.Invoking(() => EvidenceEstimate.FromDraws(joint, joint.Posterior(), drawCount: 99)).Should().Throw<ArgumentOutOfRangeException>().WithParameterName("drawCount");
    }

    /// <summary>Quantiles of the generalised Pareto distribution have its shape.</summary>
    [Theory]
    [InlineData(-0.5)]
    [InlineData(0.2)]
    [InlineData(0.7)]
    [InlineData(1.5)]
    public void ParetoTail_FindsTheShape(double shape)
    {
        const int count = 40_000;
        double[] logWeights = [.. Enumerable.Range(0, count).Select(i => Math.Log(1 + ((Math.Pow(1 - ((i + 0.5) / count), -shape) - 1) / shape)))];

        ParetoTail.Shape(logWeights).Should().BeApproximately(shape, 0.03);
    }

    [Fact]
    public void ParetoTail_OfEqualWeights_IsMinusInfinity()
    {
        ParetoTail.Shape(new double[200]).Should().Be(double.NegativeInfinity);
        ParetoTail.Shape(new double[10]).Should().Be(double.NaN);
    }

    private static IEnumerable<JsonElement> Models() =>
        SiteReference.Items("gaussian_vi.json", "models").Where(model => model.TryGetProperty("log_evidence", out _));
}
