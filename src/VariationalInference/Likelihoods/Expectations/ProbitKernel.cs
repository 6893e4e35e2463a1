namespace VariationalInference;

/// <summary>f(η) = log Φ(η), of which the probit likelihood is made.</summary>
internal sealed class ProbitKernel : SiteKernel
{
    // log Φ is −η²/2 there, which must stay finite where its weight is zero.
    private const double Least = -1e153;

    // The zeros of Φ nearest to the real line lie 2.8 from it; the rule is good with a little less.
    // From m = 4.8 on, F is like the normal density: its terms are too different for one Taylor series.
    private ProbitKernel()
        : base(strip: 2.5, lowest: -32, highest: 12)
    {
    }

    public static ProbitKernel Instance { get; } = new();

    public override void Evaluate(ReadOnlySpan<double> eta, Span<double> f, Span<double> first, Span<double> second)
    {
        for (int i = 0; i < eta.Length; i++)
        {
            (f[i], first[i], double negative) = NormalTail.LogDistribution(Math.Max(eta[i], Least));
            second[i] = -negative;
        }
    }

    // −Φ(−η) falls like e^(−η²/2), and with the normal density its terms are largest here.
    protected override double Centre(double mean, double deviation) => -Math.Max(mean, 0) * deviation / (1 + (deviation * deviation));
}
