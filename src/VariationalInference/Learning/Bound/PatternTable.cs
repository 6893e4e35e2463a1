namespace VariationalInference;

/// <summary>Blocks as rows of all cells, zero where they are missing.</summary>
internal sealed class PatternTable
{
    /// <summary>From this many patterns on it pays to share what they have in common.</summary>
    private const int Fewest = 16;

    private readonly double[][] _rows;
    private readonly int[][] _missing;

    private PatternTable(IReadOnlyList<LearningBlock> blocks, int observations)
    {
        Blocks = blocks;
        _rows = new double[blocks.Count][];
        _missing = new int[blocks.Count][];
        for (int b = 0; b < blocks.Count; b++)
        {
            LearningBlock block = blocks[b];
            var rows = new double[(block.Rank + 1) * observations];
            var isObserved = new bool[observations];
            for (int i = 0; i < block.Size; i++)
            {
                isObserved[block.Observed[i]] = true;
                rows[block.Observed[i]] = block.Mean[i];
                for (int c = 0; c < block.Rank; c++)
                {
                    rows[((c + 1) * observations) + block.Observed[i]] = block.Root[(c * block.Size) + i];
                }
            }

            _rows[b] = rows;
            _missing[b] = [.. Enumerable.Range(0, observations).Where(k => !isObserved[k])];
        }
    }

    public IReadOnlyList<LearningBlock> Blocks { get; }

    /// <summary>Returns the table of blocks that have no loadings or weights of their own, or null where they are few.</summary>
    public static PatternTable? Of(IReadOnlyList<LearningBlock> blocks, int observations) =>
        blocks.Count >= Fewest && blocks.All(block => block.Loadings is null && block.Weight == 1 && block.NoiseCells == 0)
            ? new PatternTable(blocks, observations)
            : null;

    /// <summary>Returns the mean of a block, or a row of its root from 1 on, length K.</summary>
    public ReadOnlySpan<double> Row(int block, int row, int observations) => _rows[block].AsSpan(row * observations, observations);

    /// <summary>Returns the observations that a block does not have.</summary>
    public int[] Missing(int block) => _missing[block];
}
