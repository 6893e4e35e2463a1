using System.Numerics.Tensors;

namespace VariationalInference;

/// <summary>
/// The cells of a block that are not exact, on the side of the latents: least squares with the matrix [B; I], for any right-hand sides.
/// </summary>
/// <remarks>
/// Rows are sorted by size, cells and latents together, so that each keeps its digits. A residual vector holds u − Bτ in the places of the
/// cells and −τ in those of the latents; its square is what the cells add to tr C⁻¹T.
/// </remarks>
internal sealed class RestCells
{
    /// <summary>From this leverage on, what is left to 1 is worked out by itself.</summary>
    private const double HighLeverage = 0.9;

    private readonly int _latents;
    private readonly int _capacity;
    private readonly OrthogonalReduction _reduction;
    private readonly int[] _cells;
    private readonly double[] _deviations;
    private readonly double[] _keys;

    // The row of each entry among the sorted ones: first the cells, then the latents.
    private readonly int[] _entries;
    private readonly int[] _places;

    // [B; I], columns of sorted rows, and the first J columns of Q.
    private readonly double[] _matrix;
    private readonly double[] _basis;
    private readonly double[] _residual;
    private readonly double[] _target;
    private readonly double[] _leverage;
    private readonly double[] _step;
    private readonly double[] _solution;
    private double[] _ties = [];
    private double[] _tiedResiduals = [];
    private double[] _tiedLoadings = [];
    private ExactCells? _exact;

    public RestCells(int size, int latents)
    {
        _latents = latents;
        _capacity = size + latents;
        _reduction = new OrthogonalReduction(_capacity, latents);
        _cells = new int[size];
        _deviations = new double[size];
        _keys = new double[_capacity];
        _entries = new int[_capacity];
        _places = new int[_capacity];
        _matrix = new double[_capacity * latents];
        _basis = new double[_capacity * latents];
        _residual = new double[_capacity];
        _target = new double[_capacity];
        _leverage = new double[_capacity];
        _step = new double[latents];
        _solution = new double[latents];
        CovarianceRoot = new double[latents * latents];
    }

    /// <summary>Gets the number of cells.</summary>
    public int Count { get; private set; }

    /// <summary>Gets a root of the posterior covariance of t, J×J, row-major.</summary>
    public double[] CovarianceRoot { get; }

    /// <summary>Gets log det R + log det (I + BᵀB).</summary>
    public double LogDeterminant { get; private set; }

    /// <summary>Gets the number of rows that have residuals of the ties.</summary>
    public int TiedRows => Count == 0 ? 0 : Rows;

    private int Rows => Count + _latents;

    private int Ties => _exact!.Count;

    /// <summary>Writes [B; I] and N = R^−½W₂Q₁ᵀ of the cells that are not exact.</summary>
    public void Load(ExactCells exact, ReadOnlySpan<double> scaled, ReadOnlySpan<double> deviations)
    {
        _exact = exact;
        Count = 0;
        ReadOnlySpan<int> exactCells = exact.Cells.AsSpan(0, exact.Count);
        for (int i = 0; i < deviations.Length; i++)
        {
            if (!exactCells.Contains(i))
            {
                _deviations[Count] = deviations[i];
                _cells[Count++] = i;
            }
        }

        if (Count == 0)
        {
            return;
        }

        if (Ties > 0 && _ties.Length < Ties * _capacity)
        {
            _ties = new double[_exact.Cells.Length * _capacity];
            _tiedResiduals = new double[_exact.Cells.Length * _capacity];
            _tiedLoadings = new double[_exact.Cells.Length * _latents];
        }

        Sort(scaled);
        LogDeterminant = 0;
        for (int c = 0; c < Count; c++)
        {
            LogDeterminant += 2 * Math.Log(_deviations[c]);
        }

        for (int c = 0; c < Rows; c++)
        {
            if (c < Count)
            {
                WriteRow(_places[c], scaled.Slice(_cells[c] * _latents, _latents), _deviations[c]);
            }
            else
            {
                WriteUnit(_places[c], c - Count);
            }
        }
    }

