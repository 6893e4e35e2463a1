using System.Collections.Immutable;

namespace VariationalInference;

/// <summary>x ~ N(η, r): the site that stands still.</summary>
internal sealed class GaussianLikelihood(double variance) : Likelihood
{
    private readonly double _constant = -GammaFunctions.HalfLogTwoPi - (0.5 * RepeatableFunctions.Log(variance));
    private readonly double _precision = 1 / variance;

    public override string Kind => "gaussian";

    public override bool IsLogConcave => true;

    public override ImmutableArray<LikelihoodParameter> Parameters => [new("variance", variance, 0, double.PositiveInfinity)];

    public override string ToString() => Guard.Text($"Gaussian (variance {variance:G5})");

    protected override double EvaluateLogDensity(double value, double predictor, double size) => Site(value, predictor, 0).Value;

    protected override (double First, double Second) EvaluateDerivatives(double value, double predictor, double size) =>
        ((value - predictor) * _precision, -_precision);

    protected override SiteExpectation EvaluateExpectation(double value, double mean, double predictorVariance, double size) =>
        Site(value, mean, predictorVariance);

    private protected override void EvaluateBatch(in SiteBatch batch)
    {
        for (int i = 0; i < batch.Count; i++)
        {
            batch.Write(i, double.IsNaN(batch.Values[i]) ? default : Site(batch.Values[i], batch.Means[i], batch.Variances[i]));
        }
    }

    protected override void AddToParameterGradient(double value, double mean, double predictorVariance, double size, Span<double> gradient)
    {
        double difference = value - mean;
        gradient[0] += 0.5 * _precision * ((((difference * difference) + predictorVariance) * _precision) - 1);
    }

    protected override Likelihood Replace(ReadOnlySpan<double> values) => new GaussianLikelihood(values[0]);

    protected override double Start(double value, double size) => value;

    protected override double EvaluateMean(double predictor, double size) => predictor;

    protected override double EvaluateVariance(double predictor, double size) => variance;

    protected override (double Mean, double Variance) EvaluatePredictiveMoments(double mean, double predictorVariance, double size) =>
        (mean, predictorVariance + variance);

    protected override double EvaluateCumulative(double value, double predictor, double size) =>
        double.IsInfinity(value) ? (value > 0 ? 1 : 0) : NormalTail.Distribution((value - predictor) / Math.Sqrt(variance));

    protected override double Draw(double predictor, double size, RandomNumbers random) => predictor + (Math.Sqrt(variance) * random.NextNormal());

    private SiteExpectation Site(double value, double mean, double predictorVariance)
    {
        double difference = value - mean;
        return new SiteExpectation(
            _constant - (0.5 * ((difference * difference) + predictorVariance) * _precision), difference * _precision, _precision);
    }
}
