using System.Numerics.Tensors;

namespace VariationalInference;

/// <summary>
/// The cells of a block that determine some of its latents, for lack of noise or because they are few: they are conditioned on first, by
/// orthogonal reduction on the side of the observations.
/// </summary>
/// <remarks>
/// Of y = Wt + R^½e with t and e standard normal, [W R^½] = [L 0]Q with Q orthogonal, Q₁ its first rows over t and V = Q₂ᵀ the others. Given y,
/// t = Q₁ᵀL⁻¹y + Vτ with τ standard normal: no noise variance is divided by, and VVᵀ = I − Q₁ᵀQ₁ without a difference.
/// </remarks>
internal sealed class ExactCells
{
    /// <summary>Below this part of a cell's prior deviation its noise counts as small.</summary>
    private const double SmallNoise = 1e-4;

    private readonly int _latents;
    private readonly OrthogonalReduction _reduction;
    private readonly double[] _ratios;
    private readonly int[] _candidates;
    private readonly double[] _basis;

    public ExactCells(int size, int latents)
    {
        _latents = latents;
        int most = Math.Min(size, latents);
        _reduction = new OrthogonalReduction(latents + most, most);
        _ratios = new double[size];
        _candidates = new int[size];
        _basis = new double[latents + most];
        Cells = new int[most];
        Gains = new double[most * latents];
        Complement = new double[latents * latents];
    }

    /// <summary>Gets the number of cells.</summary>
    public int Count => _reduction.Count;

    /// <summary>Gets the places of the cells in their block.</summary>
    public int[] Cells { get; }

    /// <summary>Gets Q₁, one row of J a cell.</summary>
    public double[] Gains { get; }

    /// <summary>Gets V, J×J, row-major.</summary>
    public double[] Complement { get; }

    /// <summary>Gets log det LLᵀ.</summary>
    public double LogDeterminant => _reduction.LogDeterminant();

    /// <summary>Chooses the cells of a block and reduces them.</summary>
    /// <param name="scaled">W, one row of J a cell.</param>
    /// <param name="deviations">√r of the cells.</param>
    /// <returns>Whether the covariance of the cells without noise is positive definite.</returns>
    public bool Reduce(ReadOnlySpan<double> scaled, ReadOnlySpan<double> deviations)
    {
        int candidates = FindCandidates(scaled, deviations);
        _reduction.Begin(_latents + Math.Min(candidates, Cells.Length));
        for (int c = 0; c < candidates; c++)
        {
            int cell = _candidates[c];
            if (Count == Cells.Length)
            {
                return false;
            }

            Span<double> column = _reduction.Pending;
            column.Clear();
            scaled.Slice(cell * _latents, _latents).CopyTo(column);
            column[_latents + Count] = deviations[cell];
            double size = TensorPrimitives.Norm<double>(column);
            double left = _reduction.Reduce();
            if (left > SmallNoise * size || (deviations[cell] == 0 && left > 1e-15 * (column.Length + 4) * size))
            {
                Cells[Count] = cell;
                _reduction.Accept(left);
            }
            else if (deviations[cell] == 0)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Writes Q₁ and, where cells are left, V.</summary>
    public void WriteBasis(bool withComplement)
    {
        Span<double> basis = _basis.AsSpan(0, _reduction.Rows);
        for (int i = 0; i < Count; i++)
        {
            _reduction.WriteBasis(i, basis);
            basis[.._latents].CopyTo(Gains.AsSpan(i * _latents));
        }

        for (int i = 0; withComplement && i < _latents; i++)
        {
            _reduction.WriteBasis(Count + i, basis);
            for (int j = 0; j < _latents; j++)
            {
                Complement[(j * _latents) + i] = basis[j];
            }
        }
    }

    /// <summary>Replaces y by L⁻¹y.</summary>
    public void Solve(Span<double> y) => _reduction.SolveTransposed(y);

    /// <summary>Replaces x by L⁻ᵀx.</summary>
    public void SolveTransposed(Span<double> x) => _reduction.Solve(x);

    /// <summary>
    /// Sorts the candidates, those with the least noise for their loadings first. Where there are as many latents, all cells are candidates. Of
    /// more cells those with little noise are, unless they are more than the latents: then residuals tell the noise, and only cells without any
    /// cannot wait.
    /// </summary>
    private int FindCandidates(ReadOnlySpan<double> scaled, ReadOnlySpan<double> deviations)
    {
        int small = 0;
        for (int i = 0; i < deviations.Length; i++)
        {
            double norm = TensorPrimitives.Norm(scaled.Slice(i * _latents, _latents));
            _ratios[i] = deviations[i] == 0 ? 0 : deviations[i] / norm;
            small += _ratios[i] <= SmallNoise ? 1 : 0;
        }

        double limit = deviations.Length <= _latents ? double.PositiveInfinity : small <= _latents ? SmallNoise : 0;
        int count = 0;
        for (int i = 0; i < deviations.Length; i++)
        {
            if (_ratios[i] <= limit)
            {
                _ratios[count] = _ratios[i];
                _candidates[count++] = i;
            }
        }

        Array.Sort(_ratios, _candidates, 0, count);
        return count;
    }
}
