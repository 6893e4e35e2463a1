using System.Collections.Concurrent;

namespace VariationalInference;

/// <summary>
/// Blocks cut into shards of about the same work, whose sums are put together in the order of the shards: any number of threads gives the
/// same bits.
/// </summary>
internal sealed class BlockShards
{
    private const int MostShards = 32;

    /// <summary>Multiplications that are worth handing to another thread: some tens of microseconds.</summary>
    private const double LeastWork = 1e5;

    private readonly IReadOnlyList<LearningBlock> _blocks;
    private readonly int _latents;
    private readonly int _maxThreads;
    private readonly int[] _ends;
    private readonly ConcurrentBag<BlockAlgebra> _algebra = [];

    public BlockShards(IReadOnlyList<LearningBlock> blocks, int latents, int maxThreads)
    {
        _blocks = blocks;
        _latents = latents;
        _maxThreads = maxThreads;
        double total = blocks.Sum(Work), done = 0;
        int count = (int)Math.Clamp(total / LeastWork, 1, Math.Min(MostShards, Math.Max(blocks.Count, 1)));
        _ends = new int[count];
        for (int i = 0, shard = 0; i < blocks.Count; i++)
        {
            done += Work(blocks[i]);
            while (shard < count && done >= total * (shard + 1) / count)
            {
                _ends[shard++] = i + 1;
            }
        }

        _ends[^1] = blocks.Count;
    }

    public int Count => _ends.Length;

    /// <summary>Does something with every shard.</summary>
    /// <param name="visit">Called with the shard, its first block, and the end of its blocks.</param>
    public void ForEach(Action<int, int, int> visit) =>
        ThreadTeam.For(_maxThreads, Count, shard => visit(shard, First(shard), _ends[shard]));

    /// <summary>Takes memory for a shard to work in.</summary>
    public BlockAlgebra Rent() => _algebra.TryTake(out BlockAlgebra? known)
        ? known
        : new BlockAlgebra(_blocks.Max(block => block.Size), _blocks.Max(block => block.Rank), _latents);

    /// <summary>Gives the memory back.</summary>
    public void Return(BlockAlgebra algebra) => _algebra.Add(algebra);

    private int First(int shard) => shard == 0 ? 0 : _ends[shard - 1];

    private double Work(LearningBlock block) => (block.Size + _latents) * (double)_latents * (_latents + (2.0 * (block.Rank + 1)) + 4);
}
