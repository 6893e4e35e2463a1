namespace VariationalInference;

/// <summary>One thread's computation of shards, the fixed parts of a minibatch, one after another. Workers share nothing that they write to, but for what belongs to a row alone.</summary>
internal interface ITrainingWorker<TRows>
    where TRows : ITrainingRows
{
    /// <summary>Computes objective and gradient of a shard; nothing depends on which worker does it.</summary>
    /// <param name="rows">The rows of the shard.</param>
    /// <param name="streamSeed">The seed of all draws.</param>
    /// <param name="gradient">Receives the gradient of the rows' summed objective in all parameters, block after block.</param>
    ShardSums Run(ReadOnlySpan<RowReference<TRows>> rows, int streamSeed, Span<double> gradient);
}

/// <summary>What a shard comes to.</summary>
/// <param name="Objective">The rows' summed objective, larger is better.</param>
/// <param name="Shortfall">What that sum loses by inner work that stops short of its best; 0 when there is none.</param>
internal readonly record struct ShardSums(double Objective, double Shortfall);
