using System.Numerics.Tensors;

namespace VariationalInference;

/// <summary>The precision I + AᵀΛA of all random effects, and the system with the fixed effects behind it, by elimination of the largest factor's levels.</summary>
/// <remarks>
/// Of level l of the first factor, D_l is the block on the diagonal and C_l what it has with the rest, in which the other factors' effects come first and fixed effects last. The
/// posterior covariance of the random effects alone is D⁻¹ + W S⁻¹ Wᵀ, −W S⁻¹ and S⁻¹, with W_l = D_l⁻¹C_l and the Schur complement S of the other factors.
/// </remarks>
internal sealed class MixedSiteSystem
{
    private readonly MixedSiteDesign _design;
    private readonly int _width;
    private readonly int _levels;
    private readonly int _rest;
    private readonly int _fixed;
    private readonly int _order;
    private readonly double[] _blocks;
    private readonly double[] _couplings;
    private readonly double[] _schur;
    private readonly DenseCholesky? _factor;
    private readonly double[] _crossed;
    private readonly double[] _fixedFactor;
    private readonly int[] _places;
    private readonly double[] _line;

    public MixedSiteSystem(MixedSiteDesign design, int maxThreads)
    {
        _design = design;
        _width = design.Factors[0].Width;
        _levels = design.Factors[0].Labels.Count;
        _rest = design.RestCount;
        _fixed = design.Fixed.Length;
        _order = _rest + _fixed;
        int triangle = PackedSymmetric.Length(_width);
        _blocks = new double[_levels * triangle];
        Inverses = new double[_levels * triangle];
        _couplings = new double[checked(_levels * _width * _order)];
        Solved = new double[checked(_levels * _width * _order)];
        Crossed = new double[checked(_levels * _width * Math.Max(_rest, 1))];
        Within = new double[_levels * triangle];
        _schur = new double[checked(_order * _order)];
        _factor = _rest > 0 ? new DenseCholesky(_rest, maxThreads) : null;
        _crossed = new double[_fixed * Math.Max(_rest, 1)];
        _fixedFactor = new double[PackedSymmetric.Length(_fixed)];
        int sparse = design.Factors.Skip(1).Sum(factor => factor.Width) + _fixed;
        _places = new int[sparse];
        _line = new double[sparse];
    }

    /// <summary>Gets D⁻¹ of each level, packed.</summary>
    public double[] Inverses { get; }

    /// <summary>Gets W, level by level, a row an effect.</summary>
    public double[] Solved { get; }

    /// <summary>Gets W S⁻¹, level by level, a row an effect.</summary>
    public double[] Crossed { get; }

    /// <summary>Gets D⁻¹ + W S⁻¹ Wᵀ of each level, packed.</summary>
    public double[] Within { get; }

    public double LogDeterminant { get; private set; }

    /// <summary>Gets the trace of the posterior covariance.</summary>
    public double Trace { get; private set; }

    /// <summary>Returns an element of S⁻¹.</summary>
    public double RestCovariance(int i, int j) => _factor!.Inverse[(i * _factor.Stride) + j];

    /// <summary>Factors the system of sites.</summary>
    /// <param name="loadings">Λᵀz by factor and effect, of each row.</param>
    /// <param name="precisions">The sites' precisions.</param>
    /// <returns>Whether it is positive definite.</returns>
    public bool Factor(double[][][] loadings, double[] precisions)
    {
        Fill(loadings, precisions);
        int triangle = PackedSymmetric.Length(_width);
        LogDeterminant = 0;
        Span<double> root = stackalloc double[triangle], column = stackalloc double[_width];
        Span<int> filled = new int[_order];
        for (int level = 0; level < _levels; level++)
        {
            _blocks.AsSpan(level * triangle, triangle).CopyTo(root);
            if (!PackedSymmetric.TryFactor(_width, root))
            {
                return false;
            }

            LogDeterminant += PackedSymmetric.LogDeterminantOfFactored(_width, root);
            int count = 0, start = level * _width * _order;
            for (int c = 0; c < _order; c++)
            {
                bool any = false;
                for (int e = 0; e < _width; e++)
                {
                    column[e] = _couplings[start + (e * _order) + c];
                    any |= column[e] != 0;
                }

                if (any)
                {
                    PackedSymmetric.Solve(_width, root, column);
                    filled[count++] = c;
                }

                for (int e = 0; e < _width; e++)
                {
                    Solved[start + (e * _order) + c] = column[e];
                }
            }

            for (int i = 0; i < count; i++)
            {
                for (int e = 0; e < _width; e++)
                {
                    double coupling = _couplings[start + (e * _order) + filled[i]];
                    for (int j = 0; j <= i; j++)
                    {
                        _schur[(filled[i] * _order) + filled[j]] -= coupling * Solved[start + (e * _order) + filled[j]];
                    }
                }
            }

            PackedSymmetric.InvertFactored(_width, root, Inverses.AsSpan(level * triangle, triangle));
        }

        return FactorRest() && FactorFixed();
    }

