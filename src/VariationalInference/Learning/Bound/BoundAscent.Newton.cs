namespace VariationalInference;

/// <content>Newton steps, for few parameters: along ridges, off saddles, and to the last digits.</content>
internal sealed partial class BoundAscent
{
    /// <summary>Up to this many parameters second derivatives are worked out.</summary>
    public const int MostNewtonParameters = 300;

    private const int MostNewtonSteps = 50;

    /// <summary>Second derivatives serve for further steps while each leaves less than this part of what was missing.</summary>
    private const double QuickDecrease = 0.05;

    /// <summary>A step that gains less than this many roundings of the bound is judged by what it leaves missing.</summary>
    private const double Visible = 100;

    public LearningFrame CreateFrame() => new(_bound, _layout, Vector, Point);

    public LearningPoint PointAt(double[] vector)
    {
        LearningPoint point = _point.Copy();
        Unpack(vector, point);
        return point;
    }

    /// <summary>Takes Newton steps until they gain nothing; leaves a saddle along its rising direction.</summary>
    /// <returns>Whether a saddle was left, after which there is more to climb.</returns>
    public bool Finish(int maxIterations)
    {
        for (int step = 0; step < MostNewtonSteps && Iterations < maxIterations; step++)
        {
            var curvature = new BoundCurvature(this, refined: false);
            if (!curvature.IsFinite)
            {
                return false;
            }

            if (curvature.IsSaddle && LeaveSaddle(curvature))
            {
                return true;
            }

            if (!TakeNewtonSteps(curvature, maxIterations))
            {
                return false;
            }
        }

        return false;
    }

    /// <summary>Takes steps by the same second derivatives while they do well.</summary>
    /// <returns>Whether new second derivatives may do better.</returns>
    private bool TakeNewtonSteps(BoundCurvature curvature, int maxIterations)
    {
        double[] derivatives = curvature.Derivatives;
        double missing = curvature.Missing(derivatives, withRounding: false);
        bool isBetter = false;
        while (Iterations < maxIterations)
        {
            double before = missing;
            if (NewtonStep(curvature, ref derivatives, ref missing) is not true)
            {
                break;
            }

            isBetter = true;
            if (!(missing < QuickDecrease * before))
            {
                break;
            }
        }

        Missing = missing;
        return isBetter;
    }

    private bool NewtonStep(BoundCurvature curvature, ref double[] derivatives, ref double missing)
    {
        double[] step = curvature.NewtonStep(derivatives);
        double longest = Largest(step);
        double gain = step.Zip(derivatives, (s, d) => s * d).Sum();

        // Along a direction of length one the bound is no longer quadratic.
        for (double length = Math.Min(1, 1 / longest); length * longest > 1e-12 && length > 1e-3; length /= 2)
        {
            double[] vector = curvature.Move(Vector, [.. step.Select(value => length * value)]);
            var gradient = new double[vector.Length];
            double value = Evaluate(vector, gradient);
            if (!(value >= Value - Rounding))
            {
                continue;
            }

            double[] next = curvature.DerivativesAt(PointAt(vector), gradient);
            double rest = curvature.Missing(next, withRounding: false);
            bool isSeen = length * gain > Visible * Rounding;
            if (isSeen ? value > Value + Rounding : rest < missing / 2 || (double.IsInfinity(missing) && value > Value))
            {
                Accept(vector, gradient, value);
                (derivatives, missing) = (next, rest);
                return true;
            }
        }

        return false;
    }

    private bool LeaveSaddle(BoundCurvature curvature)
    {
        double[] axis = [.. curvature.Eigenvector(curvature.RisingDirection)];
        foreach (double length in (ReadOnlySpan<double>)[1, -1, 0.3, -0.3, 0.1, -0.1, 0.01, -0.01])
        {
            double[] vector = curvature.Move(Vector, [.. axis.Select(value => length * value)]);
            var gradient = new double[vector.Length];
            double value = Evaluate(vector, gradient);
            if (value > Value + Rounding)
            {
                Accept(vector, gradient, value);
                return true;
            }
        }

        return false;
    }
}
