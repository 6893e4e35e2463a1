using System.Collections.Immutable;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>Correlated latents side by side.</summary>
/// <param name="First">The first of them.</param>
/// <param name="Factor">Their covariance.</param>
internal readonly record struct PriorBlock(int First, PriorFactor Factor)
{
    public int Size => Factor.Size;
}

/// <summary>A covariance S of some latents, by its root, S = LLᵀ.</summary>
internal sealed class PriorFactor
{
    /// <summary>Elements may differ from those across the diagonal by so much of their deviations: what rounding does.</summary>
    private const double Asymmetry = 1e-12;

    private readonly double[] _covariance;
    private readonly double[] _root;
    private readonly double[] _directions;

    private PriorFactor(double[] covariance, Matrix<double> root)
    {
        Size = root.RowCount;
        _covariance = covariance;
        _root = root.ToRowMajorArray();
        _directions = new double[Size * Size];
        var deviations = new double[Size];
        for (int j = 0; j < Size; j++)
        {
            Span<double> direction = _directions.AsSpan(j * Size, Size);
            direction[j] = 1;
            Solve(direction);
            double norm = Math.Sqrt(ShortVectors.SquaredNorm(direction));
            deviations[j] = 1 / norm;
            for (int i = j; i < Size; i++)
            {
                direction[i] /= norm;
            }

            LogDeterminant += 2 * Math.Log(_root[(j * Size) + j]);
        }

        ConditionalDeviations = [.. deviations];
    }

    public int Size { get; }

    public double LogDeterminant { get; }

    /// <summary>Gets 1/√(S⁻¹)_jj.</summary>
    public ImmutableArray<double> ConditionalDeviations { get; }

    /// <exception cref="ArgumentException">The matrix is not square, symmetric and positive definite.</exception>
    public static PriorFactor Of(Matrix<double> covariance, string name)
    {
        ArgumentNullException.ThrowIfNull(covariance, name);
        int size = covariance.RowCount;
        if (size == 0 || covariance.ColumnCount != size)
        {
            throw new ArgumentException(
                Guard.Text($"{name} is {size}×{covariance.ColumnCount}; a covariance is square, at least 1×1."), name);
        }

        double[] elements = covariance.ToRowMajorArray();
        Guard.AllFinite(elements, name);
        for (int i = 0; i < size; i++)
        {
            if (!(elements[(i * size) + i] > 0))
            {
                throw new ArgumentException(Guard.Text($"{name}[{i}, {i}] is {elements[(i * size) + i]}; a variance is positive."), name);
            }

            for (int j = 0; j < i; j++)
            {
                double scale = Math.Sqrt(elements[(i * size) + i]) * Math.Sqrt(elements[(j * size) + j]);
                if (!(Math.Abs(elements[(i * size) + j] - elements[(j * size) + i]) <= Asymmetry * scale))
                {
                    throw new ArgumentException(
                        Guard.Text($"{name}[{i}, {j}] is {elements[(i * size) + j]} and {name}[{j}, {i}] is {elements[(j * size) + i]}; a covariance is symmetric."),
                        name);
                }

                elements[(j * size) + i] = elements[(i * size) + j];
            }
        }

        try
        {
            return new PriorFactor(elements, Matrix<double>.Build.DenseOfRowMajor(size, size, elements).Cholesky().Factor);
        }
        catch (ArgumentException)
        {
            throw new ArgumentException(Guard.Text($"{name} is not positive definite; some combination of its latents would have a variance of at most 0."), name);
        }
    }

    public double Covariance(int i, int j) => _covariance[(i * Size) + j];

    /// <summary>Returns element (i, j) of L.</summary>
    public double Root(int i, int j) => _root[(i * Size) + j];

    /// <summary>Returns Σ_k L_ik x_k.</summary>
    public double Dot(int i, ReadOnlySpan<double> x) => ShortVectors.Dot(_root.AsSpan(i * Size, i + 1), x[..(i + 1)]);

    /// <summary>Returns L⁻¹e_j at unit length, from element j on.</summary>
    public ReadOnlySpan<double> Direction(int j) => _directions.AsSpan((j * Size) + j, Size - j);

    /// <summary>Replaces x by L⁻¹x.</summary>
    public void Solve(Span<double> x)
    {
        for (int i = 0; i < Size; i++)
        {
            double value = x[i];
            for (int k = 0; k < i; k++)
            {
                value -= _root[(i * Size) + k] * x[k];
            }

            x[i] = value / _root[(i * Size) + i];
        }
    }

    /// <summary>Replaces x by L⁻ᵀx.</summary>
    public void SolveTransposed(Span<double> x)
    {
        for (int i = Size - 1; i >= 0; i--)
        {
            double value = x[i] /= _root[(i * Size) + i];
            for (int k = 0; k < i; k++)
            {
                x[k] -= _root[(i * Size) + k] * value;
            }
        }
    }
}
