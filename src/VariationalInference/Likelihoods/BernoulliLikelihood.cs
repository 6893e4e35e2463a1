namespace VariationalInference;

/// <summary>x = 1 with probability 1/(1 + e^−η), and 0 otherwise.</summary>
internal sealed class BernoulliLikelihood() : BinaryLikelihood(SoftplusKernel.Instance)
{
    // The log odds of a probability of three quarters: away from even, and not yet sure.
    private const double ThreeQuarters = 1.0986122886681098;

    public override string Kind => "bernoulli_logit";

    public override string ToString() => "Bernoulli (logit)";

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
            cells.Write(i, double.IsNaN(x) ? default : LogisticSite.Of(x, 1 - x, cells.Means[i], values[i], firsts[i], seconds[i]));
        }
    }

    protected override double Start(double value, double size) => value == 1 ? ThreeQuarters : -ThreeQuarters;

    protected override double EvaluateMean(double predictor, double size) => SoftplusKernel.Logistic(predictor);
}
