namespace VariationalInference;

/// <summary>Whether variances are learned, and how many different ones there are; see <see cref="VariationalEmOptions.NoiseVariances"/>.</summary>
public enum VarianceLearning
{
    /// <summary>They keep the values of the model that learning starts from.</summary>
    Fixed,

    /// <summary>One variance for all.</summary>
    Shared,

    /// <summary>A variance for each.</summary>
    Each,
}
