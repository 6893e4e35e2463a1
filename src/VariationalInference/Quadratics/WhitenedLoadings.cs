namespace VariationalInference;

/// <summary>The loadings B = R^(−½)AD of a row in whitened coordinates, where its log joint is const − ½‖w − Bt‖² − ½‖t‖².</summary>
/// <remarks>B is kept by columns, one column of <see cref="Rank"/> values a latent.</remarks>
internal sealed class WhitenedLoadings
{
    private readonly double[] _columns;
    private readonly double[] _lowColumns;

    /// <param name="columns">B by columns; its length is rank × J.</param>
    /// <param name="rank">The number of rows of B. Range: at least 1 (a row of zeros when nothing is observed).</param>
    /// <param name="lowColumns">The digits of B beyond a double, where they are known.</param>
    public WhitenedLoadings(double[] columns, int rank, double[]? lowColumns = null)
    {
        _columns = columns;
        _lowColumns = lowColumns ?? [];
        Rank = rank;
        LatentCount = columns.Length / rank;
        Measure();
    }

    public int Rank { get; }

    public int LatentCount { get; }

    public double FrobeniusNorm { get; private set; }

    /// <summary>Gets a value indicating whether digits of B beyond a double are known.</summary>
    public bool HasLowDigits => _lowColumns.Length > 0;

    /// <summary>Gets B, column after column.</summary>
    public ReadOnlySpan<double> Columns => _columns;

    /// <summary>Gets its digits beyond a double, likewise; empty where there are none.</summary>
    public ReadOnlySpan<double> LowColumns => _lowColumns;

    public double this[int k, int j] => _columns[(j * Rank) + k];

    /// <summary>Gets the row of B when it is the only one.</summary>
    public ReadOnlySpan<double> Row => _columns.AsSpan(0, LatentCount);

    public ReadOnlySpan<double> Column(int latent) => _columns.AsSpan(latent * Rank, Rank);

    /// <summary>Returns the digits of a column of B beyond a double; empty where they are not known.</summary>
    public ReadOnlySpan<double> LowColumn(int latent) => _lowColumns.Length == 0 ? [] : _lowColumns.AsSpan(latent * Rank, Rank);

    /// <summary>Works out the norm, whenever the columns have changed.</summary>
    public void Measure()
    {
        double squares = 0;
        for (int j = 0; j < LatentCount; j++)
        {
            squares += ShortVectors.SquaredNorm(Column(j));
        }

        FrobeniusNorm = Math.Sqrt(squares);
    }

    /// <summary>Computes the residual e = w − Bt.</summary>
    public void Residual(ReadOnlySpan<double> w, ReadOnlySpan<double> t, Span<double> e)
    {
        w.CopyTo(e);
        for (int j = 0; j < t.Length; j++)
        {
            ShortVectors.Subtract(Column(j), t[j], e);
        }
    }

    /// <summary>Computes the residual in twice the precision, and rounds it at the end.</summary>
    /// <param name="w">w, followed by its digits beyond a double.</param>
    /// <param name="t">t.</param>
    /// <param name="e">Receives e, length Rank.</param>
    public void ExtendedResidual(ReadOnlySpan<double> w, ReadOnlySpan<double> t, Span<double> e)
    {
        for (int k = 0; k < e.Length; k++)
        {
            var sum = new DoubleDouble(w[k], w[Rank + k]);
            for (int j = 0; j < t.Length; j++)
            {
                int at = (j * Rank) + k;
                sum -= new DoubleDouble(_columns[at], _lowColumns[at]) * new DoubleDouble(t[j]);
            }

            e[k] = sum.High;
        }
    }

    /// <summary>Computes Bx of a vector that is zero outside some elements.</summary>
    public void Image(int first, ReadOnlySpan<double> values, Span<double> image)
    {
        image.Clear();
        for (int j = 0; j < values.Length; j++)
        {
            ShortVectors.Subtract(Column(first + j), -values[j], image);
        }
    }

    /// <summary>Computes Bx.</summary>
    public void Image(ReadOnlySpan<double> x, Span<double> image) => Image(0, x, image);

    /// <summary>Computes the gradient of the log joint in t, Bᵀe − t.</summary>
    public void Gradient(ReadOnlySpan<double> t, ReadOnlySpan<double> e, Span<double> gradient)
    {
        for (int j = 0; j < t.Length; j++)
        {
            gradient[j] = ShortVectors.Dot(Column(j), e) - t[j];
        }
    }
}
