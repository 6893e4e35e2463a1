using System.Collections.Immutable;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <content>Saving and loading, as a part of a model.</content>
public sealed partial class GaussianPrior : ISaved<GaussianPrior>
{
    static string ISaved<GaussianPrior>.Kind => "gaussian_prior";

    /// <summary>Adds means and variances and, of correlated latents, each block's first latent and covariance, one that is shared once.</summary>
    void ISaved<GaussianPrior>.Write(ModelState state)
    {
        state.Add("means", Means.AsSpan());
        state.Add("variances", Variances.AsSpan());
        PriorFactor[] factors = [.. _blocks.Select(block => block.Factor).Distinct()];
        var places = factors.Select((factor, i) => (factor, i)).ToDictionary(item => item.factor, item => item.i);
        state.AddWholeNumbers("block_starts", _blocks.Select(block => block.First));
        state.AddWholeNumbers("block_covariances", _blocks.Select(block => places[block.Factor]));
        state.AddWholeNumbers("covariance_sizes", factors.Select(factor => factor.Size));
        state.Add("covariances", [.. factors.SelectMany(factor => Enumerable.Range(0, factor.Size * factor.Size)
            .Select(i => factor.Covariance(i / factor.Size, i % factor.Size)))]);
    }

    static GaussianPrior ISaved<GaussianPrior>.Read(ModelState state)
    {
        ImmutableArray<double> means = state.Vector("means");
        ImmutableArray<double> variances = state.Vector("variances", means.Length);
        ImmutableArray<int> starts = state.WholeNumbers("block_starts", least: 0);
        ImmutableArray<int> places = state.WholeNumbers("block_covariances", least: 0, starts.Length);
        PriorFactor[] factors = ReadFactors(state);
        if (starts.IsEmpty)
        {
            return new GaussianPrior(means.AsSpan(), variances.AsSpan(), "means", "variances");
        }

        // What stands inside blocks is not read, but must be the covariances' diagonal to be saved again.
        Guard.AllFinite(means.AsSpan(), "means");
        Guard.AllPositive(variances.AsSpan(), "variances");
        var blocks = new PriorBlock[starts.Length];
        int end = 0;
        for (int b = 0; b < blocks.Length; b++)
        {
            if (places[b] >= factors.Length || starts[b] < end || starts[b] > means.Length - factors[places[b]].Size)
            {
                throw new FormatException(
                    Guard.Text($"block {b} begins at latent {starts[b]} with covariance {places[b]}; blocks must follow one another within the {means.Length} latents, with one of the {factors.Length} covariances."));
            }

            blocks[b] = new PriorBlock(starts[b], factors[places[b]]);
            end = starts[b] + blocks[b].Size;
        }

        return new GaussianPrior(means, [.. variances], blocks);
    }

    private static PriorFactor[] ReadFactors(ModelState state)
    {
        ImmutableArray<int> sizes = state.WholeNumbers("covariance_sizes", least: 1);
        long count = sizes.Sum(size => (long)size * size);
        ReadOnlySpan<double> covariances = state.Values("covariances");
        if (covariances.Length != count)
        {
            throw new FormatException(Guard.Text($"covariances have {covariances.Length} elements; they must have {count}."));
        }

        var factors = new PriorFactor[sizes.Length];
        for (int i = 0, at = 0; i < factors.Length; at += sizes[i] * sizes[i], i++)
        {
            double[] elements = covariances.Slice(at, sizes[i] * sizes[i]).ToArray();
            factors[i] = PriorFactor.Of(Matrix<double>.Build.DenseOfRowMajor(sizes[i], sizes[i], elements), "covariances");
        }

        return factors;
    }
}
