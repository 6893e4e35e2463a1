using System.Numerics.Tensors;

namespace VariationalInference;

/// <summary>A root F of centred cross products, S = FᵀF, so that quadratic forms in S are sums of squares.</summary>
internal static class ScatterRoot
{
    /// <summary>
    /// Factors a matrix of cross products by Cholesky's method, the largest remaining part of a variance first. Rows end where what is left
    /// is the rounding of S: of n rows there are at most n − 1.
    /// </summary>
    /// <param name="product">Element (i, j) of S.</param>
    /// <param name="size">The number of columns p.</param>
    /// <param name="most">The largest rank that S can have.</param>
    /// <param name="least">Receives the least part of a column's variance that was left to it when its turn came: digits of S are lost by as much.</param>
    /// <returns>F, as many rows as S has rank, row-major.</returns>
    public static double[] Of(Func<int, int, double> product, int size, long most, out double least)
    {
        least = 1;
        double[] variances = [.. Enumerable.Range(0, size).Select(i => Math.Max(product(i, i), 0))];
        double[] left = [.. variances];
        double rounding = 1e-15 * (size + 1);
        var rows = new List<double[]>();
        while (rows.Count < Math.Min(most, size))
        {
            int pivot = Pivot(left, variances);
            if (variances[pivot] == 0)
            {
                break;
            }

            least = left[pivot] / variances[pivot];
            if (!(least > rounding))
            {
                break;
            }

            double root = Math.Sqrt(left[pivot]);
            double[] row = [.. Enumerable.Range(0, size).Select(j => product(pivot, j))];
            foreach (double[] earlier in rows)
            {
                TensorPrimitives.MultiplyAdd(earlier, -earlier[pivot], row, row);
            }

            for (int j = 0; j < size; j++)
            {
                row[j] = left[j] > 0 ? row[j] / root : 0;
                left[j] = Math.Max(left[j] - (row[j] * row[j]), 0);
            }

            row[pivot] = root;
            left[pivot] = 0;
            rows.Add(row);
        }

        return [.. rows.SelectMany(row => row)];
    }

    /// <summary>Returns the column of which the largest part is left, as a part of its own variance: columns may differ in their units.</summary>
    private static int Pivot(double[] left, double[] variances)
    {
        int pivot = 0;
        double largest = -1;
        for (int j = 0; j < left.Length; j++)
        {
            double part = variances[j] > 0 ? left[j] / variances[j] : 0;
            if (part > largest)
            {
                (pivot, largest) = (j, part);
            }
        }

        return pivot;
    }
}