    /// <summary>Works out the covariance of all effects that rows share.</summary>
    public void Invert()
    {
        int triangle = PackedSymmetric.Length(_width);
        Trace = 0;
        Inverses.CopyTo(Within, 0);
        for (int level = 0; level < _levels; level++)
        {
            int start = level * _width * _order, crossed = level * _width * _rest;
            for (int e = 0; e < _width && _rest > 0; e++)
            {
                Span<double> line = Crossed.AsSpan(crossed + (e * _rest), _rest);
                line.Clear();
                for (int r = 0; r < _rest; r++)
                {
                    double weight = Solved[start + (e * _order) + r];
                    if (weight != 0)
                    {
                        TensorPrimitives.MultiplyAdd(
                            _factor!.Inverse.Slice(r * _factor.Stride, _rest), weight, line, line);
                    }
                }

                for (int d = 0; d <= e; d++)
                {
                    Within[(level * triangle) + PackedSymmetric.At(e, d)] +=
                        TensorPrimitives.Dot<double>(line, Solved.AsSpan(start + (d * _order), _rest));
                }
            }

            for (int e = 0; e < _width; e++)
            {
                Trace += Within[(level * triangle) + PackedSymmetric.At(e, e)];
            }
        }

        for (int r = 0; r < _rest; r++)
        {
            Trace += RestCovariance(r, r);
        }
    }

    /// <summary>Solves for the step of all effects.</summary>
    /// <param name="first">The right side of the first factor's, which the step replaces.</param>
    /// <param name="rest">That of the other factors.</param>
    /// <param name="effects">That of the fixed effects; empty where these are held.</param>
    public void Solve(Span<double> first, Span<double> rest, Span<double> effects)
    {
        int triangle = PackedSymmetric.Length(_width);
        for (int level = 0; level < _levels; level++)
        {
            int start = level * _width * _order;
            Span<double> block = first.Slice(level * _width, _width);
            for (int e = 0; e < _width; e++)
            {
                if (block[e] == 0)
                {
                    continue;
                }

                for (int r = 0; r < _rest; r++)
                {
                    rest[r] -= block[e] * Solved[start + (e * _order) + r];
                }

                for (int j = 0; j < effects.Length; j++)
                {
                    effects[j] -= block[e] * Solved[start + (e * _order) + _rest + j];
                }
            }
        }

        // Fixed effects by what the other factors leave of them, then these, then each level.
        for (int j = 0; j < effects.Length && _rest > 0; j++)
        {
            effects[j] -= TensorPrimitives.Dot<double>(_crossed.AsSpan(j * _rest, _rest), rest);
        }

        if (effects.Length > 0)
        {
            PackedSymmetric.Solve(_fixed, _fixedFactor, effects);
        }

        if (_rest > 0)
        {
            _factor!.Solve(rest);
            for (int j = 0; j < effects.Length; j++)
            {
                TensorPrimitives.MultiplyAdd(_crossed.AsSpan(j * _rest, _rest), -effects[j], rest, rest);
            }
        }

        Span<double> solved = stackalloc double[_width];
        for (int level = 0; level < _levels; level++)
        {
            int start = level * _width * _order;
            Span<double> block = first.Slice(level * _width, _width);
            for (int e = 0; e < _width; e++)
            {
                double sum = 0;
                for (int d = 0; d < _width; d++)
                {
                    sum += Inverses[(level * triangle) + PackedSymmetric.At(e, d)] * block[d];
                }

                for (int r = 0; r < _rest; r++)
                {
                    sum -= Solved[start + (e * _order) + r] * rest[r];
                }

                for (int j = 0; j < effects.Length; j++)
                {
                    sum -= Solved[start + (e * _order) + _rest + j] * effects[j];
                }

                solved[e] = sum;
            }

            solved.CopyTo(block);
        }
    }

