namespace VariationalInference;

/// <summary>
/// What a <see cref="CaviTable"/> is to tell of each row beside its posterior. Each costs time and memory of its own; for ELBOs and log evidences rows are
/// solved one by one, so that means may differ in their last bits from those of a table without them.
/// </summary>
[Flags]
public enum CaviOutputs
{
    /// <summary>Nothing more: the means, the exact variances, and the largest error bound of the table.</summary>
    None = 0,

    /// <summary>The error bound of each row.</summary>
    ErrorBounds = 1,

    /// <summary>The ELBO of each row.</summary>
    Elbos = 2,

    /// <summary>The exact log evidence of each row.</summary>
    LogEvidences = 4,

    /// <summary>Everything.</summary>
    All = ErrorBounds | Elbos | LogEvidences,
}
