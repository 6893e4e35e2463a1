namespace VariationalInference;

/// <summary>Where a pass over a table writes; a null pointer is not written to.</summary>
internal unsafe struct TableOutputs
{
    public double* Means;
    public double* Variances;
    public double* MeanFieldVariances;
    public double* ErrorBounds;
    public double* Elbos;
    public double* LogEvidences;

    /// <summary>Whether the rows that have missing cells are to be listed.</summary>
    public bool ListsIncompleteRows;

    /// <summary>Gets a value indicating whether variances of either kind are wanted.</summary>
    public readonly bool HasVariances => Variances != null || MeanFieldVariances != null;

    public readonly bool NeedsEachRow => Elbos != null || LogEvidences != null;

    public static void Write(double* destination, int row, double value)
    {
        if (destination != null)
        {
            destination[row] = value;
        }
    }
}
