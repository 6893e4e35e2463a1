using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>
/// Directions at a point along which the bound curves alike, whatever the ratio of signal to noise: those in which a step leaves the space
/// of the loadings, of the length of the noise, and those within it, of the length of the loadings. Rotations of the loadings are left out
/// where they change nothing.
/// </summary>
/// <remarks>
/// With R^-½W = PΣQᵀ, P filled up to a square orthogonal matrix U, the loadings move by R^½UYQᵀ and the offset by R^½Uy. A rotation by a
/// small angle in the plane of the latents a and b moves Y_ab by σ_a and Y_ba by −σ_b; what is orthogonal to it remains. Derivatives within the
/// space of strong loadings come from <see cref="LatentDerivatives"/>, which keep their digits.
/// </remarks>
internal sealed class LearningFrame
{
    /// <summary>From this ratio of signal to noise on, derivatives within the space of the loadings are worked out by themselves, at a price.</summary>
    private const double Strong = 3e3;

    /// <summary>A noise deviation of zero gives no length; it counts as this part of the median.</summary>
    private const double LeastNoise = 1e-3;

    /// <summary>An observation without noise moves as one with this part of the median noise deviation would.</summary>
    private const double Quiet = 0.1;

    /// <summary>The first length along a prior deviation at zero.</summary>
    private const double FromZero = 0.01;

    private readonly MarginalBound _bound;
    private readonly LearningLayout _layout;
    private readonly double[] _noise;
    private readonly double _median;
    private readonly double[] _deviations;
    private readonly double[] _strength;
    private readonly Matrix<double>? _left;
    private readonly Matrix<double>? _right;
    private readonly (int First, double FirstWeight, int Second, double SecondWeight)[] _axes;

    public LearningFrame(MarginalBound bound, LearningLayout layout, double[] vector, LearningPoint point)
    {
        _bound = bound;
        _layout = layout;
        _deviations = point.Deviations;
        double[] sorted = [.. point.Noise.Select(Math.Abs).Order()];
        _median = sorted[sorted.Length / 2] > 0 ? sorted[sorted.Length / 2] : 1;
        double least = LeastNoise * _median;
        _noise = [.. point.Noise.Select(deviation => Math.Max(Math.Abs(deviation), least))];
        _strength = new double[point.Latents];
        if (IsTurned(point))
        {
            (_left, _right) = Turn(point);
        }

        double[] lengths = NaturalLengths(vector);
        ParameterLengths = [.. lengths.Select((length, i) => i < layout.NoiseStart ? Math.Max(_noise[PlaceOf(i)], Quiet * _median) : length)];
        _axes = [.. Axes(point)];
        Lengths = [.. _axes.Select(axis => axis.Second < 0 ? lengths[axis.First] : Math.Min(lengths[axis.First], lengths[axis.Second]))];
    }

    /// <summary>Gets the number of directions.</summary>
    public int Count => _axes.Length;

    /// <summary>Gets by how far one moves along each direction to change the bound of a row by about one nat.</summary>
    public double[] Lengths { get; }

    /// <summary>Gets the length of each parameter by itself.</summary>
    public double[] ParameterLengths { get; }

    /// <summary>Gets a value indicating whether rotations of the loadings are no directions.</summary>
    public bool LeavesOutRotations => _left is not null && !_bound.IsMeanField;

    /// <summary>Returns where coordinates along the directions lead from a vector.</summary>
    public double[] Move(double[] vector, ReadOnlySpan<double> coordinates)
    {
        var full = new double[_layout.Count];
        for (int i = 0; i < _axes.Length; i++)
        {
            (int first, double firstWeight, int second, double secondWeight) = _axes[i];
            full[first] += firstWeight * coordinates[i];
            if (second >= 0)
            {
                full[second] += secondWeight * coordinates[i];
            }
        }

        if (_left is not null)
        {
            TurnBack(full);
        }

        for (int i = 0; i < full.Length; i++)
        {
            full[i] += vector[i];
        }

        return full;
    }

    /// <summary>Returns the derivatives along the directions, in nats a row, from those by the parameters at a point.</summary>
    public double[] Derivatives(LearningPoint point, double[] gradient)
    {
        double[] full = [.. gradient];
        if (_left is not null)
        {
            TurnDerivatives(full, point);
        }

        var derivatives = new double[_axes.Length];
        for (int i = 0; i < derivatives.Length; i++)
        {
            (int first, double firstWeight, int second, double secondWeight) = _axes[i];
            derivatives[i] = (firstWeight * full[first]) + (second < 0 ? 0 : secondWeight * full[second]);
        }

        return derivatives;
    }

    private bool IsTurned(LearningPoint point) =>
        _layout.LoadingCount > 0
        && _layout.MeanCount == 0
        && point.Means.All(mean => mean == 0)
        && point.Deviations.All(deviation => deviation != 0)
        && point.Observations >= point.Latents;

