using System.Collections.Immutable;

namespace VariationalInference;

/// <summary>x = η + s T, T of Student's t distribution with ν degrees of freedom.</summary>
/// <remarks>With u = (η − x)/(s √ν), log p = log Γ((ν + 1)/2)/Γ(ν/2) − ½ log νπ − log s − ½ (ν + 1) log(1 + u²).</remarks>
internal sealed class StudentTLikelihood(double scale, double degreesOfFreedom) : KernelLikelihood(HeavyTailKernel.Instance)
{
    // log Γ(ν/2 + ½)/Γ(ν/2) − ½ log ν/2 is what the first term leaves of ½ log ν.
    private readonly double _constant =
        GammaFunctions.LogHalfStep(0.5 * degreesOfFreedom) - GammaFunctions.HalfLogTwoPi - RepeatableFunctions.Log(scale);

    private readonly double _half = 0.5 * (degreesOfFreedom + 1);
    private readonly double _width = scale * Math.Sqrt(degreesOfFreedom);

    public override string Kind => "student_t";

    public override ImmutableArray<LikelihoodParameter> Parameters =>
        [new("scale", scale, 0, double.PositiveInfinity), new("degrees of freedom", degreesOfFreedom, 0, double.PositiveInfinity)];

    public override string ToString() => Guard.Text($"Student's t (scale {scale:G5}, {degreesOfFreedom:G5} degrees of freedom)");

    protected override void Arguments(in SiteBatch cells, int stride, Span<double> means, Span<double> variances)
    {
        for (int i = 0; i < cells.Count; i++)
        {
            if (!double.IsNaN(cells.Values[i]))
            {
                (means[i], variances[i]) = Argument(cells.Values[i], cells.Means[i], cells.Variances[i]);
            }
        }
    }

    protected override void Sites(
        in SiteBatch cells, int stride, ReadOnlySpan<double> values, ReadOnlySpan<double> firsts, ReadOnlySpan<double> seconds)
    {
        for (int i = 0; i < cells.Count; i++)
        {
            double x = cells.Values[i];
            if (double.IsNaN(x))
            {
                cells.Write(i, default);
                continue;
            }

            (double u, double spread) = Argument(x, cells.Means[i], cells.Variances[i]);
            (double value, double first, double second) = Digits(u, spread, (values[i], firsts[i], seconds[i]));
            double slope = _half * first / _width;
            cells.Write(i, new SiteExpectation(_constant - (_half * value), cells.Means[i] > x ? -slope : slope, _half * second / _width / _width));
        }
    }

    protected override void AddToParameterGradient(double value, double mean, double variance, double size, Span<double> gradient)
    {
        (double u, double spread) = Argument(value, mean, variance);
        (double logarithm, double first, double second) = Digits(u, spread, HeavyTailKernel.Instance.Expect(u, spread));

        // E[u f′(u)], by Stein's identity.
        double excess = (_half * ((u * first) + (spread * second))) - 1, half = 0.5 * degreesOfFreedom;
        gradient[0] += excess / scale;
        double digamma = GammaFunctions.DigammaLessLog(_half) - GammaFunctions.DigammaLessLog(half) + RepeatableFunctions.LogOnePlus(0.5 / half);
        gradient[1] += 0.5 * (digamma - logarithm + (excess / degreesOfFreedom));
    }

    protected override Likelihood Replace(ReadOnlySpan<double> values) => new StudentTLikelihood(values[0], values[1]);

    protected override double Start(double value, double size) => value;

    protected override double EvaluateMean(double predictor, double size) => degreesOfFreedom > 1 ? predictor : double.NaN;

    protected override double EvaluateVariance(double predictor, double size) => degreesOfFreedom switch
    {
        > 2 => scale * scale * degreesOfFreedom / (degreesOfFreedom - 2),
        > 1 => double.PositiveInfinity,
        _ => double.NaN,
    };

    protected override (double Mean, double Variance) EvaluatePredictiveMoments(double mean, double variance, double size) =>
        (EvaluateMean(mean, size), EvaluateVariance(mean, size) + variance);

    protected override double EvaluateCumulative(double value, double predictor, double size) =>
        double.IsInfinity(value) ? (value > 0 ? 1 : 0) : MathNet.Numerics.Distributions.StudentT.CDF(predictor, scale, degreesOfFreedom, value);

    protected override double Draw(double predictor, double size, RandomNumbers random)
    {
        double normal = random.NextNormal();
        return predictor + (scale * normal / Math.Sqrt(random.NextGamma(0.5 * degreesOfFreedom) / (0.5 * degreesOfFreedom)));
    }

    /// <summary>Returns the expectations; those of a small u from its moments, since with many degrees of freedom ½ (ν + 1) makes their rounding visible.</summary>
    private static (double Value, double First, double Second) Digits(
        double u, double spread, (double Value, double First, double Second) expectations) =>
        (u * u) + spread < HeavyTailKernel.SmallSquare ? HeavyTailKernel.NearZero(u, spread) : expectations;

    /// <summary>Returns the moments of |u|, but for the sign of its mean.</summary>
    private (double Mean, double Variance) Argument(double value, double mean, double variance) =>
        (Math.Abs(mean - value) / _width, variance / _width / _width);
}
