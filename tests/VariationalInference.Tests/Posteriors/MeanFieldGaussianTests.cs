using FluentAssertions;
using Xunit;

namespace VariationalInference.Tests.Posteriors;

public sealed class MeanFieldGaussianTests
{
    [Fact]
    public void Factors_AreKept()
    {
        double[] means = [1, 2];
        var q = new MeanFieldGaussian(means, [3, 4]);

        means[0] = 99;

        q.Count.Should().Be(2);
        q[0].Should().Be(new Gaussian(1, 3));
        q[1].Should().Be(new Gaussian(2, 4));
        q.ToString().Should().Be("N(1, 3) · N(2, 4)");
    }

    [Fact]
    public void BadParameters_AreRefused()
    {
        Refusal.Of<ArgumentOutOfRangeException>(() => _ = new MeanFieldGaussian([], []), "means", "means is 0; it must be at least 1.");
        Refusal.Of<ArgumentException>(
            () => _ = new MeanFieldGaussian([1, 2], [1]), "variances", "variances has 1 elements; it must have 2, one for each mean.");
        Refusal.Of<ArgumentException>(
            () => _ = new MeanFieldGaussian([1, double.NaN], [1, 1]), "means", "means[1] is NaN; it must be finite.");
        Refusal.Of<ArgumentException>(
            () => _ = new MeanFieldGaussian([1, 2], [-1, 1]), "variances", "variances[0] is -1; it must be positive and finite.");
    }
}
