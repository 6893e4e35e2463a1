namespace VariationalInference;

/// <summary>What a shard of a table's rows came to.</summary>
internal struct ShardOutcome
{
    public double LargestErrorBound;
    public int UnconvergedRowCount;

    /// <summary>The rows with missing cells, in order; null when there are none or nobody asked.</summary>
    public List<IncompleteRow>? IncompleteRows;

    /// <summary>What is wrong with the shard's first bad row, at which its work stopped.</summary>
    public Exception? Failure;

    /// <summary>Whether the work stopped because it was cancelled.</summary>
    public bool IsCancelled;

    public void Add(double errorBound, double tolerance)
    {
        LargestErrorBound = Math.Max(LargestErrorBound, errorBound);
        UnconvergedRowCount += errorBound <= tolerance ? 0 : 1;
    }
}

/// <summary>A row of a table that has missing cells. Rows are ordered by their index.</summary>
internal readonly record struct IncompleteRow(int Index, MissingPattern Pattern) : IComparable<IncompleteRow>
{
    public int CompareTo(IncompleteRow other) => Index.CompareTo(other.Index);
}
