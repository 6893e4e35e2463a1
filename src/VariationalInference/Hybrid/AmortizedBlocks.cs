using System.Collections.Immutable;
using System.Runtime.CompilerServices;

namespace VariationalInference;

/// <summary>The blocks of complete rows and of those with missing cells, each made when it is first met.</summary>
/// <remarks>
/// The model decides how many of its posteriors' shapes it keeps; a block lives as long as its shape, so that a table with endless patterns
/// of missing cells stays small.
/// <threadsafety>Safe to share.</threadsafety>
/// </remarks>
internal sealed class AmortizedBlocks
{
    private readonly ConditionalWeakTable<SharedShape, AmortizedBlock> _incomplete = [];
    private readonly ConditionalWeakTable<SharedShape, AmortizedBlock>.CreateValueCallback _create;

    public AmortizedBlocks(LinearGaussianModel model, ImmutableArray<int> amortized)
    {
        Structure = model.Structure;
        Complete = new AmortizedBlock(Structure.Complete, amortized);
        _create = shape => new AmortizedBlock(shape, amortized);
    }

    public LoadingStructure Structure { get; }

    /// <summary>Gets the block of complete rows. No other has a larger rank.</summary>
    public AmortizedBlock Complete { get; }

    /// <summary>Returns the block of a row from the shape of its posterior.</summary>
    public AmortizedBlock Of(SharedShape shape) =>
        ReferenceEquals(shape, Complete.Shape) ? Complete : _incomplete.GetValue(shape, _create);
}
