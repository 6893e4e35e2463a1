using System.Collections.Immutable;

namespace VariationalInference;

/// <summary>A column of cells, as learning sees it: its likelihood, and which of the likelihood's parameters are learned.</summary>
/// <param name="Likelihood">The likelihood to start from.</param>
/// <param name="Learned">The places of the learned ones among its parameters.</param>
internal sealed record SiteColumn(Likelihood Likelihood, int[] Learned)
{
    /// <summary>Gets the parameters of the likelihood to start from.</summary>
    public ImmutableArray<LikelihoodParameter> Parameters { get; } = Likelihood.Parameters;

    /// <summary>Returns a column all of whose parameters are learned.</summary>
    public static SiteColumn Of(Likelihood likelihood) => new(likelihood, [.. Enumerable.Range(0, likelihood.Parameters.Length)]);

    /// <summary>Returns where the learned parameters are on their scales without ends.</summary>
    public double[] Places() => [.. Learned.Select(i => FreeParameter.Of(Parameters[i]))];

    /// <summary>Returns the likelihood at other places, and the slopes of its parameters there; null where one is at an end of its range.</summary>
    public Likelihood? At(ReadOnlySpan<double> places, Span<double> slopes)
    {
        if (Learned.Length == 0)
        {
            return Likelihood;
        }

        double[] values = [.. Parameters.Select(parameter => parameter.Value)];
        for (int i = 0; i < Learned.Length; i++)
        {
            LikelihoodParameter parameter = Parameters[Learned[i]];
            (values[Learned[i]], slopes[i]) = FreeParameter.At(parameter, places[i]);
            if (!(values[Learned[i]] > parameter.Lower && values[Learned[i]] < parameter.Upper && double.IsFinite(values[Learned[i]])))
            {
                return null;
            }
        }

        return Likelihood.WithParameters(values);
    }
}
