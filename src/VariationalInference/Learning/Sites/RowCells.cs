using System.Numerics.Tensors;

namespace VariationalInference;

/// <summary>What the cells of a block of rows say of their predictors, column by column: the memory for it, and the arithmetic.</summary>
/// <param name="latents">The number of latents J.</param>
/// <param name="rows">The largest number of rows.</param>
internal sealed class RowCells(int latents, int rows)
{
    private readonly double[] _values = new double[rows];
    private readonly double[] _sizes = new double[rows];
    private readonly double[] _means = new double[rows];
    private readonly double[] _variances = new double[rows];
    private readonly double[] _expectations = new double[rows];
    private readonly double[] _gradients = new double[rows];
    private readonly double[] _precisions = new double[rows];

    /// <summary>Gets the cells, the moments of their predictors, and their expectations with the derivatives g and λ.</summary>
    public Span<double> Values => _values;

    public Span<double> Means => _means;

    public Span<double> Variances => _variances;

    public Span<double> Expectations => _expectations;

    public Span<double> Gradients => _gradients;

    public Span<double> Precisions => _precisions;

    /// <summary>Gets a value indicating whether cells have sizes other than 1.</summary>
    public bool HasSizes { get; private set; }

    /// <summary>Fetches the cells of some rows of a column.</summary>
    /// <param name="rows">The rows.</param>
    /// <param name="column">The column.</param>
    /// <param name="first">The first row of the block.</param>
    /// <param name="chosen">The rows in the block.</param>
    public void Fetch(SiteRows rows, int column, int first, ReadOnlySpan<int> chosen)
    {
        double[] cells = rows.Columns[column];
        for (int i = 0; i < chosen.Length; i++)
        {
            _values[i] = cells[first + chosen[i]];
        }

        HasSizes = rows.Exposures.Length > 0;
        for (int i = 0; HasSizes && i < chosen.Length; i++)
        {
            _sizes[i] = rows.Exposures[first + chosen[i]];
        }
    }

    /// <summary>Fetches the cells of all rows of a block.</summary>
    public void Fetch(SiteRows rows, int column, int first, int count)
    {
        rows.Columns[column].AsSpan(first, count).CopyTo(_values);
        HasSizes = rows.Exposures.Length > 0;
        if (HasSizes)
        {
            rows.Exposures.AsSpan(first, count).CopyTo(_sizes);
        }
    }

    /// <summary>Returns the sizes of some of the cells; empty for 1 each.</summary>
    public ReadOnlySpan<double> Sizes(int first, int count) => HasSizes ? _sizes.AsSpan(first, count) : default;

    /// <summary>Works out the moments of predictors from those of the latents.</summary>
    /// <param name="loadings">The loadings a of the column.</param>
    /// <param name="offset">Its offset b.</param>
    /// <param name="means">The latents' means, those of a latent <paramref name="stride"/> behind those of the one before.</param>
    /// <param name="covariances">Their covariances likewise.</param>
    /// <param name="stride">How far apart.</param>
    /// <param name="count">The number of rows.</param>
    public void Predict(
        ReadOnlySpan<double> loadings, double offset, ReadOnlySpan<double> means, ReadOnlySpan<double> covariances, int stride, int count)
    {
        Span<double> mean = _means.AsSpan(0, count), variance = _variances.AsSpan(0, count);
        mean.Fill(offset);
        variance.Clear();
        for (int j = 0; j < latents; j++)
        {
            if (loadings[j] == 0)
            {
                continue;
            }

            TensorPrimitives.MultiplyAdd(means.Slice(j * stride, count), loadings[j], mean, mean);
            for (int l = 0; l <= j; l++)
            {
                double factor = loadings[j] * loadings[l] * (l < j ? 2 : 1);
                TensorPrimitives.MultiplyAdd(covariances.Slice(PackedSymmetric.At(j, l) * stride, count), factor, variance, variance);
            }
        }

        // A sum of terms of both signs can end below zero by its rounding.
        if (latents > 1)
        {
            TensorPrimitives.Max(variance, 0, variance);
        }
    }

    /// <summary>Works out expectations at the moments, whose means may be moved.</summary>
    public void Expect(Likelihood likelihood, int count) => likelihood.Expect(
        _values.AsSpan(0, count),
        Sizes(0, count),
        _means.AsSpan(0, count),
        _variances.AsSpan(0, count),
        _expectations.AsSpan(0, count),
        _gradients.AsSpan(0, count),
        _precisions.AsSpan(0, count));
}
