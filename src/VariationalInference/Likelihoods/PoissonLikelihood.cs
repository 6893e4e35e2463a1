using MathNet.Numerics;

namespace VariationalInference;

/// <summary>x ~ Poisson(t e^η).</summary>
/// <remarks>
/// With z = η̄ + log t + w/2 − log x, E[log p] = x log x − x − log x! − x (e^z − 1 − z + w/2), which has no large terms that cancel; for x = 0 it is −t e^(η̄ + w/2).
/// </remarks>
internal sealed class PoissonLikelihood : LogLinearLikelihood
{
    public override string Kind => "poisson";

    public override CellSize Size => CellSize.Exposure;

    public override string AllowedValues => Counts.Allowed;

    public override bool Accepts(double value, double size = 1) => Counts.Includes(value);

    public override string ToString() => "Poisson (log)";

    protected override void Ratios(in SiteBatch cells, Span<double> logRatios)
    {
        for (int i = 0; i < cells.Count; i++)
        {
            double x = cells.Values[i];
            if (!double.IsNaN(x))
            {
                double size = cells.SizeOf(i), logMean = cells.Means[i] + (0.5 * cells.Variances[i]);
                logMean = size == 1 ? logMean : logMean + RepeatableFunctions.Log(size);
                logRatios[i] = x == 0 ? logMean : logMean - GammaFunctions.LogCount(x);
            }
        }
    }

    protected override void Sites(in SiteBatch cells, ReadOnlySpan<double> logRatios, ReadOnlySpan<double> ratios, ReadOnlySpan<double> excesses)
    {
        for (int i = 0; i < cells.Count; i++)
        {
            double x = cells.Values[i], ratio = ratios[i], excess = excesses[i];
            cells.Write(
                i,
                double.IsNaN(x) ? default
                : x == 0 ? new SiteExpectation(-ratio, -ratio, ratio)
                : new SiteExpectation(
                    GammaFunctions.LogPoissonPeak(x) - (x * (excess - logRatios[i] + (0.5 * cells.Variances[i]))), -x * excess, x * ratio));
        }
    }

    protected override double Start(double value, double size) => Math.Log((value + 0.5) / size);

    protected override double EvaluateMean(double predictor, double size) => size * RepeatableFunctions.Exp(predictor);

    protected override double EvaluateVariance(double predictor, double size) => EvaluateMean(predictor, size);

    protected override (double Mean, double Variance) EvaluatePredictiveMoments(double mean, double variance, double size)
    {
        (double centre, double between) = LogNormalMoments.Of(mean, variance, size);
        return (centre, centre + between);
    }

    protected override double EvaluateCumulative(double value, double predictor, double size) =>
        value < 0 ? 0
        : double.IsPositiveInfinity(value) ? 1
        : SpecialFunctions.GammaUpperRegularized(Math.Floor(value) + 1, EvaluateMean(predictor, size));

    protected override double Draw(double predictor, double size, RandomNumbers random) => CountDraws.Poisson(EvaluateMean(predictor, size), random);
}
