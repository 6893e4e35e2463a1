using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>c + hᵀμ − ½ μᵀΛμ − ½ tr ΛΣ, in residual form.</summary>
/// <remarks>
/// With Σ = FFᵀ, tr ΛΣ = Σ_k ‖L⁻¹F_k‖² + ‖BL⁻¹F_k‖² over the columns of F, a sum of squares, and its derivative in F is 2ΛF. Mean field needs
/// of Λ the diagonal alone.
/// </remarks>
internal sealed class ClosedFormExpectation(QuadraticLogJoint joint) : LogJointExpectation(joint)
{
    public QuadraticLogJoint Quadratic => joint;

    public override double Value(GaussianPosterior q)
    {
        Require(q);
        return joint.Value(q.Means.AsSpan()) - (0.5 * Trace(q, []));
    }

    public override double Evaluate(GaussianPosterior q, Span<double> gradient)
    {
        Require(q, gradient);
        gradient.Clear();
        joint.Gradient(q.Means.AsSpan(), gradient[..q.Count]);
        return joint.Value(q.Means.AsSpan()) - (0.5 * Trace(q, gradient[q.Count..]));
    }

    public override Matrix<double> Curvature(MultivariateGaussian q)
    {
        Require(q);
        return -joint.Precision();
    }

    /// <summary>Returns tr ΛΣ and adds the gradient of −½ tr ΛΣ, unless there is no room for it.</summary>
    private double Trace(GaussianPosterior q, Span<double> gradient)
    {
        PosteriorShape shape = joint.Shape;
        double trace = 0;
        if (q is MeanFieldGaussian)
        {
            for (int j = 0; j < q.Count; j++)
            {
                double ratio = shape.ScaledPrecision[j] * (q.Variances[j] / shape.Prior.ConditionalVariances[j]);
                trace += ratio;
                if (!gradient.IsEmpty)
                {
                    gradient[j] -= 0.5 * ratio;
                }
            }

            return trace;
        }

        var noise = new double[q.NoiseCount];
        var column = new double[q.Count];
        var image = new double[shape.Rank];
        for (int k = 0; k < noise.Length; k++)
        {
            noise[k] = 1;
            q.Scale(noise, column);
            shape.Prior.Unscale(column);
            shape.Loadings.Image(column, image);
            trace += ShortVectors.SquaredNorm(column) + ShortVectors.SquaredNorm(image);
            if (!gradient.IsEmpty)
            {
                for (int j = 0; j < column.Length; j++)
                {
                    column[j] = -(column[j] + ShortVectors.Dot(shape.Loadings.Column(j), image));
                }

                shape.Prior.ToLatents(column);
                q.AddScaleGradient(noise, column, gradient);
            }

            noise[k] = 0;
        }

        return trace;
    }
}
