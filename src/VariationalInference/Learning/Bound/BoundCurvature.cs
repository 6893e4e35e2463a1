using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.LinearAlgebra.Factorization;

namespace VariationalInference;

/// <summary>
/// The curvature of the bound at a point, minus its second derivatives in nats a row, over the directions of a <see cref="LearningFrame"/>
/// in lengths along which it is about one; with an estimate of its own error.
/// </summary>
/// <remarks>
/// Central differences of the gradient, of two lengths for Richardson's extrapolation where the last digits count. Rounding and what the
/// extrapolation leaves are different in the two derivatives that ought to be equal, so that their difference tells the error. A curvature
/// below it is no different from zero.
/// </remarks>
internal sealed class BoundCurvature
{
    private const double Step = 3e-3;
    private const double RoughStep = 1e-3;
    private const int MostTrials = 6;

    /// <summary>A direction that is flat is followed no further than this many of its first lengths.</summary>
    private const double LongestStretch = 3;

    /// <summary>The error counts this many times: eigenvalues add the errors of their elements.</summary>
    private const double Caution = 10;

    /// <summary>
    /// This part of what halving a step changes may be left after the extrapolation: what is not quadratic, in a direction that is flat at the
    /// point itself, must not pass for curvature.
    /// </summary>
    private const double Left = 1e-2;

    private readonly BoundAscent _ascent;
    private readonly double[] _lengths;
    private readonly double _step;
    private readonly double _rounding;
    private readonly double[] _bending;
    private readonly Evd<double> _spectrum;

    public BoundCurvature(BoundAscent ascent, bool refined)
    {
        _ascent = ascent;
        _step = refined ? Step : RoughStep;
        Frame = ascent.CreateFrame();
        _lengths = [.. Frame.Lengths];
        _bending = new double[_lengths.Length];
        int count = _lengths.Length;
        Matrix<double> raw = Matrix<double>.Build.Dense(count, count);
        for (int i = 0; i < count; i++)
        {
            raw.SetRow(i, FitLength(i, refined));
        }

        // Lengths were still fitted while rows were taken.
        raw = Matrix<double>.Build.Dense(count, count, (i, j) => -raw[i, j] * _lengths[i] * _lengths[j]);
        double largest = Math.Max(1, raw.Enumerate().Select(Math.Abs).Where(double.IsFinite).DefaultIfEmpty(1).Max());
        Matrix<double> difference = (raw - raw.Transpose()) / 2;
        Matrix = (raw + raw.Transpose()) / 2;
        IsFinite = Matrix.ForAll(double.IsFinite);
        _rounding = Math.Max(difference.FrobeniusNorm(), count * largest * 1e-14 / _step);
        _spectrum = (IsFinite ? Matrix : Matrix<double>.Build.DenseIdentity(count)).Evd(Symmetricity.Symmetric);
        Derivatives = Scaled(Frame.Derivatives(ascent.Point, ascent.Gradient));
    }

    public LearningFrame Frame { get; }

    /// <summary>Gets the curvature.</summary>
    public Matrix<double> Matrix { get; }

    public bool IsFinite { get; }

    /// <summary>Gets the derivatives at the point along the directions, in their lengths.</summary>
    public double[] Derivatives { get; }

    /// <summary>Gets a value indicating whether the bound rises along some direction on both sides.</summary>
    public bool IsSaddle => IsFinite && RisingDirection >= 0;

    /// <summary>Gets the eigenvector along which the bound curves up most, −1 where there is none.</summary>
    public int RisingDirection
    {
        get
        {
            for (int q = 0; q < _lengths.Length && Eigenvalue(q) < 0; q++)
            {
                if (Eigenvalue(q) < -Error(q))
                {
                    return q;
                }
            }

            return -1;
        }
    }

    public double Eigenvalue(int index) => _spectrum.EigenValues[index].Real;

    public Vector<double> Eigenvector(int index) => _spectrum.EigenVectors.Column(index);

    /// <summary>Returns what an eigenvalue may be off by; one that is no larger is no different from zero.</summary>
    public double Error(int index)
    {
        double error = Caution * _rounding;
        for (int i = 0; i < _bending.Length; i++)
        {
            double share = _spectrum.EigenVectors[i, index];
            error += share * share * _bending[i];
        }

        return error;
    }

    /// <summary>Returns the derivatives at another point nearby.</summary>
    public double[] DerivativesAt(LearningPoint point, double[] gradient) => Scaled(Frame.Derivatives(point, gradient));

