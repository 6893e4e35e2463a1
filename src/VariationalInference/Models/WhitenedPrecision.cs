using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.LinearAlgebra.Factorization;

namespace VariationalInference;

/// <summary>The precision of a row's posterior in whitened coordinates, DΛD = I + BᵀB: its determinant, and systems with it.</summary>
/// <remarks>
/// <para>
/// With one row in B everything is a rank-one correction, O(J). In general the factor R of DΛD = RᵀR comes from an orthogonal reduction of
/// [B; I], never from the product BᵀB, which would square the condition number. Its rows are sorted by size first, which keeps the reduction
/// accurate when the noise variances differ by many orders (Powell and Reid, 1969; Cox and Higham, 1998).
/// </para>
/// <para>
/// Systems are solved on the smaller side: with that factor, or when B has fewer rows than columns by Woodbury,
/// (I + BᵀB)⁻¹ = I − Bᵀ(I + BBᵀ)⁻¹B, whose factor comes from [Bᵀ; I] in the same way. The difference costs digits, ‖B‖² of them, which
/// refinement wins back unless ‖B‖ is very large; then the side of the latents serves all the same.
/// </para>
/// <threadsafety>Safe to share: lazily computed values are the same whoever computes them.</threadsafety>
/// </remarks>
internal sealed class WhitenedPrecision
{
    private const int MaxRefinements = 5;
    private const double LargestDualNorm = 1e6;

    private readonly WhitenedLoadings _loadings;
    private readonly Lazy<UpperTriangle> _factor;
    private readonly Lazy<UpperTriangle> _dualFactor;
    private readonly Lazy<double> _logDeterminant;

    public WhitenedPrecision(WhitenedLoadings loadings)
    {
        _loadings = loadings;
        _factor = new Lazy<UpperTriangle>(() => Factorize(loadings.Rank, loadings.LatentCount, (k, j) => loadings[k, j]));
        _dualFactor = new Lazy<UpperTriangle>(() => Factorize(loadings.LatentCount, loadings.Rank, (j, k) => loadings[k, j]));
        _logDeterminant = new Lazy<double>(ComputeLogDeterminant);
    }

    /// <summary>Gets R, the upper triangle with DΛD = RᵀR.</summary>
    public UpperTriangle Factor => _factor.Value;

    /// <summary>Gets log det DΛD.</summary>
    public double LogDeterminant => _logDeterminant.Value;

    /// <summary>Gets a value indicating whether the side of the observations is the smaller, and accurate enough.</summary>
    private bool SolvesForObservations => _loadings.Rank < _loadings.LatentCount && _loadings.FrobeniusNorm < LargestDualNorm;

    /// <summary>Replaces x by (DΛD)⁻¹x.</summary>
    public void Solve(Span<double> x)
    {
        if (_loadings.Rank == 1)
        {
            double weight = ShortVectors.Dot(_loadings.Row, x) / (1 + (_loadings.FrobeniusNorm * _loadings.FrobeniusNorm));
            for (int j = 0; j < x.Length; j++)
            {
                x[j] -= _loadings.Row[j] * weight;
            }

            return;
        }

        if (!SolvesForObservations)
        {
            SolveSquare(Factor, x);
            return;
        }

        var image = new double[_loadings.Rank];
        _loadings.Image(x, image);
        SolveSquare(_dualFactor.Value, image);
        for (int j = 0; j < x.Length; j++)
        {
            x[j] -= ShortVectors.Dot(_loadings.Column(j), image);
        }
    }

    /// <summary>Returns √(gᵀ(DΛD)⁻¹g), or an upper bound on it, at most ‖g‖.</summary>
    /// <remarks>
    /// The computed factor belongs to a matrix [B; I] + E with ‖E‖ of the order of its rounding; since no singular value of [B; I] is below
    /// 1, that changes the norm by a factor of at most 1 ± ‖E‖. Where ‖E‖ is not small, ‖g‖ is returned. On the side of the observations
    /// the square is ‖g‖² − gᵀBᵀ(I + BBᵀ)⁻¹Bg, good to about 2‖E‖‖g‖².
    /// </remarks>
    /// <param name="gradient">g, length J.</param>
    /// <param name="scratch">Room for J values.</param>
    public double ErrorNorm(ReadOnlySpan<double> gradient, Span<double> scratch)
    {
        double norm = Math.Sqrt(ShortVectors.SquaredNorm(gradient));
        if (_loadings.Rank == 1)
        {
            double square = _loadings.FrobeniusNorm * _loadings.FrobeniusNorm;
            double along = square > 0 ? ShortVectors.Dot(_loadings.Row, gradient) / square : 0;
            double across = 0;
            for (int j = 0; j < gradient.Length; j++)
            {
                double rest = gradient[j] - (along * _loadings.Row[j]);
                across += rest * rest;
            }

            double roundings = 8 * (_loadings.LatentCount + 4) * PosteriorShape.UnitRoundoff * norm;
            return Math.Min(norm, Math.Sqrt(across + (along * along * square / (1 + square))) + roundings);
        }

        double perturbation = 4.0 * (_loadings.Rank + _loadings.LatentCount) * _loadings.LatentCount * PosteriorShape.UnitRoundoff * (1 + _loadings.FrobeniusNorm);
        if (perturbation > 0.5)
        {
            return norm;
        }

        if (SolvesForObservations)
        {
            Span<double> image = scratch[.._loadings.Rank];
            _loadings.Image(gradient, image);
            _dualFactor.Value.SolveTransposed(image);
            double square = (norm * norm) - ShortVectors.SquaredNorm(image);
            return Math.Min(norm, Math.Sqrt(Math.Max(0, square) + (4 * perturbation * norm * norm)));
        }

        gradient.CopyTo(scratch);
        Factor.SolveTransposed(scratch);
        return Math.Min(norm, Math.Sqrt(ShortVectors.SquaredNorm(scratch)) / (1 - perturbation));
    }

