using System.Numerics;

namespace VariationalInference;

/// <summary>Elementary functions made of additions, multiplications and divisions alone, so that every processor, vector width and compiler tier gives the same bits.</summary>
/// <remarks>
/// The polynomials are those of fdlibm (Sun Microsystems, 1993), good to one unit in the last place. No multiply-add is fused: the run-time library's own
/// sines and cosines are fused or not by how far the code around them has been compiled, so that their last bit may change while a program runs.
/// </remarks>
internal static class RepeatableFunctions
{
    /// <summary>The bits of √½, the least mantissa that a number is reduced to, with 1022 added to its exponent so that it stays positive.</summary>
    private const long LeastMantissa = 0x3FE6A09E667F3BCD - (1022L << 52);

    /// <summary>2⁻⁹⁶⁹: what is smaller is taken 2⁵⁴ times as large, so that no number is subnormal.</summary>
    private const double SmallForLog = 2.004168360008973e-292;

    // 1.5 · 2⁵²: adding it rounds to an integer, which then stands in the last bits.
    private const double Shift = 6_755_399_441_055_744;
    private const double Ln2 = 6.93147180559945286227e-01;
    private const double Ln2High = 6.93147180369123816490e-01;
    private const double Ln2Low = 1.90821492927058770002e-10;

    private static ReadOnlySpan<double> LogTerms =>
    [
        1.479819860511658591e-01, 1.531383769920937332e-01, 1.818357216161805012e-01, 2.222219843214978396e-01, 2.857142874366239149e-01,
        3.999999999940941908e-01, 6.666666666666735130e-01,
    ];

    private static ReadOnlySpan<double> ExpTerms =>
    [
        4.13813679705723846039e-08, -1.65339022054652515390e-06, 6.61375632143793436117e-05, -2.77777777770155933842e-03, 1.66666666666666019037e-01,
    ];

    private static ReadOnlySpan<double> SineTerms =>
    [
        1.58969099521155010221e-10, -2.50507602534068634195e-08, 2.75573137070700676789e-06, -1.98412698298579493134e-04,
        8.33333333332248946124e-03, -1.66666666666666324348e-01,
    ];

    private static ReadOnlySpan<double> CosineTerms =>
    [
        -1.13596475577881948265e-11, 2.08757232129817482790e-09, -2.75573143513906633035e-07, 2.48015872894767294178e-05,
        -1.38888888888741095749e-03, 4.16666666666666019037e-02,
    ];

    /// <summary>Returns natural logarithms.</summary>
    /// <param name="x">The arguments. Range: positive and finite.</param>
    public static Vector<double> Log(Vector<double> x)
    {
        Vector<double> small = Vector.AsVectorDouble(Vector.LessThan(x, new Vector<double>(SmallForLog)));
        Vector<long> bits = Vector.AsVectorInt64(Vector.ConditionalSelect(small, x * new Vector<double>(1L << 54), x));
        Vector<long> exponent = Vector.ShiftRightLogical(bits - new Vector<long>(LeastMantissa), 52) - new Vector<long>(1022);
        Vector<double> k = Vector.ConvertToDouble(exponent) - (small & new Vector<double>(54));
        Vector<double> f = Vector.AsVectorDouble(bits - Vector.ShiftLeft(exponent, 52)) - Vector<double>.One;
        Vector<double> s = f / (f + new Vector<double>(2));
        Vector<double> z = s * s;
        Vector<double> rest = z * Polynomial(LogTerms, z);
        Vector<double> half = f * f * new Vector<double>(0.5);
        return (k * new Vector<double>(Ln2High)) - (half - ((s * (half + rest)) + (k * new Vector<double>(Ln2Low))) - f);
    }

    /// <summary>Returns the natural logarithm: −∞ of zero, NaN of a negative number.</summary>
    public static double Log(double x) => x > 0 && x < double.PositiveInfinity ? Log(new Vector<double>(x))[0] : Math.Log(x);

    /// <summary>Returns log(1 + x), with the digits of x where x is small. Range: x &gt; −1.</summary>
    public static double LogOnePlus(double x)
    {
        double sum = 1 + x;
        return double.IsPositiveInfinity(sum) ? sum : Log(sum) + ((x - (sum - 1)) / sum);
    }

    /// <summary>Returns log(1 − e^−x), with the digits of x where x is small. Range: x &gt; 0.</summary>
    public static double LogOneMinusExp(double x) => x > Ln2 ? LogOnePlus(-Exp(-x)) : Log(-ExpMinusOne(-x));

    /// <summary>Returns e^x: 0 or infinity where that is beyond double precision, NaN where x is.</summary>
    public static double Exp(double x) => Exp(new Vector<double>(x))[0];

