using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.LinearAlgebra.Factorization;

namespace VariationalInference;

/// <content>Newton steps, for few parameters: along ridges, off saddles, and to the last digits.</content>
internal sealed partial class BoundAscent
{
    /// <summary>Up to this many parameters second derivatives are worked out.</summary>
    public const int MostNewtonParameters = 150;

    private const int MostNewtonSteps = 50;

    /// <summary>From here on an eigenvalue decomposition, which squares, may leave the range of double precision.</summary>
    private const double MostCurvature = 1e140;

    /// <summary>Takes Newton steps while they make the gradient smaller; leaves a saddle along its rising direction.</summary>
    /// <returns>Whether a saddle was left, after which there is more to climb.</returns>
    public bool Finish(double tolerance, int maxIterations)
    {
        for (int step = 0; step < MostNewtonSteps && Iterations < maxIterations; step++)
        {
            Evd<double> spectrum = SecondDerivatives().Evd(Symmetricity.Symmetric);
            if (LeaveSaddle(spectrum))
            {
                return true;
            }

            // One step beyond the tolerance costs little and brings the parameters to their last digits.
            bool isLast = GradientNorm <= tolerance;
            if (!NewtonStep(spectrum) || isLast)
            {
                return false;
            }
        }

        return false;
    }

    /// <summary>Returns the second derivatives by central differences of the gradient.</summary>
    public Matrix<double> SecondDerivatives()
    {
        const double relativeStep = 1e-5;
        int count = Vector.Length;
        Matrix<double> second = Matrix<double>.Build.Dense(count, count);
        var above = new double[count];
        var below = new double[count];
        double[] vector = [.. Vector];
        for (int i = 0; i < count; i++)
        {
            double length = relativeStep * Math.Max(0.1, Math.Abs(Vector[i]));
            vector[i] = Vector[i] + length;
            Evaluate(vector, above);
            vector[i] = Vector[i] - length;
            Evaluate(vector, below);
            vector[i] = Vector[i];
            for (int j = 0; j < count; j++)
            {
                second[i, j] = (above[j] - below[j]) / (2 * length);
            }
        }

        Matrix<double> symmetric = (second + second.Transpose()) / 2;
        return symmetric.ForAll(value => Math.Abs(value) < MostCurvature) ? symmetric : Matrix<double>.Build.DenseDiagonal(count, count, -1);
    }

    private bool NewtonStep(Evd<double> spectrum)
    {
        double largest = spectrum.EigenValues.Max(value => Math.Abs(value.Real));
        var direction = new double[Vector.Length];
        for (int i = 0; i < direction.Length; i++)
        {
            double curvature = Math.Abs(spectrum.EigenValues[i].Real);
            if (curvature > 1e-10 * largest)
            {
                Vector<double> axis = spectrum.EigenVectors.Column(i);
                double factor = Dot(axis.ToArray(), Gradient) / curvature;
                for (int j = 0; j < direction.Length; j++)
                {
                    direction[j] += factor * axis[j];
                }
            }
        }

        for (double length = 1; length > 0.01; length /= 2)
        {
            double[] vector = Along(Vector, direction, length);
            var gradient = new double[vector.Length];
            double value = Evaluate(vector, gradient);
            if (value > Value + Rounding || (value >= Value - Rounding && Largest(gradient) < GradientNorm))
            {
                Accept(vector, gradient, value);
                return true;
            }
        }

        return false;
    }

    private bool LeaveSaddle(Evd<double> spectrum)
    {
        const double clearlyRising = 1e-6;
        double largest = spectrum.EigenValues.Max(value => Math.Abs(value.Real));
        int top = spectrum.EigenValues.Count - 1;
        if (!(spectrum.EigenValues[top].Real > clearlyRising * largest))
        {
            return false;
        }

        double[] axis = spectrum.EigenVectors.Column(top).ToArray();
        foreach (double length in (ReadOnlySpan<double>)[0.3, -0.3, 0.1, -0.1, 0.01, -0.01, 0.001, -0.001])
        {
            double[] vector = Along(Vector, axis, length);
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