    /// <summary>Finds t* = (I + BᵀB)⁻¹Bᵀw = Bᵀ(I + BBᵀ)⁻¹w, the posterior mean in whitened coordinates.</summary>
    /// <remarks>
    /// Corrected seminormal equations (Björck, 1987): solve with the factor of the smaller side, where w needs no difference whatever the size
    /// of B, then refine on the residual w − Bt for as long as what is left of the gradient falls, in the norm of (DΛD)⁻¹: a bound on every
    /// error in posterior standard deviations.
    /// </remarks>
    public void Optimum(ReadOnlySpan<double> w, Span<double> t)
    {
        SolveOnce(w, t);
        var residual = new double[_loadings.Rank];
        var gradient = new double[t.Length];
        var best = new double[t.Length];
        var scratch = new double[t.Length];
        double error = double.PositiveInfinity;
        for (int pass = 0; ; pass++)
        {
            _loadings.Residual(w, t, residual);
            _loadings.Gradient(t, residual, gradient);
            double left = ErrorNorm(gradient, scratch);
            if (!(left < error))
            {
                best.CopyTo(t);
                return;
            }

            error = left;
            t.CopyTo(best);
            if (error == 0 || pass == MaxRefinements)
            {
                return;
            }

            Solve(gradient);
            Add(gradient, t);
        }
    }

    private void SolveOnce(ReadOnlySpan<double> w, Span<double> t)
    {
        if (_loadings.Rank >= _loadings.LatentCount && _loadings.Rank > 1)
        {
            t.Clear();
            _loadings.Gradient(t, w, t);
            SolveSquare(Factor, t);
            return;
        }

        double[] image = w.ToArray();
        if (image.Length == 1)
        {
            image[0] /= 1 + (_loadings.FrobeniusNorm * _loadings.FrobeniusNorm);
        }
        else
        {
            SolveSquare(_dualFactor.Value, image);
        }

        for (int j = 0; j < t.Length; j++)
        {
            t[j] = ShortVectors.Dot(_loadings.Column(j), image);
        }
    }

    /// <summary>Reduces [C; I], with rows sorted by size, to the triangle R of I + CᵀC = RᵀR.</summary>
    private static UpperTriangle Factorize(int rowCount, int columnCount, Func<int, int, double> element)
    {
        var rows = new List<double[]>(rowCount + columnCount);
        for (int i = 0; i < rowCount; i++)
        {
            var row = new double[columnCount];
            for (int j = 0; j < columnCount; j++)
            {
                row[j] = element(i, j);
            }

            rows.Add(row);
        }

        for (int j = 0; j < columnCount; j++)
        {
            var row = new double[columnCount];
            row[j] = 1;
            rows.Add(row);
        }

        IEnumerable<double[]> sorted = rows.OrderByDescending(row => row.Max(Math.Abs));
        return new UpperTriangle(Matrix<double>.Build.DenseOfRowArrays(sorted).QR(QRMethod.Thin).R);
    }

    private static void SolveSquare(UpperTriangle factor, Span<double> x)
    {
        factor.SolveTransposed(x);
        factor.Solve(x);
    }

    private static void Add(ReadOnlySpan<double> addend, Span<double> sum)
    {
        for (int i = 0; i < sum.Length; i++)
        {
            sum[i] += addend[i];
        }
    }

    private double ComputeLogDeterminant()
    {
        if (_loadings.Rank == 1)
        {
            return Math.Log(1 + (_loadings.FrobeniusNorm * _loadings.FrobeniusNorm));
        }

        UpperTriangle factor = SolvesForObservations ? _dualFactor.Value : Factor;
        double sum = 0;
        for (int j = 0; j < factor.Size; j++)
        {
            sum += 2 * Math.Log(Math.Abs(factor[j, j]));
        }

        return sum;
    }
}
