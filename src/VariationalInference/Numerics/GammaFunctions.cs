namespace VariationalInference;

/// <summary>The gamma function's logarithm and its derivative, in forms whose differences keep their digits.</summary>
/// <remarks>log Γ(x) = (x − ½) log x − x + ½ log 2π + δ(x), with Stirling's δ by its series from 10 on and by recursion below (Loader, 2000).</remarks>
internal static class GammaFunctions
{
    public const double HalfLogTwoPi = 0.91893853320467274178;

    // Beneath, the series of δ would need more terms than it has here.
    private const double SeriesFrom = 10;

    // Up to so many factors of a rising factorial are multiplied one by one; of more, the difference of two logarithms is the better.
    private const double MostFactors = 32;

    private const int TableLength = 1024;

    private static readonly double[] LogFactorials = [.. Enumerable.Range(0, TableLength).Select(k => LogFactorialByStirling(k))];
    private static readonly double[] Logarithms = [.. Enumerable.Range(0, TableLength).Select(k => RepeatableFunctions.Log((double)k))];
    private static readonly double[] LogPeaks = [.. Enumerable.Range(0, TableLength).Select(k => LogPoissonPeakByStirling(k))];

    private static ReadOnlySpan<double> StirlingTerms =>
        [-1 / 156.0, 691 / 360360.0, -1 / 1188.0, 1 / 1680.0, -1 / 1260.0, 1 / 360.0, -1 / 12.0];

    private static ReadOnlySpan<double> DigammaTerms => [-1 / 12.0, 691 / 32760.0, -1 / 132.0, 1 / 240.0, -1 / 252.0, 1 / 120.0, -1 / 12.0];

    /// <summary>Returns δ(x). Range: x &gt; 0.</summary>
    public static double Stirling(double x)
    {
        double sum = 0;
        for (; x < SeriesFrom; x++)
        {
            sum += ((x + 0.5) * RepeatableFunctions.LogOnePlus(1 / x)) - 1;
        }

        return sum - (Series(StirlingTerms, 1 / (x * x)) / x);
    }

    /// <summary>Returns log k of a count: −∞ of 0.</summary>
    public static double LogCount(double k) => k < TableLength ? Logarithms[(int)k] : RepeatableFunctions.Log(k);

    /// <summary>Returns log k! of a count.</summary>
    public static double LogFactorial(double k) => k < TableLength ? LogFactorials[(int)k] : LogFactorialByStirling(k);

    /// <summary>Returns k log k − k − log k! of a count: the largest log probability that a Poisson distribution gives it.</summary>
    public static double LogPoissonPeak(double k) => k < TableLength ? LogPeaks[(int)k] : LogPoissonPeakByStirling(k);

    /// <summary>Returns the logarithm of n choose k, of counts.</summary>
    public static double LogBinomial(double n, double k)
    {
        double rest = n - k;
        if (n < TableLength)
        {
            return LogFactorials[(int)n] - LogFactorials[(int)k] - LogFactorials[(int)rest];
        }

        if (k == 0 || rest == 0)
        {
            return 0;
        }

        // Stirling's formula, in which the terms of the size of n log n have cancelled.
        double entropy = (k * LogOfRatio(n, k)) + (rest * LogOfRatio(n, rest));
        return entropy + Stirling(n) - Stirling(k) - Stirling(rest) - HalfLogTwoPi
            - (0.5 * (RepeatableFunctions.Log(k) + RepeatableFunctions.Log(rest / n)));
    }

    /// <summary>Returns log Γ(x + k)/Γ(x) − k log x, of a count k: what is left of the sum of log(x + i).</summary>
    public static double LogRising(double x, double k)
    {
        if (k > MostFactors)
        {
            return ((x + k - 0.5) * RepeatableFunctions.LogOnePlus(k / x)) - k + Stirling(x + k) - Stirling(x);
        }

        double sum = 0;
        for (int i = 1; i < k; i++)
        {
            sum += RepeatableFunctions.LogOnePlus(i / x);
        }

        return sum;
    }

    /// <summary>Returns log Γ(x + ½)/Γ(x) − ½ log x.</summary>
    public static double LogHalfStep(double x) => (x * RepeatableFunctions.LogOnePlus(0.5 / x)) - 0.5 + Stirling(x + 0.5) - Stirling(x);

    /// <summary>Returns ψ(x) − log x, of the derivative ψ of log Γ. Range: x &gt; 0.</summary>
    public static double DigammaLessLog(double x)
    {
        double sum = 0;
        for (; x < SeriesFrom; x++)
        {
            sum += RepeatableFunctions.LogOnePlus(1 / x) - (1 / x);
        }

        double square = 1 / (x * x);
        return sum - (0.5 / x) + (square * Series(DigammaTerms, square));
    }

    /// <summary>Returns ψ(x + k) − ψ(x), of a count k.</summary>
    public static double DigammaStep(double x, double k)
    {
        if (k > MostFactors)
        {
            return RepeatableFunctions.LogOnePlus(k / x) + DigammaLessLog(x + k) - DigammaLessLog(x);
        }

        double sum = 0;
        for (int i = 0; i < k; i++)
        {
            sum += 1 / (x + i);
        }

        return sum;
    }

    private static double LogFactorialByStirling(double k) =>
        k < 2 ? 0 : ((k + 0.5) * RepeatableFunctions.Log(k)) - k + HalfLogTwoPi + Stirling(k);

    private static double LogPoissonPeakByStirling(double k) => k < 1 ? 0 : -(0.5 * RepeatableFunctions.Log(k)) - HalfLogTwoPi - Stirling(k);

    /// <summary>Returns log n/k, with its digits where k is nearly n.</summary>
    private static double LogOfRatio(double n, double k) =>
        2 * k > n ? -RepeatableFunctions.LogOnePlus((k - n) / n) : RepeatableFunctions.Log(n / k);

    private static double Series(ReadOnlySpan<double> terms, double x)
    {
        double sum = terms[0];
        foreach (double term in terms[1..])
        {
            sum = (sum * x) + term;
        }

        return sum;
    }
}
