using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>Σ_i w_i log p(x, μ + Fε_i) over points ε_i that do not depend on q: quadrature, or an average over fixed draws.</summary>
internal sealed class PointExpectation(ILogJoint joint, NoisePoints points) : LogJointExpectation(joint)
{
    public override double Value(GaussianPosterior q)
    {
        Require(q);
        NoiseRule rule = points.For(q);
        var latents = new double[q.Count];
        double sum = 0;
        for (int i = 0; i < rule.Count; i++)
        {
            q.Transform(rule.Point(i), latents);
            sum += rule.Weights[i] * Joint.Value(latents);
        }

        return sum;
    }

    public override double Evaluate(GaussianPosterior q, Span<double> gradient)
    {
        Require(q, gradient);
        NoiseRule rule = points.For(q);
        var latents = new double[q.Count];
        var slope = new double[q.Count];
        double sum = 0;
        gradient.Clear();
        for (int i = 0; i < rule.Count; i++)
        {
            ReadOnlySpan<double> noise = rule.Point(i);
            q.Transform(noise, latents);
            sum += rule.Weights[i] * Joint.Value(latents);
            Joint.Gradient(latents, slope);
            for (int j = 0; j < slope.Length; j++)
            {
                slope[j] *= rule.Weights[i];
                gradient[j] += slope[j];
            }

            q.AddScaleGradient(noise, slope, gradient[q.Count..]);
        }

        return sum;
    }

    public override Matrix<double> Curvature(MultivariateGaussian q)
    {
        Require(q);
        NoiseRule rule = points.For(q);
        var latents = new double[q.Count];
        var slope = new double[q.Count];
        var products = Matrix<double>.Build.Dense(q.Count, q.Count);
        for (int i = 0; i < rule.Count; i++)
        {
            ReadOnlySpan<double> noise = rule.Point(i);
            q.Transform(noise, latents);
            Joint.Gradient(latents, slope);
            for (int row = 0; row < slope.Length; row++)
            {
                for (int column = 0; column < slope.Length; column++)
                {
                    products[row, column] += rule.Weights[i] * slope[row] * noise[column];
                }
            }
        }

        // E[∇f εᵀ] = E[∇²f]L.
        Matrix<double> curvature = products * q.CholeskyFactor().Inverse();
        return 0.5 * (curvature + curvature.Transpose());
    }
}
