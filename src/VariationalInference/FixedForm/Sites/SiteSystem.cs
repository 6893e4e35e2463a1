using System.Numerics.Tensors;

namespace VariationalInference;

/// <summary>The observed cells of a row in whitened coordinates: predictors η = η₀ + Bt with t ~ N(0, I) a priori, cells of one likelihood side by side.</summary>
internal sealed class SiteSystem
{
    private readonly List<(Likelihood Likelihood, int First, int Count)> _groups = [];
    private readonly double[] _values;
    private readonly double[] _sizes;
    private readonly double[] _start;

    /// <summary>B, row by row.</summary>
    private readonly double[] _rows;

    /// <param name="model">The model.</param>
    /// <param name="row">The cells, checked; NaN where missing.</param>
    /// <param name="sizes">Their trials or exposures; empty for 1 each.</param>
    public SiteSystem(LinearModel model, ReadOnlySpan<double> row, ReadOnlySpan<double> sizes)
    {
        Prior = model.Prior;
        var cells = new List<int>();
        for (int k = 0; k < row.Length; k++)
        {
            if (!double.IsNaN(row[k]))
            {
                cells.Add(k);
            }
        }

        foreach (IGrouping<object?, int> group in cells.GroupBy(k => model.Likelihoods[k], ReferenceEqualityComparer.Instance))
        {
            _groups.Add(((Likelihood)group.Key!, _groups.Count == 0 ? 0 : _groups[^1].First + _groups[^1].Count, group.Count()));
        }

        int[] order = [.. _groups.SelectMany(group => cells.Where(k => ReferenceEquals(model.Likelihoods[k], group.Likelihood)))];
        CellCount = order.Length;
        _values = new double[CellCount];
        _sizes = new double[CellCount];
        _start = new double[CellCount];
        _rows = new double[CellCount * LatentCount];
        for (int i = 0; i < CellCount; i++)
        {
            int k = order[i];
            _values[i] = row[k];
            _sizes[i] = sizes.IsEmpty ? 1 : sizes[k];
            Span<double> loadings = RowOf(i);
            double predictor = model.Offset[k];
            for (int j = 0; j < loadings.Length; j++)
            {
                loadings[j] = model.Loading(k, j);
                predictor += loadings[j] * Prior.Means[j];
            }

            _start[i] = predictor;
            Prior.ScaleTransposed(loadings);
        }
    }

    public GaussianPrior Prior { get; }

    public int LatentCount => Prior.Count;

    public int CellCount { get; }

    /// <summary>Computes ℓ, g and λ of every cell.</summary>
    public void Expect(ReadOnlySpan<double> means, ReadOnlySpan<double> variances, Span<double> expectations, Span<double> gradients, Span<double> precisions)
    {
        foreach ((Likelihood likelihood, int first, int count) in _groups)
        {
            likelihood.Expect(
                _values.AsSpan(first, count),
                _sizes.AsSpan(first, count),
                means.Slice(first, count),
                variances.Slice(first, count),
                expectations.Slice(first, count),
                gradients.Slice(first, count),
                precisions.Slice(first, count));
        }
    }

    /// <summary>Writes sites to start from: the curvature of each cell where it is likely.</summary>
    public void Start(Span<double> precisions, Span<double> pulls)
    {
        foreach ((Likelihood likelihood, int first, int count) in _groups)
        {
            for (int i = first; i < first + count; i++)
            {
                double predictor = likelihood.StartingPredictor(_values[i], _sizes[i]);
                (double slope, double curvature) = likelihood.Derivatives(_values[i], predictor, _sizes[i]);
                precisions[i] = double.IsFinite(curvature) ? Math.Max(-curvature, 0) : 0;
                pulls[i] = (double.IsFinite(slope) ? slope : 0) + (precisions[i] * (predictor - _start[i]));
            }
        }
    }

    /// <summary>Computes Bt, what predictors are beyond those of the prior means.</summary>
    public void Image(ReadOnlySpan<double> t, Span<double> image)
    {
        for (int i = 0; i < CellCount; i++)
        {
            image[i] = TensorPrimitives.Dot(RowOf(i), t);
        }
    }

    /// <summary>Adds the predictors of the prior means.</summary>
    public void AddStart(Span<double> predictors) => TensorPrimitives.Add(predictors, _start, predictors);

    /// <summary>Computes Bᵀv.</summary>
    public void TransposedImage(ReadOnlySpan<double> v, Span<double> image)
    {
        image.Clear();
        for (int i = 0; i < CellCount; i++)
        {
            TensorPrimitives.MultiplyAdd(RowOf(i), v[i], image, image);
        }
    }

    /// <summary>Computes the lower triangle of ridge · I + Bᵀ diag(weights) B.</summary>
    public void Square(ReadOnlySpan<double> weights, double ridge, double[] square)
    {
        int count = LatentCount;
        Array.Clear(square);
        for (int i = 0; i < CellCount; i++)
        {
            ReadOnlySpan<double> row = RowOf(i);
            for (int j = 0; j < count; j++)
            {
                Span<double> sums = square.AsSpan(j * count, j + 1);
                TensorPrimitives.MultiplyAdd(row[..(j + 1)], weights[i] * row[j], sums, sums);
            }
        }

        for (int j = 0; j < count; j++)
        {
            square[(j * count) + j] += ridge;
        }
    }

    /// <summary>Computes ‖F⁻¹bᵢ‖² of every cell, F a lower factor.</summary>
    public void Variances(LowerFactor factor, Span<double> variances)
    {
        var image = new double[LatentCount];
        for (int i = 0; i < CellCount; i++)
        {
            RowOf(i).CopyTo(image);
            factor.Solve(image);
            variances[i] = TensorPrimitives.SumOfSquares<double>(image);
        }
    }

    private Span<double> RowOf(int cell) => _rows.AsSpan(cell * LatentCount, LatentCount);
}
