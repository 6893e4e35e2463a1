using System.Numerics.Tensors;

namespace VariationalInference;

/// <summary>
/// The orthogonal reduction A = QR of a tall matrix, one column after another, by Householder's reflections; its memory serves one matrix
/// after another.
/// </summary>
/// <remarks>
/// Columns are contiguous. A row keeps its own digits, however much smaller than others it is, where rows are sorted by size, largest first
/// (Powell and Reid, 1969; Cox and Higham, 1998).
/// </remarks>
internal sealed class OrthogonalReduction(int rowCapacity, int columnCapacity)
{
    // Reflection j is I − f_j v_j v_jᵀ with v_j in rows j and below of column j; above them stands R, its diagonal apart.
    private readonly double[] _columns = new double[rowCapacity * columnCapacity];
    private readonly double[] _factors = new double[columnCapacity];
    private readonly double[] _diagonal = new double[columnCapacity];

    public int Rows { get; private set; }

    /// <summary>Gets the number of columns so far.</summary>
    public int Count { get; private set; }

    /// <summary>Gets the column to come, to be filled in.</summary>
    public Span<double> Pending => Column(Count);

    public void Begin(int rows)
    {
        Rows = rows;
        Count = 0;
    }

    /// <summary>Gets element (i, j), i ≤ j, of R.</summary>
    public double this[int i, int j] => i == j ? _diagonal[j] : Column(j)[i];

    /// <summary>Applies the reflections so far to the pending column.</summary>
    /// <returns>The norm of what the columns so far leave of it.</returns>
    public double Reduce()
    {
        Span<double> column = Pending;
        Rotate(column);
        return TensorPrimitives.Norm<double>(column[Count..]);
    }

    /// <summary>Takes the pending column, which has been reduced to a norm.</summary>
    public void Accept(double norm)
    {
        Span<double> vector = Pending[Count..];
        _diagonal[Count] = vector[0] > 0 ? -norm : norm;
        double head = vector[0] - _diagonal[Count];
        vector[0] = head;

        // vᵀv = 2 norm (norm + |x₀|), which is 2 norm |v₀|.
        _factors[Count] = norm > 0 ? 1 / (norm * Math.Abs(head)) : 0;
        Count++;
    }

    /// <summary>Replaces x by Qᵀx.</summary>
    public void Rotate(Span<double> x)
    {
        for (int j = 0; j < Count; j++)
        {
            Reflect(j, x);
        }
    }

    /// <summary>Writes column k of Q.</summary>
    public void WriteBasis(int k, Span<double> x)
    {
        x.Clear();
        x[k] = 1;
        for (int j = Math.Min(k, Count - 1); j >= 0; j--)
        {
            Reflect(j, x);
        }
    }

    /// <summary>Replaces x by R⁻¹x.</summary>
    public void Solve(Span<double> x)
    {
        for (int j = Count - 1; j >= 0; j--)
        {
            x[j] /= _diagonal[j];
            Span<double> head = x[..j];
            TensorPrimitives.MultiplyAdd(Column(j)[..j], -x[j], head, head);
        }
    }

    /// <summary>Replaces x by R⁻ᵀx.</summary>
    public void SolveTransposed(Span<double> x)
    {
        for (int j = 0; j < Count; j++)
        {
            x[j] = (x[j] - TensorPrimitives.Dot<double>(Column(j)[..j], x[..j])) / _diagonal[j];
        }
    }

    /// <summary>Returns log det RᵀR.</summary>
    public double LogDeterminant()
    {
        double sum = 0;
        for (int j = 0; j < Count; j++)
        {
            sum += 2 * Math.Log(Math.Abs(_diagonal[j]));
        }

        return sum;
    }

    private Span<double> Column(int j) => _columns.AsSpan(j * rowCapacity, Rows);

    private void Reflect(int j, Span<double> x)
    {
        ReadOnlySpan<double> vector = Column(j)[j..];
        Span<double> tail = x[j..Rows];
        TensorPrimitives.MultiplyAdd(vector, -_factors[j] * TensorPrimitives.Dot<double>(vector, tail), tail, tail);
    }
}
