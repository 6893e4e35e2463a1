namespace VariationalInference;

/// <summary>log E[p(x | η)] for η ~ N(m, s²), by a trapezoid rule over where the integrand is large.</summary>
/// <remarks>
/// With t = (η − m)/s, the integrand is the exponential of log p − t²/2. Its peaks are looked for on a coarse grid and at the predictor under which x is likely, which finds
/// a density that is narrow beside s.
/// </remarks>
internal static class PredictiveDensity
{
    // Terms e^−40 of the largest do not count.
    private const double Depth = 40;

    private const double ScanReach = 40;
    private const int ScanPoints = 641;
    private const int FirstPoints = 64;
    private const int LastPoints = 131_072;
    private const double Tolerance = 1e-13;
    private const double FirstStep = 0.125;
    private const double LastStep = 1e-9;
    private const double Growth = 1.25;

    public static double Log<TFunction>(in TFunction density, double mean, double deviation, double start)
        where TFunction : IPredictorFunction
    {
        if (deviation == 0)
        {
            return density.At(mean);
        }

        var exponent = new Exponent<TFunction>(density, mean, deviation);
        (double best, double height) = Peak(exponent, Math.Clamp((start - mean) / deviation, -ScanReach, ScanReach));
        if (double.IsNegativeInfinity(height))
        {
            return height;
        }

        (double from, double to) = (End(exponent, best, height, -1), End(exponent, best, height, 1));
        for (int i = 0; i < ScanPoints; i++)
        {
            // A second peak, such as the predictor's own where a heavy tail meets it.
            double t = ScanPoint(i);
            if (exponent.At(t) > height - Depth)
            {
                (from, to) = (Math.Min(from, t), Math.Max(to, t));
            }
        }

        return height - GammaFunctions.HalfLogTwoPi + Math.Log(Integral(exponent, height, from, to));
    }

    private static double ScanPoint(int i) => ScanReach * ((2.0 * i / (ScanPoints - 1)) - 1);

    /// <summary>Returns the highest point that a grid and a climb from it find.</summary>
    private static (double Place, double Height) Peak<TFunction>(in Exponent<TFunction> exponent, double start)
        where TFunction : IPredictorFunction
    {
        double best = start, height = exponent.At(start);
        for (int i = 0; i < ScanPoints; i++)
        {
            double t = ScanPoint(i), value = exponent.At(t);
            if (value > height)
            {
                (best, height) = (t, value);
            }
        }

        // Steps twice as long after a success, half as long and the other way after none.
        for (double step = FirstStep; Math.Abs(step) > LastStep;)
        {
            double value = exponent.At(best + step);
            (best, height, step) = value > height ? (best + step, value, 2 * step) : (best, height, -0.5 * step);
        }

        return (best, height);
    }

    /// <summary>Returns where terms stop to count, on one side of the peak.</summary>
    private static double End<TFunction>(in Exponent<TFunction> exponent, double peak, double height, int side)
        where TFunction : IPredictorFunction
    {
        double distance = LastStep;
        while (distance < 2 * ScanReach && exponent.At(peak + (side * distance)) > height - Depth)
        {
            distance *= Growth;
        }

        return peak + (side * distance);
    }

    private static double Integral<TFunction>(in Exponent<TFunction> exponent, double height, double from, double to)
        where TFunction : IPredictorFunction
    {
        double step = (to - from) / FirstPoints, sum = 0;
        for (int i = 0; i <= FirstPoints; i++)
        {
            sum += Math.Exp(exponent.At(from + (i * step)) - height);
        }

        for (int points = FirstPoints; points < LastPoints; points *= 2)
        {
            double between = 0;
            for (int i = 0; i < points; i++)
            {
                between += Math.Exp(exponent.At(from + ((i + 0.5) * step)) - height);
            }

            bool isSteady = Math.Abs(between - sum) <= Tolerance * sum;
            sum += between;
            step *= 0.5;
            if (isSteady)
            {
                break;
            }
        }

        return sum * step;
    }

    /// <summary>log p(x | m + s t) − t²/2.</summary>
    private readonly struct Exponent<TFunction>(TFunction density, double mean, double deviation)
        where TFunction : IPredictorFunction
    {
        public double At(double t) => density.At(mean + (deviation * t)) - (0.5 * t * t);
    }
}
