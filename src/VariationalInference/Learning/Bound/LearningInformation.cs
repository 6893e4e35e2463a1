using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.LinearAlgebra.Factorization;

namespace VariationalInference;

/// <summary>
/// The observed information at the learned parameters, minus the second derivatives of the bound, over the free parameters that are not at
/// their boundary; and what its inverse says.
/// </summary>
/// <remarks>
/// It is brought to a unit diagonal. Directions with eigenvalues that are then rounding are those along which the data cannot tell
/// parameters apart; parameters with a share in them have no standard error, the others have theirs from the pseudo-inverse.
/// </remarks>
internal sealed class LearningInformation
{
    private const double Flat = 1e-7;
    private const double Share = 1e-2;

    private readonly LearningLayout _layout;
    private readonly double[] _vector;
    private readonly double[] _errors;
    private readonly bool[] _unidentified;

    public LearningInformation(LearningProblem problem, LearningPoint learned, VariationalEmOptions options)
    {
        _layout = problem.Layout;
        MarginalBound bound = problem.CreateBound(options.Family);
        var ascent = new BoundAscent(bound, _layout, learned, CancellationToken.None);
        _vector = ascent.Vector;
        _errors = [.. Enumerable.Repeat(double.NaN, _vector.Length)];
        _unidentified = new bool[_vector.Length];
        int[] free = [.. Enumerable.Range(0, _vector.Length).Where(i => !(_layout.IsDeviation(i) && _vector[i] == 0))];
        if (free.Length > 0)
        {
            Invert(-problem.RowCount * ascent.SecondDerivatives(), free);
        }
    }

    /// <summary>Returns the standard error of a parameter in standard units; NaN where there is none.</summary>
    public double Error(int parameter) => _errors[parameter];

    /// <summary>Returns the standard error of a variance: 2 s times that of s.</summary>
    public double VarianceError(int parameter) => 2 * Math.Abs(_vector[parameter]) * _errors[parameter];

    /// <summary>Names the parameters that the data cannot tell apart. Loadings are no news: their rotation is a convention.</summary>
    /// <param name="includeSums">Whether to name prior means and variances.</param>
    public string[] Unidentified(bool includeSums) =>
    [
        .. Enumerable.Range(0, _vector.Length)
            .Where(i => _unidentified[i] && i >= _layout.OffsetStart && (includeSums || i < _layout.MeanStart))
            .Select(Name),
    ];

    private void Invert(Matrix<double> information, int[] free)
    {
        double[] scales = [.. free.Select(i => information[i, i] > 0 ? 1 / Math.Sqrt(information[i, i]) : 0)];
        Matrix<double> scaled = Matrix<double>.Build.Dense(
            free.Length, free.Length, (a, b) => information[free[a], free[b]] * scales[a] * scales[b]);
        Evd<double> spectrum = scaled.Evd(Symmetricity.Symmetric);
        for (int a = 0; a < free.Length; a++)
        {
            double variance = 0;
            bool flat = scales[a] == 0;
            for (int i = 0; i < free.Length; i++)
            {
                double component = spectrum.EigenVectors[a, i];
                double curvature = spectrum.EigenValues[i].Real;
                if (curvature > Flat)
                {
                    variance += component * component / curvature;
                }
                else
                {
                    flat |= component * component > Share * Share;
                }
            }

            _unidentified[free[a]] = flat;
            _errors[free[a]] = flat ? double.NaN : Math.Sqrt(variance) * scales[a];
        }
    }

    private string Name(int parameter)
    {
        (string name, int start, int count) =
            parameter < _layout.NoiseStart ? ("offset", _layout.OffsetStart, _layout.OffsetCount)
            : parameter < _layout.MeanStart ? ("noise variance", _layout.NoiseStart, _layout.NoiseCount)
            : parameter < _layout.DeviationStart ? ("prior mean", _layout.MeanStart, _layout.MeanCount)
            : ("prior variance", _layout.DeviationStart, _layout.DeviationCount);
        return count == 1 ? name : Guard.Text($"{name} {parameter - start}");
    }
}
