namespace VariationalInference;

/// <summary>
/// The extreme eigenvalues of C = diag(1/λ) + ccᵀ with c_j = b_j/√λ_j and λ_j = 1 + b_j², a matrix of unit diagonal.
/// </summary>
/// <remarks>
/// They are roots of the secular function f(x) = 1 + Σ c_j²/(1/λ_j − x), which rises between its poles (Golub, 1973). The smallest
/// lies between the two smallest 1/λ_j, the largest above the largest; both are found by bisection, O(J) a step.
/// </remarks>
internal static class RankOneSpectrum
{
    private const int Bisections = 200;

    public static (double Min, double Max) Of(ReadOnlySpan<double> b, ReadOnlySpan<double> lambda)
    {
        if (b.Length == 1)
        {
            return (1, 1);
        }

        double first = double.PositiveInfinity;
        double second = double.PositiveInfinity;
        double last = 0;
        double norm = 0;
        for (int j = 0; j < b.Length; j++)
        {
            double pole = 1 / lambda[j];
            norm += b[j] * b[j] * pole;
            last = Math.Max(last, pole);
            second = Math.Min(second, Math.Max(first, pole));
            first = Math.Min(first, pole);
        }

        return (Root(b, lambda, first, second), Root(b, lambda, last, last + norm));
    }

    private static double Root(ReadOnlySpan<double> b, ReadOnlySpan<double> lambda, double low, double high)
    {
        for (int step = 0; step < Bisections && high > low; step++)
        {
            double middle = low + ((high - low) / 2);
            if (middle <= low || middle >= high)
            {
                break;
            }

            if (Secular(b, lambda, middle) < 0)
            {
                low = middle;
            }
            else
            {
                high = middle;
            }
        }

        return high;
    }

    private static double Secular(ReadOnlySpan<double> b, ReadOnlySpan<double> lambda, double x)
    {
        double sum = 1;
        for (int j = 0; j < b.Length; j++)
        {
            sum += b[j] * b[j] / (1 - (lambda[j] * x));
        }

        return sum;
    }
}
