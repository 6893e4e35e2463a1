using System.Numerics;

namespace VariationalInference;

/// <summary>f(η) = log(1 + e^η), f′ = σ(η), f″ = σ(1 − σ), of which all logistic likelihoods are made.</summary>
/// <remarks>For means of at most zero, where it keeps its digits; f(−η) = f(η) − η.</remarks>
internal sealed class SoftplusKernel : SiteKernel
{
    private SoftplusKernel()
        : base(strip: Math.PI, lowest: -32, highest: 0)
    {
    }

    public static SoftplusKernel Instance { get; } = new();

    /// <summary>Returns f(−|η|), f′(−|η|) and f″(η).</summary>
    public static (double Value, double First, double Second) Folded(double eta)
    {
        double odds = RepeatableFunctions.Exp(-Math.Abs(eta));
        return (RepeatableFunctions.LogOnePlus(odds), odds / (1 + odds), odds / ((1 + odds) * (1 + odds)));
    }

    /// <summary>Returns σ(η) = 1/(1 + e^−η).</summary>
    public static double Logistic(double eta)
    {
        double odds = RepeatableFunctions.Exp(-Math.Abs(eta));
        return (eta < 0 ? odds : 1) / (1 + odds);
    }

    public override void Evaluate(ReadOnlySpan<double> eta, Span<double> f, Span<double> first, Span<double> second)
    {
        for (int i = 0; i < eta.Length; i += Vector<double>.Count)
        {
            var x = new Vector<double>(eta[i..]);
            Vector<double> odds = RepeatableFunctions.Exp(-Vector.Abs(x));
            Vector<double> sum = Vector<double>.One + odds, share = Vector<double>.One / sum;
            Vector<double> logarithm = RepeatableFunctions.Log(sum) + ((odds - (sum - Vector<double>.One)) * share);
            (Vector.Max(x, Vector<double>.Zero) + logarithm).CopyTo(f[i..]);
            Vector.ConditionalSelect(Vector.GreaterThanOrEqual(x, Vector<double>.Zero), share, odds * share).CopyTo(first[i..]);
            (odds * share * share).CopyTo(second[i..]);
        }
    }

    // The terms e^(η − t²/2) rise up to t = s, or to where η = 0 and f turns linear.
    protected override double Centre(double mean, double deviation) => Math.Min(Math.Max(-mean / deviation, 0), deviation);
}
