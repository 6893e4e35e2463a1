namespace VariationalInference;

/// <summary>How the ascent of a row gets to the optimum.</summary>
internal enum SiteSteps
{
    /// <summary>Steps to what the cells ask for, combined with those before.</summary>
    Mixed,

    /// <summary>Steps to what the cells ask for.</summary>
    Joint,

    /// <summary>One latent after another.</summary>
    Sweeps,
}

/// <summary>How the ascent of a row goes about it and when it stops.</summary>
internal readonly record struct SiteRules
{
    public required SiteSteps Steps { get; init; }

    /// <summary>Gets the largest error of a mean, in posterior standard deviations, that counts as converged.</summary>
    public required double Tolerance { get; init; }

    public required int MaxIterations { get; init; }

    /// <summary>Gets the largest change of a mean, in mean-field standard deviations, that ends a run.</summary>
    public double? MeanChangeTolerance { get; init; }

    /// <summary>Gets the growth of the ELBO that ends a run.</summary>
    public double? ElboChangeTolerance { get; init; }
}
