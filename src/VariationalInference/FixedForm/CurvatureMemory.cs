using System.Numerics.Tensors;

namespace VariationalInference;

/// <summary>What the last steps tell of the curvature: the two-loop recursion of limited-memory BFGS (Nocedal, 1980), to maximise.</summary>
internal sealed class CurvatureMemory
{
    private const int Capacity = 20;
    private const double LeastCurvature = 1e-14;

    private readonly List<Pair> _pairs = [];

    public bool IsEmpty => _pairs.Count == 0;

    public void Clear() => _pairs.Clear();

    /// <summary>Takes a step in; one along which the slope does not fall is left out, since it tells of no maximum.</summary>
    public void Add(double[] from, double[] to, double[] gradientFrom, double[] gradientTo)
    {
        var step = new double[from.Length];
        var fall = new double[from.Length];
        TensorPrimitives.Subtract(to, from, step);
        TensorPrimitives.Subtract<double>(gradientFrom, gradientTo, fall);
        double curvature = TensorPrimitives.Dot<double>(step, fall);
        if (!(curvature > LeastCurvature * TensorPrimitives.Norm<double>(step) * TensorPrimitives.Norm<double>(fall)))
        {
            return;
        }

        if (_pairs.Count == Capacity)
        {
            _pairs.RemoveAt(0);
        }

        _pairs.Add(new Pair(step, fall, curvature));
    }

    /// <summary>Returns the way uphill: the gradient, corrected for what is known of the curvature.</summary>
    public double[] Direction(double[] gradient)
    {
        double[] direction = [.. gradient];
        if (IsEmpty)
        {
            return direction;
        }

        var weights = new double[_pairs.Count];
        for (int i = _pairs.Count - 1; i >= 0; i--)
        {
            weights[i] = TensorPrimitives.Dot<double>(_pairs[i].Step, direction) / _pairs[i].Curvature;
            TensorPrimitives.MultiplyAdd<double>(_pairs[i].Fall, -weights[i], direction, direction);
        }

        Pair last = _pairs[^1];
        TensorPrimitives.Multiply(direction, last.Curvature / TensorPrimitives.SumOfSquares<double>(last.Fall), direction);
        for (int i = 0; i < _pairs.Count; i++)
        {
            double weight = weights[i] - (TensorPrimitives.Dot<double>(_pairs[i].Fall, direction) / _pairs[i].Curvature);
            TensorPrimitives.MultiplyAdd<double>(_pairs[i].Step, weight, direction, direction);
        }

        return direction;
    }

    private sealed record Pair(double[] Step, double[] Fall, double Curvature);
}
