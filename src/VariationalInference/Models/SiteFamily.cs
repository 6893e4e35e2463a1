namespace VariationalInference;

/// <summary>Which Gaussians are fitted to the cells of a row.</summary>
internal enum SiteFamily
{
    /// <summary>Any.</summary>
    FullCovariance,

    /// <summary>Those whose latents are independent of each other.</summary>
    MeanField,
}
