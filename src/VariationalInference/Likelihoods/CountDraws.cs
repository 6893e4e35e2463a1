using System.Runtime.InteropServices;

namespace VariationalInference;

/// <summary>Draws of counts: by inversion where few are expected, else by transformed rejection (Hörmann, 1993).</summary>
internal static class CountDraws
{
    /// <summary>The mean from which Hörmann's hats cover the distribution.</summary>
    private const double InversionUpTo = 10;

    public static double Poisson(double mean, RandomNumbers random)
    {
        Counts.RequireMean(mean, "predictors");
        if (mean <= InversionUpTo)
        {
            return Invert(new Recurrence(RepeatableFunctions.Exp(-mean), mean, 0), Counts.Largest, random);
        }

        double b = 0.931 + (2.53 * Math.Sqrt(mean)), logMean = RepeatableFunctions.Log(mean);
        var hat = new Hat(
            A: -0.059 + (0.02483 * b), b, mean + 0.43, RepeatableFunctions.Log(1.1239 + (1.1328 / (b - 3.4))), 0.9277 - (3.6224 / (b - 2)), Counts.Largest);
        while (true)
        {
            (double count, double logHeight) = hat.Propose(random);
            if (double.IsNegativeInfinity(logHeight) || (count >= 0 && logHeight <= (count * logMean) - mean - GammaFunctions.LogFactorial(count)))
            {
                return count;
            }
        }
    }

    /// <summary>Draws the successes in n trials whose log odds are η.</summary>
    public static double Binomial(double trials, double logOdds, RandomNumbers random)
    {
        double rarer = Rarer(trials, -Math.Abs(logOdds), random);
        return logOdds > 0 ? trials - rarer : rarer;
    }

    private static double Rarer(double trials, double logOdds, RandomNumbers random)
    {
        double probability = SoftplusKernel.Logistic(logOdds), mean = trials * probability;
        if (mean <= InversionUpTo)
        {
            double odds = RepeatableFunctions.Exp(logOdds);
            double none = RepeatableFunctions.Exp(-trials * RepeatableFunctions.LogOnePlus(odds));
            return Invert(new Recurrence(none, (trials + 1) * odds, -odds), trials, random);
        }

        double deviation = Math.Sqrt(mean * (1 - probability)), b = 1.15 + (2.53 * deviation), mode = Math.Floor((trials + 1) * probability);
        var hat = new Hat(
            -0.0873 + (0.0248 * b) + (0.01 * probability), b, mean + 0.5, RepeatableFunctions.Log((2.83 + (5.1 / b)) * deviation), 0.92 - (4.2 / b), trials);
        double logAtMode = GammaFunctions.LogBinomial(trials, mode);
        while (true)
        {
            (double count, double logHeight) = hat.Propose(random);
            if (double.IsNegativeInfinity(logHeight)
                || (count >= 0 && logHeight <= GammaFunctions.LogBinomial(trials, count) - logAtMode + ((count - mode) * logOdds)))
            {
                return count;
            }
        }
    }

    /// <summary>Counts up while a uniform number exceeds the sum of the probabilities.</summary>
    private static double Invert(Recurrence probabilities, double largest, RandomNumbers random)
    {
        double uniform = random.NextUniform(), probability = probabilities.AtZero, count = 0;

        // Rounding may leave a little of the uniform number when the probabilities have come to an end.
        while (uniform > probability && count < largest && probability > 0)
        {
            uniform -= probability;
            count++;
            probability *= (probabilities.Numerator / count) + probabilities.Constant;
        }

        return count;
    }

    /// <summary>Probabilities p_0 and p_k = p_{k−1} (numerator/k + constant).</summary>
    [StructLayout(LayoutKind.Auto)]
    private readonly record struct Recurrence(double AtZero, double Numerator, double Constant);

    /// <summary>Proposals k = ⌊(2a/(½ − |u|) + b) u + centre⌋ for a uniform u, with the squeeze by which most are accepted at once.</summary>
    [StructLayout(LayoutKind.Auto)]
    private readonly record struct Hat(double A, double B, double Centre, double LogAlpha, double Squeeze, double Largest)
    {
        /// <summary>Where the squeeze holds.</summary>
        private const double SqueezeFrom = 0.07;

        /// <summary>Returns a count with the logarithm that its probability must reach: −∞ where it is accepted at once; or the count −1 for one that is impossible.</summary>
        public (double Count, double LogHeight) Propose(RandomNumbers random)
        {
            double u = random.NextUniform() - 0.5, v = random.NextUniform(), distance = 0.5 - Math.Abs(u);
            double count = Math.Floor((((2 * A / distance) + B) * u) + Centre);
            if (!(count >= 0 && count <= Largest))
            {
                return (-1, 0);
            }

            return distance >= SqueezeFrom && v <= Squeeze
                ? (count, double.NegativeInfinity)
                : (count, RepeatableFunctions.Log(v) + LogAlpha - RepeatableFunctions.Log((A / (distance * distance)) + B));
        }
    }
}
