using System.Numerics;

namespace VariationalInference;

/// <summary>f(u) = log(1 + u²), of which Student's t distribution is made; for means of at least zero.</summary>
internal sealed class HeavyTailKernel : SiteKernel
{
    private HeavyTailKernel()
        : base(strip: 1, lowest: 0, highest: 32)
    {
    }

    public static HeavyTailKernel Instance { get; } = new();

    protected override bool SecondHasOneSign => false;

    /// <summary>Gets how large E[u²] may be for <see cref="NearZero"/>: what its series leaves out is 1e-13 of it.</summary>
    public static double SmallSquare => 1e-4;

    /// <summary>Returns the expectations from the moments of a u near zero: E[u² − u⁴/2 + u⁶/3 − u⁸/4] and the like, good relatively however small they are.</summary>
    public static (double Value, double First, double Second) NearZero(double mean, double variance)
    {
        double a = mean * mean, v = variance;
        double second = a + v;
        double fourth = (a * (a + (6 * v))) + (3 * v * v);
        double sixth = (a * ((a * (a + (15 * v))) + (45 * v * v))) + (15 * v * v * v);
        double eighth = (a * ((a * ((a * (a + (28 * v))) + (210 * v * v))) + (420 * v * v * v))) + (105 * v * v * v * v);

        // Odd moments, less a factor m.
        double third = a + (3 * v);
        double fifth = (a * (a + (10 * v))) + (15 * v * v);
        double seventh = (a * ((a * (a + (21 * v))) + (105 * v * v))) + (105 * v * v * v);
        return (
            second - (fourth / 2) + (sixth / 3) - (eighth / 4),
            2 * mean * (1 - third + fifth - seventh),
            2 - (6 * second) + (10 * fourth) - (14 * sixth));
    }

    public override void Evaluate(ReadOnlySpan<double> eta, Span<double> f, Span<double> first, Span<double> second)
    {
        for (int i = 0; i < eta.Length; i += Vector<double>.Count)
        {
            // Of 1/u where |u| is large, so that u² does not overflow: log(1 + u²) = log(1 + 1/u²) + 2 log |u|.
            Vector<double> u = new(eta[i..]), size = Vector.Abs(u);
            Vector<long> isFar = Vector.GreaterThan(size, Vector<double>.One);
            Vector<double> x = Vector.ConditionalSelect(isFar, Vector<double>.One / u, u);
            Vector<double> square = x * x, sum = Vector<double>.One + square, share = Vector<double>.One / sum;
            Vector<double> logarithm = RepeatableFunctions.Log(sum) + ((square - (sum - Vector<double>.One)) * share);
            Vector<double> rest = RepeatableFunctions.Log(Vector.Max(size, Vector<double>.One));
            (logarithm + rest + rest).CopyTo(f[i..]);
            ((x + x) * share).CopyTo(first[i..]);
            Vector<double> sign = Vector.ConditionalSelect(isFar, square * (square - Vector<double>.One), Vector<double>.One - square);
            ((sign + sign) * share * share).CopyTo(second[i..]);
        }
    }
}
