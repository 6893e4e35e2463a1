using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.LinearAlgebra.Factorization;

namespace VariationalInference;

/// <summary>Chooses one of the rotations of free loadings, all of which have the same likelihood.</summary>
internal static class LoadingRotation
{
    /// <summary>Returns the parameters with WᵀR⁻¹W diagonal and descending and columns of positive sums, where that does not lower the bound.</summary>
    public static LearningPoint Canonical(BoundAscent ascent, LearningProblem problem, VariationalEmOptions options)
    {
        LearningPoint point = ascent.Point;
        bool fixedByMeans = point.Means.Any(mean => mean != 0) || options.PriorMeans;
        if (!options.Loadings || fixedByMeans || point.Deviations.Any(deviation => deviation == 0))
        {
            return point;
        }

        LearningPoint rotated = Rotate(point);
        MarginalBound bound = problem.CreateBound(options.Family);
        double before = bound.Value(point, point.Copy()), after = bound.Value(rotated, point.Copy());
        return after >= before - (1e-12 * (1 + Math.Abs(before))) ? rotated : point;
    }

    private static LearningPoint Rotate(LearningPoint point)
    {
        const double smallestNoise = 1e-9;
        int observations = point.Observations, latents = point.Latents;
        Matrix<double> scaled = Matrix<double>.Build.Dense(
            observations, latents, (k, j) => point.Loadings[(k * latents) + j] * point.Deviations[j]);
        Matrix<double> whitened = Matrix<double>.Build.Dense(
            observations, latents, (k, j) => scaled[k, j] / Math.Max(Math.Abs(point.Noise[k]), smallestNoise));
        double size = whitened.Enumerate().Max(Math.Abs);
        if (!double.IsFinite(size) || size == 0)
        {
            return point;
        }

        // The right singular vectors, from the loadings themselves: their squares may leave the range of doubles.
        Svd<double> spectrum = whitened.Divide(size).Svd();
        Matrix<double> rotated = scaled.TransposeAndMultiply(spectrum.VT);
        LearningPoint result = point.Copy();
        for (int j = 0; j < latents; j++)
        {
            Vector<double> column = rotated.Column(j);
            double sum = column.Sum();
            double sign = sum < 0 || (sum == 0 && column.DotProduct(scaled.Column(j)) < 0) ? -1 : 1;
            for (int k = 0; k < observations; k++)
            {
                result.Loadings[(k * latents) + j] = sign * column[k] / point.Deviations[j];
            }
        }

        return result;
    }
}
