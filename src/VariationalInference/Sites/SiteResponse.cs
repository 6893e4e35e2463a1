using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>How the means of a mean-field optimum answer to a pull on the latents: linear response.</summary>
/// <remarks>
/// At the optimum, Bᵀg = Πτ and 1/v_j = Π_jj + Σ_k λ_k b_kj². With Q = (B∘B)ᵀT₃B, T₃ = ∂λ/∂η̄, and R = diag(1/v²) + (B∘B)ᵀT₄(B∘B), T₄ = ∂λ/∂w,
/// a pull dh moves the variances by dv = −R⁻¹Q dτ and the means by dτ = (P̄ − ½ QᵀR⁻¹Q)⁻¹ dh, since ∂g/∂w = −½ ∂λ/∂η̄.
/// </remarks>
internal static class SiteResponse
{
    // Sites are as smooth as the normal density of the predictor: differences of the fourth order are good to 1e-8 or so.
    private const double MeanStep = 0.02;
    private const double VarianceStep = 0.02;

    /// <summary>Computes the derivatives of the means in h, in the latents' units.</summary>
    /// <param name="model">The model.</param>
    /// <param name="row">The cells.</param>
    /// <param name="sizes">Their trials or exposures; empty for 1 each.</param>
    /// <param name="posterior">The mean-field optimum.</param>
    public static Matrix<double> Of(LinearModel model, double[] row, double[] sizes, MeanFieldGaussian posterior)
    {
        int latents = model.LatentCount;
        Matrix<double> precision = model.Prior.Precision(Matrix<double>.Build.DenseIdentity(latents));
        Matrix<double> coupling = Matrix<double>.Build.Dense(latents, latents);
        Matrix<double> response = Matrix<double>.Build.DenseDiagonal(latents, latents, j => 1 / (posterior.Variances[j] * posterior.Variances[j]));
        for (int k = 0; k < row.Length; k++)
        {
            if (double.IsNaN(row[k]))
            {
                continue;
            }

            Vector<double> loadings = Vector<double>.Build.Dense(latents, j => model.Loading(k, j)), squares = loadings.PointwiseMultiply(loadings);
            double mean = model.Offset[k], variance = 0;
            for (int j = 0; j < latents; j++)
            {
                mean += loadings[j] * posterior.Means[j];
                variance += squares[j] * posterior.Variances[j];
            }

            if (variance > 0)
            {
                Likelihood likelihood = model.Likelihoods[k];
                double value = row[k], size = sizes.Length == 0 ? 1 : sizes[k];
                double Precision(double m, double w) => likelihood.Expect(value, m, w, size).Precision;
                double third = Slope(m => Precision(m, variance), mean, MeanStep * Math.Sqrt(variance));
                double fourth = Slope(w => Precision(mean, w), variance, VarianceStep * variance);
                precision += Precision(mean, variance) * loadings.OuterProduct(loadings);
                coupling += third * squares.OuterProduct(loadings);
                response += fourth * squares.OuterProduct(squares);
            }
        }

        return (precision - (0.5 * coupling.TransposeThisAndMultiply(response.Solve(coupling)))).Inverse();
    }

    private static double Slope(Func<double, double> function, double at, double step) =>
        ((8 * (function(at + step) - function(at - step))) - (function(at + (2 * step)) - function(at - (2 * step)))) / (12 * step);
}
