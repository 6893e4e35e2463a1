using System.Collections.Immutable;

namespace VariationalInference.Testing;

/// <summary>Examines whether a likelihood is what <see cref="Likelihood"/> asks for: everything that it says beside its log density is held against that.</summary>
/// <remarks>
/// <para>
/// Examined are: that the log density is a number, and integrates or sums to one over the values that are accepted; its derivatives, by differences; its
/// expectation under Gaussian predictors, with derivatives, by quadrature; that it is concave where it says so; parameters, their names, ranges, replacement and derivatives; mean,
/// variance and cumulative probability, and the draws. What a likelihood of one's own does not say (<see cref="NotSupportedException"/>) is left out.
/// </para>
/// <para>Put it into a test of a likelihood of your own, with cells such as it will meet.</para>
/// <threadsafety>Stateless, hence safe to share.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp">
/// foreach (string violation in LikelihoodConformance.Check(Likelihood.NegativeBinomial(2.5), [0, 3, 12], sizes: [1, 1, 4.5]))
/// {
///     throw new InvalidOperationException(violation);
/// }
/// </code>
/// </example>
public static class LikelihoodConformance
{
    /// <summary>Examines a likelihood on cells.</summary>
    /// <param name="likelihood">The likelihood.</param>
    /// <param name="values">Values x that it accepts; a few that differ will do.</param>
    /// <param name="sizes">Their trials or exposures; empty for 1 each.</param>
    /// <param name="options">How values are compared; <see langword="null"/> for the defaults.</param>
    /// <returns>What was violated, a sentence each that says what was found and what is allowed; empty for a likelihood that conforms.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="likelihood"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException">There is no value, one is not finite, or sizes are neither empty nor one for each value.</exception>
    public static ImmutableArray<string> Check(
        Likelihood likelihood, ReadOnlySpan<double> values, ReadOnlySpan<double> sizes = default, LikelihoodConformanceOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(likelihood);
        if (values.IsEmpty)
        {
            throw new ArgumentException("values has 0 elements; it must have at least 1.", nameof(values));
        }

        for (int i = 0; i < values.Length; i++)
        {
            if (!double.IsFinite(values[i]))
            {
                throw new ArgumentException(FormattableString.Invariant($"values[{i}] is {values[i]}; it must be finite."), nameof(values));
            }
        }

        if (!sizes.IsEmpty && sizes.Length != values.Length)
        {
            throw new ArgumentException(
                FormattableString.Invariant($"sizes has {sizes.Length} elements; it must have {values.Length}, one for each value, or none."), nameof(sizes));
        }

        return new LikelihoodRun(likelihood, values.ToArray(), sizes.ToArray(), options ?? new LikelihoodConformanceOptions()).Run();
    }
}
