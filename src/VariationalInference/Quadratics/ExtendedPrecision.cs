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
    private readonly ExtendedTriangle _triangle;

    public ExtendedPrecision(WhitenedLoadings loadings, GaussianPrior prior)
        : base(loadings, prior)
    {
        int latents = loadings.LatentCount;
        _triangle = new ExtendedTriangle(loadings, [.. Enumerable.Range(0, latents)]);
        Factor = new UpperTriangle(Matrix<double>.Build.Dense(latents, latents, (i, j) => i <= j ? _triangle[i, j].High : 0));
        LogDeterminant = LogDeterminantOf(Factor);
    }

    public override double LogDeterminant { get; }

    public override bool IsExtended => true;

    protected override UpperTriangle Factor { get; }

    public override void Solve(Span<double> x)
    {
        using var values = new ExtendedTriangle.Scratch(x.Length);
        Copy(x, values.Span);
        _triangle.SolveTransposed(values.Span);
        _triangle.Solve(values.Span);
        Round(values.Span, x);
    }

    public override double ErrorNorm(ReadOnlySpan<double> gradient, Span<double> scratch)
    {
        using var values = new ExtendedTriangle.Scratch(gradient.Length);
        Copy(gradient, values.Span);
        _triangle.SolveTransposed(values.Span);
        double square = 0;
        foreach (DoubleDouble value in values.Span)
        {
            square += value.High * value.High;
        }

        return Math.Min(Math.Sqrt(ShortVectors.SquaredNorm(gradient)), Math.Sqrt(square) * (1 + (gradient.Length * DoublePrecision.UnitRoundoff)));
    }

    public override void Optimum(ReadOnlySpan<double> w, Span<double> t, Span<double> buffer)
    {
        using var values = new ExtendedTriangle.Scratch(_triangle.Height);
        _triangle.Project(w, values.Span);
        _triangle.Solve(values.Span[..t.Length]);
        Round(values.Span[..t.Length], t);
    }

    public override double LeastSquares(ReadOnlySpan<double> w, ReadOnlySpan<double> optimum, Span<double> residual)
    {
        using var values = new ExtendedTriangle.Scratch(_triangle.Height);
        _triangle.Project(w, values.Span);
        var sum = default(DoubleDouble);
        foreach (DoubleDouble value in values.Span[Loadings.LatentCount..])
        {
            sum += value * value;
        }

        return sum.High;
    }

    public override void OptimalMeans(ReadOnlySpan<double> w, ReadOnlySpan<double> optimum, Span<double> means)
    {
        using var values = new ExtendedTriangle.Scratch(_triangle.Height);
        _triangle.Project(w, values.Span);
        Span<DoubleDouble> t = values.Span[..means.Length];
        _triangle.Solve(t);
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
        using var column = new ExtendedTriangle.Scratch(count);
        for (int j = 0; j < count; j++)
        {
            column.Span.Clear();
            column.Span[j] = new DoubleDouble(1);
            _triangle.SolveTransposed(column.Span);
            _triangle.Solve(column.Span);
            Round(column.Span, elements.AsSpan(j * count, count));
        }

        Prior.Conjugate(elements);
        return new DenseCovariance(elements, count, Root);
    }

    protected override void SolveTransposed(Span<double> x)
    {
        using var values = new ExtendedTriangle.Scratch(x.Length);
        Copy(x, values.Span);
        _triangle.SolveTransposed(values.Span);
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
}
