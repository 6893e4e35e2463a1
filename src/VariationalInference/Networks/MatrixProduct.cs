namespace VariationalInference;

/// <summary>The matrices of a product C = S + A·B, by the elements between one row, or one inner index, and the next.</summary>
/// <param name="a">A.</param>
/// <param name="aRow">From one row of A to the next.</param>
/// <param name="aStep">From one inner index of A to the next.</param>
/// <param name="b">B, inner × columns, rows padded to whole vectors.</param>
/// <param name="bStep">From one row of B to the next.</param>
/// <param name="inner">The number of rows of B.</param>
internal readonly unsafe ref struct MatrixProduct<TElement>(TElement* a, int aRow, int aStep, TElement* b, int bStep, int inner)
    where TElement : unmanaged
{
    public readonly TElement* A = a;
    public readonly nint ARow = aRow;
    public readonly nint AStep = aStep;
    public readonly TElement* B = b;
    public readonly nint BStep = bStep;
    public readonly int Inner = inner;

    /// <summary>Gets S: one row for all rows of C, or as C, or C itself.</summary>
    public required TElement* Start { get; init; }

    /// <summary>Gets how far the rows of S are apart; 0 when all are the same.</summary>
    public nint StartRow { get; init; }

    /// <summary>Gets C.</summary>
    public required TElement* C { get; init; }

    public required nint CRow { get; init; }
}
