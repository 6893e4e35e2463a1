using MathNet.Numerics.Distributions;
using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.Random;

namespace VariationalInference;

/// <summary>Where a search for a rotation ended: T with columns of length 1, of which L = A(Tᵀ)⁻¹ are the loadings and TᵀT the factors' correlations.</summary>
internal sealed record RotationResult(Matrix<double> Transformation, double Criterion, bool Converged);

/// <summary>Rotates loadings A to the least value of a criterion, from several starts.</summary>
internal static class RotationSearch
{
    private const int RotationPurpose = 0x5254;

    /// <summary>Criteria of standardised loadings that differ by less than this are one and the same optimum.</summary>
    private const double SameCriterion = 1e-9;

    /// <summary>Returns the best of all starts, and how many of them came to it.</summary>
    public static (RotationResult Best, int StartsAtBest) Run(Matrix<double> loadings, FactorRotation rotation, FactorRotationOptions options)
    {
        Matrix<double> normalized = options.KaiserNormalization ? Normalize(loadings) : loadings;
        RotationResult[] results =
        [
            .. Enumerable.Range(0, loadings.ColumnCount > 1 ? options.Starts : 1).Select(index => Run(normalized, rotation, options, Start(loadings.ColumnCount, options.Seed, index))),
        ];

        // A criterion that is lower by rounding is no better; the first start then stays, and one that has converged goes before.
        double lowest = results.Min(result => result.Criterion);
        RotationResult[] best = [.. results.Where(result => result.Criterion <= lowest + SameCriterion).OrderBy(result => result.Converged ? 0 : 1)];
        RotationResult chosen = rotation == FactorRotation.Promax ? Promax(loadings, best[0], options.PromaxPower) : best[0];
        return (chosen, best.Count(result => result.Converged));
    }

    /// <summary>Scales rows to length 1, but for those that are zero.</summary>
    private static Matrix<double> Normalize(Matrix<double> loadings) => Matrix<double>.Build.DenseOfRows(
        loadings.EnumerateRows().Select(row => row.L2Norm() is double length and > 0 ? row / length : row));

    private static Matrix<double> Start(int factors, int seed, int index)
    {
        if (index == 0)
        {
            return Matrix<double>.Build.DenseIdentity(factors);
        }

        var random = new Xoshiro256StarStar(StreamSeed.Of(seed, RotationPurpose, index), threadSafe: false);
        return Matrix<double>.Build.Dense(factors, factors, (_, _) => Normal.Sample(random, 0, 1)).QR().Q;
    }

    private static RotationResult Run(Matrix<double> loadings, FactorRotation rotation, FactorRotationOptions options, Matrix<double> start) =>
        rotation == FactorRotation.Quartimin
            ? Quartimin(loadings, start, options.MaxIterations)
            : Varimax(loadings, start, options.MaxIterations);

    /// <summary>
    /// Turns two factors at a time to the best angle between them, which has a closed form; Σ_j (Σ_k l⁴ − (Σ_k l²)²/K) rises to its end.
    /// </summary>
    private static RotationResult Varimax(Matrix<double> loadings, Matrix<double> start, int maxIterations)
    {
        const double smallestAngle = 1e-12;
        int factors = loadings.ColumnCount;
        Matrix<double> transformation = start.Clone();
        Matrix<double> rotated = loadings * transformation;
        bool converged = false;
        for (int iteration = 0; iteration < maxIterations && !converged; iteration++)
        {
            double largest = 0;
            for (int i = 0; i < factors; i++)
            {
                for (int j = i + 1; j < factors; j++)
                {
                    double angle = VarimaxAngle(rotated.Column(i), rotated.Column(j));
                    Turn(rotated, i, j, angle);
                    Turn(transformation, i, j, angle);
                    largest = Math.Max(largest, Math.Abs(angle));
                }
            }

            converged = largest <= smallestAngle;
        }

        double criterion = -rotated.EnumerateColumns().Sum(column =>
        {
            Vector<double> squares = column.PointwiseMultiply(column);
            return squares.DotProduct(squares) - (squares.Sum() * squares.Sum() / squares.Count);
        });
        return new RotationResult(transformation, criterion, converged);
    }

    private static double VarimaxAngle(Vector<double> x, Vector<double> y)
    {
        Vector<double> u = x.PointwiseMultiply(x) - y.PointwiseMultiply(y);
        Vector<double> v = 2 * x.PointwiseMultiply(y);
        double a = u.Sum(), b = v.Sum();
        double sine = 2 * (u.DotProduct(v) - (a * b / x.Count));
        double cosine = u.DotProduct(u) - v.DotProduct(v) - (((a * a) - (b * b)) / x.Count);

        // Where the criterion is level, rounding alone would turn for ever.
        const double rounding = 1e-15;
        double size = (x.DotProduct(x) + y.DotProduct(y)) * (x.DotProduct(x) + y.DotProduct(y));
        return Math.Abs(sine) <= rounding * size && cosine >= -rounding * size ? 0 : 0.25 * Math.Atan2(sine, cosine);
    }

