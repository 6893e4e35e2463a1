using System.Runtime.CompilerServices;

namespace VariationalInference;

/// <summary>Expectations of y η − (y + n) log(1 + e^η), the log likelihood of y successes and n failures but for its constant.</summary>
internal static class LogisticSite
{
    /// <summary>Returns the mean at which <see cref="SoftplusKernel"/> keeps its digits.</summary>
    public static double Folded(double mean) => -Math.Abs(mean);

    /// <summary>Returns the site from the expectations at the folded mean: y η − (y + n) f(η) = −n η − (y + n) f(−η).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SiteExpectation Of(double successes, double failures, double mean, double value, double first, double second)
    {
        double trials = successes + failures;
        return mean > 0
            ? new SiteExpectation((-failures * mean) - (trials * value), (trials * first) - failures, trials * second)
            : new SiteExpectation((successes * mean) - (trials * value), successes - (trials * first), trials * second);
    }
}
