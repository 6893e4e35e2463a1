using System.Buffers;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>I + BᵀB by a reduction of [B; I] in twice the precision of a double, for loadings so large that rounding them decides what they leave open.</summary>
/// <remarks>
/// Where noise is tiny beside the prior, B is large, and latents that the observations tell apart by little, or not at all, have a posterior in what is
/// left when large columns cancel. With Q of [B; I] = QR, the optimum is R⁻¹ of the first part of Qᵀ[w; 0], and the rest of it is the least of
/// ‖w − Bt‖² + ‖t‖². Costs about twenty times what doubles do.
/// </remarks>
internal sealed class ExtendedPrecision : TrianglePrecision
{
    private readonly int[] _order;
    private readonly int _height;

    /// <summary>Columns of [B; I], rows by size: R above the diagonal, the reflections' vectors from it on.</summary>
    private readonly DoubleDouble[] _columns;
    private readonly DoubleDouble[] _diagonal;
    private readonly DoubleDouble[] _factors;

    public ExtendedPrecision(WhitenedLoadings loadings, GaussianPrior prior)
        : base(loadings, prior)
    {
        int latents = loadings.LatentCount;
        _height = loadings.Rank + latents;
        _order = [.. Enumerable.Range(0, _height).OrderByDescending(Size)];
        _columns = new DoubleDouble[_height * latents];
        _diagonal = new DoubleDouble[latents];
        _factors = new DoubleDouble[latents];
        for (int j = 0; j < latents; j++)
        {
            ReadOnlySpan<double> low = loadings.LowColumn(j);
            for (int i = 0; i < _height; i++)
            {
                int row = _order[i];
                _columns[(j * _height) + i] = row < loadings.Rank
                    ? new DoubleDouble(loadings[row, j], low.IsEmpty ? 0 : low[row])
                    : new DoubleDouble(row - loadings.Rank == j ? 1 : 0);
            }
        }

        for (int j = 0; j < latents; j++)
        {
            Reflect(j);
        }

        Factor = new UpperTriangle(Matrix<double>.Build.Dense(latents, latents, (i, j) => i <= j ? Triangle(i, j).High : 0));
        LogDeterminant = LogDeterminantOf(Factor);
    }

    public override double LogDeterminant { get; }

    public override bool IsExtended => true;

    protected override UpperTriangle Factor { get; }

    public override void Solve(Span<double> x)
    {
        using var values = new Scratch(x.Length);
        Copy(x, values.Span);
        SolveTransposed(values.Span);
        SolveTriangle(values.Span);
        Round(values.Span, x);
    }

    public override double ErrorNorm(ReadOnlySpan<double> gradient, Span<double> scratch)
    {
        using var values = new Scratch(gradient.Length);
        Copy(gradient, values.Span);
        SolveTransposed(values.Span);
        double square = 0;
        foreach (DoubleDouble value in values.Span)
        {
            square += value.High * value.High;
        }

        return Math.Min(Math.Sqrt(ShortVectors.SquaredNorm(gradient)), Math.Sqrt(square) * (1 + (gradient.Length * DoublePrecision.UnitRoundoff)));
    }

    public override void Optimum(ReadOnlySpan<double> w, Span<double> t, Span<double> buffer)
    {
        using var values = new Scratch(_height);
        Project(w, values.Span);
        SolveTriangle(values.Span[..t.Length]);
        Round(values.Span[..t.Length], t);
    }

    public override double LeastSquares(ReadOnlySpan<double> w, ReadOnlySpan<double> optimum, Span<double> residual)
    {
        using var values = new Scratch(_height);
        Project(w, values.Span);
        var sum = default(DoubleDouble);
        foreach (DoubleDouble value in values.Span[Loadings.LatentCount..])
        {
            sum += value * value;
        }

        return sum.High;
    }

    public override void OptimalMeans(ReadOnlySpan<double> w, ReadOnlySpan<double> optimum, Span<double> means)
    {
        using var values = new Scratch(_height);
        Project(w, values.Span);
        Span<DoubleDouble> t = values.Span[..means.Length];
        SolveTriangle(t);
        for (int j = 0; j < means.Length; j++)
        {
            var mean = new DoubleDouble(Prior.Means[j]);
            if (Prior.IsAlone(j))
            {
                mean += new DoubleDouble(Prior.Deviations[j]) * t[j];
            }
            else
            {
                PriorBlock block = Prior.BlockOf(j);
                for (int k = block.First; k <= j; k++)
                {
                    mean += new DoubleDouble(block.Factor.Root(j - block.First, k - block.First)) * t[k];
                }
            }

            means[j] = mean.High;
        }
    }