    private (Matrix<double> Left, Matrix<double> Right) Turn(LearningPoint point)
    {
        int observations = point.Observations, latents = point.Latents;
        Matrix<double> whitened = Matrix<double>.Build.Dense(
            observations, latents, (k, j) => point.Loadings[(k * latents) + j] * point.Deviations[j] / _noise[k]);
        var decomposition = whitened.Svd();
        for (int j = 0; j < latents; j++)
        {
            _strength[j] = decomposition.S[j];
        }

        return (decomposition.U, decomposition.VT.Transpose());
    }

    private double[] NaturalLengths(double[] vector)
    {
        var lengths = new double[vector.Length];
        int latents = _strength.Length;
        for (int i = 0; i < lengths.Length; i++)
        {
            lengths[i] = 1;
            if (i < _layout.LoadingCount)
            {
                lengths[i] = _left is null ? _noise[PlaceOf(i)] : Length(i / latents);
            }
            else if (i < _layout.NoiseStart)
            {
                lengths[i] = _left is null ? _noise[PlaceOf(i)] : Length(i - _layout.OffsetStart);
            }
            else if (_layout.IsDeviation(i))
            {
                lengths[i] = Math.Max(Math.Abs(vector[i]), i < _layout.MeanStart ? Quiet * _median : FromZero);
            }
        }

        return lengths;

        double Length(int place) => place < latents ? Math.Sqrt(1 + (_strength[place] * _strength[place])) : 1;
    }

    /// <summary>Returns the place of the observation that a loading or an offset belongs to.</summary>
    private int PlaceOf(int parameter) =>
        parameter < _layout.OffsetStart ? parameter / _strength.Length : parameter - _layout.OffsetStart;

    private IEnumerable<(int First, double FirstWeight, int Second, double SecondWeight)> Axes(LearningPoint point)
    {
        int latents = point.Latents;
        bool turnsFreely = LeavesOutRotations;
        for (int i = 0; i < _layout.Count; i++)
        {
            int a = i / latents, b = i % latents;
            if (!turnsFreely || i >= latents * latents || a == b || i >= _layout.LoadingCount)
            {
                yield return (i, 1, -1, 0);
            }
            else if (a < b)
            {
                // Without strength in either latent there is no rotation to leave out.
                double norm = Math.Sqrt((_strength[a] * _strength[a]) + (_strength[b] * _strength[b]));
                int other = (b * latents) + a;
                if (norm > 0)
                {
                    yield return (i, _strength[b] / norm, other, _strength[a] / norm);
                }
                else
                {
                    yield return (i, 1, -1, 0);
                    yield return (other, 1, -1, 0);
                }
            }
        }
    }

    /// <summary>Takes coordinates Y and y to changes of the loadings and the offset.</summary>
    private void TurnBack(double[] full)
    {
        int observations = _noise.Length, latents = _deviations.Length;
        Matrix<double> turned = _left! * Matrix<double>.Build.DenseOfRowMajor(observations, latents, full.AsSpan(0, observations * latents).ToArray())
            * _right!.Transpose();
        for (int k = 0; k < observations; k++)
        {
            for (int j = 0; j < latents; j++)
            {
                full[(k * latents) + j] = _noise[k] * turned[k, j] / _deviations[j];
            }
        }

        if (_layout.OffsetCount > 0)
        {
            Vector<double> offset = _left * Vector<double>.Build.DenseOfArray(full.AsSpan(_layout.OffsetStart, observations).ToArray());
            for (int k = 0; k < observations; k++)
            {
                full[_layout.OffsetStart + k] = _noise[k] * offset[k];
            }
        }
    }

    /// <summary>Takes derivatives by the loadings and the offset to those by Y and y.</summary>
    private void TurnDerivatives(double[] full, LearningPoint point)
    {
        int observations = _noise.Length, latents = _deviations.Length;
        Matrix<double>? byScale = null;
        Vector<double>? byShift = null;
        if (_strength.Any(strength => strength > Strong))
        {
            (byScale, byShift) = LatentDerivatives.Of(_bound, point);
            byScale = _right!.TransposeThisAndMultiply(byScale) * _right / _bound.RowCount;
            byShift = _right!.TransposeThisAndMultiply(byShift) / _bound.RowCount;
        }

        Matrix<double> turned = _left!.TransposeThisAndMultiply(Matrix<double>.Build.Dense(
            observations, latents, (k, j) => _noise[k] * full[(k * latents) + j] / _deviations[j])) * _right;
        for (int i = 0; i < observations; i++)
        {
            for (int b = 0; b < latents; b++)
            {
                full[(i * latents) + b] = i < latents && _strength[i] > Strong ? byScale![i, b] / _strength[i] : turned[i, b];
            }
        }

        if (_layout.OffsetCount > 0)
        {
            Vector<double> offset = _left.TransposeThisAndMultiply(
                Vector<double>.Build.Dense(observations, k => _noise[k] * full[_layout.OffsetStart + k]));
            for (int i = 0; i < observations; i++)
            {
                full[_layout.OffsetStart + i] = i < latents && _strength[i] > Strong ? byShift![i] / _strength[i] : offset[i];
            }
        }
    }
}