    /// <summary>Reduces [B; I].</summary>
    /// <param name="withBasis">Whether the first columns of Q are needed.</param>
    public void Reduce(bool withBasis)
    {
        _reduction.Begin(Rows);
        for (int j = 0; j < _latents; j++)
        {
            Column(_matrix, j).CopyTo(_reduction.Pending);
            _reduction.Accept(_reduction.Reduce());
        }

        LogDeterminant += _reduction.LogDeterminant();
        for (int j = 0; withBasis && j < _latents; j++)
        {
            _reduction.WriteBasis(j, Column(_basis, j));
        }

        for (int i = 0; withBasis && i < Ties; i++)
        {
            Span<double> residual = Row(_tiedResiduals, i);
            LeastSquares(Row(_ties, i), residual);
        }
    }

    /// <summary>Solves for a right-hand side.</summary>
    /// <param name="target">y, by the cells of the block.</param>
    /// <param name="image">a, by the exact cells.</param>
    /// <param name="solved">Receives those elements of C⁻¹y that are not of exact cells.</param>
    /// <param name="latents">Receives Vτ.</param>
    /// <returns>‖u − Bτ‖² + ‖τ‖².</returns>
    public double Solve(ReadOnlySpan<double> target, ReadOnlySpan<double> image, Span<double> solved, Span<double> latents)
    {
        Span<double> right = _target.AsSpan(0, Rows), residual = _residual.AsSpan(0, Rows);
        right.Clear();
        for (int c = 0; c < Count; c++)
        {
            right[_places[c]] = target[_cells[c]] / _deviations[c];
        }

        for (int i = 0; i < Ties; i++)
        {
            TensorPrimitives.MultiplyAdd(Row(_ties, i), -image[i], right, right);
        }

        LeastSquares(right, residual);
        for (int c = 0; c < Count; c++)
        {
            solved[_cells[c]] = residual[_places[c]] / _deviations[c];
        }

        for (int j = 0; j < _latents; j++)
        {
            double value = -residual[_places[Count + j]];
            if (Ties == 0)
            {
                latents[j] = value;
                continue;
            }

            for (int k = 0; k < _latents; k++)
            {
                latents[k] += _exact!.Complement[(k * _latents) + j] * value;
            }
        }

        return TensorPrimitives.Dot<double>(residual, residual);
    }

    /// <summary>Subtracts Nᵀ(u − Bτ) of the right-hand side that was solved for last.</summary>
    public void SubtractTies(Span<double> image)
    {
        for (int i = 0; i < Ties; i++)
        {
            image[i] -= TensorPrimitives.Dot<double>(Row(_ties, i), _residual.AsSpan(0, Rows));
        }
    }

    /// <summary>Writes the rows of C⁻¹W and the diagonal elements of C⁻¹ that are not of exact cells.</summary>
    public void WriteSolvedLoadings(Span<double> loadings, Span<double> precision)
    {
        WriteCovarianceRoot();
        Span<double> leverage = _leverage.AsSpan(0, Rows), product = _target.AsSpan(0, Rows);
        leverage.Clear();
        for (int k = 0; k < _latents; k++)
        {
            TensorPrimitives.MultiplyAdd(Column(_basis, k), Column(_basis, k), leverage, leverage);
        }

        for (int c = 0; c < Count; c++)
        {
            double left = 1 - leverage[_places[c]];
            precision[_cells[c]] = (left > 1 - HighLeverage ? left : Complement(_places[c])) / (_deviations[c] * _deviations[c]);
        }

        for (int j = 0; j < _latents; j++)
        {
            product.Clear();
            for (int k = 0; k < _latents; k++)
            {
                TensorPrimitives.MultiplyAdd(Column(_basis, k), CovarianceRoot[(j * _latents) + k], product, product);
            }

            for (int c = 0; c < Count; c++)
            {
                loadings[(_cells[c] * _latents) + j] = product[_places[c]] / _deviations[c];
            }

            for (int i = 0; i < Ties; i++)
            {
                _tiedLoadings[(i * _latents) + j] = TensorPrimitives.Dot<double>(Row(_ties, i), product);
            }
        }
    }

    /// <summary>Returns element (i, j) of NᵀR^½C⁻¹W.</summary>
    public double TiedLoading(int i, int j) => Count == 0 ? 0 : _tiedLoadings[(i * _latents) + j];

