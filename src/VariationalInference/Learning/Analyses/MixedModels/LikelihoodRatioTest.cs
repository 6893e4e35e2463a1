using System.Text.Json.Serialization;
using MathNet.Numerics;

namespace VariationalInference;

/// <summary>The likelihood-ratio test of a mixed model against a larger one that it is nested in.</summary>
/// <remarks>
/// Twice the difference of the log likelihoods is compared with χ². Where the smaller model puts variances to zero, which is a boundary, the p-value is
/// too large (by a factor of 2 for one variance), so that the test errs on the safe side.
/// <threadsafety>Immutable, hence safe to share.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp">
/// double[] growth = [1.1, 2.0, 2.9, 4.2, 0.8, 2.4, 4.1, 5.8, 1.0, 1.4, 2.1, 2.4];
/// double[] week = [0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3];
/// string[] plant = ["a", "a", "a", "a", "b", "b", "b", "b", "c", "c", "c", "c"];
/// MixedModel model = new MixedModel("growth", growth).Random("plant", plant);
/// LikelihoodRatioTest test = LikelihoodRatioTest.Of(model.Fit(), model.Fixed("week", week).Fit());
/// Console.WriteLine(test);   // chi-square …, 1 degree of freedom, p = …
/// </code>
/// </example>
[JsonConverter(typeof(ResultJsonConverter))]
public sealed class LikelihoodRatioTest
{
    private const double Dependent = 1e-9;

    private LikelihoodRatioTest(double chiSquare, int degreesOfFreedom)
    {
        ChiSquare = chiSquare;
        DegreesOfFreedom = degreesOfFreedom;
        PValue = chiSquare > 0 ? SpecialFunctions.GammaUpperRegularized(degreesOfFreedom / 2.0, chiSquare / 2) : 1;
    }

    /// <summary>Gets twice the difference of the log likelihoods.</summary>
    public double ChiSquare { get; }

    /// <summary>Gets the difference of the numbers of parameters.</summary>
    public int DegreesOfFreedom { get; }

    /// <summary>Gets the probability of a difference at least as large if the smaller model holds.</summary>
    public double PValue { get; }

    /// <summary>Tests a model against a larger one.</summary>
    /// <param name="smaller">The smaller model's fit.</param>
    /// <param name="larger">The larger model's fit, to the same responses and by the same likelihood.</param>
    /// <returns>The test.</returns>
    /// <exception cref="ArgumentException">
    /// A fit has not converged, the responses or weights differ, one is fitted by REML and the other is not, both are but have different fixed columns, the smaller model is not
    /// nested in the larger, or both have as many parameters.
    /// </exception>
    public static LikelihoodRatioTest Of(MixedModelFit smaller, MixedModelFit larger)
    {
        ArgumentNullException.ThrowIfNull(smaller);
        ArgumentNullException.ThrowIfNull(larger);
        void Require(bool condition, string fault)
        {
            if (!condition)
            {
                throw new ArgumentException($"{nameof(larger)} {fault}.", nameof(larger));
            }
        }

        Require(
            smaller.Model.Response.SequenceEqual(larger.Model.Response) && smaller.Model.Weights.SequenceEqual(larger.Model.Weights),
            "has other responses or weights than smaller; they must be the same");
        RequireConverged(smaller, nameof(smaller));
        RequireConverged(larger, nameof(larger));
        Require(
            smaller.Options.Restricted == larger.Options.Restricted,
            "is fitted by another likelihood than smaller; both must be by maximum likelihood or both by REML");
        bool isFixedNested = IsNested(smaller.Estimate.Design, larger.Estimate.Design);
        Require(
            !larger.Options.Restricted || HaveSameColumns(smaller.Model, larger.Model),
            "has other fixed effects than smaller, and restricted likelihoods of different fixed effects cannot be compared; fit both by maximum likelihood");
        Require(isFixedNested, "lacks fixed effects of smaller; it must have them all");
        Require(AreTermsNested(smaller.Model, larger.Model), "lacks random effects of smaller; it must have them all");
        int degrees = larger.ParameterCount - smaller.ParameterCount;
        Require(degrees > 0, Guard.Text($"has {larger.ParameterCount} parameters; it must have more than smaller, which has {smaller.ParameterCount}"));
        return new LikelihoodRatioTest(Math.Max(0, 2 * (larger.LogLikelihood - smaller.LogLikelihood)), degrees);
    }

    /// <summary>Sums up the test in one line.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => Guard.Text(
        $"chi-square {ChiSquare:G5}, {DegreesOfFreedom} {(DegreesOfFreedom == 1 ? "degree" : "degrees")} of freedom, p = {PValue:G3}");

    private static void RequireConverged(MixedModelFit fit, string name)
    {
        if (!fit.Converged)
        {
            throw new ArgumentException(
                $"{name} {(fit.IsUnbounded ? "has a likelihood without limit" : "has not converged")}; both must be at their maxima.", name);
        }
    }

    /// <summary>Tells whether two models have the same fixed columns: restricted likelihoods depend on their units, too.</summary>
    private static bool HaveSameColumns(MixedModel smaller, MixedModel larger) => smaller.Columns.Length == larger.Columns.Length
        && smaller.Columns.All(column => larger.Columns.Any(other => (column.Values is null) == (other.Values is null)
            && (column.Values ?? []).SequenceEqual(other.Values ?? [])));

    /// <summary>Tells whether each fixed column of one model is a combination of another's.</summary>
    private static bool IsNested(MixedDesign smaller, MixedDesign larger)
    {
        var basis = new List<double[]>();
        double Reduce(double[] column)
        {
            for (int pass = 0; pass < 2; pass++)
            {
                foreach (double[] axis in basis)
                {
                    ShortVectors.Subtract(axis, ShortVectors.Dot(axis, column), column);
                }
            }

            return Math.Sqrt(ShortVectors.SquaredNorm(column));
        }

        foreach (double[] column in larger.Fixed)
        {
            double[] values = [.. column];
            double rest = Reduce(values);
            basis.Add([.. values.Select(value => value / rest)]);
        }

        return smaller.Fixed.All(column => Reduce([.. column]) <= Dependent * Math.Sqrt(ShortVectors.SquaredNorm(column)));
    }

    /// <summary>Tells whether each term's effects vary in one term of the larger model, between the same groups.</summary>
    private static bool AreTermsNested(MixedModel smaller, MixedModel larger) => smaller.Terms.All(term => larger.Terms.Any(other =>
        other.Codes.SequenceEqual(term.Codes)
        && term.Effects.All(effect => other.Effects.Any(same => same.Name == effect.Name
            && (same.Values is null) == (effect.Values is null) && (same.Values ?? []).SequenceEqual(effect.Values ?? [])))));
}
