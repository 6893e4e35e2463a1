namespace VariationalInference;

/// <summary>Chooses among the forms of a precision.</summary>
internal static class PrecisionForm
{
    /// <summary>From this norm of B on, its rounding may count for 1e-8 of what it leaves open.</summary>
    private const double LargestNorm = 1e4;

    /// <summary>So many multiplications in twice the precision take a quarter of a second.</summary>
    private const double MostWork = 2e7;

    /// <summary>Returns the cheapest form that is good enough: of one row and independent priors a rank-one correction, O(J).</summary>
    public static WhitenedPrecision Of(WhitenedLoadings loadings, GaussianPrior prior)
    {
        double work = ((double)loadings.Rank + loadings.LatentCount) * loadings.LatentCount * loadings.LatentCount;
        return 0 switch
        {
            _ when MayBeExtended(loadings) && work <= MostWork => new ExtendedPrecision(loadings, prior),
            _ when loadings.Rank == 1 && prior.IsIndependent => new RankOnePrecision(loadings, prior),
            _ => new FactoredPrecision(loadings, prior),
        };
    }

    /// <summary>Returns whether some rows of B, or all, may have an <see cref="ExtendedPrecision"/>.</summary>
    public static bool MayBeExtended(WhitenedLoadings loadings) => loadings.FrobeniusNorm > LargestNorm && loadings.HasLowDigits;
}
