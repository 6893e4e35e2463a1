namespace VariationalInference;

/// <summary>Algebra of small symmetric matrices, of which the lower triangle stands by rows: M_00, M_10, M_11, M_20, ….</summary>
internal static class PackedSymmetric
{
    public static int Length(int order) => order * (order + 1) / 2;

    /// <summary>Returns where an element stands.</summary>
    public static int At(int i, int j) => i >= j ? (i * (i + 1) / 2) + j : (j * (j + 1) / 2) + i;

    /// <summary>Replaces M by L of M = LLᵀ.</summary>
    /// <returns>Whether M is positive definite.</returns>
    public static bool TryFactor(int order, Span<double> matrix)
    {
        for (int i = 0; i < order; i++)
        {
            Span<double> row = matrix.Slice(At(i, 0), i + 1);
            for (int j = 0; j <= i; j++)
            {
                ReadOnlySpan<double> other = matrix.Slice(At(j, 0), j + 1);
                double sum = row[j];
                for (int k = 0; k < j; k++)
                {
                    sum -= row[k] * other[k];
                }

                if (j < i)
                {
                    row[j] = sum / other[j];
                }
                else if (sum > 0 && double.IsFinite(sum))
                {
                    row[j] = Math.Sqrt(sum);
                }
                else
                {
                    return false;
                }
            }
        }

        return true;
    }

    public static double LogDeterminantOfFactored(int order, ReadOnlySpan<double> factor)
    {
        double sum = 0;
        for (int i = 0; i < order; i++)
        {
            sum += Math.Log(factor[At(i, i)]);
        }

        return 2 * sum;
    }

    /// <summary>Writes M⁻¹ from L, whose place its inverse takes.</summary>
    public static void InvertFactored(int order, Span<double> factor, Span<double> inverse)
    {
        for (int j = 0; j < order; j++)
        {
            factor[At(j, j)] = 1 / factor[At(j, j)];
            for (int i = j + 1; i < order; i++)
            {
                double sum = 0;
                for (int k = j; k < i; k++)
                {
                    sum -= factor[At(i, k)] * factor[At(k, j)];
                }

                factor[At(i, j)] = sum / factor[At(i, i)];
            }
        }

        for (int i = 0; i < order; i++)
        {
            for (int j = 0; j <= i; j++)
            {
                double sum = 0;
                for (int k = i; k < order; k++)
                {
                    sum += factor[At(k, i)] * factor[At(k, j)];
                }

                inverse[At(i, j)] = sum;
            }
        }
    }

    /// <summary>Replaces x by L⁻¹x.</summary>
    public static void SolveLower(int order, ReadOnlySpan<double> factor, Span<double> x)
    {
        for (int i = 0; i < order; i++)
        {
            double sum = x[i];
            int row = At(i, 0);
            for (int k = 0; k < i; k++)
            {
                sum -= factor[row + k] * x[k];
            }

            x[i] = sum / factor[row + i];
        }
    }

    /// <summary>Replaces x by (LLᵀ)⁻¹x.</summary>
    public static void Solve(int order, ReadOnlySpan<double> factor, Span<double> x)
    {
        SolveLower(order, factor, x);
        for (int i = order - 1; i >= 0; i--)
        {
            double sum = x[i];
            for (int k = i + 1; k < order; k++)
            {
                sum -= factor[At(k, i)] * x[k];
            }

            x[i] = sum / factor[At(i, i)];
        }
    }

    /// <summary>Returns xᵀMy.</summary>
    public static double Product(int order, ReadOnlySpan<double> matrix, ReadOnlySpan<double> x, ReadOnlySpan<double> y)
    {
        double sum = 0;
        for (int i = 0; i < order; i++)
        {
            for (int j = 0; j < order; j++)
            {
                sum += x[i] * matrix[At(i, j)] * y[j];
            }
        }

        return sum;
    }

    /// <summary>Returns tr(SXSY).</summary>
    public static double Trace(int order, ReadOnlySpan<double> s, ReadOnlySpan<double> x, ReadOnlySpan<double> y)
    {
        double sum = 0;
        for (int i = 0; i < order; i++)
        {
            for (int j = 0; j < order; j++)
            {
                double left = 0, right = 0;
                for (int k = 0; k < order; k++)
                {
                    left += s[At(i, k)] * x[At(k, j)];
                    right += s[At(j, k)] * y[At(k, i)];
                }

                sum += left * right;
            }
        }

        return sum;
    }

    /// <summary>Turns means and a matrix behind them: x becomes Tᵀx and M becomes TᵀMT, with an orthogonal T by rows.</summary>
    public static void Turn(int order, ReadOnlySpan<double> turn, ReadOnlySpan<double> state, Span<double> turned)
    {
        for (int i = 0; i < order; i++)
        {
            turned[i] = 0;
            for (int k = 0; k < order; k++)
            {
                turned[i] += turn[(k * order) + i] * state[k];
            }

            for (int j = 0; j <= i; j++)
            {
                double sum = 0;
                for (int k = 0; k < order; k++)
                {
                    for (int l = 0; l < order; l++)
                    {
                        sum += turn[(k * order) + i] * state[order + At(k, l)] * turn[(l * order) + j];
                    }
                }

                turned[order + At(i, j)] = sum;
            }
        }
    }
}
