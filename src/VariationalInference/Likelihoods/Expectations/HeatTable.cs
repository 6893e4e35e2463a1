using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace VariationalInference;

/// <summary>F(m, v) = E[f(η)] for η ~ N(m, v), with F_m and F_mm, from Taylor coefficients on a grid of m and v.</summary>
/// <remarks>
/// <para>
/// F solves the heat equation F_v = ½ F_mm, so that its derivatives D_k = ∂ᵏF/∂mᵏ at one point of the grid give it around the point in both directions,
/// by the heat polynomials: F(m + δ, v + ε) = Σ D_k u_k, with u_0 = 1, u_1 = δ and (k + 1) u_{k+1} = δ u_k + ε u_{k−1}. The same
/// polynomials give F_m with D_{k+1} and F_mm with D_{k+2}. A cell costs eighteen steps of that recurrence, whatever f is.
/// </para>
/// <para>
/// With d the distance of the nearest singularity of f from the real line and the unit d/π, v goes from 0 to 15 units² in steps that are a
/// sixteenth of the power of two below v + 1, and m in steps of half a unit. Eighteen terms then leave an error of less than 3e-12 of F, F_m and F_mm
/// at the corners between grid points; in their middle, nothing but rounding.
/// </para>
/// <para>No operation is fused and lanes do not mix: the bits are the same wherever a cell stands, on every processor.</para>
/// <threadsafety>Immutable, hence safe to share.</threadsafety>
/// </remarks>
internal sealed class HeatTable
{
    /// <summary>The number of cells that are evaluated at once.</summary>
    public const int Lanes = 4;

    private const int Terms = 18;
    private const int RowLength = Terms + 2;   // F_mm asks for two derivatives more.

    // v/unit² + 1 lies in [1, 16): four powers of two, each cut into sixteen levels by the first four bits behind the leading one.
    private const int LevelBits = 4;
    private const int LevelShift = 52 - LevelBits;
    private const int Levels = 4 << LevelBits;
    private const double VarianceLimit = 15;
    private const double PointsPerUnit = 2;

    // 1.5 · 2⁵²: adding it rounds to an integer.
    private const double Rounding = 6_755_399_441_055_744;

    private readonly double _unit;
    private readonly double _spacing;
    private readonly int _lowest;
    private readonly int _points;
    private readonly double[] _coefficients;

    /// <param name="kernel">What evaluates f.</param>
    /// <param name="strip">The distance d of the nearest singularity from the real line.</param>
    /// <param name="lowest">The least m, in half units.</param>
    /// <param name="highest">The largest m, in half units.</param>
    public HeatTable(SiteKernel kernel, double strip, int lowest, int highest)
    {
        _unit = strip / Math.PI;
        _spacing = _unit / PointsPerUnit;
        _lowest = lowest;
        _points = highest - lowest + 1;
        _coefficients = new double[Levels * _points * RowLength];
        var builder = new HeatCoefficients(kernel, strip, _spacing, lowest, _points);
        for (int level = 0; level < Levels; level++)
        {
            double variance = (Centre(level) - 1) * _unit * _unit;
            builder.Write(Math.Sqrt(variance), RowLength, _coefficients.AsSpan(level * _points * RowLength, _points * RowLength));
        }
    }

    private static ReadOnlySpan<double> Reciprocals =>
    [
        1, 1 / 2.0, 1 / 3.0, 1 / 4.0, 1 / 5.0, 1 / 6.0, 1 / 7.0, 1 / 8.0, 1 / 9.0, 1 / 10.0, 1 / 11.0, 1 / 12.0, 1 / 13.0, 1 / 14.0, 1 / 15.0,
        1 / 16.0, 1 / 17.0, 1 / 18.0,
    ];

