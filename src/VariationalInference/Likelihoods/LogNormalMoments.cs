namespace VariationalInference;

/// <summary>The mean and variance of t e^η for η ~ N(m, w).</summary>
internal static class LogNormalMoments
{
    public static (double Mean, double Variance) Of(double mean, double variance, double size)
    {
        double centre = size * RepeatableFunctions.Exp(mean + (0.5 * variance));
        return (centre, centre * centre * RepeatableFunctions.ExpMinusOne(variance));
    }
}
