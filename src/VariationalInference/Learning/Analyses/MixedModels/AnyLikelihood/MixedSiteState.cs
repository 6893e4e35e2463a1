using System.Numerics.Tensors;

namespace VariationalInference;

/// <summary>A Gaussian posterior of all random effects, by its means and the precisions of the sites that give its covariance, and the fixed effects beside it.</summary>
/// <param name="precisions">The sites' precisions, one a row.</param>
/// <param name="first">The means of the largest factor's whitened effects, level by level.</param>
/// <param name="rest">Those of the other factors.</param>
/// <param name="effects">The fixed effects.</param>
internal sealed class MixedSiteState(double[] precisions, double[] first, double[] rest, double[] effects)
{
    public double[] Precisions { get; } = precisions;

    public double[] First { get; } = first;

    public double[] Rest { get; } = rest;

    public double[] Effects { get; } = effects;

    public MixedSiteState Copy() => new([.. Precisions], [.. First], [.. Rest], [.. Effects]);

    /// <summary>Goes a part of a change from another state.</summary>
    public void MoveFrom(MixedSiteState other, MixedSiteState change, double length)
    {
        TensorPrimitives.MultiplyAdd(change.Precisions, length, other.Precisions, Precisions);
        TensorPrimitives.MultiplyAdd(change.First, length, other.First, First);
        TensorPrimitives.MultiplyAdd(change.Rest, length, other.Rest, Rest);
        TensorPrimitives.MultiplyAdd(change.Effects, length, other.Effects, Effects);
    }

    public void CopyTo(MixedSiteState other)
    {
        Precisions.CopyTo(other.Precisions, 0);
        First.CopyTo(other.First, 0);
        Rest.CopyTo(other.Rest, 0);
        Effects.CopyTo(other.Effects, 0);
    }
}
