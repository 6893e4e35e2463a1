namespace VariationalInference;

/// <summary>How a predictor becomes the probability of a success.</summary>
public enum BinaryLink
{
    /// <summary>1/(1 + e^−η): the predictor is the logarithm of the odds.</summary>
    Logit,

    /// <summary>Φ(η), the standard normal distribution function.</summary>
    Probit,
}
