namespace VariationalInference;

/// <summary>One row of a minibatch.</summary>
internal readonly record struct RowReference<TRows>(TRows Rows, int Index)
    where TRows : ITrainingRows
{
    /// <summary>Gets the row's number among all training rows, counted from 0 in the order in which they are read.</summary>
    public long Number => Rows.First + Index;
}
