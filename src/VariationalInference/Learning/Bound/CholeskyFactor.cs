using System.Numerics.Tensors;

namespace VariationalInference;

/// <summary>C = LLᵀ of a small matrix, row-major, in place of the decompositions that allocate.</summary>
internal sealed class CholeskyFactor(int size)
{
    private readonly double[] _lower = new double[size * size];

    public double[] Inverse { get; } = new double[size * size];

    public double LogDeterminant { get; private set; }

    /// <summary>Factors a symmetric matrix, of which the lower triangle is read, and inverts it.</summary>
    /// <returns>Whether the matrix is positive definite.</returns>
    public bool Factor(ReadOnlySpan<double> matrix)
    {
        LogDeterminant = 0;
        for (int i = 0; i < size; i++)
        {
            Span<double> row = _lower.AsSpan(i * size, size);
            for (int j = 0; j < i; j++)
            {
                double rest = matrix[(i * size) + j] - TensorPrimitives.Dot(row[..j], _lower.AsSpan(j * size, j));
                row[j] = rest / _lower[(j * size) + j];
            }

            double pivot = matrix[(i * size) + i] - TensorPrimitives.Dot<double>(row[..i], row[..i]);
            if (!(pivot > 0 && double.IsFinite(pivot)))
            {
                return false;
            }

            row[i] = Math.Sqrt(pivot);
            LogDeterminant += Math.Log(pivot);
        }

        Invert();
        return true;
    }

    /// <summary>Writes C⁻¹ = L⁻ᵀL⁻¹, one row of L⁻ᵀ at a time.</summary>
    private void Invert()
    {
        Array.Clear(Inverse);
        for (int i = 0; i < size; i++)
        {
            // Row i of L⁻¹, from the rows above it.
            Span<double> row = Inverse.AsSpan(i * size, size);
            for (int j = 0; j < i; j++)
            {
                Span<double> head = row[..(j + 1)];
                TensorPrimitives.MultiplyAdd(Inverse.AsSpan(j * size, j + 1), -_lower[(i * size) + j], head, head);
            }

            row[i] = 1;
            TensorPrimitives.Divide(row[..(i + 1)], _lower[(i * size) + i], row[..(i + 1)]);
        }

        for (int i = 0; i < size; i++)
        {
            // Into the memory of L, which has done its work.
            Span<double> scratch = _lower.AsSpan(i * size, size);
            scratch.Clear();
            for (int n = i; n < size; n++)
            {
                Span<double> head = scratch[..(i + 1)];
                TensorPrimitives.MultiplyAdd(Inverse.AsSpan(n * size, i + 1), Inverse[(n * size) + i], head, head);
            }
        }

        for (int i = 0; i < size; i++)
        {
            for (int j = 0; j <= i; j++)
            {
                Inverse[(i * size) + j] = Inverse[(j * size) + i] = _lower[(i * size) + j];
            }
        }
    }
}
