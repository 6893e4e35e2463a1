using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>From the design's units, in which an estimate stands, to those of the data.</summary>
internal sealed class MixedUnits
{
    private readonly MixedEstimate _estimate;
    private readonly MixedDesign _design;

    public MixedUnits(MixedEstimate estimate)
    {
        _estimate = estimate;
        _design = estimate.Design;
        double scale = _design.ResponseScale;
        Variance = estimate.Variance * scale * scale;
    }

    /// <summary>Gets the residual variance.</summary>
    public double Variance { get; }

    /// <summary>Returns the fixed effects.</summary>
    public double[] Coefficients()
    {
        double[] coefficients = [.. _estimate.Coefficients.ToArray().Select((value, j) => value * _design.ResponseScale / _design.FixedScales[j])];
        if (_design.HasIntercept)
        {
            double[] shifts = [.. _design.FixedOrigins.Select((origin, j) => j == 0 ? 0 : -origin)];
            (double high, double low) = Compensated.Dot(_design.ResponseOrigin, coefficients, shifts);
            coefficients[0] += low;
            coefficients[0] += high;
        }

        return coefficients;
    }

    public Matrix<double> FixedCovariance()
    {
        int count = _design.Fixed.Length;
        Matrix<double> transform = Matrix<double>.Build.DenseDiagonal(count, count, j => 1 / _design.FixedScales[j]);
        for (int j = 1; j < count && _design.HasIntercept; j++)
        {
            transform[0, j] = -_design.FixedOrigins[j] / _design.FixedScales[j];
        }

        return Variance * (transform * _estimate.FixedCovariance()).TransposeAndMultiply(transform);
    }

    /// <summary>Returns by how much each effect in the design's units moves an effect of the data.</summary>
    public double[] WeightsOf(int factor, int effect)
    {
        int width = _design.Factors[factor].Width;
        return _design.Transforms[factor].AsSpan(effect * width, width).ToArray();
    }

    /// <summary>Returns the row of Λ that an effect of the data has, over the response's scale.</summary>
    public double[] RowOf(int factor, int effect)
    {
        double[] weights = WeightsOf(factor, effect);
        var row = new double[weights.Length];
        for (int e = 0; e < weights.Length; e++)
        {
            for (int k = 0; k < row.Length; k++)
            {
                row[k] += weights[e] * _estimate.Factor(factor, e)[k];
            }
        }

        return row;
    }

    /// <summary>Returns the covariance of two effects of a factor.</summary>
    public double Covariance(int factor, int a, int b) => Variance * ShortVectors.Dot(RowOf(factor, a), RowOf(factor, b));

    /// <summary>Returns the posterior of an effect of a level.</summary>
    public RandomEffectPosterior Posterior(int factor, int level, int effect)
    {
        double[] weights = WeightsOf(factor, effect);
        (double conditional, double whole) = _estimate.RelativeVariance([(factor, level, weights)], new double[_design.Fixed.Length]);
        double deviation = Math.Sqrt(Variance);
        double mean = ShortVectors.Dot(weights, _estimate.Effects[factor].AsSpan(level * weights.Length, weights.Length)) * _design.ResponseScale;
        return new RandomEffectPosterior
        {
            Mean = mean,
            ConditionalSd = Math.Sqrt(conditional) * deviation,
            Sd = Math.Sqrt(whole) * deviation,
        };
    }

    /// <summary>Returns the expected responses of rows with given effects.</summary>
    public double[] Means(MixedRows rows, double[][] effects)
    {
        var means = new double[rows.Count];
        for (int j = 0; j < _design.Columns.Count; j++)
        {
            double[]? values = rows.Values(_design.Columns[j]);
            double origin = _design.FixedOrigins[j], slope = _estimate.Coefficients[j] / _design.FixedScales[j];
            for (int i = 0; i < means.Length; i++)
            {
                means[i] += values is null ? slope : slope * (values[i] - origin);
            }
        }

        for (int f = 0; f < _design.Factors.Count; f++)
        {
            AddEffects(rows, f, effects[f], means);
        }

        for (int i = 0; i < means.Length; i++)
        {
            means[i] = _design.ResponseOrigin + (means[i] * _design.ResponseScale);
        }

        return means;
    }

    public IEnumerable<Prediction> Predict(MixedRows rows)
    {
        double[] means = Means(rows, _estimate.Effects);
        for (int i = 0; i < means.Length; i++)
        {
            (_, double variance) = _estimate.RelativeVariance(RandomPart(rows, i), FixedPart(rows, i));
            yield return new Prediction
            {
                Mean = means[i],
                MeanSd = Math.Sqrt(variance * Variance),
                Sd = Math.Sqrt((variance + 1) * Variance),
            };
        }
    }

    /// <summary>Draws effects of all levels, in the design's units.</summary>
    public double[][] DrawEffects(Func<double> normal)
    {
        double deviation = Math.Sqrt(_estimate.Variance);
        return [.. _design.Factors.Select((factor, f) =>
        {
            int width = factor.Width;
            var effects = new double[factor.Labels.Count * width];
            var spherical = new double[width];
            for (int first = 0; first < effects.Length; first += width)
            {
                for (int j = 0; j < width; j++)
                {
                    spherical[j] = normal();
                }

                for (int e = 0; e < width; e++)
                {
                    effects[first + e] = deviation * ShortVectors.Dot(_estimate.Factor(f, e), spherical);
                }
            }

            return effects;
        })];
    }

    private void AddEffects(MixedRows rows, int factor, double[] effects, double[] means)
    {
        GroupingFactor group = _design.Factors[factor];
        int[] levels = rows.Levels(group.Name);
        for (int e = 0; e < group.Width; e++)
        {
            double[]? values = rows.Values(group.Effects[e]);
            (_, double origin, double scale) = _design.Effects[factor][e];
            for (int i = 0; i < means.Length; i++)
            {
                double effect = levels[i] < 0 ? 0 : effects[(levels[i] * group.Width) + e];
                means[i] += values is null ? effect : effect * ((values[i] - origin) / scale);
            }
        }
    }

    private double[] FixedPart(MixedRows rows, int row) =>
        [.. _design.Columns.Select((column, j) => ((rows.Values(column)?[row] ?? 1) - _design.FixedOrigins[j]) / _design.FixedScales[j])];

    private List<(int Factor, int Level, double[] Weights)> RandomPart(MixedRows rows, int row) =>
        [.. _design.Factors.Select((factor, f) => (f, rows.Levels(factor.Name)[row], factor.Effects.Select(
            (effect, e) => ((rows.Values(effect)?[row] ?? 1) - _design.Effects[f][e].Origin) / _design.Effects[f][e].Scale).ToArray()))];
}
