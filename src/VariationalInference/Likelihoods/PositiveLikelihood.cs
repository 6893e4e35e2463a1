namespace VariationalInference;

/// <summary>Positive values of mean e^η and variance e^2η/a, of a gamma distribution.</summary>
/// <remarks>With z = log x − η̄ + w/2, E[log p] = a log a − a − log Γ(a) − log x − a (e^z − 1 − z + w/2).</remarks>
internal abstract class PositiveLikelihood(double shape) : LogLinearLikelihood
{
    // By Stirling's formula, in which a log a has cancelled.
    private readonly double _constant = (0.5 * RepeatableFunctions.Log(shape)) - GammaFunctions.HalfLogTwoPi - GammaFunctions.Stirling(shape);

    public sealed override string AllowedValues => "positive and finite";

    /// <summary>Gets the shape a.</summary>
    protected double Shape { get; } = shape;

    public sealed override bool Accepts(double value, double size = 1) => value > 0 && double.IsFinite(value);

    protected sealed override void Ratios(in SiteBatch cells, Span<double> logRatios)
    {
        for (int i = 0; i < cells.Count; i++)
        {
            if (!double.IsNaN(cells.Values[i]))
            {
                logRatios[i] = RepeatableFunctions.Log(cells.Values[i]) - cells.Means[i] + (0.5 * cells.Variances[i]);
            }
        }
    }

    protected sealed override void Sites(
        in SiteBatch cells, ReadOnlySpan<double> logRatios, ReadOnlySpan<double> ratios, ReadOnlySpan<double> excesses)
    {
        for (int i = 0; i < cells.Count; i++)
        {
            if (double.IsNaN(cells.Values[i]))
            {
                cells.Write(i, default);
                continue;
            }

            double half = 0.5 * cells.Variances[i], logValue = logRatios[i] - half + cells.Means[i];
            cells.Write(
                i,
                new SiteExpectation(
                    _constant - logValue - (Shape * (excesses[i] - logRatios[i] + half)), Shape * excesses[i], Shape * ratios[i]));
        }
    }

    protected sealed override double Start(double value, double size) => RepeatableFunctions.Log(value);

    protected sealed override double EvaluateMean(double predictor, double size) => RepeatableFunctions.Exp(predictor);

    protected sealed override double EvaluateVariance(double predictor, double size) => RepeatableFunctions.Exp(2 * predictor) / Shape;

    protected sealed override (double Mean, double Variance) EvaluatePredictiveMoments(double mean, double variance, double size)
    {
        (double centre, double between) = LogNormalMoments.Of(mean, variance, 1);
        return (centre, between + (((centre * centre) + between) / Shape));
    }
}
