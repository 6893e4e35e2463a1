using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using Xunit;

namespace VariationalInference.Tests.FixedForm;

public sealed class FixedFormElboTests
{
    private static readonly double[] Means = [0.3, -0.7, 1.1];
    private static readonly double[] Variances = [0.2, 0.5, 1.7];

    [Fact]
    public void Terms_SourceModel_AreThoseOfEquation42()
    {
        const double NoiseVariance = 0.6;
        double[] x = [1.2, 0.8];
        ElboTerms terms = new FixedFormElbo(new GaussianSumModel(3, 2, NoiseVariance).Observe(x)).Terms(Means, Variances);
        double sum = Means.Sum();
        terms.DataFit.Should().BeApproximately(-(Square(x[0] - sum) + Square(x[1] - sum)) / (2 * NoiseVariance), 1e-12);
        terms.Prior.Should().BeApproximately(-0.5 * Means.Sum(Square), 1e-12);
        terms.UncertaintyCost.Should().BeApproximately(-((1 / NoiseVariance) + 0.5) * Variances.Sum(), 1e-12);
        terms.Spread.Should().BeApproximately(0.5 * Variances.Sum(Math.Log), 1e-12);
        terms.Constant.Should().BeApproximately(1.5 - Math.Log(2 * Math.PI * NoiseVariance), 1e-12);
        double total = new FixedFormElbo(new GaussianSumModel(3, 2, NoiseVariance).Observe(x)).Value(Means, Variances);
        total.Should().Be(terms.Total);
    }

    [Fact]
    public void Gradient_MatchesCentralDifferences()
    {
        var elbo = new FixedFormElbo(General().Observe([0.5, double.NaN, 2]));
        ElboGradient gradient = elbo.Gradient(Means, Variances);
        for (int j = 0; j < 3; j++)
        {
            Check(gradient.Means[j], step => elbo.Value(Shift(Means, j, step), Variances));
            Check(gradient.Variances[j], step => elbo.Value(Means, Shift(Variances, j, step)));
            Check(gradient.LogVariances[j], step => elbo.Value(Means, Shift(Variances, j, Variances[j] * (Math.Exp(step) - 1))));
        }
    }

    [Fact]
    public void Gradient_AtTheStationaryPoint_IsZero()
    {
        var elbo = new FixedFormElbo(General().Observe([0.5, -1, 2]));
        ElboGradient gradient = elbo.Gradient(elbo.StationaryPoint());
        gradient.Means.Concat(gradient.Variances).Concat(gradient.LogVariances).Should().OnlyContain(value => Math.Abs(value) < 1e-13);
    }

    [Fact]
    public void Maximize_WithoutStep_WalksToThePointOfTheCompletedSquare()
    {
        var elbo = new FixedFormElbo(General().Observe([0.5, -1, 2]));
        GradientAscentResult walked = elbo.Maximize(start: new MeanFieldGaussian([5, -5, 9], [1e-6, 1e6, 1]));
        MeanFieldGaussian completed = elbo.StationaryPoint();
        walked.StopReason.Should().Be(GradientAscentStopReason.CertificateMet);
        walked.ElboTrace.Zip(walked.ElboTrace.Skip(1)).Should().OnlyContain(pair => pair.Second >= pair.First - (1e-12 * Math.Abs(pair.First)));
        walked.Path.Length.Should().Be(walked.Steps + 1);
        for (int j = 0; j < 3; j++)
        {
            walked.Posterior.Means[j].Should().BeApproximately(completed.Means[j], 1e-7);
            walked.Posterior.Variances[j].Should().BeApproximately(completed.Variances[j], 1e-7 * completed.Variances[j]);
        }
    }

