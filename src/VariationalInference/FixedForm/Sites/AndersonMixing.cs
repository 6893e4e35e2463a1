using System.Numerics.Tensors;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>Anderson's mixing for a fixed point x = F(x): the combination of the last points whose changes F(x) − x cancel best (Walker and Ni, 2011).</summary>
/// <param name="length">The length of x.</param>
/// <param name="depth">How many differences are kept.</param>
internal sealed class AndersonMixing(int length, int depth)
{
    /// <summary>The smallest eigenvalue that counts, as a share of the largest: its square root is what products of doubles hold.</summary>
    private const double SmallestShare = 1e-14;

    private readonly List<(double[] Point, double[] Change)> _differences = [];
    private double[]? _point;
    private double[]? _change;

    /// <summary>Gets a value indicating whether there is anything to combine.</summary>
    public bool IsReady => _differences.Count > 0;

    /// <summary>Forgets what came before.</summary>
    public void Clear()
    {
        _differences.Clear();
        _point = null;
    }

    /// <summary>Adds a point x and its change F(x) − x.</summary>
    public void Add(double[] point, double[] change)
    {
        if (_point is not null && _change is not null)
        {
            if (_differences.Count == depth)
            {
                _differences.RemoveAt(0);
            }

            double[] last = _point, lastChange = _change;
            _differences.Add(([.. point.Select((value, i) => value - last[i])], [.. change.Select((value, i) => value - lastChange[i])]));
        }

        _point = point;
        _change = change;
    }

    /// <summary>Returns the next point.</summary>
    /// <param name="scales">The size in which each element of a change counts.</param>
    public double[] Next(double[] scales)
    {
        double[] point = _point!, change = _change!;
        double[] wanted = Scaled(change, scales);
        double[][] columns = [.. _differences.Select(difference => Scaled(difference.Change, scales))];

        // Least squares by the eigenvectors of the small Gram matrix; those that differences of the same direction leave without digits do not count.
        Matrix<double> gram = Matrix<double>.Build.Dense(
            columns.Length, columns.Length, (i, j) => TensorPrimitives.Dot<double>(columns[Math.Max(i, j)], columns[Math.Min(i, j)]));
        Vector<double> right = Vector<double>.Build.Dense(columns.Length, i => TensorPrimitives.Dot<double>(columns[i], wanted));
        var spectrum = gram.Evd(Symmetricity.Symmetric);
        Vector<double> values = spectrum.EigenValues.Real();
        double least = SmallestShare * values.AbsoluteMaximum();
        Vector<double> along = spectrum.EigenVectors.TransposeThisAndMultiply(right);
        Vector<double> weights = spectrum.EigenVectors * along.MapIndexed((i, value) => values[i] > least ? value / values[i] : 0);
        var next = new double[length];
        for (int i = 0; i < length; i++)
        {
            next[i] = point[i] + change[i];
            for (int j = 0; j < _differences.Count; j++)
            {
                next[i] -= weights[j] * (_differences[j].Point[i] + _differences[j].Change[i]);
            }
        }

        return next;
    }

    private static double[] Scaled(double[] values, double[] scales)
    {
        var scaled = new double[values.Length];
        TensorPrimitives.Multiply(values, scales, scaled);
        return scaled;
    }
}