    private void Fill(double[][][] loadings, double[] precisions)
    {
        int triangle = PackedSymmetric.Length(_width);
        Array.Clear(_blocks);
        Array.Clear(_couplings);
        Array.Clear(_schur);
        for (int level = 0; level < _levels; level++)
        {
            for (int e = 0; e < _width; e++)
            {
                _blocks[(level * triangle) + PackedSymmetric.At(e, e)] = 1;
            }
        }

        for (int r = 0; r < _rest; r++)
        {
            _schur[(r * _order) + r] = 1;
        }

        int[] codes = _design.Factors[0].Codes;
        for (int i = 0; i < precisions.Length; i++)
        {
            int count = 0;
            for (int f = 1; f < _design.Factors.Length; f++)
            {
                GroupingFactor factor = _design.Factors[f];
                for (int e = 0; e < factor.Width; e++)
                {
                    (_places[count], _line[count++]) = (_design.Starts[f] + (factor.Codes[i] * factor.Width) + e, loadings[f][e][i]);
                }
            }

            for (int j = 0; j < _fixed; j++)
            {
                (_places[count], _line[count++]) = (_rest + j, _design.Fixed[j][i]);
            }

            int level = codes[i], start = level * _width * _order;
            for (int e = 0; e < _width; e++)
            {
                double weighted = precisions[i] * loadings[0][e][i];
                for (int d = 0; d <= e; d++)
                {
                    _blocks[(level * triangle) + PackedSymmetric.At(e, d)] += weighted * loadings[0][d][i];
                }

                for (int c = 0; c < count; c++)
                {
                    _couplings[start + (e * _order) + _places[c]] += weighted * _line[c];
                }
            }

            for (int b = 0; b < count; b++)
            {
                double weighted = precisions[i] * _line[b];
                for (int c = 0; c < count; c++)
                {
                    if (_places[c] <= _places[b])
                    {
                        _schur[(_places[b] * _order) + _places[c]] += weighted * _line[c];
                    }
                }
            }
        }
    }

    private bool FactorRest()
    {
        if (_factor is null)
        {
            return true;
        }

        for (int r = 0; r < _rest; r++)
        {
            _schur.AsSpan(r * _order, r + 1).CopyTo(_factor.Lower[(r * _factor.Stride)..]);
        }

        if (!_factor.Factor())
        {
            return false;
        }

        LogDeterminant += _factor.LogDeterminant;
        _factor.Invert();
        for (int j = 0; j < _fixed; j++)
        {
            Span<double> line = _crossed.AsSpan(j * _rest, _rest);
            _schur.AsSpan((_rest + j) * _order, _rest).CopyTo(line);
            _factor.Solve(line);
        }

        return true;
    }

    private bool FactorFixed()
    {
        for (int i = 0; i < _fixed; i++)
        {
            for (int j = 0; j <= i; j++)
            {
                double own = _schur[((_rest + i) * _order) + _rest + j];
                _fixedFactor[PackedSymmetric.At(i, j)] = _rest == 0
                    ? own
                    : own - TensorPrimitives.Dot<double>(_crossed.AsSpan(j * _rest, _rest), _schur.AsSpan((_rest + i) * _order, _rest));
            }
        }

        return PackedSymmetric.TryFactor(_fixed, _fixedFactor);
    }
}
