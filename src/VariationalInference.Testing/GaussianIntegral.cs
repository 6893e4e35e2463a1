namespace VariationalInference.Testing;

/// <summary>E[f(η)] for η ~ N(m, s²), by a trapezoid rule that is refined until it is steady.</summary>
/// <param name="Value">E[f].</param>
/// <param name="First">Its derivative in m, E[f t]/s.</param>
/// <param name="Second">Its second derivative in m, E[f (t² − 1)]/s².</param>
/// <param name="Size">E|f − f(m)|, what the others are made of.</param>
internal readonly record struct GaussianIntegral(double Value, double First, double Second, double Size)
{
    private const double Reach = 13;
    private const int FirstPoints = 104;
    private const int Refinements = 9;
    private const double Steady = 1e-11;

    public static GaussianIntegral Of(Func<double, double> f, double mean, double deviation)
    {
        double middle = f(mean);
        GaussianIntegral before = Sum(f, mean, deviation, middle, FirstPoints);
        for (int i = 1; i <= Refinements; i++)
        {
            GaussianIntegral now = Sum(f, mean, deviation, middle, FirstPoints << i);
            if (Math.Abs(now.Value - before.Value) <= Steady * now.Size
                && Math.Abs(now.First - before.First) * deviation <= Steady * now.Size
                && Math.Abs(now.Second - before.Second) * deviation * deviation <= Steady * now.Size)
            {
                return now;
            }

            before = now;
        }

        return before;
    }

    private static GaussianIntegral Sum(Func<double, double> f, double mean, double deviation, double middle, int points)
    {
        double value = 0, first = 0, second = 0, size = 0, step = 2 * Reach / points;
        for (int i = 0; i <= points; i++)
        {
            double t = (i * step) - Reach, excess = f(mean + (deviation * t)) - middle;
            double term = step * Math.Exp(-0.5 * t * t) / Math.Sqrt(2 * Math.PI) * excess;
            value += term;
            first += term * t;
            second += term * ((t * t) - 1);
            size += Math.Abs(term);
        }

        return new GaussianIntegral(middle + value, first / deviation, second / deviation / deviation, size);
    }
}
