using System.Collections.Immutable;
using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.LinearAlgebra.Factorization;

namespace VariationalInference;

/// <summary>
/// Eigenvalues and eigenvectors of a covariance matrix in a unit that is a power of two, so that nothing overflows on the way, and how far
/// rounding may have moved them.
/// </summary>
internal sealed class PrincipalSpectrum
{
    /// <summary>By this many roundings of the largest, times the root of the number of columns, an eigenvalue or a singular value may be wrong.</summary>
    private const double Roundings = 2;

    /// <summary>The rounding of a double, relative to it.</summary>
    private const double Rounding = 2.220446049250313e-16;

    /// <summary>A noise variance with an error above this part of it, with less than five digits, deserves a warning.</summary>
    private const double WorthAWarning = 1e-5;

    private readonly Matrix<double> _vectors;
    private readonly double[] _signs;
    private readonly bool _fromRows;

    private PrincipalSpectrum(
        long rowCount, double[] means, IEnumerable<double> variances, Matrix<double> vectors, int exponent, bool fromRows)
    {
        RowCount = rowCount;
        Means = means;
        Exponent = exponent;
        _vectors = vectors;
        _signs = [.. vectors.EnumerateColumns().Select(column => column.Sum() < 0 ? -1.0 : 1.0)];
        _fromRows = fromRows;

        // Centred, n rows span n − 1 dimensions; what else there is is rounding.
        Variances = [.. variances.Select((value, j) => j < rowCount - 1 ? Math.Max(value, 0) : 0)];
    }

    public long RowCount { get; }

    public double[] Means { get; }

    public int Columns => Means.Length;

    /// <summary>Gets the eigenvalues, in descending order, in units of 4^<see cref="Exponent"/>.</summary>
    public double[] Variances { get; }

    public int Exponent { get; }

    /// <summary>Decomposes a covariance matrix.</summary>
    public static PrincipalSpectrum Of(PatternStatistics statistics)
    {
        int size = statistics.Observed.Length;
        double largest = Enumerable.Range(0, size).Max(k => statistics.Moments.Product(k, k)) / statistics.RowCount;
        int exponent = largest > 0 ? (int)Math.Floor(0.5 * Math.ILogB(largest)) : 0;
        Matrix<double> covariance = Matrix<double>.Build.Dense(
            size, size, (i, j) => Math.ScaleB(statistics.Moments.Product(i, j), -2 * exponent) / statistics.RowCount);
        Evd<double> spectrum = covariance.Evd(Symmetricity.Symmetric);
        return new PrincipalSpectrum(
            statistics.RowCount,
            [.. statistics.Means],
            spectrum.EigenValues.Reverse().Select(value => value.Real),
            Matrix<double>.Build.Dense(size, size, (k, j) => spectrum.EigenVectors[k, size - 1 - j]),
            exponent,
            fromRows: false);
    }

    /// <summary>Decomposes the triangle of rows less their mean.</summary>
    public static PrincipalSpectrum Of(CentredTriangle rows)
    {
        int size = rows.Size;
        TriangularFactor factor = rows.Factor;
        int exponent = int.MinValue;
        for (int k = 0; k < size; k++)
        {
            double largest = Enumerable.Range(0, k + 1).Max(i => Math.Abs(factor.Scaled(i, k)));
            exponent = largest > 0 ? Math.Max(exponent, factor.Exponents[k] + Math.ILogB(largest)) : exponent;
        }

        exponent = exponent == int.MinValue ? 0 : exponent;
        Matrix<double> triangle = Matrix<double>.Build.Dense(
            size, size, (i, k) => factor.Scaled(i, k) == 0 ? 0 : Math.ScaleB(factor.Scaled(i, k), factor.Exponents[k] - exponent));
        Svd<double> decomposition = triangle.Svd(computeVectors: true);
        return new PrincipalSpectrum(
            rows.Count,
            [.. Enumerable.Range(0, size).Select(rows.Mean)],
            decomposition.S.Select(value => value * value / rows.Count),
            decomposition.VT.Transpose(),
            exponent,
            fromRows: true);
    }

    /// <summary>Returns the k-th element of the j-th eigenvector, whose sum is positive.</summary>
    public double Vector(int k, int j) => _signs[j] * _vectors[k, j];

    public double InUnits(double variance) => Math.ScaleB(variance, 2 * Exponent);

    /// <summary>Returns the mean of the eigenvalues behind the components.</summary>
    public double Noise(int components) => Variances.Skip(components).Average();

    /// <summary>Returns how far rounding may have moved the noise variance.</summary>
    public double NoiseError(int components) => ErrorOf(Noise(components));

    public ImmutableArray<LearningWarning> Warnings(int components)
    {
        var warnings = ImmutableArray.CreateBuilder<LearningWarning>();
        void Warn(LearningWarningKind kind, FormattableString message, IEnumerable<int> indices) =>
            warnings.Add(new LearningWarning(kind, Guard.Text(message), [.. indices]));

        double noise = Noise(components), error = NoiseError(components);
        if (!(noise > error))
        {
            Warn(
                LearningWarningKind.NoiseVarianceAtZero,
                $"The noise variance is 0 within the rounding of the {(_fromRows ? "rows" : "covariance matrix")}, {InUnits(error):G2}: the likelihood has no limit.",
                Enumerable.Range(0, Columns));
        }

        // Too few rows leave nothing to lose.
        if (error > WorthAWarning * noise && (!_fromRows || noise > error) && components < RowCount - 1)
        {
            string kept = noise > error ? Guard.Text($"about {Math.Max(Math.Log10(noise / error), 0):F1}") : "none";
            Warn(
                LearningWarningKind.DigitsLost,
                $"Of the noise variance's digits {kept} are left: rounding at the size of the largest eigenvalue, {InUnits(Variances[0]):G2}, may move it by {InUnits(error):G2}.{(_fromRows ? string.Empty : " Rows keep twice the digits that their covariance matrix does.")}",
                []);
        }

        double last = Variances[components - 1], next = Variances[components];
        if (last > 0 && last - next <= ErrorOf(last))
        {
            Warn(
                LearningWarningKind.ArbitraryComponent,
                $"Eigenvalues {components - 1} and {components}, counted from 0, are equal within rounding: which component is kept is arbitrary.",
                [components - 1]);
        }

        return warnings.ToImmutable();
    }

    /// <summary>From rows the root of a variance is wrong by roundings of the root of the largest, from moments the variance by those of the largest.</summary>
    private double ErrorOf(double variance)
    {
        double relative = Roundings * Rounding * Math.Sqrt(Columns);
        double deviation = relative * Math.Sqrt(Variances[0]);

        // A covariance that is denormal in the data's own units has digits of its own to lose.
        double underflow = _fromRows ? 0 : Math.ScaleB(1, -1074 - (2 * Exponent));
        return _fromRows ? deviation * ((2 * Math.Sqrt(variance)) + deviation) : (2 * relative * Variances[0]) + underflow;
    }
}
