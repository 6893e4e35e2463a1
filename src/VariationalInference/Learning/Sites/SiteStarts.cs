using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.LinearAlgebra.Factorization;

namespace VariationalInference;

/// <summary>Parameters to start from: the principal axes of predictors under which the cells are likely, or loadings that are drawn.</summary>
/// <remarks>Never loadings of zero: there the ELBO is stationary, and the latents do nothing.</remarks>
internal static class SiteStarts
{
    /// <summary>The least root mean square of a latent's loadings, and the least spread of a column's predictors.</summary>
    private const double LeastLoading = 0.3;

    /// <summary>A column shares at most this part of its spread with the latents, to begin with.</summary>
    private const double MostShared = 0.8;

    /// <summary>The least variance that a latent begins with, of all columns of variance 1 together.</summary>
    private const double LeastShare = 0.05;

    /// <summary>Predictors are taken for no larger: exposures at the ends of double precision ask for more.</summary>
    private const double MostPredictor = 100;

    /// <summary>Sets these random streams apart from others of the same seed.</summary>
    private const int StartPurpose = 16;

    /// <summary>Returns a start: the first by the axes, the others drawn.</summary>
    public static double[] Of(SiteParameters parameters, SiteRows rows, int start, int seed)
    {
        int columns = parameters.Columns.Length, latents = parameters.Latents;
        Matrix<double> predictors = Matrix<double>.Build.Dense(rows.Count, columns);
        var means = new double[columns];
        var spreads = new double[columns];
        for (int k = 0; k < columns; k++)
        {
            (means[k], spreads[k]) = Standardize(parameters.Columns[k].Likelihood, rows, k, predictors);
        }

        Matrix<double> loadings = start == 0 ? Axes(predictors, rows, latents) : Drawn(columns, latents, StreamSeed.Of(seed, StartPurpose, start));
        for (int j = 0; j < latents; j++)
        {
            double size = loadings.Column(j).L2Norm() / Math.Sqrt(columns);
            loadings.SetColumn(j, loadings.Column(j) * Math.Max(1, LeastLoading / size));
        }

        double[] theta = new double[parameters.Count];
        for (int k = 0; k < columns; k++)
        {
            ReadOnlySpan<int> places = parameters.Places(k);
            double shared = Math.Min(loadings.Row(k).DotProduct(loadings.Row(k)), MostShared);
            for (int j = 0; j < latents; j++)
            {
                theta[places[j]] = Math.Max(spreads[k], LeastLoading) * loadings[k, j] / Math.Sqrt(1 - shared);
            }

            theta[places[latents]] = means[k];
            double[] free = parameters.Columns[k].Places();
            for (int d = 0; d < free.Length; d++)
            {
                theta[places[latents + 1 + d]] = free[d];
            }
        }

        if (parameters.Places(0)[0] == parameters.Places(columns - 1)[0])
        {
            for (int j = 0; j < latents; j++)
            {
                theta[j] = Math.Max(LeastLoading, loadings.Column(j).Average(Math.Abs));
            }
        }

        return theta;
    }

    /// <summary>Writes a column's likely predictors with mean 0 and spread 1, 0 where the cell is missing.</summary>
    private static (double Mean, double Spread) Standardize(Likelihood likelihood, SiteRows rows, int k, Matrix<double> predictors)
    {
        double count = 0, mean = 0, square = 0;
        for (int n = 0; n < rows.Count; n++)
        {
            double cell = rows.Columns[k][n];
            if (!double.IsNaN(cell))
            {
                double weight = rows.Weights[n];
                double predictor = Math.Clamp(likelihood.StartingPredictor(cell, rows.ExposureOf(n)), -MostPredictor, MostPredictor);
                predictors[n, k] = predictor;
                count += weight;
                double step = predictor - mean;
                mean += weight * step / count;
                square += weight * step * (predictor - mean);
            }
        }

        double spread = count > 0 ? Math.Sqrt(square / count) : 0;
        for (int n = 0; n < rows.Count; n++)
        {
            predictors[n, k] = double.IsNaN(rows.Columns[k][n]) || spread == 0 ? 0 : (predictors[n, k] - mean) / spread;
        }

        return (mean, spread);
    }

    private static Matrix<double> Axes(Matrix<double> predictors, SiteRows rows, int latents)
    {
        double total = rows.Weights.Sum();
        Matrix<double> weighted = Matrix<double>.Build.Dense(
            predictors.RowCount, predictors.ColumnCount, (n, k) => predictors[n, k] * Math.Sqrt(rows.Weights[n] / total));
        Evd<double> spectrum = weighted.TransposeThisAndMultiply(weighted).Evd(Symmetricity.Symmetric);
        int columns = predictors.ColumnCount;

        // An eigenvalue of 1 is what unrelated columns have; a latent is to do something all the same.
        return Matrix<double>.Build.Dense(
            columns,
            latents,
            (k, j) => spectrum.EigenVectors[k, columns - 1 - j] * Math.Sqrt(Math.Max(spectrum.EigenValues[columns - 1 - j].Real - 1, LeastShare)));
    }

    private static Matrix<double> Drawn(int columns, int latents, int seed)
    {
        double[] draws = new double[columns * latents];
        NormalStream.Fill(seed, draws);
        return Matrix<double>.Build.Dense(columns, latents, (k, j) => 0.5 * draws[(k * latents) + j]);
    }
}
