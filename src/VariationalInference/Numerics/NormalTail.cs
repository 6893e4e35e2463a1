namespace VariationalInference;

/// <summary>The standard normal distribution, with the digits of its tails.</summary>
/// <remarks>
/// By e^(y²) erfc y, from the rational approximations of Cody (1969), good to a few units in the last place. Far out, what lacks to
/// 1/(y √π) is taken as it stands there, so that −(log Φ)″ does not cancel.
/// </remarks>
internal static class NormalTail
{
    private const double RootHalf = 0.70710678118654752440;
    private const double RootHalfPi = 1.2533141373155002512;
    private const double RootPi = 1.7724538509055160273;

    private static ReadOnlySpan<double> CentreNumerator =>
        [1.85777706184603153e-1, 3.16112374387056560e0, 1.13864154151050156e2, 3.77485237685302021e2, 3.20937758913846947e3];

    private static ReadOnlySpan<double> CentreDenominator =>
        [1, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3, 2.84423683343917062e3];

    private static ReadOnlySpan<double> MiddleNumerator =>
    [
        2.15311535474403846e-8, 5.64188496988670089e-1, 8.88314979438837594e0, 6.61191906371416295e1, 2.98635138197400131e2,
        8.81952221241769090e2, 1.71204761263407058e3, 2.05107837782607147e3, 1.23033935479799725e3,
    ];

    private static ReadOnlySpan<double> MiddleDenominator =>
    [
        1, 1.57449261107098347e1, 1.17693950891312499e2, 5.37181101862009858e2, 1.62138957456669019e3,
        3.29079923573345963e3, 4.36261909014324716e3, 3.43936767414372164e3, 1.23033935480374942e3,
    ];

    private static ReadOnlySpan<double> FarNumerator =>
    [
        1.63153871373020978e-2, 3.05326634961232344e-1, 3.60344899949804439e-1, 1.25781726111229246e-1, 1.60837851487422766e-2,
        6.58749161529837803e-4,
    ];

    private static ReadOnlySpan<double> FarDenominator =>
    [
        1, 2.56852019228982242e0, 1.87295284992346725e0, 5.27905102951428412e-1, 6.05183413124413191e-2, 2.33520497626869185e-3,
    ];

    /// <summary>Returns Φ(x).</summary>
    public static double Distribution(double x) => x > 0 ? 1 - (Density(x) * MillsRatio(x).Ratio) : Density(x) * MillsRatio(-x).Ratio;

    /// <summary>Returns log Φ(x), its derivative φ(x)/Φ(x), and −(log Φ)″.</summary>
    public static (double Log, double First, double NegativeSecond) LogDistribution(double x)
    {
        (double ratio, double defect) = MillsRatio(Math.Abs(x));
        if (x > 0)
        {
            double density = Density(x);
            double first = density / (1 - (density * ratio));
            return (RepeatableFunctions.LogOnePlus(-density * ratio), first, first * (x + first));
        }

        return ((-0.5 * x * x) - GammaFunctions.HalfLogTwoPi + RepeatableFunctions.Log(ratio), 1 / ratio, defect / ratio / ratio);
    }

    private static double Density(double x) => RepeatableFunctions.Exp((-0.5 * x * x) - GammaFunctions.HalfLogTwoPi);

    /// <summary>Returns R = Φ(−x)/φ(x) and 1 − x R, for x ≥ 0.</summary>
    private static (double Ratio, double Defect) MillsRatio(double x)
    {
        double y = x * RootHalf;
        if (y > 4)
        {
            double z = 1 / (y * y);
            double defect = RootPi * z * (Polynomial(FarNumerator, z) / Polynomial(FarDenominator, z));
            return ((1 - defect) / x, defect);
        }

        double scaled = y > 0.46875
            ? Polynomial(MiddleNumerator, y) / Polynomial(MiddleDenominator, y)
            : RepeatableFunctions.Exp(y * y) * (1 - (y * (Polynomial(CentreNumerator, y * y) / Polynomial(CentreDenominator, y * y))));
        double ratio = RootHalfPi * scaled;
        return (ratio, 1 - (x * ratio));
    }

    private static double Polynomial(ReadOnlySpan<double> terms, double x)
    {
        double sum = terms[0];
        foreach (double term in terms[1..])
        {
            sum = (sum * x) + term;
        }

        return sum;
    }
}
