using FluentAssertions;
using Xunit;

namespace VariationalInference.Tests.Reference;

/// <summary>Closed forms against the reference values, every case and row.</summary>
public sealed class ReferenceValueTests
{
    private const double Relative = 1e-9;

    public static IEnumerable<object[]> Ids => ReferenceCase.Ids;

    [Theory]
    [MemberData(nameof(Ids))]
    public void PosteriorMeans_EveryRow_MatchReference(string id)
    {
        ReferenceCase reference = ReferenceCase.Of(id);
        for (int n = 0; n < reference.Rows.Length; n++)
        {
            QuadraticLogJoint joint = reference.Model.Observe(reference.Rows[n]);
            MeanFieldGaussian stationary = new FixedFormElbo(joint).StationaryPoint();
            for (int j = 0; j < joint.LatentCount; j++)
            {
                double expected = reference.PosteriorMeans[n][j];
                double tolerance = Math.Max(Relative * Math.Abs(expected), 1e-6 * Math.Sqrt(reference.ExactVariances[j]));
                joint.Posterior().Mean[j].Should().BeApproximately(expected, tolerance, "mean {0} of row {1}", j, n);
                stationary.Means[j].Should().BeApproximately(expected, tolerance, "stationary mean {0} of row {1}", j, n);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Ids))]
    public void Variances_MatchReference(string id)
    {
        ReferenceCase reference = ReferenceCase.Of(id);
        QuadraticLogJoint joint = reference.Model.Observe(reference.Rows[0]);
        MultivariateGaussian exact = joint.Posterior();
        for (int j = 0; j < joint.LatentCount; j++)
        {
            exact.Variances[j].Should().BeApproximately(reference.ExactVariances[j], Relative * reference.ExactVariances[j]);
            double meanField = reference.MeanFieldVariances[j];
            joint.MeanFieldOptimum().Variances[j].Should().BeApproximately(meanField, Relative * meanField);
        }

        if (reference.Covariance is double[][] covariance)
        {
            for (int i = 0; i < covariance.Length; i++)
            {
                for (int j = 0; j < covariance.Length; j++)
                {
                    double scale = Math.Sqrt(reference.ExactVariances[i] * reference.ExactVariances[j]);
                    exact.Covariance(i, j).Should().BeApproximately(covariance[i][j], Relative * scale);
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Ids))]
    public void EvidenceElboAndGap_EveryRow_MatchReference(string id)
    {
        ReferenceCase reference = ReferenceCase.Of(id);
        for (int n = 0; n < reference.Rows.Length; n++)
        {
            QuadraticLogJoint joint = reference.Model.Observe(reference.Rows[n]);
            double elbo = new FixedFormElbo(joint).Value(joint.MeanFieldOptimum());
            joint.LogEvidence.Should().BeApproximately(reference.LogEvidences[n], Relative * (1 + Math.Abs(reference.LogEvidences[n])));
            elbo.Should().BeApproximately(reference.Elbos[n], Relative * (1 + Math.Abs(reference.Elbos[n])));
            joint.ApproximationGap.Should().BeApproximately(reference.Gap, (Relative * reference.Gap) + 1e-14);
        }
    }

    [Theory]
    [MemberData(nameof(Ids))]
    public void ElboAndGradients_AtArbitraryPoints_MatchReference(string id)
    {
        ReferenceCase reference = ReferenceCase.Of(id);
        var elbo = new FixedFormElbo(reference.Model.Observe(reference.Rows[0]));
        foreach (ReferenceCase.ElboPoint point in reference.ElboPoints)
        {
            elbo.Value(point.Means, point.Variances).Should().BeApproximately(point.Elbo, Relative * (1 + Math.Abs(point.Elbo)));
            ElboGradient gradient = elbo.Gradient(point.Means, point.Variances);
            for (int j = 0; j < point.Means.Length; j++)
            {
                // A gradient is what is left of larger terms; their rounding is the limit where little is left.
                double cancelling = elbo.Joint.PrecisionDiagonal[j] * (Math.Abs(point.Means[j]) + Math.Abs(reference.Model.PriorMeans[j]));
                double meanTolerance = (Relative * Math.Abs(point.MeanGradient[j])) + (1e-13 * cancelling);
                gradient.Means[j].Should().BeApproximately(point.MeanGradient[j], meanTolerance);

                double logVariance = 0.5 * point.LogDeviationGradient[j];
                double precision = elbo.Joint.PrecisionDiagonal[j] * point.Variances[j];
                gradient.LogVariances[j].Should().BeApproximately(logVariance, Relative * (1 + precision));
                gradient.Variances[j].Should().BeApproximately(
                    logVariance / point.Variances[j], Relative * (1 + precision) / point.Variances[j]);
            }
        }
    }
}
