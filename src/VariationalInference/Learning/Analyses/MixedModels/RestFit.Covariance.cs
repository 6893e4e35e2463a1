using System.Numerics.Tensors;

namespace VariationalInference;

/// <content>ΛM⁻¹Λᵀ, and the derivative of log det M, which comes on the way.</content>
internal sealed partial class RestFit
{
    /// <summary>Works out ΛM⁻¹Λᵀ of the blocks, and on the way the derivative of log det by Λ, 2 Σ_b (SΛM⁻¹)_bb over the levels b.</summary>
    /// <param name="gradients">Receives the derivatives, added to what is there.</param>
    public void Invert(double[][] gradients)
    {
        for (int block = 0; block < _factors.Length; block++)
        {
            DenseCholesky factor = _factors[block];
            factor.Invert();
            double[] product = _products[block];
            int order = factor.Order;

            // M⁻¹Λᵀ, element by element from rows of M⁻¹; its rows are the columns of ΛM⁻¹.
            for (int i = 0; i < order; i++)
            {
                ReadOnlySpan<double> inverse = factor.Inverse.Slice(i * factor.Stride, order);
                Span<double> row = product.AsSpan(i * order, order);
                if (_isScalar)
                {
                    TensorPrimitives.Multiply(inverse, ScalesOf(block), row);
                    continue;
                }

                for (int j = 0; j < order; j++)
                {
                    row[j] = Mixed(inverse, _members[block][j], j);
                }
            }

            AddLogGradient(block, gradients);

            // Then ΛM⁻¹Λᵀ: the rows of a level mix.
            for (int i = 0; i < order; i += WidthOf(_members[block][i]))
            {
                ScaleRows(block, i);
            }
        }
    }

    private int WidthOf(int column) => _columns.Widths[_factorOf[column]];

    private void AddLogGradient(int block, double[][] gradients)
    {
        DenseCholesky factor = _factors[block];
        int order = factor.Order;
        Span<double> derivatives = stackalloc double[_columns.Widths.Max() * _columns.Widths.Max()];
        for (int i = order - 1; i >= 0; i--)
        {
            int column = _members[block][i];
            (int width, int effect, double[] lambda) = Place(column);
            bool isLarge = IsLarge(column);
            Span<double> gradient = gradients[_factorOf[column]];
            for (int j = 0; j < width; j++)
            {
                int place = i - effect + j;
                double derivative;
                if (isLarge)
                {
                    // Λᵀ(SΛM⁻¹) = I − M⁻¹ without a difference of large numbers; the rows below are there already.
                    derivative = (effect == j ? 1 : 0) - factor.Inverse[(i * factor.Stride) + place];
                    for (int e = effect + 1; e < width; e++)
                    {
                        derivative -= lambda[(e * width) + effect] * derivatives[(e * width) + j];
                    }

                    derivative /= lambda[(effect * width) + effect];
                }
                else
                {
                    derivative = TensorPrimitives.Dot<double>(_squares[block].AsSpan(i * order, order), _products[block].AsSpan(place * order, order));
                }

                derivatives[(effect * width) + j] = derivative;
                gradient[(effect * width) + j] += 2 * derivative;
            }
        }
    }

    /// <summary>Replaces the rows of a level by Λ times them.</summary>
    private void ScaleRows(int block, int first)
    {
        int order = _factors[block].Order;
        (int width, _, double[] lambda) = Place(_members[block][first]);
        double[] product = _products[block];
        if (width == 1)
        {
            Span<double> row = product.AsSpan(first * order, order);
            TensorPrimitives.Multiply(row, lambda[0], row);
            return;
        }

        Span<double> mixed = stackalloc double[width];
        for (int j = 0; j < order; j++)
        {
            for (int e = 0; e < width; e++)
            {
                mixed[e] = 0;
                for (int k = 0; k < width; k++)
                {
                    mixed[e] += lambda[(e * width) + k] * product[((first + k) * order) + j];
                }
            }

            for (int e = 0; e < width; e++)
            {
                product[((first + e) * order) + j] = mixed[e];
            }
        }
    }

    /// <summary>Returns element j of a row times Λᵀ.</summary>
    private double Mixed(ReadOnlySpan<double> row, int column, int j)
    {
        (int width, int effect, double[] lambda) = Place(column);
        if (width == 1)
        {
            return row[j] * lambda[0];
        }

        double sum = 0;
        for (int k = 0; k < width; k++)
        {
            sum += row[j - effect + k] * lambda[(effect * width) + k];
        }

        return sum;
    }

    /// <summary>Writes T̂ΛM⁻¹ΛᵀT̂ᵀ of a level g of the first factor, d×d, with T̂ = L_g⁻¹T_g.</summary>
    public void Explained(int level, Span<double> explained)
    {
        int width = _reduction.Width, first = _columns.TouchStarts[level], met = _columns.TouchStarts[level + 1] - first;
        explained.Clear();
        if (met == 0)
        {
            return;
        }

        int block = _columns.BlockOf[_columns.Touched[first]], order = _factors[block].Order;
        ReadOnlySpan<int> places = _columns.TouchPlaces.AsSpan(first, met);
        ReadOnlySpan<double> tops = _touched.AsSpan(first * width, met * width);
        for (int a = 0; a < met; a++)
        {
            ReadOnlySpan<double> row = _products[block].AsSpan(places[a] * order, order);
            for (int l = 0; l < width; l++)
            {
                double sum = 0;
                for (int b = 0; b < places.Length; b++)
                {
                    sum += row[places[b]] * tops[(b * width) + l];
                }

                for (int k = 0; k < width; k++)
                {
                    explained[(k * width) + l] += tops[(a * width) + k] * sum;
                }
            }
        }
    }

    /// <summary>Returns an element of ΛM⁻¹Λᵀ, after <see cref="Invert"/>.</summary>
    public double Covariance(int column, int other)
    {
        int block = _columns.BlockOf[column];
        return block == _columns.BlockOf[other]
            ? _products[block][(_columns.PlaceOf[column] * _factors[block].Order) + _columns.PlaceOf[other]]
            : 0;
    }
}
