using System.Collections.Immutable;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>The covariance of learned parameters, the inverse of minus the second derivatives, and which of them the data cannot tell apart.</summary>
internal sealed class SiteCovariance : ISaved<SiteCovariance>
{
    /// <summary>A curvature that is this part of what it is with all other parameters held is none: its own rounding is of that size.</summary>
    private const double LeastCurvature = 1e-6;

    /// <summary>A parameter has a part in a direction if its share of it is this part of the largest.</summary>
    private const double LeastShare = 0.05;

    private readonly Matrix<double> _covariance;
    private readonly double[] _scales;

    private SiteCovariance(Matrix<double> covariance, double[] scales, IReadOnlyList<int[]> nulls)
    {
        _covariance = covariance;
        _scales = scales;
        Unidentified = nulls;
    }

    /// <summary>Gets the parameters of each direction along which there is no curvature.</summary>
    public IReadOnlyList<int[]> Unidentified { get; }

    /// <summary>Gets the number of parameters.</summary>
    public int Count => _scales.Length;

    /// <summary>Gets a covariance; NaN where there is none.</summary>
    public double this[int i, int j] => _scales[i] * _covariance[i, j] * _scales[j];

    static string ISaved<SiteCovariance>.Kind => "site_covariance";

    void ISaved<SiteCovariance>.Write(ModelState state)
    {
        state.AddMatrix("values", _covariance);
        state.Add("scales", _scales);
        state.AddWholeNumbers("null_counts", Unidentified.Select(indices => indices.Length));
        state.AddWholeNumbers("null_places", Unidentified.SelectMany(indices => indices));
    }

    static SiteCovariance ISaved<SiteCovariance>.Read(ModelState state)
    {
        double[] scales = [.. state.Vector("scales")];
        var places = new Queue<int>(state.WholeNumbers("null_places", least: 0));
        ImmutableArray<int> counts = state.WholeNumbers("null_counts", least: 1);
        if (counts.Sum(count => (long)count) != places.Count || places.Any(place => place >= scales.Length))
        {
            throw new FormatException("null_places have other numbers or places than null_counts and scales say; they must have these.");
        }

        return new SiteCovariance(
            state.Matrix("values", scales.Length, scales.Length), scales, [.. counts.Select(count => Enumerable.Range(0, count).Select(_ => places.Dequeue()).ToArray())]);
    }

    /// <summary>Inverts second derivatives, in principal axes where the latents can turn.</summary>
    public static SiteCovariance Of(SiteParameters parameters, double[] theta, SiteCurvature curvature)
    {
        int count = parameters.Count;
        double[] scales = [.. Enumerable.Range(0, count).Select(i => curvature[i, i] > 0 ? 1 / Math.Sqrt(curvature[i, i]) : 1)];
        double[][] conditions = [.. parameters.AxisConditions(theta).Select(condition => Unit([.. condition.Select((value, i) => value * scales[i])]))];
        var lower = new double[count][];
        for (int i = 0; i < count; i++)
        {
            lower[i] = new double[i + 1];
            for (int j = 0; j <= i; j++)
            {
                lower[i][j] = (scales[i] * curvature[i, j] * scales[j]) + conditions.Sum(condition => condition[i] * condition[j]);
            }
        }

        List<int[]> nulls = Factor(lower);
        Matrix<double> inverse = Invert(lower);
        if (conditions.Length > 0)
        {
            Matrix<double> rows = Matrix<double>.Build.DenseOfRowArrays(conditions);
            Matrix<double> images = inverse * rows.Transpose();
            inverse -= images * (rows * images).Solve(images.Transpose());
        }

        foreach (int i in nulls.SelectMany(indices => indices))
        {
            for (int j = 0; j < count; j++)
            {
                inverse[i, j] = double.NaN;
                inverse[j, i] = double.NaN;
            }
        }

        return new SiteCovariance(inverse, scales, nulls);
    }

    private static double[] Unit(double[] vector)
    {
        double length = Math.Sqrt(vector.Sum(value => value * value));
        return length == 0 ? vector : Array.ConvertAll(vector, value => value / length);
    }

    /// <summary>Factors in place; a parameter along whose direction nothing curves is held where it is.</summary>
    private static List<int[]> Factor(double[][] lower)
    {
        var nulls = new List<int[]>();
        var held = new bool[lower.Length];
        for (int i = 0; i < lower.Length; i++)
        {
            double[] row = lower[i];
            double pivot = row[i];
            for (int j = 0; j < i; j++)
            {
                double sum = row[j];
                for (int k = 0; k < j; k++)
                {
                    sum -= row[k] * lower[j][k];
                }

                row[j] = held[j] ? 0 : sum / lower[j][j];
                pivot -= row[j] * row[j];
            }

            if (pivot > LeastCurvature)
            {
                row[i] = Math.Sqrt(pivot);
                continue;
            }

            nulls.Add(Direction(lower, row, i));
            Array.Clear(row);
            row[i] = 1;
            held[i] = true;
        }

        return nulls;
    }

    /// <summary>Returns the parameters that move along with one, where the others follow it.</summary>
    private static int[] Direction(double[][] lower, double[] row, int last)
    {
        var direction = new double[last + 1];
        direction[last] = 1;
        for (int i = last - 1; i >= 0; i--)
        {
            double sum = -row[i];
            for (int k = i + 1; k < last; k++)
            {
                sum -= lower[k][i] * direction[k];
            }

            direction[i] = sum / lower[i][i];
        }

        double largest = direction.Max(Math.Abs);
        return [.. Enumerable.Range(0, direction.Length).Where(i => Math.Abs(direction[i]) >= LeastShare * largest)];
    }

    private static Matrix<double> Invert(double[][] lower)
    {
        int count = lower.Length;
        var inverse = new double[count][];
        for (int j = 0; j < count; j++)
        {
            // Column j of the factor's inverse, from its element j on.
            double[] column = inverse[j] = new double[count];
            column[j] = 1 / lower[j][j];
            for (int i = j + 1; i < count; i++)
            {
                double sum = 0;
                for (int k = j; k < i; k++)
                {
                    sum -= lower[i][k] * column[k];
                }

                column[i] = sum / lower[i][i];
            }
        }

        return Matrix<double>.Build.Dense(count, count, (i, j) =>
        {
            double sum = 0;
            for (int k = Math.Max(i, j); k < count; k++)
            {
                sum += inverse[i][k] * inverse[j][k];
            }

            return sum;
        });
    }
}