    /// <summary>Returns e^x − 1, with the digits of x where x is small.</summary>
    public static double ExpMinusOne(double x) => ExpAndExcess(new Vector<double>(x)).Excess[0];

    /// <summary>Returns e to powers: 0 or infinity where that is beyond double precision, NaN where a power is.</summary>
    public static Vector<double> Exp(Vector<double> x)
    {
        (Vector<double> excess, Vector<double> n) = ReducedExp(x);
        return Scaled(Vector<double>.One + excess, n);
    }

    /// <summary>Returns e^x and e^x − 1, the latter with the digits of x where x is small.</summary>
    public static (Vector<double> Power, Vector<double> Excess) ExpAndExcess(Vector<double> x)
    {
        (Vector<double> excess, Vector<double> n) = ReducedExp(x);
        Vector<double> power = Scaled(Vector<double>.One + excess, n);

        // e^x − 1 = 2ⁿ p + (2ⁿ − 1), which cancels nowhere; where 2ⁿ is near the ends of double precision, one of the two does not count.
        Vector<double> within = Vector.Min(Vector.Max(n, new Vector<double>(-1000)), new Vector<double>(1000));
        Vector<double> scale = PowerOfTwo(within);
        return (
            power, Vector.ConditionalSelect(Vector.Equals(within, n), (scale * excess) + (scale - Vector<double>.One), power - Vector<double>.One));
    }

    /// <summary>Returns p and n with e^x = 2ⁿ(1 + p).</summary>
    private static (Vector<double> Excess, Vector<double> Exponent) ReducedExp(Vector<double> x)
    {
        // Beyond these the result is 0 or infinite.
        Vector<double> power = Vector.ConditionalSelect(Vector.GreaterThan(x, new Vector<double>(800)), new Vector<double>(800), x);
        power = Vector.ConditionalSelect(Vector.LessThan(power, new Vector<double>(-800)), new Vector<double>(-800), power);
        Vector<double> n = Round(power * new Vector<double>(1 / Ln2));
        Vector<double> high = power - (n * new Vector<double>(Ln2High)), low = n * new Vector<double>(Ln2Low);
        Vector<double> r = high - low;
        Vector<double> z = r * r;
        Vector<double> c = r - (z * Polynomial(ExpTerms, z));
        return (-(low - (r * c / (new Vector<double>(2) - c)) - high), n);
    }

    /// <summary>Returns y 2ⁿ, in two steps, so that what is too small for a normal number is rounded once.</summary>
    private static Vector<double> Scaled(Vector<double> y, Vector<double> n)
    {
        Vector<double> half = Round(n * new Vector<double>(0.5));
        return y * PowerOfTwo(half) * PowerOfTwo(n - half);
    }

    /// <summary>Returns sin 2πx and cos 2πx.</summary>
    /// <param name="turns">The arguments x. Range: 0 ≤ x &lt; 1.</param>
    public static (Vector<double> Sine, Vector<double> Cosine) SinCosOfTurns(Vector<double> turns)
    {
        Vector<double> quarter = Vector.Floor((turns * new Vector<double>(4)) + new Vector<double>(0.5));
        Vector<double> x = (turns - (quarter * new Vector<double>(0.25))) * new Vector<double>(2 * Math.PI);
        Vector<double> z = x * x;
        Vector<double> sine = x + (x * z * Polynomial(SineTerms, z));
        Vector<double> cosine = Vector<double>.One - ((z * new Vector<double>(0.5)) - (z * z * Polynomial(CosineTerms, z)));
        Vector<long> first = Vector.Equals(quarter, Vector<double>.One), second = Vector.Equals(quarter, new Vector<double>(2));
        Vector<long> third = Vector.Equals(quarter, new Vector<double>(3));
        Vector<long> swapped = first | third;
        Vector<double> up = Vector.ConditionalSelect(swapped, cosine, sine), along = Vector.ConditionalSelect(swapped, sine, cosine);
        return (Vector.ConditionalSelect(second | third, -up, up), Vector.ConditionalSelect(first | second, -along, along));
    }

    /// <summary>Rounds to integers, of less than 2⁵¹.</summary>
    private static Vector<double> Round(Vector<double> x) => x + new Vector<double>(Shift) - new Vector<double>(Shift);

    /// <summary>Returns 2ⁿ. Range: −1022 ≤ n ≤ 1023.</summary>
    private static Vector<double> PowerOfTwo(Vector<double> n) =>
        Vector.AsVectorDouble(Vector.ShiftLeft(Vector.AsVectorInt64(n + new Vector<double>(Shift + 1023)), 52));

    private static Vector<double> Polynomial(ReadOnlySpan<double> terms, Vector<double> x)
    {
        var sum = new Vector<double>(terms[0]);
        foreach (double term in terms[1..])
        {
            sum = (sum * x) + new Vector<double>(term);
        }

        return sum;
    }
}
