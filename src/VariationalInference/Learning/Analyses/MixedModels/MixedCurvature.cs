using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.LinearAlgebra.Factorization;

namespace VariationalInference;

/// <summary>The second derivatives of the deviance by variables in their own scales, and what they tell apart.</summary>
/// <remarks>
/// A variance in its own scale has a curvature of the order of the number of levels. One that is small beside that may be all rounding and
/// truncation of the differences it comes from, and along a curved valley is: whether the direction is flat is then found out by going along it.
/// </remarks>
internal sealed class MixedCurvature
{
    private const double Small = 1e-2;
    private const double RelativelySmall = 1e-6;

    /// <summary>A variable that has more than this share in a flat direction is not told from the others in it.</summary>
    private const double Share = 1e-2;

    // Null of what was read: by how much the likelihood may rise is known by then.
    private readonly Evd<double>? _spectrum;
    private readonly bool[] _isFlatDirection;

    /// <param name="second">The second derivatives.</param>
    /// <param name="isFlat">Finds out whether a direction is flat.</param>
    public MixedCurvature(Matrix<double> second, Func<Vector<double>, bool> isFlat)
    {
        int count = second.RowCount;
        _spectrum = second.Evd(Symmetricity.Symmetric);
        double largest = _spectrum.EigenValues.Max(value => Math.Abs(value.Real));
        Covariance = Matrix<double>.Build.Dense(count, count);
        IsFlat = new bool[count];
        _isFlatDirection = new bool[count];
        for (int i = 0; i < count; i++)
        {
            double curvature = _spectrum.EigenValues[i].Real;
            Vector<double> axis = _spectrum.EigenVectors.Column(i);
            _isFlatDirection[i] = curvature < Math.Max(Small, RelativelySmall * largest) && isFlat(axis);
            for (int j = 0; j < count && _isFlatDirection[i]; j++)
            {
                IsFlat[j] |= Math.Abs(axis[j]) > Share;
            }

            if (!_isFlatDirection[i] && curvature > 0)
            {
                // The deviance is −2 log L.
                Covariance += axis.OuterProduct(axis) * (2 / curvature);
            }
        }
    }

    /// <summary>Takes what was found out before.</summary>
    public MixedCurvature(Matrix<double> covariance, bool[] isFlat)
    {
        Covariance = covariance;
        IsFlat = isFlat;
        _isFlatDirection = [];
    }

    /// <summary>Gets the variables that the data do not tell apart.</summary>
    public bool[] IsFlat { get; }

    /// <summary>Gets the inverse information over the curved directions.</summary>
    public Matrix<double> Covariance { get; }

    /// <summary>
    /// Returns by how many nats the likelihood may rise, ¼ gᵀH⁻¹g over the directions that are not flat; infinite where one of them bends down.
    /// </summary>
    /// <param name="slope">g, by the variables in their scales.</param>
    /// <param name="rounding">A square of a slope that counts for nothing.</param>
    public double Missing(Vector<double> slope, double rounding)
    {
        Vector<double> along = _spectrum!.EigenVectors.TransposeThisAndMultiply(slope);
        double missing = 0;
        for (int i = 0; i < along.Count; i++)
        {
            double curvature = _spectrum.EigenValues[i].Real;
            if (!_isFlatDirection[i] && along[i] * along[i] > rounding * rounding)
            {
                missing += curvature > 0 ? along[i] * along[i] / curvature / 4 : double.PositiveInfinity;
            }
        }

        return missing;
    }
}
