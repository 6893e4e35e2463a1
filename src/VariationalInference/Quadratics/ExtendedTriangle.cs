using System.Buffers;

namespace VariationalInference;

/// <summary>The reduction [B; I] = QR in twice the precision of a double, with the columns in an order of one's own.</summary>
/// <remarks>With ‖w − Bt‖² + ‖t‖² = ‖Qᵀ[w; 0] − [R; 0]t‖², what rows of R do not reach is the least of it.</remarks>
internal sealed class ExtendedTriangle
{
    private readonly int[] _order;
    private readonly int _rank;

    /// <summary>Columns of [B; I], rows by size: R above the diagonal, the reflections' vectors from it on.</summary>
    private readonly DoubleDouble[] _columns;
    private readonly DoubleDouble[] _diagonal;
    private readonly DoubleDouble[] _factors;

    /// <param name="loadings">B.</param>
    /// <param name="latents">The columns to take, each once, in their order.</param>
    public ExtendedTriangle(WhitenedLoadings loadings, ReadOnlySpan<int> latents)
    {
        _rank = loadings.Rank;
        Size = latents.Length;
        Height = loadings.Rank + loadings.LatentCount;
        _order = [.. Enumerable.Range(0, Height).OrderByDescending(row => RowSize(loadings, row))];
        _columns = new DoubleDouble[Height * Size];
        _diagonal = new DoubleDouble[Size];
        _factors = new DoubleDouble[Size];
        for (int j = 0; j < Size; j++)
        {
            int latent = latents[j];
            ReadOnlySpan<double> low = loadings.LowColumn(latent);
            for (int i = 0; i < Height; i++)
            {
                int row = _order[i];
                _columns[(j * Height) + i] = row < loadings.Rank
                    ? new DoubleDouble(loadings[row, latent], low.IsEmpty ? 0 : low[row])
                    : new DoubleDouble(row - loadings.Rank == latent ? 1 : 0);
            }
        }

        for (int j = 0; j < Size; j++)
        {
            Reflect(j);
        }
    }

    /// <summary>Gets the number of columns.</summary>
    public int Size { get; }

    /// <summary>Gets the number of rows of [B; I].</summary>
    public int Height { get; }

    /// <summary>Gets an element of R, i ≤ j.</summary>
    public DoubleDouble this[int i, int j] => i == j ? _diagonal[j] : _columns[(j * Height) + i];

    /// <summary>Writes Qᵀ[w; 0].</summary>
    /// <param name="w">The whitened observations, with what rounding took off them behind, if it is known.</param>
    /// <param name="values">Receives the product, length <see cref="Height"/>.</param>
    public void Project(ReadOnlySpan<double> w, Span<DoubleDouble> values)
    {
        for (int i = 0; i < values.Length; i++)
        {
            int row = _order[i];
            values[i] = row >= _rank ? default : new DoubleDouble(w[row], w.Length > _rank ? w[_rank + row] : 0);
        }

        for (int j = 0; j < Size; j++)
        {
            Apply(j, values[j..]);
        }
    }

    /// <summary>Replaces x, of the first columns, by R⁻¹x.</summary>
    public void Solve(Span<DoubleDouble> x)
    {
        for (int j = x.Length - 1; j >= 0; j--)
        {
            x[j] /= _diagonal[j];
            for (int i = 0; i < j; i++)
            {
                x[i] -= this[i, j] * x[j];
            }
        }
    }

    /// <summary>Replaces x by R⁻ᵀx.</summary>
    public void SolveTransposed(Span<DoubleDouble> x)
    {
        for (int j = 0; j < x.Length; j++)
        {
            for (int i = 0; i < j; i++)
            {
                x[j] -= this[i, j] * x[i];
            }

            x[j] /= _diagonal[j];
        }
    }

    /// <summary>Returns the largest element of a row of [B; I].</summary>
    private static double RowSize(WhitenedLoadings loadings, int row)
    {
        double size = row < loadings.Rank ? 0 : 1;
        for (int j = 0; j < loadings.LatentCount && row < loadings.Rank; j++)
        {
            size = Math.Max(size, Math.Abs(loadings[row, j]));
        }

        return size;
    }

    /// <summary>Reduces column j by the reflection I − fvvᵀ, and the columns behind it.</summary>
    private void Reflect(int j)
    {
        Span<DoubleDouble> column = _columns.AsSpan((j * Height) + j, Height - j);
        DoubleDouble square = DoubleDouble.Dot(column, column), norm = DoubleDouble.Sqrt(square), head = column[0];
        _diagonal[j] = head.High > 0 ? -norm : norm;
        column[0] = head - _diagonal[j];

        // vᵀv/2 = norm (norm + |head|); no column of [B; I] is zero.
        _factors[j] = new DoubleDouble(1) / (norm * (norm + (head.High > 0 ? head : -head)));
        for (int other = j + 1; other < Size; other++)
        {
            Apply(j, _columns.AsSpan((other * Height) + j, Height - j));
        }
    }

    private void Apply(int reflection, Span<DoubleDouble> target)
    {
        ReadOnlySpan<DoubleDouble> v = _columns.AsSpan((reflection * Height) + reflection, Height - reflection);
        DoubleDouble product = DoubleDouble.Dot(v, target) * _factors[reflection];
        for (int i = 0; i < v.Length; i++)
        {
            target[i] -= product * v[i];
        }
    }

    /// <summary>Room that is given back.</summary>
    public readonly ref struct Scratch(int length)
    {
        private readonly DoubleDouble[] _rented = ArrayPool<DoubleDouble>.Shared.Rent(length);

        public Span<DoubleDouble> Span => _rented.AsSpan(0, length);

        public void Dispose() => ArrayPool<DoubleDouble>.Shared.Return(_rented);
    }
}