    /// <summary>Returns where coordinates in the lengths of the directions lead to.</summary>
    public double[] Move(double[] vector, IReadOnlyList<double> coordinates) =>
        Frame.Move(vector, coordinates.Zip(_lengths, (coordinate, length) => coordinate * length).ToArray());

    /// <summary>Returns Newton's step; along a direction in which the bound curves up, as far as it would go if it curved down.</summary>
    /// <param name="derivatives">The derivatives.</param>
    /// <param name="withFlat">Whether to go along flat directions too, as if their curvature were its error.</param>
    public double[] NewtonStep(double[] derivatives, bool withFlat = true)
    {
        Vector<double> step = Vector<double>.Build.Dense(Math.Max(derivatives.Length, 1));
        for (int q = 0; q < derivatives.Length; q++)
        {
            double curvature = Math.Abs(Eigenvalue(q)), error = Error(q);
            if (withFlat || curvature > error)
            {
                Vector<double> axis = Eigenvector(q);
                step += axis * (Dot(axis, derivatives) / Math.Max(curvature, error));
            }
        }

        return [.. step.Take(derivatives.Length)];
    }

    /// <summary>
    /// Returns how much higher the bound is at the optimum nearby, ½ gᵀH⁻¹g to second order, in nats a row, +∞ at a saddle; the rounding of
    /// the derivatives counts where asked for.
    /// </summary>
    public double Missing(double[] derivatives, bool withRounding)
    {
        if (!IsFinite || IsSaddle)
        {
            return double.PositiveInfinity;
        }

        // What differs between two derivatives that ought to be equal came about by the rounding of a gradient over a step.
        double rounding = withRounding ? _rounding * _step / Math.Sqrt(Math.Max(derivatives.Length, 1)) : 0;
        double missing = 0;
        for (int q = 0; q < derivatives.Length; q++)
        {
            double slope = Math.Abs(Dot(Eigenvector(q), derivatives)) + rounding;
            missing += 0.5 * slope * slope / Math.Max(Eigenvalue(q), Error(q));
        }

        return missing;
    }

    private static double Dot(Vector<double> axis, double[] values)
    {
        double sum = 0;
        for (int i = 0; i < values.Length; i++)
        {
            sum += axis[i] * values[i];
        }

        return sum;
    }

    private double[] Scaled(double[] derivatives) => [.. derivatives.Zip(_lengths, (derivative, length) => derivative * length)];

    /// <summary>Finds the length along a direction in which the curvature is about one, and returns the second derivatives there.</summary>
    private double[] FitLength(int direction, bool refined)
    {
        double longest = LongestStretch * _lengths[direction];
        double[] row = [];
        for (int trial = 0; trial < MostTrials; trial++)
        {
            row = Differences(direction, _step);
            double length = _lengths[direction], curvature = Math.Abs(row[direction]) * length * length;
            double factor = double.IsFinite(curvature) ? 1 / Math.Sqrt(Math.Max(curvature, 1e-6)) : 0.1;
            if (factor is > 0.3 and < 3 || (factor > 1 && length >= longest))
            {
                break;
            }

            _lengths[direction] = Math.Min(length * factor, longest);
        }

        double square = _lengths[direction] * _lengths[direction];
        if (!refined)
        {
            _bending[direction] = Math.Abs(row[direction]) * square * _step * _step;
            return row;
        }

        double[] half = Differences(direction, _step / 2);
        _bending[direction] = Left * Math.Abs(half[direction] - row[direction]) * square;
        return [.. half.Zip(row, (near, far) => ((4 * near) - far) / 3)];
    }

    /// <summary>Returns central differences of the derivatives over a step of so many lengths.</summary>
    private double[] Differences(int direction, double step)
    {
        double width = step * _lengths[direction];
        double[] above = At(width), below = At(-width);
        return [.. above.Zip(below, (a, b) => (a - b) / (2 * width))];

        double[] At(double width)
        {
            var coordinates = new double[_lengths.Length];
            coordinates[direction] = width;
            double[] vector = Frame.Move(_ascent.Vector, coordinates);
            var gradient = new double[vector.Length];
            double value = _ascent.Evaluate(vector, gradient);
            return double.IsFinite(value)
                ? Frame.Derivatives(_ascent.PointAt(vector), gradient)
                : [.. Enumerable.Repeat(double.NaN, coordinates.Length)];
        }
    }
}
