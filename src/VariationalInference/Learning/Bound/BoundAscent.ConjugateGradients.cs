namespace VariationalInference;

/// <content>Newton steps by conjugate gradients, for many parameters: products with the second derivatives are differences of gradients.</content>
internal sealed partial class BoundAscent
{
    private const int MostTruncatedSteps = 12;
    private const int MostProducts = 60;
    private const double ProductStep = 1e-4;

    /// <summary>Conjugate gradients stop when this part of the gradient is left, measured in the lengths of the frame.</summary>
    private const double Remainder = 0.1;

    /// <summary>Takes truncated Newton steps until they gain nothing or little enough is missing.</summary>
    /// <param name="tolerance">What may be missing, in nats a row.</param>
    /// <param name="maxIterations">The largest number of iterations.</param>
    public void FinishTruncated(double tolerance, int maxIterations)
    {
        for (int step = 0; step < MostTruncatedSteps; step++)
        {
            LearningFrame frame = CreateFrame();
            double[] derivatives = Scaled(frame, frame.Derivatives(Point, Gradient));
            (double[] solution, double missing) = SolveNewton(frame, derivatives);
            Missing = missing;
            if (missing <= tolerance || Iterations >= maxIterations || !TakeTruncated(frame, solution, Dot(solution, derivatives)))
            {
                return;
            }
        }
    }

    /// <summary>
    /// Solves Hy = g; what is missing is ½ gᵀy, from below, +∞ where the bound curves up or where it was not solved.
    /// </summary>
    private (double[] Solution, double Missing) SolveNewton(LearningFrame frame, double[] derivatives)
    {
        var solution = new double[derivatives.Length];
        double[] residual = [.. derivatives], direction = [.. derivatives];
        double square = Dot(residual, residual), goal = Remainder * Remainder * square;
        if (square == 0)
        {
            return (solution, 0);
        }

        for (int product = 0; product < MostProducts; product++)
        {
            double[] curved = Product(frame, derivatives, direction);
            double curvature = Dot(direction, curved);
            if (!(curvature > 1e-10 * Dot(direction, direction)))
            {
                return (product == 0 ? derivatives : solution, double.PositiveInfinity);
            }

            double length = square / curvature;
            for (int i = 0; i < solution.Length; i++)
            {
                solution[i] += length * direction[i];
                residual[i] -= length * curved[i];
            }

            double next = Dot(residual, residual);
            if (next <= goal)
            {
                return (solution, 0.5 * Dot(solution, derivatives));
            }

            for (int i = 0; i < direction.Length; i++)
            {
                direction[i] = residual[i] + (next / square * direction[i]);
            }

            square = next;
        }

        return (solution, double.PositiveInfinity);
    }

    /// <summary>Returns minus the second derivatives times a direction, in the lengths of the frame, by a difference to one side.</summary>
    private double[] Product(LearningFrame frame, double[] derivatives, double[] direction)
    {
        double width = ProductStep / Math.Sqrt(Dot(direction, direction));
        double[] vector = frame.Move(Vector, [.. direction.Zip(frame.Lengths, (value, length) => width * value * length)]);
        var gradient = new double[vector.Length];
        return double.IsFinite(Evaluate(vector, gradient))
            ? [.. Scaled(frame, frame.Derivatives(PointAt(vector), gradient)).Zip(derivatives, (there, here) => (here - there) / width)]
            : [.. Enumerable.Repeat(double.NaN, direction.Length)];
    }

    private bool TakeTruncated(LearningFrame frame, double[] step, double gain)
    {
        for (double length = Math.Min(1, 1 / Largest(step)); length > 1e-3; length /= 2)
        {
            double[] vector = frame.Move(Vector, [.. step.Zip(frame.Lengths, (value, unit) => length * value * unit)]);
            var gradient = new double[vector.Length];
            double value = Evaluate(vector, gradient);
            bool isSeen = length * gain > Visible * Rounding;
            if (isSeen ? value > Value + Rounding : value >= Value - Rounding && IsFlatter(frame, vector, gradient))
            {
                Accept(vector, gradient, value);
                return true;
            }
        }

        return false;
    }

    private bool IsFlatter(LearningFrame frame, double[] vector, double[] gradient)
    {
        double[] before = Scaled(frame, frame.Derivatives(Point, Gradient)), after = Scaled(frame, frame.Derivatives(PointAt(vector), gradient));
        return Dot(after, after) < 0.25 * Dot(before, before);
    }

    private static double[] Scaled(LearningFrame frame, double[] derivatives) =>
        [.. derivatives.Zip(frame.Lengths, (derivative, length) => derivative * length)];
}
