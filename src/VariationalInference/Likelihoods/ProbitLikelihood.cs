namespace VariationalInference;

/// <summary>x = 1 with probability Φ(η), and 0 otherwise.</summary>
internal sealed class ProbitLikelihood() : BinaryLikelihood(ProbitKernel.Instance)
{
    // Φ is three quarters there: away from even, and not yet sure.
    private const double ThreeQuarters = 0.6744897501960817;

    public override string Kind => "bernoulli_probit";

    public override string ToString() => "Bernoulli (probit)";

    protected override void Arguments(in SiteBatch cells, int stride, Span<double> means, Span<double> variances)
    {
        for (int i = 0; i < cells.Count; i++)
        {
            if (!double.IsNaN(cells.Values[i]))
            {
                means[i] = Sign(cells.Values[i]) * cells.Means[i];
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
            cells.Write(i, double.IsNaN(x) ? default : new SiteExpectation(values[i], Sign(x) * firsts[i], -seconds[i]));
        }
    }

    protected override double Start(double value, double size) => Sign(value) * ThreeQuarters;

    protected override double EvaluateMean(double predictor, double size) => NormalTail.Distribution(predictor);

    // E Φ(η) = Φ(η̄/√(1 + w)), and x² = x.
    protected override (double Mean, double Variance) EvaluatePredictiveMoments(double mean, double variance, double size)
    {
        double scaled = mean / Math.Sqrt(1 + variance), probability = NormalTail.Distribution(scaled);
        return (probability, probability * NormalTail.Distribution(-scaled));
    }

    private static double Sign(double value) => value == 1 ? 1 : -1;
}
