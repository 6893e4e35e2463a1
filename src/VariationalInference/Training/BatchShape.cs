namespace VariationalInference;

/// <summary>How a minibatch is cut into shards: by its size alone, so that results do not depend on the number of threads.</summary>
/// <param name="Rows">The number of rows in a full minibatch.</param>
/// <param name="ShardRows">The number of rows in a full shard.</param>
/// <param name="Shards">The number of shards in a full minibatch.</param>
internal readonly record struct BatchShape(int Rows, int ShardRows, int Shards)
{
    private const int PreferredShards = 4;
    private const int SmallestShard = 128;
    private const int LargestShard = 512;

    /// <param name="rows">The number of training rows.</param>
    /// <param name="batchSize">The largest number of rows in a minibatch.</param>
    public static BatchShape Of(long rows, int batchSize)
    {
        int batch = (int)Math.Min(batchSize, rows);
        int shardRows = Math.Clamp(batch / PreferredShards, SmallestShard, LargestShard);
        return new BatchShape(batch, shardRows, ((batch - 1) / shardRows) + 1);
    }
}
