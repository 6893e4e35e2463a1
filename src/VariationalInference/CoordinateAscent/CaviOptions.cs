namespace VariationalInference;

/// <summary>When coordinate ascent stops. Every rule that is set is checked after each sweep; the first to hold stops the run.</summary>
public sealed class CaviOptions
{
    /// <summary>
    /// Gets the tolerance on <see cref="CaviResult.ErrorBound"/>: the largest error of a mean, in that latent's exact posterior standard
    /// deviations, that counts as converged. Range: at least 0; 0 never stops a run.
    /// </summary>
    /// <value>The default is 1e-8.</value>
    public double Tolerance
    {
        get;
        init
        {
            Guard.NonNegative(value, nameof(Tolerance));
            field = value;
        }
    } = 1e-8;

    /// <summary>
    /// Gets the first stop of section 4.4: the largest change of a mean in one sweep, in mean-field standard deviations 1/√Λ_jj. A small
    /// change does not mean a small error; <see cref="CaviResult.Converged"/> still tells. Range: positive.
    /// </summary>
    /// <value>The default is <see langword="null"/>: not used.</value>
    public double? MeanChangeTolerance
    {
        get;
        init
        {
            if (value is double tolerance)
            {
                Guard.Positive(tolerance, nameof(MeanChangeTolerance));
            }

            field = value;
        }
    }

    /// <summary>Gets the second stop of section 4.4: the growth of the ELBO in one sweep, in nats. Range: at least 0.</summary>
    /// <value>The default is <see langword="null"/>: not used.</value>
    public double? ElboTolerance
    {
        get;
        init
        {
            if (value is double tolerance)
            {
                Guard.NonNegative(tolerance, nameof(ElboTolerance));
            }

            field = value;
        }
    }

    /// <summary>Gets the largest number of sweeps; one sweep updates each latent once. Range: at least 1.</summary>
    /// <value>The default is 100,000.</value>
    public int MaxSweeps
    {
        get;
        init
        {
            Guard.AtLeast(value, 1, nameof(MaxSweeps));
            field = value;
        }
    } = 100_000;
}
