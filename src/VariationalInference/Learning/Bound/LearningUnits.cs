using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.LinearAlgebra.Factorization;

namespace VariationalInference;

/// <summary>
/// The standard units of learning: x̃_k = (x_k − o_k)/d_k and z̃_j = (z_j − m_j⁰)/c_j, with the prediction o at a point near the data, kept to
/// twice the precision of a double, so that neither level nor scale of the data is felt.
/// </summary>
internal sealed class LearningUnits
{
    private readonly LinearGaussianModel _start;
    private readonly bool _learnsLoadings;
    private readonly double[] _referenceOffset;
    private readonly double[] _referenceMeans;
    private readonly Matrix<double> _loadings;

    public LearningUnits(LinearGaussianModel start, ColumnMoments columns, VariationalEmOptions options, bool isSum)
    {
        _start = start;
        _learnsLoadings = options.Loadings;
        _loadings = start.Loadings();
        Columns = columns;
        int latents = start.LatentCount;
        bool free = options.Loadings && !options.Offset;
        _referenceMeans = free ? new double[latents] : [.. start.PriorMeans];
        _referenceOffset = [.. start.Offset];
        if (options.Offset)
        {
            for (int k = 0; k < columns.Count.Length; k++)
            {
                if (columns.Count[k] > 0)
                {
                    _referenceOffset[k] = columns.Mean(k) - _loadings.Row(k).DotProduct(Vector<double>.Build.Dense(_referenceMeans));
                }
            }
        }
        else if (options.PriorMeans && !options.Loadings)
        {
            MoveMeansToData(columns);
        }

        Origin = [.. Enumerable.Range(0, start.ObservationCount).Select(
            k => Compensated.Dot(_referenceOffset[k], _loadings.Row(k).ToArray(), _referenceMeans))];
        Scales = columns.Scales(shared: isSum || options.NoiseVariances == VarianceLearning.Shared, Origin);
        double[] scales = [.. Enumerable.Range(0, latents).Select(LatentScale)];

        // What latents share is shared in their own units.
        LatentScales = options.GroupsOfPriorVariances(latents).Averages(scales);
    }

    public ColumnMoments Columns { get; }

    /// <summary>Gets o, length K.</summary>
    public (double High, double Low)[] Origin { get; }

    /// <summary>Gets d, length K.</summary>
    public double[] Scales { get; }

    /// <summary>Gets c, length J.</summary>
    public double[] LatentScales { get; }

    /// <summary>Gets m⁰, length J.</summary>
    public ReadOnlySpan<double> ReferenceMeans => _referenceMeans;

    /// <summary>Gets a value indicating whether the offset depends on what is learned of the loadings.</summary>
    public bool OffsetMovesWithLoadings => _learnsLoadings && _referenceMeans.Any(mean => mean != 0);

    /// <summary>Writes the start's parameters in standard units.</summary>
    public LearningPoint ToStandard()
    {
        var point = new LearningPoint(_start.ObservationCount, _start.LatentCount);
        for (int j = 0; j < point.Latents; j++)
        {
            point.Means[j] = (_start.PriorMeans[j] - _referenceMeans[j]) / LatentScales[j];
            point.Deviations[j] = Math.Sqrt(_start.PriorVariances[j]) / LatentScales[j];
        }

        for (int k = 0; k < point.Observations; k++)
        {
            point.Noise[k] = Math.Sqrt(_start.NoiseVariances[k]) / Scales[k];
            point.Offset[k] = (_start.Offset[k] - _referenceOffset[k]) / Scales[k];
            for (int j = 0; j < point.Latents; j++)
            {
                point.Loadings[(k * point.Latents) + j] = _loadings[k, j] * LatentScales[j] / Scales[k];
            }
        }

        return point;
    }

    public double Loading(LearningPoint point, int k, int j) => point.Loadings[(k * point.Latents) + j] * Scales[k] / LatentScales[j];

