using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.LinearAlgebra.Factorization;

namespace VariationalInference;

/// <summary>How scores are estimated; see <see cref="FactorSolution.Scores(Matrix{double}, FactorScoreMethod)"/>.</summary>
public enum FactorScoreMethod
{
    /// <summary>The posterior mean of the factors (Thomson, 1951), drawn towards zero.</summary>
    Regression,

    /// <summary>The factors for which the row is the likeliest (Bartlett, 1937), unbiased; NaN where the row's cells do not tell all factors.</summary>
    Bartlett,
}

/// <summary>Weights that make scores of rows, one set for each pattern of missing cells.</summary>
internal sealed class FactorScoring(LinearGaussianModel model, Matrix<double> transformation, FactorScoreMethod method)
{
    /// <summary>A column of the triangle of whitened loadings shorter than this part of the longest tells nothing.</summary>
    private const double Nothing = 1e-12;

    private readonly Dictionary<MissingPattern, Matrix<double>?> _weights = [];
    private readonly Matrix<double> _loadings = model.Loadings();

    /// <summary>Writes the scores of a row, which may have missing cells.</summary>
    public void Write(ReadOnlySpan<double> row, Span<double> scores)
    {
        if (!_weights.TryGetValue(MissingPattern.OfTransient(row), out Matrix<double>? weights))
        {
            weights = WeightsOf(row);
            _weights[MissingPattern.OfTransient(row).Copy()] = weights;
        }

        for (int j = 0; j < scores.Length; j++)
        {
            double sum = weights is null ? double.NaN : 0;
            for (int k = 0; k < row.Length && weights is not null; k++)
            {
                sum += double.IsNaN(row[k]) ? 0 : weights[j, k] * (row[k] - model.Offset[k]);
            }

            scores[j] = sum;
        }
    }

    /// <summary>
    /// Returns Tᵀ times the weights of the unrotated factors, R⁻¹Qᵀ of the whitened loadings' QR, with the prior's rows of ones below them for the
    /// posterior mean; <see langword="null"/> where the cells do not tell all factors.
    /// </summary>
    private Matrix<double>? WeightsOf(ReadOnlySpan<double> row)
    {
        int factors = model.LatentCount, columns = model.ObservationCount;
        double[] cells = row.ToArray();
        int[] observed = [.. Enumerable.Range(0, columns).Where(k => !double.IsNaN(cells[k]))];
        int prior = method == FactorScoreMethod.Regression ? factors : 0;
        if (observed.Length == 0 || observed.Length + prior < factors)
        {
            return prior == 0 ? null : Matrix<double>.Build.Dense(factors, columns);
        }

        Matrix<double> stacked = Matrix<double>.Build.Dense(observed.Length + prior, factors, (i, j) => i < observed.Length
            ? _loadings[observed[i], j] / Math.Sqrt(model.NoiseVariances[observed[i]])
            : i - observed.Length == j ? 1 : 0);
        QR<double> qr = stacked.QR(QRMethod.Thin);
        double longest = qr.R.Diagonal().AbsoluteMaximum();
        if (qr.R.Diagonal().Any(value => !(Math.Abs(value) > Nothing * longest)))
        {
            return null;
        }

        Matrix<double> weights = qr.R.Solve(qr.Q.SubMatrix(0, observed.Length, 0, factors).Transpose());
        Matrix<double> rotated = transformation.TransposeThisAndMultiply(weights);
        Matrix<double> all = Matrix<double>.Build.Dense(factors, columns);
        for (int i = 0; i < observed.Length; i++)
        {
            all.SetColumn(observed[i], rotated.Column(i) / Math.Sqrt(model.NoiseVariances[observed[i]]));
        }

        return all;
    }
}
