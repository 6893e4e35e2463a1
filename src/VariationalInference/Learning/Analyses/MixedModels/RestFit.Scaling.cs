using System.Numerics.Tensors;

namespace VariationalInference;

/// <content>I + ΛᵀSΛ of a block from S.</content>
internal sealed partial class RestFit
{
    /// <summary>Writes I + ΛᵀSΛ into the lower triangle to be factored.</summary>
    private void Scale(int block)
    {
        DenseCholesky factor = _factors[block];
        int order = factor.Order;
        double[] squares = _squares[block], half = _products[block];
        if (_isScalar)
        {
            ScaleScalars(block);
            return;
        }

        // ΛᵀS, whose rows mix those of their level, then its columns likewise.
        for (int i = 0; i < order; i++)
        {
            (int width, int effect, double[] lambda) = Place(_members[block][i]);
            Span<double> row = half.AsSpan(i * order, order);
            row.Clear();
            for (int e = 0; e < width; e++)
            {
                double weight = lambda[(e * width) + effect];
                if (weight != 0)
                {
                    TensorPrimitives.MultiplyAdd(squares.AsSpan((i - effect + e) * order, order), weight, row, row);
                }
            }
        }

        for (int i = 0; i < order; i++)
        {
            Span<double> row = half.AsSpan(i * order, order), target = factor.Lower.Slice(i * factor.Stride, order);
            for (int j = 0; j <= i; j++)
            {
                target[j] = MixedTransposed(row, _members[block][j], j);
            }

            target[i] += 1;
        }
    }

    /// <summary>Does the same where all factors have one effect, by whole rows.</summary>
    private void ScaleScalars(int block)
    {
        DenseCholesky factor = _factors[block];
        int order = factor.Order;
        Span<double> scales = ScalesOf(block);
        for (int i = 0; i < order; i++)
        {
            Span<double> target = factor.Lower.Slice(i * factor.Stride, i + 1);
            TensorPrimitives.Multiply(_squares[block].AsSpan(i * order, i + 1), scales[..(i + 1)], target);
            TensorPrimitives.Multiply(target, scales[i], target);
            target[i] += 1;
        }
    }

    /// <summary>Writes the one element of Λ of each column of a block.</summary>
    private Span<double> ScalesOf(int block)
    {
        int[] members = _members[block];
        for (int i = 0; i < members.Length; i++)
        {
            _step[i] = _lambda[_factorOf[members[i]]][0];
        }

        return _step.AsSpan(0, members.Length);
    }

    /// <summary>Returns element j of a row times Λ.</summary>
    private double MixedTransposed(ReadOnlySpan<double> row, int column, int j)
    {
        (int width, int effect, double[] lambda) = Place(column);
        if (width == 1)
        {
            return row[j] * lambda[0];
        }

        double sum = 0;
        for (int e = 0; e < width; e++)
        {
            sum += row[j - effect + e] * lambda[(e * width) + effect];
        }

        return sum;
    }
}
