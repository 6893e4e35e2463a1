using System.Collections.Immutable;

namespace VariationalInference;

/// <summary>What is wrong with a learned model or with the data that it was learned from.</summary>
public enum LearningWarningKind
{
    /// <summary>A noise variance is at its boundary, 0.</summary>
    NoiseVarianceAtZero,

    /// <summary>A prior variance is at its boundary, 0: the latent does nothing but shift the mean.</summary>
    PriorVarianceAtZero,

    /// <summary>With free loadings, the noise variance of an observation is at 0: the latents explain the observation entirely.</summary>
    HeywoodCase,

    /// <summary>The data cannot tell parameters apart: others give the same likelihood.</summary>
    Unidentified,

    /// <summary>There are too few rows for so many latents.</summary>
    TooFewRows,

    /// <summary>A column is constant, and free loadings would explain it with a noise variance of zero: it was left out.</summary>
    ConstantColumn,

    /// <summary>A column has no cells: it was left out, and what it shares with no other column keeps the value of the start.</summary>
    EmptyColumn,
}

/// <summary>One thing that is wrong.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Message">The same in words, with the names and numbers that it concerns.</param>
/// <param name="Indices">The observations or latents concerned, counted from 0; empty where it concerns the whole.</param>
public sealed record LearningWarning(LearningWarningKind Kind, string Message, ImmutableArray<int> Indices)
{
    /// <summary>Returns the message.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => Message;
}
