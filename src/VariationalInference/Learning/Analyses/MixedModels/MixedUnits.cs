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
        return new RandomEffectPosterior(mean, Math.Sqrt(conditional) * deviation, Math.Sqrt(whole) * deviation);
    }

    /// <summary>Returns the expected response of a row with given effects.</summary>
    public double Mean(MixedRows rows, int row, double[][] effects)
    {
        double mean = ShortVectors.Dot(FixedPart(rows, row), _estimate.Coefficients);
        foreach ((int factor, int level, double[] weights) in RandomPart(rows, row))
        {
            for (int e = 0; e < weights.Length && level >= 0; e++)
            {
                mean += weights[e] * effects[factor][(level * weights.Length) + e];
            }
        }

        return _design.ResponseOrigin + (mean * _design.ResponseScale);
    }

    public Prediction Predict(MixedRows rows, int row)
    {
        (_, double variance) = _estimate.RelativeVariance(RandomPart(rows, row), FixedPart(rows, row));
        return new Prediction(
            Mean(rows, row, _estimate.Effects), Math.Sqrt(variance * Variance), Math.Sqrt((variance + 1) * Variance));
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

    private double[] FixedPart(MixedRows rows, int row) =>
        [.. _design.Columns.Select((column, j) => (rows.Value(column.Name, column.Values is null, row) - _design.FixedOrigins[j]) / _design.FixedScales[j])];

    private List<(int Factor, int Level, double[] Weights)> RandomPart(MixedRows rows, int row) =>
        [.. _design.Factors.Select((factor, f) => (f, rows.Level(factor.Name, row), factor.Effects.Select(
            (effect, e) => (rows.Value(effect.Name, effect.Values is null, row) - _design.Effects[f][e].Origin) / _design.Effects[f][e].Scale).ToArray()))];
}