    /// <summary>Evaluates four cells.</summary>
    /// <param name="mean">The means m.</param>
    /// <param name="variance">The variances v.</param>
    /// <param name="value">F.</param>
    /// <param name="first">F_m.</param>
    /// <param name="second">F_mm.</param>
    /// <returns>A bit for each lane, set where the cell is outside the table and its results mean nothing.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint Expect(
        Vector256<double> mean, Vector256<double> variance, out Vector256<double> value, out Vector256<double> first, out Vector256<double> second)
    {
        Vector256<double> position = mean * Vector256.Create(1 / _spacing);
        Vector256<double> scaled = (variance * Vector256.Create(1 / (_unit * _unit))) + Vector256<double>.One;

        // A comparison with NaN is false, hence the cells that are inside. Nothing else, a negative variance least of all, may find a place in the table.
        Vector256<double> inside = Vector256.GreaterThanOrEqual(position, Vector256.Create((double)_lowest))
            & Vector256.LessThanOrEqual(position, Vector256.Create((double)(_lowest + _points - 1)))
            & Vector256.GreaterThanOrEqual(scaled, Vector256<double>.One)
            & Vector256.LessThan(scaled, Vector256.Create(VarianceLimit + 1));
        position = Vector256.ConditionalSelect(inside, position, Vector256.Create((double)_lowest));
        scaled = Vector256.ConditionalSelect(inside, scaled, Vector256<double>.One);

        Vector256<double> point = position + Vector256.Create(Rounding) - Vector256.Create(Rounding);
        Vector256<double> delta = mean - (point * Vector256.Create(_spacing));
        Vector256<long> level = Vector256.ShiftRightLogical(scaled.AsInt64(), LevelShift);
        Vector256<double> centre = (Vector256.ShiftLeft(level, LevelShift) | Vector256.Create(1L << (LevelShift - 1))).AsDouble();
        Vector256<double> epsilon = variance - ((centre - Vector256<double>.One) * Vector256.Create(_unit * _unit));
        Sum(Row(level, point, 0), Row(level, point, 1), Row(level, point, 2), Row(level, point, 3), delta, epsilon, out value, out first, out second);
        return ~Vector256.ExtractMostSignificantBits(inside) & 0xF;
    }

    /// <summary>Returns v/unit² + 1 in the middle of a level.</summary>
    private static double Centre(long level) =>
        BitConverter.Int64BitsToDouble(((level + (0x3FFL << LevelBits)) << LevelShift) | (1L << (LevelShift - 1)));

    /// <summary>Returns where the coefficients of a lane's grid point begin.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private nint Row(Vector256<long> level, Vector256<double> point, int lane) =>
        (nint)((((level[lane] - (0x3FFL << LevelBits)) * _points) + ((long)point[lane] - _lowest)) * RowLength);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Sum(
        nint row0, nint row1, nint row2, nint row3, Vector256<double> delta, Vector256<double> epsilon,
        out Vector256<double> value, out Vector256<double> first, out Vector256<double> second)
    {
        ref double table = ref MemoryMarshal.GetArrayDataReference(_coefficients);
        ref double a = ref Unsafe.Add(ref table, row0);
        ref double b = ref Unsafe.Add(ref table, row1);
        ref double c = ref Unsafe.Add(ref table, row2);
        ref double d = ref Unsafe.Add(ref table, row3);
        ref double reciprocals = ref MemoryMarshal.GetReference(Reciprocals);
        Vector256<double> before = Vector256<double>.Zero, term = Vector256<double>.One;
        Vector256<double> current = Vector256.Create(a, b, c, d);
        Vector256<double> next = Vector256.Create(Unsafe.Add(ref a, 1), Unsafe.Add(ref b, 1), Unsafe.Add(ref c, 1), Unsafe.Add(ref d, 1));

        // In variables of their own, which registers hold.
        Vector256<double> sum = Vector256<double>.Zero, sumOfFirst = Vector256<double>.Zero, sumOfSecond = Vector256<double>.Zero;
        for (nint k = 0; k < Terms; k++)
        {
            Vector256<double> last =
                Vector256.Create(Unsafe.Add(ref a, k + 2), Unsafe.Add(ref b, k + 2), Unsafe.Add(ref c, k + 2), Unsafe.Add(ref d, k + 2));
            sum += term * current;
            sumOfFirst += term * next;
            sumOfSecond += term * last;

            // δ and ε are divided before they meet the terms, which wait for each other.
            Vector256<double> reciprocal = Vector256.Create(Unsafe.Add(ref reciprocals, k));
            Vector256<double> following = (term * (delta * reciprocal)) + (before * (epsilon * reciprocal));
            before = term;
            term = following;
            current = next;
            next = last;
        }

        (value, first, second) = (sum, sumOfFirst, sumOfSecond);
    }
}