    /// <summary>Returns an element of what least squares leaves of a column of N.</summary>
    public double TiedResidual(int i, int row) => _tiedResiduals[(i * _capacity) + row];

    /// <summary>Writes the residual of least squares. A second pass on what is left of the gradient brings each row to its own rounding.</summary>
    private void LeastSquares(ReadOnlySpan<double> right, Span<double> residual)
    {
        Span<double> step = _step, latents = _solution;
        right.CopyTo(residual);
        _reduction.Rotate(residual);
        residual[.._latents].CopyTo(latents);
        _reduction.Solve(latents);
        Subtract(right, latents, residual);
        for (int j = 0; j < _latents; j++)
        {
            step[j] = TensorPrimitives.Dot<double>(Column(_matrix, j), residual);
        }

        _reduction.SolveTransposed(step);
        _reduction.Solve(step);
        TensorPrimitives.Add(latents, step, latents);
        Subtract(right, latents, residual);
    }

    private void Subtract(ReadOnlySpan<double> right, ReadOnlySpan<double> latents, Span<double> residual)
    {
        right.CopyTo(residual);
        for (int j = 0; j < _latents; j++)
        {
            TensorPrimitives.MultiplyAdd(Column(_matrix, j), -latents[j], residual, residual);
        }
    }

    /// <summary>Writes V times the latents' rows of Q, or those themselves.</summary>
    private void WriteCovarianceRoot()
    {
        Array.Clear(CovarianceRoot);
        for (int l = 0; l < _latents; l++)
        {
            for (int k = 0; k < _latents; k++)
            {
                double element = _basis[(k * _capacity) + _places[Count + l]];
                if (Ties == 0)
                {
                    CovarianceRoot[(l * _latents) + k] = element;
                    continue;
                }

                for (int j = 0; j < _latents; j++)
                {
                    CovarianceRoot[(j * _latents) + k] += _exact!.Complement[(j * _latents) + l] * element;
                }
            }
        }
    }

    /// <summary>Returns 1 less a row's leverage as the square of what the other columns of Q have of it.</summary>
    private double Complement(int place)
    {
        Span<double> unit = _target.AsSpan(0, Rows);
        unit.Clear();
        unit[place] = 1;
        _reduction.Rotate(unit);
        return TensorPrimitives.Dot<double>(unit[_latents..], unit[_latents..]);
    }

    private void Sort(ReadOnlySpan<double> scaled)
    {
        for (int c = 0; c < Rows; c++)
        {
            _entries[c] = c;
            _keys[c] = c < Count
                ? -Math.Abs(TensorPrimitives.MaxMagnitude(scaled.Slice(_cells[c] * _latents, _latents))) / _deviations[c]
                : -1;
        }

        Array.Sort(_keys, _entries, 0, Rows);
        for (int place = 0; place < Rows; place++)
        {
            _places[_entries[place]] = place;
        }
    }

    private void WriteRow(int place, ReadOnlySpan<double> row, double deviation)
    {
        for (int j = 0; j < _latents; j++)
        {
            double value = row[j];
            if (Ties > 0)
            {
                value = 0;
                for (int k = 0; k < _latents; k++)
                {
                    value += row[k] * _exact!.Complement[(k * _latents) + j];
                }
            }

            _matrix[(j * _capacity) + place] = value / deviation;
        }

        for (int i = 0; i < Ties; i++)
        {
            _ties[(i * _capacity) + place] = TensorPrimitives.Dot(row, _exact!.Gains.AsSpan(i * _latents, _latents)) / deviation;
        }
    }

    private void WriteUnit(int place, int latent)
    {
        for (int j = 0; j < _latents; j++)
        {
            _matrix[(j * _capacity) + place] = j == latent ? 1 : 0;
        }

        for (int i = 0; i < Ties; i++)
        {
            _ties[(i * _capacity) + place] = 0;
        }
    }

    private Span<double> Column(double[] matrix, int j) => matrix.AsSpan(j * _capacity, Rows);

    private Span<double> Row(double[] rows, int i) => rows.AsSpan(i * _capacity, Rows);
}
