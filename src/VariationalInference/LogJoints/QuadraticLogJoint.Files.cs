using System.Collections.Immutable;

namespace VariationalInference;

/// <content>Saving and loading, as a part of a result.</content>
public sealed partial class QuadraticLogJoint : ISaved<QuadraticLogJoint>
{
    static string ISaved<QuadraticLogJoint>.Kind => "quadratic_log_joint";

    /// <summary>Adds the prior, the whitened loadings B by columns and the whitened observations w, with their digits beyond a double, and the constants.</summary>
    void ISaved<QuadraticLogJoint>.Write(ModelState state)
    {
        state.AddPart("prior", Shape.Prior);
        state.AddNames("latent_names", LatentNames);
        state.Add("whitened_loadings", Shape.Loadings.Columns, LatentCount, Shape.Rank);
        state.Add("whitened_loadings_rests", Shape.Loadings.LowColumns);
        state.Add("whitened_observations", _observations);
        state.Add("observed_count", ObservedCount);
        state.AddNumber("log_normalizer", Shape.LogNormalizer);
        state.AddNumber("unexplained", Row.Unexplained);
        state.AddNumber("whitened_norm", Row.WhitenedNorm);
    }

    static QuadraticLogJoint ISaved<QuadraticLogJoint>.Read(ModelState state)
    {
        var prior = state.ReadPart<GaussianPrior>("prior");
        ImmutableArray<long> shape = state.Shape("whitened_loadings");
        if (shape.Length != 2 || shape[0] != prior.Count || shape[1] < 1)
        {
            throw new FormatException(Guard.Text($"whitened_loadings have the shape {SafeTensors.Show(shape)}; they must have {prior.Count} rows, one for each latent."));
        }

        int rank = (int)shape[1];
        double[] columns = state.Values("whitened_loadings").ToArray();
        double[] rests = state.Values("whitened_loadings_rests").ToArray();
        Guard.AllFinite(columns, "whitened_loadings");
        Guard.AllFinite(rests, "whitened_loadings_rests");
        if (rests.Length != 0 && rests.Length != columns.Length)
        {
            throw new FormatException(Guard.Text($"whitened_loadings_rests have {rests.Length} elements; they must have none, or {columns.Length}."));
        }

        int observed = state.WholeNumber("observed_count");
        Guard.AtLeast(observed, 0, "observed_count");
        var row = new ConditionedRow(
            new SharedShape(new WhitenedLoadings(columns, rank, rests.Length == 0 ? null : rests), prior, observed, state.FiniteNumber("log_normalizer")),
            Guard.NonNegative(state.Number("unexplained"), "unexplained"),
            Guard.NonNegative(state.Number("whitened_norm"), "whitened_norm"));
        double[] observations = [.. state.Vector("whitened_observations", row.Shape.WhitenedLength)];
        Guard.AllFinite(observations, "whitened_observations");
        return new QuadraticLogJoint(row, observations)
        {
            LatentNames = NameList.Of(state.NamesIfAny("latent_names"), prior.Count, "latent_names", "one for each latent"),
        };
    }
}