    [Fact]
    public void Maximize_WithStep_FollowsTheRuleByHand()
    {
        const double Step = 0.05;
        var elbo = new FixedFormElbo(new GaussianSumModel(2, 0.5, [1, -1], [2, 0.5]).Observe([1.2, 0.8]));
        GradientAscentResult walked = elbo.Maximize(new GradientAscentOptions { StepSize = Step, MaxSteps = 5 });
        MeanFieldGaussian point = new([1, -1], [2, 0.5]);
        walked.StopReason.Should().Be(GradientAscentStopReason.StepLimit);
        foreach (MeanFieldGaussian visited in walked.Path)
        {
            for (int j = 0; j < 2; j++)
            {
                visited.Means[j].Should().BeApproximately(point.Means[j], 1e-12);
                visited.Variances[j].Should().BeApproximately(point.Variances[j], 1e-12);
            }

            ElboGradient gradient = elbo.Gradient(point);
            point = new MeanFieldGaussian(
                [.. point.Means.Select((mean, j) => mean + (Step * gradient.Means[j]))],
                [.. point.Variances.Select((variance, j) => variance * Math.Exp(Step * gradient.LogVariances[j]))]);
        }
    }

    [Fact]
    public void Maximize_StepTooLarge_SaysDivergedAndKeepsTheBest()
    {
        var elbo = new FixedFormElbo(new GaussianSumModel(3, 2, 0.01).Observe([1.2, 0.8]));
        GradientAscentResult walked = elbo.Maximize(new GradientAscentOptions { StepSize = 1 });
        walked.StopReason.Should().Be(GradientAscentStopReason.Diverged);
        walked.Converged.Should().BeFalse();
        walked.Elbo.Should().Be(walked.ElboTrace.Max());
        walked.Elbo.Should().BeApproximately(elbo.Value(walked.Posterior), 1e-12 * Math.Abs(walked.Elbo));
    }

    [Fact]
    public void Maximize_Cancelled_ReturnsThePointReached()
    {
        var elbo = new FixedFormElbo(new GaussianSumModel().Observe([1.2, 0.8]));
        GradientAscentResult walked = elbo.Maximize(cancellationToken: new CancellationToken(canceled: true));
        walked.StopReason.Should().Be(GradientAscentStopReason.Cancelled);
        walked.Posterior.Variances.Should().Equal(1, 1, 1);
    }

    [Fact]
    public void BadInput_IsRefusedByName()
    {
        var elbo = new FixedFormElbo(new GaussianSumModel().Observe([1.2, 0.8]));
        Refused(() => elbo.Value([1, 2], [1, 1, 1]), "means", "*2 elements*must have 3*");
        Refused(() => elbo.Value([1, 2, double.NaN], [1, 1, 1]), "means", "*means[2] is NaN*finite*");
        Refused(() => elbo.Value([1, 2, 3], [1, 1]), "variances", "*2 elements*must have 3*");
        Refused(() => elbo.Value([1, 2, 3], [1, 0, 1]), "variances", "*variances[1] is 0*positive*");
        Refused(() => elbo.Maximize(start: new MeanFieldGaussian([1], [1])), "start", "*1 elements*must have 3*");
        Refused(() => new GradientAscentOptions { StepSize = 0 }, "StepSize", "*StepSize is 0*positive*");
        Refused(() => new GradientAscentOptions { Tolerance = -1 }, "Tolerance", "*Tolerance is -1*");
        Refused(() => new GradientAscentOptions { MaxSteps = 0 }, "MaxSteps", "*MaxSteps is 0*at least 1*");
        Refused(() => new GradientAscentOptions { PathLimit = 0 }, "PathLimit", "*PathLimit is 0*at least 1*");
    }

    private static void Refused<T>(Func<T> work, string parameter, string message) =>
        work.Should().Throw<ArgumentException>().WithMessage(message).WithParameterName(parameter);

    private static double Square(double value) => value * value;

    private static double[] Shift(double[] values, int index, double step)
    {
        double[] shifted = [.. values];
        shifted[index] += step;
        return shifted;
    }

    private static void Check(double gradient, Func<double, double> objective)
    {
        const double Step = 1e-4;
        double wide = (objective(Step) - objective(-Step)) / (2 * Step);
        double narrow = (objective(Step / 2) - objective(-Step / 2)) / Step;
        gradient.Should().BeApproximately(((4 * narrow) - wide) / 3, 1e-6 * Math.Abs(gradient));
    }

    private static LinearGaussianModel General() => new(
        Matrix<double>.Build.DenseOfArray(new[,] { { 1, 0.5, -0.3 }, { 0.7, -1, 0.4 }, { 0.1, 0.6, 1.5 } }),
        [0.1, -0.2, 0.3],
        [0.5, 0.2, 1.1],
        [0.3, -1, 0.5],
        [1, 2, 0.5]);
}
