using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace VariationalInference;

/// <summary>What is wrong with a learned model or with the data that it was learned from; see <see cref="LearningWarning"/>.</summary>
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

    /// <summary>A noise variance is at its floor, below which the likelihood would rise further.</summary>
    NoiseVarianceAtFloor,

    /// <summary>A result has lost digits to rounding; the message says how many, or what would keep them.</summary>
    DigitsLost,

    /// <summary>Two components explain as much as each other, and which of them is kept is arbitrary.</summary>
    ArbitraryComponent,

    /// <summary>The covariance of a mixed model's random effects is singular: a correlation is at its boundary, −1 or 1.</summary>
    SingularCovariance,

    /// <summary>A loading, or a parameter of a likelihood, grows without limit: the data set no end to it.</summary>
    UnlimitedParameter,
}

/// <summary>One thing that is wrong with a learned model or with its data.</summary>
/// <remarks>
/// One of <see cref="VariationalEmResult.Warnings"/>.
/// <threadsafety>Immutable, hence safe to share.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp"><![CDATA[
/// // The second column is the first once more: its noise variance goes to zero.
/// var table = Matrix<double>.Build.DenseOfRowArrays([1.0, 1.0, 0.2], [2.0, 2.0, 0.1], [4.0, 4.0, 0.5], [3.0, 3.0, 0.9], [0.5, 0.5, 0.4]);
/// FactorAnalysis analysis = FactorAnalysis.Learn(SufficientStatistics.Of(table), factorCount: 1);
/// LearningWarning first = analysis.Fit.Warnings[0];
/// Console.WriteLine($"{first.Kind}: {first}");   // HeywoodCase: …
/// ]]></code>
/// </example>
[JsonConverter(typeof(ResultJsonConverter))]
public sealed class LearningWarning
{
    internal LearningWarning(LearningWarningKind kind, string message, ImmutableArray<int> indices)
    {
        Kind = kind;
        Message = message;
        Indices = indices;
    }

    /// <summary>Gets what it is.</summary>
    public LearningWarningKind Kind { get; }

    /// <summary>Gets the same in words, with the names and numbers that it concerns.</summary>
    public string Message { get; }

    /// <summary>Gets the observations or latents concerned, counted from 0; empty where it concerns the whole.</summary>
    public ImmutableArray<int> Indices { get; }

    /// <summary>Returns the message.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => Message;
}
