namespace VariationalInference;

/// <summary>The effects of a random term, whose covariance is a block of its own, and where the elements of the block's Λ stand in θ.</summary>
/// <param name="Effects">The effects, among those of the factor.</param>
/// <param name="Places">The parameter of element (i, j), j ≤ i, of the block, row after row.</param>
internal sealed record MixedTerm(int[] Effects, int[] Places)
{
    /// <summary>An element below this part of its row is rounding of a rotation.</summary>
    private const double Nothing = 1e-15;

    /// <summary>Tells whether a column of the block is zero: its elements enter by their squares alone then, and have no slope.</summary>
    public bool IsZero(double[] theta, int column)
    {
        for (int i = column; i < Effects.Length; i++)
        {
            if (theta[Place(i, column)] != 0)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Returns the parameter of an element.</summary>
    public int Place(int row, int column) => Places[(row * (row + 1) / 2) + column];

    /// <summary>
    /// Brings the block to lower echelon form, which has the same ΛΛᵀ: a singular covariance has as many columns as its rank, the first ones, and all of
    /// it can be reached from there.
    /// </summary>
    /// <param name="theta">θ, in which the block is replaced.</param>
    /// <param name="variance">The square root of what is added to a variance on the way.</param>
    /// <param name="effect">The place of that variance in the block.</param>
    public void Reduce(double[] theta, double variance = 0, int effect = 0)
    {
        int count = Effects.Length, width = count + 1;
        var rows = new double[count][];
        for (int i = 0; i < count; i++)
        {
            rows[i] = new double[width];
            for (int j = 0; j <= i; j++)
            {
                rows[i][j] = theta[Place(i, j)];
            }

            rows[i][count] = i == effect ? variance : 0;
        }

        for (int i = 0, pivot = 0; i < count && pivot < count; i++)
        {
            pivot += Reflect(rows, i, pivot) ? 1 : 0;
        }

        for (int i = 0; i < count; i++)
        {
            for (int j = 0; j <= i; j++)
            {
                theta[Place(i, j)] = rows[i][j];
            }
        }
    }

    /// <summary>Turns a row into its pivot by a reflection of the columns from there on, unless nothing of it is left there.</summary>
    private static bool Reflect(double[][] rows, int i, int pivot)
    {
        Span<double> row = rows[i].AsSpan(pivot);
        double norm = Math.Sqrt(ShortVectors.SquaredNorm(row));
        if (norm <= Nothing * Math.Sqrt(ShortVectors.SquaredNorm(rows[i])))
        {
            row.Clear();
            return false;
        }

        var axis = row.ToArray();
        axis[0] += row[0] < 0 ? -norm : norm;
        double factor = 2 / ShortVectors.SquaredNorm(axis);
        double sign = row[0] < 0 ? 1 : -1;
        for (int other = i; other < rows.Length; other++)
        {
            Span<double> target = rows[other].AsSpan(pivot);
            ShortVectors.Subtract(axis, factor * ShortVectors.Dot(axis, target), target);
            target[0] *= sign;
        }

        row[1..].Clear();
        return true;
    }
}
