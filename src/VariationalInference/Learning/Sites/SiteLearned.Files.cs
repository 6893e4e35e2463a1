using System.Collections.Immutable;

namespace VariationalInference;

/// <content>As a part of files.</content>
internal sealed partial class SiteLearned : ISaved<SiteLearned>
{
    static string ISaved<SiteLearned>.Kind => "site_learned";

    void ISaved<SiteLearned>.Write(ModelState state)
    {
        state.AddFlag("shares_loadings", Parameters.SharesLoadings);
        LikelihoodFile.Write(state, [.. Parameters.Columns.Select(column => column.Likelihood)]);
        state.AddWholeNumbers("learned_counts", Parameters.Columns.Select(column => column.Learned.Length));
        state.AddWholeNumbers("learned_places", Parameters.Columns.SelectMany(column => column.Learned));
        state.Add("parameters", Theta);
        state.AddPart("states", States);
        state.AddWholeNumbers("state_of_row", Places);
        state.AddNumber("elbo", Elbo);
        state.Add("elbo_trace", ElboTrace.AsSpan());
        state.AddMember("stop_reason", StopReason);
        state.AddNumber("distance", Distance);
        state.AddPart("covariance", Covariance);
    }

    static SiteLearned ISaved<SiteLearned>.Read(ModelState state)
    {
        double[] theta = [.. state.Vector("parameters")];
        var states = state.ReadPart<RowStates>("states");
        SiteParameters parameters = ReadParameters(state, states.Latents, theta.Length);
        ImmutableArray<int> places = state.WholeNumbers("state_of_row", least: 0);
        if (places.Any(place => place >= states[0].Length))
        {
            throw new FormatException(Guard.Text($"state_of_row has a place beyond the {states[0].Length} states; it must be below."));
        }

        var covariance = state.ReadPart<SiteCovariance>("covariance");
        if (covariance.Count != theta.Length)
        {
            throw new FormatException(Guard.Text($"covariance is of {covariance.Count} parameters; it must be of {theta.Length}."));
        }

        return new SiteLearned
        {
            Parameters = parameters,
            Places = [.. places],
            Theta = theta,
            Point = parameters.At(theta) ?? throw new FormatException("parameters have one that is outside its range, or not finite."),
            States = states,
            Elbo = state.FiniteNumber("elbo"),
            ElboTrace = state.Vector("elbo_trace"),
            StopReason = state.Member<StopReason>("stop_reason"),
            Distance = state.Number("distance"),
            Covariance = covariance,
        };
    }

    /// <summary>Reads what is learned of the columns; nothing is made that the parameters are too few for.</summary>
    private static SiteParameters ReadParameters(ModelState state, int latents, int count)
    {
        Likelihood[] likelihoods = LikelihoodFile.Read(state, own: []);
        ImmutableArray<int> counts = state.WholeNumbers("learned_counts", least: 0, likelihoods.Length);
        var places = new Queue<int>(state.WholeNumbers("learned_places", least: 0));
        bool shared = state.Flag("shares_loadings");
        long learned = counts.Sum(own => (long)own), needed = likelihoods.Length + learned + (shared ? latents : (long)latents * likelihoods.Length);
        if (likelihoods.Length == 0 || learned != places.Count || needed != count || (shared && latents > 1))
        {
            throw new FormatException(
                Guard.Text($"parameters have {count} elements for {likelihoods.Length} columns and {latents} latents, and learned_places {places.Count}; they must have {needed} and {learned}."));
        }

        var columns = new SiteColumn[likelihoods.Length];
        for (int k = 0; k < columns.Length; k++)
        {
            int[] own = [.. Enumerable.Range(0, counts[k]).Select(_ => places.Dequeue())];
            if (own.Any(place => place >= likelihoods[k].Parameters.Length) || own.Distinct().Count() < own.Length)
            {
                throw new FormatException(Guard.Text($"learned_places of column {k} are not among the parameters of its likelihood; they must be, each once."));
            }

            columns[k] = new SiteColumn(likelihoods[k], own);
        }

        return SiteParameters.Of(columns, latents, shared);
    }
}