    private static void Turn(Matrix<double> matrix, int i, int j, double angle)
    {
        (double sine, double cosine) = Math.SinCos(angle);
        for (int k = 0; k < matrix.RowCount; k++)
        {
            (double x, double y) = (matrix[k, i], matrix[k, j]);
            matrix[k, i] = (cosine * x) + (sine * y);
            matrix[k, j] = (cosine * y) - (sine * x);
        }
    }

    /// <summary>
    /// Lowers ¼ Σ_{i≠j} Σ_k l²_ki l²_kj by gradient projection (Jennrich, 2002; Bernaards and Jennrich, 2005): a step against the gradient, as long as the last
    /// two gradients suggest (Barzilai and Borwein, 1988), and back to columns of length 1.
    /// </summary>
    private static RotationResult Quartimin(Matrix<double> loadings, Matrix<double> start, int maxIterations)
    {
        // Loadings are of order 1, and so is their rounding of 1e-16 in the criterion, whose gradient is then known to its root.
        const double smallestGradient = 1e-10, levelGradient = 1e-7, sufficient = 1e-4, rounding = 1e-15;
        const int mostHalvings = 30;
        Matrix<double> transformation = start;
        (double criterion, Matrix<double> gradient) = QuartiminGradient(loadings, transformation);
        double step = 1, norm = gradient.FrobeniusNorm();
        bool lowered = true;
        for (int iteration = 0; iteration < maxIterations && lowered && norm > smallestGradient; iteration++)
        {
            lowered = false;
            for (int halving = 0; halving < mostHalvings && !lowered; halving++, step *= 0.5)
            {
                Matrix<double> next = (transformation - (step * gradient)).NormalizeColumns(2);
                (double value, Matrix<double> slope) = QuartiminGradient(loadings, next);
                double slopeNorm = slope.FrobeniusNorm();
                lowered = criterion - value > sufficient * step * norm * norm
                    || (value <= criterion + (rounding * (1 + criterion)) && slopeNorm < norm && norm < levelGradient);
                if (lowered)
                {
                    Matrix<double> moved = next - transformation, changed = slope - gradient;
                    double curvature = Math.Abs(moved.PointwiseMultiply(changed).RowSums().Sum());
                    double length = moved.FrobeniusNorm();
                    (transformation, criterion, gradient, norm) = (next, value, slope, slopeNorm);
                    step = 2 * (curvature > 0 ? Math.Min(length * length / curvature, 1 / Math.Max(norm, smallestGradient)) : 1);
                }
            }
        }

        return new RotationResult(transformation, criterion, norm <= levelGradient);
    }

    /// <summary>Returns the criterion and its gradient by T, along the columns of length 1.</summary>
    private static (double Criterion, Matrix<double> Gradient) QuartiminGradient(Matrix<double> loadings, Matrix<double> transformation)
    {
        Matrix<double> inverse = transformation.Inverse();
        Matrix<double> rotated = loadings * inverse.Transpose();
        Matrix<double> squares = rotated.PointwiseMultiply(rotated);
        Matrix<double> others = Matrix<double>.Build.Dense(
            squares.RowCount, squares.ColumnCount, (k, j) => Enumerable.Range(0, squares.ColumnCount).Where(i => i != j).Sum(i => squares[k, i]));
        double criterion = 0.25 * squares.PointwiseMultiply(others).RowSums().Sum();
        Matrix<double> byLoadings = rotated.PointwiseMultiply(others);
        Matrix<double> gradient = -(rotated.TransposeThisAndMultiply(byLoadings) * inverse).Transpose();
        for (int j = 0; j < gradient.ColumnCount; j++)
        {
            Vector<double> column = transformation.Column(j);
            gradient.SetColumn(j, gradient.Column(j) - (column * column.DotProduct(gradient.Column(j))));
        }

        return (criterion, gradient);
    }

    /// <summary>Turns from varimax to the least-squares fit of its loadings to their own power, with factors of variance 1.</summary>
    private static RotationResult Promax(Matrix<double> loadings, RotationResult varimax, double power)
    {
        Matrix<double> rotated = loadings * varimax.Transformation;
        Matrix<double> target = rotated.Map(value => value * Math.Pow(Math.Abs(value), power - 1));
        Matrix<double> fit = rotated.QR().Solve(target);

        // L = A(VU) with U's columns scaled so that (UᵀU)⁻¹, the factors' covariance, has a diagonal of ones; (Tᵀ)⁻¹ = VU.
        Vector<double> scales = (fit.TransposeThisAndMultiply(fit)).Inverse().Diagonal().PointwiseSqrt();
        Matrix<double> right = varimax.Transformation * fit * Matrix<double>.Build.DenseOfDiagonalVector(scales);
        return varimax with { Transformation = right.Inverse().Transpose() };
    }
}
