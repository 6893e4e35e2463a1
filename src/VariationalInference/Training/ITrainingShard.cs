namespace VariationalInference;

/// <summary>One fixed part of a minibatch. Shards share nothing that they write to, but for what belongs to a row alone.</summary>
internal interface ITrainingShard<TRows>
    where TRows : ITrainingRows
{
    /// <summary>Gets the gradient of the rows' summed objective in all parameters, block after block.</summary>
    double[] Gradient { get; }

    /// <summary>Gets the rows' summed objective, larger is better.</summary>
    double Objective { get; }

    /// <summary>Gets what that sum loses by inner work that stops short of its best; 0 when there is none.</summary>
    double Shortfall { get; }

    /// <summary>Computes objective and gradient of some rows.</summary>
    /// <param name="rows">The rows.</param>
    /// <param name="streamSeed">The seed of all draws.</param>
    void Run(ReadOnlySpan<RowReference<TRows>> rows, int streamSeed);
}