    /// <summary>Returns b_k: the origin and what was learned beside it, less what the loadings make of the reference means.</summary>
    public double Offset(LearningPoint point, int k)
    {
        if (!_learnsLoadings)
        {
            return _referenceOffset[k] + (point.Offset[k] * Scales[k]);
        }

        double[] loadings = [.. Enumerable.Range(0, point.Latents).Select(j => -Loading(point, k, j))];
        (double high, double low) = Compensated.Dot(Origin[k].High, loadings, _referenceMeans);
        return high + (low + Origin[k].Low + (point.Offset[k] * Scales[k]));
    }

    public double PriorMean(LearningPoint point, int j) => _referenceMeans[j] + (point.Means[j] * LatentScales[j]);

    public double PriorVariance(LearningPoint point, int j) => Square(point.Deviations[j] * LatentScales[j]);

    public double NoiseVariance(LearningPoint point, int k) => Square(point.Noise[k] * Scales[k]);

    private static double Square(double value) => value * value;

    /// <summary>Moves the reference means by the least change after which the prediction is as near to the data's means as can be.</summary>
    private void MoveMeansToData(ColumnMoments columns)
    {
        int[] present = [.. Enumerable.Range(0, columns.Count.Length).Where(k => columns.Count[k] > 0)];
        if (present.Length == 0)
        {
            return;
        }

        Matrix<double> loadings = Matrix<double>.Build.Dense(present.Length, _referenceMeans.Length, (i, j) => _loadings[present[i], j]);
        Vector<double> rest = Vector<double>.Build.Dense(present.Length, i =>
        {
            (double high, double low) = Compensated.Dot(_referenceOffset[present[i]], _loadings.Row(present[i]).ToArray(), _referenceMeans);
            return columns.MeanFrom(present[i], (high, low));
        });
        Vector<double> change = LeastChange(loadings, rest);
        for (int j = 0; j < _referenceMeans.Length; j++)
        {
            _referenceMeans[j] += change[j];
        }
    }

    /// <summary>Solves by least squares for the shortest vector; a tall matrix is reduced to its triangle first, which takes nothing of its height.</summary>
    private static Vector<double> LeastChange(Matrix<double> loadings, Vector<double> rest)
    {
        if (loadings.RowCount <= loadings.ColumnCount)
        {
            return Shortest(loadings, rest);
        }

        int latents = loadings.ColumnCount;
        var reduction = new OrthogonalReduction(loadings.RowCount, latents);
        reduction.Begin(loadings.RowCount);
        for (int j = 0; j < latents; j++)
        {
            loadings.Column(j).ToArray().CopyTo(reduction.Pending);
            reduction.Accept(reduction.Reduce());
        }

        double[] turned = rest.ToArray();
        reduction.Rotate(turned);
        Matrix<double> triangle = Matrix<double>.Build.Dense(latents, latents, (i, j) => i <= j ? reduction[i, j] : 0);
        return Shortest(triangle, Vector<double>.Build.Dense(turned[..latents]));
    }

    private static Vector<double> Shortest(Matrix<double> loadings, Vector<double> rest)
    {
        Svd<double> decomposition = loadings.Svd(computeVectors: true);
        double rounding = 1e-15 * (loadings.RowCount + loadings.ColumnCount) * decomposition.S[0];
        Vector<double> change = Vector<double>.Build.Dense(loadings.ColumnCount);
        for (int i = 0; i < decomposition.S.Count; i++)
        {
            if (decomposition.S[i] > rounding)
            {
                change += decomposition.VT.Row(i) * (decomposition.U.Column(i).DotProduct(rest) / decomposition.S[i]);
            }
        }

        return change;
    }

    /// <summary>Returns the prior deviation where loadings are free, else that with which a latent would move the observations by d.</summary>
    private double LatentScale(int j)
    {
        double square = 0;
        for (int k = 0; k < Scales.Length; k++)
        {
            square += Square(_loadings[k, j] / Scales[k]);
        }

        return _learnsLoadings || !(square > 0 && double.IsFinite(square))
            ? Math.Sqrt(_start.PriorVariances[j])
            : Math.Sqrt(Scales.Length / square);
    }
}
