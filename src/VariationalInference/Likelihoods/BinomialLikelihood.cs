using MathNet.Numerics;

namespace VariationalInference;

/// <summary>x ~ Binomial(n, 1/(1 + e^−η)).</summary>
internal sealed class BinomialLikelihood() : KernelLikelihood(SoftplusKernel.Instance)
{
    public override string Kind => "binomial";

    public override bool IsLogConcave => true;

    public override CellSize Size => CellSize.Trials;

    public override string AllowedValues => "a whole number from 0 to the number of trials";

    public override bool Accepts(double value, double size = 1) => Counts.Includes(value) && value <= size;

    public override string ToString() => "binomial (logit)";

    protected override void Arguments(in SiteBatch cells, int stride, Span<double> means, Span<double> variances)
    {
        for (int i = 0; i < cells.Count; i++)
        {
            if (!double.IsNaN(cells.Values[i]))
            {
                means[i] = LogisticSite.Folded(cells.Means[i]);
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

            double trials = cells.SizeOf(i);
            SiteExpectation site = LogisticSite.Of(x, trials - x, cells.Means[i], values[i], firsts[i], seconds[i]);
            cells.Write(i, site with { Value = site.Value + GammaFunctions.LogBinomial(trials, x) });
        }
    }

    // Half a success and half a failure more, so that all or none are finite.
    protected override double Start(double value, double size) => Math.Log((value + 0.5) / (size - value + 0.5));

    protected override double EvaluateMean(double predictor, double size) => size * SoftplusKernel.Logistic(predictor);

    protected override double EvaluateVariance(double predictor, double size) => size * SoftplusKernel.Folded(predictor).Second;

    protected override double EvaluateCumulative(double value, double predictor, double size) =>
        value < 0 ? 0
        : value >= size ? 1
        : SpecialFunctions.BetaRegularized(size - Math.Floor(value), Math.Floor(value) + 1, SoftplusKernel.Logistic(-predictor));

    protected override double Draw(double predictor, double size, RandomNumbers random) => CountDraws.Binomial(size, predictor, random);
}
