namespace VariationalInference;

/// <summary>The shape k of the generalised Pareto distribution that the largest of some weights are like (Vehtari, Simpson, Gelman, Yao and Gabry, 2024).</summary>
internal static class ParetoTail
{
    // The prior of Zhang and Stephens (2009), and that of Vehtari et al.: as much as ten draws of shape one half.
    private const double Prior = 3;
    private const double PriorDraws = 10;
    private const double PriorShape = 0.5;

    /// <summary>Returns k̂.</summary>
    /// <param name="logWeights">The logarithms of the weights; −∞ for 0.</param>
    /// <returns>The shape; NaN where there are too few weights, and −∞ where the largest are all the same.</returns>
    public static double Shape(ReadOnlySpan<double> logWeights)
    {
        double[] sorted = logWeights.ToArray();
        Array.Sort(sorted);
        int count = sorted.Length, tail = (int)Math.Ceiling(Math.Min(0.2 * count, 3 * Math.Sqrt(count)));
        if (tail < 5)
        {
            return double.NaN;
        }

        double largest = sorted[^1], cutoff = Math.Exp(sorted[count - tail - 1] - largest);
        var excess = new double[tail];
        for (int i = 0; i < tail; i++)
        {
            excess[i] = Math.Exp(sorted[count - tail + i] - largest) - cutoff;
        }

        return excess[^1] > 0 ? Shape(excess) : double.NegativeInfinity;
    }

    /// <summary>Fits excesses over a threshold, in ascending order.</summary>
    private static double Shape(double[] excess)
    {
        int count = excess.Length, points = 30 + (int)Math.Sqrt(count);
        double quartile = excess[(int)((0.25 * count) + 0.5) - 1];
        if (!(quartile > 0))
        {
            // A quarter of the tail has the weight of its threshold; the rest says what the tail is like.
            quartile = excess.First(value => value > 0);
        }

        double[] thetas = new double[points], likelihoods = new double[points];
        for (int j = 0; j < points; j++)
        {
            thetas[j] = (1 / excess[^1]) + ((1 - Math.Sqrt(points / (j + 0.5))) / (Prior * quartile));
            double shape = MeanLog(thetas[j], excess);
            likelihoods[j] = count * (Math.Log(-thetas[j] / shape) - shape - 1);
        }

        double most = likelihoods.Max(), sum = 0, theta = 0;
        for (int j = 0; j < points; j++)
        {
            double weight = Math.Exp(likelihoods[j] - most);
            sum += weight;
            theta += weight * thetas[j];
        }

        double fitted = MeanLog(theta / sum, excess);
        return ((count * fitted) + (PriorDraws * PriorShape)) / (count + PriorDraws);
    }

    /// <summary>Returns the mean of log(1 − θx).</summary>
    private static double MeanLog(double theta, double[] excess)
    {
        double sum = 0;
        foreach (double value in excess)
        {
            sum += Math.Log(1 - (theta * value));
        }

        return sum / excess.Length;
    }
}