    public override CovarianceStructure Covariance()
    {
        int count = Loadings.LatentCount;
        var elements = new double[count * count];
        using var column = new Scratch(count);
        for (int j = 0; j < count; j++)
        {
            column.Span.Clear();
            column.Span[j] = new DoubleDouble(1);
            SolveTransposed(column.Span);
            SolveTriangle(column.Span);
            Round(column.Span, elements.AsSpan(j * count, count));
        }

        Prior.Conjugate(elements);
        return new DenseCovariance(elements, count, Root);
    }

    protected override void SolveTransposed(Span<double> x)
    {
        using var values = new Scratch(x.Length);
        Copy(x, values.Span);
        SolveTransposed(values.Span);
        Round(values.Span, x);
    }

    protected override void SolveOnce(ReadOnlySpan<double> w, Span<double> t) => Optimum(w, t, []);

    private static void Copy(ReadOnlySpan<double> source, Span<DoubleDouble> target)
    {
        for (int i = 0; i < source.Length; i++)
        {
            target[i] = new DoubleDouble(source[i]);
        }
    }

    private static void Round(ReadOnlySpan<DoubleDouble> source, Span<double> target)
    {
        for (int i = 0; i < source.Length; i++)
        {
            target[i] = source[i].High;
        }
    }

    /// <summary>Returns the largest element of a row of [B; I].</summary>
    private double Size(int row)
    {
        double size = row < Loadings.Rank ? 0 : 1;
        for (int j = 0; j < Loadings.LatentCount && row < Loadings.Rank; j++)
        {
            size = Math.Max(size, Math.Abs(Loadings[row, j]));
        }

        return size;
    }

    private DoubleDouble Triangle(int i, int j) => i == j ? _diagonal[j] : _columns[(j * _height) + i];

    /// <summary>Reduces column j by the reflection I − fvvᵀ, and the columns behind it.</summary>
    private void Reflect(int j)
    {
        Span<DoubleDouble> column = _columns.AsSpan((j * _height) + j, _height - j);
        DoubleDouble square = Dot(column, column), norm = DoubleDouble.Sqrt(square), head = column[0];
        _diagonal[j] = head.High > 0 ? -norm : norm;
        column[0] = head - _diagonal[j];

        // vᵀv/2 = norm (norm + |head|); no column of [B; I] is zero.
        _factors[j] = new DoubleDouble(1) / (norm * (norm + (head.High > 0 ? head : -head)));
        for (int other = j + 1; other < _diagonal.Length; other++)
        {
            Apply(j, _columns.AsSpan((other * _height) + j, _height - j));
        }
    }

    private void Apply(int reflection, Span<DoubleDouble> target)
    {
        ReadOnlySpan<DoubleDouble> v = _columns.AsSpan((reflection * _height) + reflection, _height - reflection);
        DoubleDouble product = Dot(v, target) * _factors[reflection];
        for (int i = 0; i < v.Length; i++)
        {
            target[i] -= product * v[i];
        }
    }

    /// <summary>Writes Qᵀ[w; 0].</summary>
    private void Project(ReadOnlySpan<double> w, Span<DoubleDouble> values)
    {
        for (int i = 0; i < values.Length; i++)
        {
            int row = _order[i], rank = Loadings.Rank;
            values[i] = row >= rank ? default : new DoubleDouble(w[row], w.Length > rank ? w[rank + row] : 0);
        }

        for (int j = 0; j < _diagonal.Length; j++)
        {
            Apply(j, values[j..]);
        }
    }

    private void SolveTriangle(Span<DoubleDouble> x)
    {
        for (int j = x.Length - 1; j >= 0; j--)
        {
            x[j] /= _diagonal[j];
            for (int i = 0; i < j; i++)
            {
                x[i] -= Triangle(i, j) * x[j];
            }
        }
    }

    private void SolveTransposed(Span<DoubleDouble> x)
    {
        for (int j = 0; j < x.Length; j++)
        {
            for (int i = 0; i < j; i++)
            {
                x[j] -= Triangle(i, j) * x[i];
            }

            x[j] /= _diagonal[j];
        }
    }

    private static DoubleDouble Dot(ReadOnlySpan<DoubleDouble> a, ReadOnlySpan<DoubleDouble> b)
    {
        var sum = default(DoubleDouble);
        for (int i = 0; i < a.Length; i++)
        {
            sum += a[i] * b[i];
        }

        return sum;
    }

    /// <summary>Room that is given back.</summary>
    private readonly ref struct Scratch(int length)
    {
        private readonly DoubleDouble[] _rented = ArrayPool<DoubleDouble>.Shared.Rent(length);

        public Span<DoubleDouble> Span => _rented.AsSpan(0, length);

        public void Dispose() => ArrayPool<DoubleDouble>.Shared.Return(_rented);
    }
}
