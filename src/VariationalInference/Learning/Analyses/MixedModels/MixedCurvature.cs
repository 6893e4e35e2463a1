using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.LinearAlgebra.Factorization;

namespace VariationalInference;

/// <summary>The second derivatives of the deviance by variables in their own scales, and what they tell apart.</summary>
internal sealed class MixedCurvature
{
    /// <summary>
    /// A variance in its own scale has a curvature of the order of the number of levels. Differences of the gradient are good to about 1e-10 of
    /// that; below this value a direction is flat.
    /// </summary>
    public const double Flat = 1e-7;

    /// <summary>A variable that has more than this share in a flat direction is not told from the others in it.</summary>
    private const double Share = 1e-2;

    private readonly Evd<double> _spectrum;

    public MixedCurvature(Matrix<double> second)
    {
        _spectrum = second.Evd(Symmetricity.Symmetric);
        Covariance = Matrix<double>.Build.Dense(second.RowCount, second.RowCount);
        IsFlat = new bool[second.RowCount];
        for (int i = 0; i < second.RowCount; i++)
        {
            double curvature = _spectrum.EigenValues[i].Real;
            Vector<double> axis = _spectrum.EigenVectors.Column(i);
            if (curvature > Flat)
            {
                // The deviance is −2 log L.
                Covariance += axis.OuterProduct(axis) * (2 / curvature);
                continue;
            }

            for (int j = 0; j < second.RowCount; j++)
            {
                IsFlat[j] |= Math.Abs(axis[j]) > Share;
            }
        }
    }

    /// <summary>Gets the variables that the data do not tell apart.</summary>
    public bool[] IsFlat { get; }

    /// <summary>Gets the inverse information over the curved directions.</summary>
    public Matrix<double> Covariance { get; }
}
