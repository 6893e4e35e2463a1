using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>
/// A workspace for rows whose cells have precisions of their own, such as those of Gaussian sites: set them, and it is the shape of that row.
/// </summary>
/// <remarks>Allocates nothing once it is made. One thread at a time.</remarks>
internal sealed class RowShape : PosteriorShape
{
    private readonly double[] _unit;
    private readonly double[] _columns;
    private readonly double[] _rowNorms;
    private readonly double[] _sizes;
    private readonly int[] _order;
    private readonly double[] _buffer;
    private readonly RowPrecision _precision;

    /// <param name="loadings">A, K×J.</param>
    /// <param name="prior">The priors of the latents.</param>
    public RowShape(Matrix<double> loadings, GaussianPrior prior)
        : this(new double[loadings.RowCount * loadings.ColumnCount], loadings, prior)
    {
    }

    private RowShape(double[] columns, Matrix<double> loadings, GaussianPrior prior)
        : this(columns, new WhitenedLoadings(columns, loadings.RowCount), loadings, prior)
    {
    }

    private RowShape(double[] columns, WhitenedLoadings whitened, Matrix<double> loadings, GaussianPrior prior)
        : base(whitened, new RowPrecision(whitened, prior), prior)
    {
        _columns = columns;
        _precision = (RowPrecision)Precision;
        _unit = new double[columns.Length];
        _rowNorms = new double[Rank];
        _sizes = new double[Rank];
        _order = new int[Rank];
        _buffer = new double[Precision.BufferLength];
        for (int k = 0; k < Rank; k++)
        {
            double[] row = loadings.Row(k).ToArray();
            prior.ScaleTransposed(row);
            for (int j = 0; j < row.Length; j++)
            {
                _unit[(j * Rank) + k] = row[j];
                _rowNorms[k] = Math.Max(_rowNorms[k], Math.Abs(row[j]));
            }
        }
    }

    /// <summary>Makes this the shape of a row.</summary>
    /// <param name="precisions">The precision 1/r of each cell, length K; 0 for a missing one.</param>
    public void SetPrecisions(ReadOnlySpan<double> precisions)
    {
        ObservedCount = 0;
        LogNormalizer = 0;
        for (int k = 0; k < precisions.Length; k++)
        {
            double root = Math.Sqrt(precisions[k]);
            for (int at = k; at < _columns.Length; at += Rank)
            {
                _columns[at] = root * _unit[at];
            }

            _order[k] = k;
            _sizes[k] = -root * _rowNorms[k];
            ObservedCount += precisions[k] > 0 ? 1 : 0;
            LogNormalizer += precisions[k] > 0 ? 0.5 * Math.Log(precisions[k] / (2 * Math.PI)) : 0;
        }

        _sizes.AsSpan().Sort(_order.AsSpan());
        Loadings.Measure();
        _precision.Reduce(_order);
        Measure();
    }

    public override void GoToOptimum(ReadOnlySpan<double> w, Span<double> t) => Precision.Optimum(w, t, _buffer);
}
