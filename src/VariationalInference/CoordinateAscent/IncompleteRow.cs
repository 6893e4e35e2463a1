namespace VariationalInference;

/// <summary>A row of a table that has missing cells. Rows are ordered by their index.</summary>
internal readonly record struct IncompleteRow(int Index, MissingPattern Pattern) : IComparable<IncompleteRow>
{
    public int CompareTo(IncompleteRow other) => Index.CompareTo(other.Index);
}
