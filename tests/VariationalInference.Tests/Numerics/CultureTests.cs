using System.Globalization;
using FluentAssertions;
using Xunit;

namespace VariationalInference.Tests.Numerics;

/// <summary>Messages and texts read the same whatever the thread's culture writes for a decimal point.</summary>
public sealed class CultureTests
{
    [Fact]
    public void Texts_InACultureOfDecimalCommas_KeepTheirPoints()
    {
        CultureInfo before = CultureInfo.CurrentCulture;
        CultureInfo.CurrentCulture = DecimalComma();
        try
        {
            1.5.ToString(CultureInfo.CurrentCulture).Should().Be("1,5", "the culture is in force");
            new Gaussian(0.5, 1.25).ToString().Should().Be("N(0.5, 1.25)");
            new MeanFieldGaussian([0.5], [1.25]).ToString().Should().Be("N(0.5, 1.25)");
            new CaviSolver().Solve(new GaussianSumModel(), [1.2, 0.8]).ToString().Should().StartWith("exact marginals N(0.28571, 0.71429)").And.Contain("ELBO -3.6686");
            new FixedFormElbo(new GaussianSumModel().Observe([1.2, 0.8])).Maximize().ToString().Should().Contain("ELBO -3.6686");
            Refusal.Of<ArgumentOutOfRangeException>(
                () => _ = new GaussianSumModel(noiseVariance: -0.5), "noiseVariance", "noiseVariance is -0.5; it must be positive and finite.");
            Refusal.Of<ArgumentException>(
                () => _ = new MeanFieldGaussian([1], [-1.5]), "variances", "variances[0] is -1.5; it must be positive and finite.");
            Refusal.Of<ArgumentOutOfRangeException>(
                () => new Gaussian(0, 1).Interval(1.5), "probability", "probability is 1.5; it must lie strictly between 0 and 1.");
            Refusal.Of<ArgumentOutOfRangeException>(
                () => _ = new CaviOptions { Tolerance = -0.25 }, "Tolerance", "Tolerance is -0.25; it must be zero or positive, and finite.");
            Refusal.Of<ArgumentOutOfRangeException>(
                () => _ = new GradientAscentOptions { StepSize = -0.5 }, "StepSize", "StepSize is -0.5; it must be positive and finite.");
            Refusal.Of<ArgumentException>(
                () => new FixedFormElbo(new GaussianSumModel().Observe([1.2, 0.8])).Value([0, 0, double.NaN], [1, 1, 1]),
                "means",
                "means[2] is NaN; it must be finite.");
            new NonFiniteValueException("the ELBO", -1.5, row: 0, iteration: 2).Message.Should().StartWith("the ELBO is -1.5 in row 0");
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    /// <summary>As German writes numbers, built here so that it needs no culture data.</summary>
    private static CultureInfo DecimalComma()
    {
        var culture = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        culture.NumberFormat.NumberDecimalSeparator = ",";
        culture.NumberFormat.NumberGroupSeparator = ".";
        culture.NumberFormat.NegativeSign = "−";
        culture.NumberFormat.NaNSymbol = "keine Zahl";
        return culture;
    }
}
