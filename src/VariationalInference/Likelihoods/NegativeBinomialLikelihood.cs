using System.Collections.Immutable;
using MathNet.Numerics;

namespace VariationalInference;

/// <summary>Counts of mean μ = t e^η and variance μ + μ²/r.</summary>
/// <remarks>
/// With u = log μ − log r, log p = log Γ(x + r)/Γ(r) − log x! + x u − (x + r) log(1 + e^u): x successes and r failures, of a logistic
/// likelihood in u.
/// </remarks>
internal sealed class NegativeBinomialLikelihood : KernelLikelihood
{
    private const int TableLength = 128;

    private readonly double _dispersionSize;
    private readonly double _logSize;

    // log Γ(x + r)/Γ(r) − x log r − log x! for small x.
    private readonly double[] _constants = new double[TableLength];

    public NegativeBinomialLikelihood(double dispersionSize)
        : base(SoftplusKernel.Instance)
    {
        _dispersionSize = dispersionSize;
        _logSize = RepeatableFunctions.Log(dispersionSize);
        double rising = 0;
        for (int x = 1; x < TableLength; x++)
        {
            rising += RepeatableFunctions.LogOnePlus((x - 1) / dispersionSize);
            _constants[x] = rising - GammaFunctions.LogFactorial(x);
        }
    }

    public override string Kind => "negative_binomial";

    public override bool IsLogConcave => true;

    public override CellSize Size => CellSize.Exposure;

    public override string AllowedValues => Counts.Allowed;

    public override ImmutableArray<LikelihoodParameter> Parameters => [new("dispersion size", _dispersionSize, 0, double.PositiveInfinity)];

    public override bool Accepts(double value, double size = 1) => Counts.Includes(value);

    public override string ToString() => Guard.Text($"negative binomial (log, dispersion size {_dispersionSize:G5})");

    protected override void Arguments(in SiteBatch cells, int stride, Span<double> means, Span<double> variances)
    {
        for (int i = 0; i < cells.Count; i++)
        {
            if (!double.IsNaN(cells.Values[i]))
            {
                means[i] = LogisticSite.Folded(LogMean(cells.Means[i], cells.SizeOf(i)) - _logSize);
                variances[i] = cells.Variances[i];
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

            double logMean = LogMean(cells.Means[i], cells.SizeOf(i)), logOdds = logMean - _logSize;
            SiteExpectation site = LogisticSite.Of(x, _dispersionSize, logOdds, values[i], firsts[i], seconds[i]);

            // x u + x log r is x log μ, which keeps its digits where r is large.
            double leading = logOdds > 0 ? (x * _logSize) - (_dispersionSize * logOdds) : x * logMean;
            cells.Write(i, site with { Value = leading - ((x + _dispersionSize) * values[i]) + Constant(x) });
        }
    }

    protected override void AddToParameterGradient(double value, double mean, double variance, double size, Span<double> gradient)
    {
        double logOdds = LogMean(mean, size) - _logSize;
        (double softplus, double probability, _) = SoftplusKernel.Instance.Expect(LogisticSite.Folded(logOdds), variance);
        if (logOdds > 0)
        {
            softplus += logOdds;
            probability = 1 - probability;
        }

        double ratio = value / _dispersionSize;
        gradient[0] += GammaFunctions.DigammaStep(_dispersionSize, value) - ratio + ((1 + ratio) * probability) - softplus;
    }

    protected override Likelihood Replace(ReadOnlySpan<double> values) => new NegativeBinomialLikelihood(values[0]);

    protected override double Start(double value, double size) => Math.Log((value + 0.5) / size);

    protected override double EvaluateMean(double predictor, double size) => size * RepeatableFunctions.Exp(predictor);

    protected override double EvaluateVariance(double predictor, double size)
    {
        double mean = EvaluateMean(predictor, size);
        return mean + (mean * mean / _dispersionSize);
    }

    protected override (double Mean, double Variance) EvaluatePredictiveMoments(double mean, double variance, double size)
    {
        (double centre, double between) = LogNormalMoments.Of(mean, variance, size);
        return (centre, centre + between + (((centre * centre) + between) / _dispersionSize));
    }

    protected override double EvaluateCumulative(double value, double predictor, double size) =>
        value < 0 ? 0
        : double.IsPositiveInfinity(value) ? 1
        : SpecialFunctions.BetaRegularized(_dispersionSize, Math.Floor(value) + 1, SoftplusKernel.Logistic(_logSize - LogMean(predictor, size)));

    // A Poisson count whose mean has a gamma distribution.
    protected override double Draw(double predictor, double size, RandomNumbers random) =>
        CountDraws.Poisson(EvaluateMean(predictor, size) * (random.NextGamma(_dispersionSize) / _dispersionSize), random);

    private static double LogMean(double predictor, double size) => size == 1 ? predictor : predictor + RepeatableFunctions.Log(size);

    private double Constant(double x) =>
        x < TableLength ? _constants[(int)x] : GammaFunctions.LogRising(_dispersionSize, x) - GammaFunctions.LogFactorial(x);
}
