using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace VariationalInference;

/// <summary>How many doubles an instruction works on.</summary>
internal enum LaneWidth
{
    /// <summary>One, on any processor.</summary>
    Scalar = 1,

    /// <summary>Two: Arm64, or x64 with FMA.</summary>
    Bits128 = 2,

    /// <summary>Four: AVX2 with FMA.</summary>
    Bits256 = 4,

    /// <summary>Eight: AVX-512.</summary>
    Bits512 = 8,
}

/// <summary>
/// The few vector operations that the kernels need, once for each width. Every multiply-add is fused, so that all widths give the same bits.
/// </summary>
internal unsafe interface ILanes<TVector>
    where TVector : struct
{
    static abstract int Count { get; }

    static abstract TVector Load(double* source);

    static abstract void Store(TVector value, double* destination);

    static abstract TVector Broadcast(double value);

    static abstract TVector Add(TVector a, TVector b);

    static abstract TVector Subtract(TVector a, TVector b);

    static abstract TVector Multiply(TVector a, TVector b);

    static abstract TVector Divide(TVector a, TVector b);

    static abstract TVector SquareRoot(TVector value);

    /// <summary>Returns ab + c, rounded once.</summary>
    static abstract TVector FusedMultiplyAdd(TVector a, TVector b, TVector c);

    static abstract TVector Max(TVector a, TVector b);

    /// <summary>Replaces NaN by zero, lane by lane.</summary>
    static abstract TVector ZeroIfNaN(TVector value);

    /// <summary>Returns one where a lane is NaN and zero elsewhere.</summary>
    static abstract TVector OneIfNaN(TVector value);

    /// <summary>Returns the value where the condition is zero and zero elsewhere.</summary>
    static abstract TVector IfZero(TVector condition, TVector value);

    /// <summary>Turns numbers from 0 to 7 into what <see cref="Pick"/> takes.</summary>
    static abstract TVector KeyOf(TVector number);

    /// <summary>Returns an element of a table of eight, lane by lane.</summary>
    static abstract TVector Pick(double* table, TVector key);

    static abstract double Sum(TVector value);

    static abstract double Largest(TVector value);
}

/// <summary>Which widths this processor has.</summary>
internal static class Lanes
{
    // Vector512.IsHardwareAccelerated is false on processors where explicit AVX-512 is still the fastest.
    public static LaneWidth Widest { get; } =
        Avx512F.IsSupported ? LaneWidth.Bits512
        : Fma.IsSupported ? LaneWidth.Bits256
        : AdvSimd.Arm64.IsSupported ? LaneWidth.Bits128
        : LaneWidth.Scalar;

    public static bool IsSupported(LaneWidth width) => width switch
    {
        LaneWidth.Bits512 => Avx512F.IsSupported,
        LaneWidth.Bits256 => Fma.IsSupported,
        LaneWidth.Bits128 => Fma.IsSupported || AdvSimd.Arm64.IsSupported,
        _ => true,
    };
}

internal readonly unsafe struct ScalarLanes : ILanes<double>
{
    public static int Count => 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Load(double* source) => *source;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(double value, double* destination) => *destination = value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Broadcast(double value) => value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Add(double a, double b) => a + b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Subtract(double a, double b) => a - b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Multiply(double a, double b) => a * b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Divide(double a, double b) => a / b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double SquareRoot(double value) => Math.Sqrt(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double FusedMultiplyAdd(double a, double b, double c) => Math.FusedMultiplyAdd(a, b, c);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Max(double a, double b) => a > b ? a : b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double ZeroIfNaN(double value) => double.IsNaN(value) ? 0 : value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double OneIfNaN(double value) => double.IsNaN(value) ? 1 : 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double IfZero(double condition, double value) => condition == 0 ? value : 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double KeyOf(double number) => number;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Pick(double* table, double key) => table[(int)key];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Sum(double value) => value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Largest(double value) => value;
}

internal readonly unsafe struct Lanes128 : ILanes<Vector128<double>>
{
    public static int Count => 2;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<double> Load(double* source) => Vector128.Load(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector128<double> value, double* destination) => value.Store(destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<double> Broadcast(double value) => Vector128.Create(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<double> Add(Vector128<double> a, Vector128<double> b) => a + b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<double> Subtract(Vector128<double> a, Vector128<double> b) => a - b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<double> Multiply(Vector128<double> a, Vector128<double> b) => a * b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<double> Divide(Vector128<double> a, Vector128<double> b) => a / b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<double> SquareRoot(Vector128<double> value) => Vector128.Sqrt(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<double> FusedMultiplyAdd(Vector128<double> a, Vector128<double> b, Vector128<double> c) =>
        AdvSimd.Arm64.IsSupported ? AdvSimd.Arm64.FusedMultiplyAdd(c, a, b) : Fma.MultiplyAdd(a, b, c);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<double> Max(Vector128<double> a, Vector128<double> b) =>
        Vector128.ConditionalSelect(Vector128.GreaterThan(a, b), a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<double> ZeroIfNaN(Vector128<double> value) => value & Vector128.Equals(value, value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<double> OneIfNaN(Vector128<double> value) =>
        Vector128.AndNot(Vector128<double>.One, Vector128.Equals(value, value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<double> IfZero(Vector128<double> condition, Vector128<double> value) =>
        value & Vector128.Equals(condition, Vector128<double>.Zero);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<double> KeyOf(Vector128<double> number) => number;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<double> Pick(double* table, Vector128<double> key) => Vector128.Create(table[(int)key[0]], table[(int)key[1]]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Sum(Vector128<double> value) => Vector128.Sum(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Largest(Vector128<double> value) => ScalarLanes.Max(value[0], value[1]);
}

internal readonly unsafe struct Lanes256 : ILanes<Vector256<double>>
{
    /// <summary>2⁵²: added to a small whole number, it leaves that in the lowest bits.</summary>
    private const double IntegerShift = 4503599627370496;

    public static int Count => 4;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<double> Load(double* source) => Vector256.Load(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector256<double> value, double* destination) => value.Store(destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<double> Broadcast(double value) => Vector256.Create(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<double> Add(Vector256<double> a, Vector256<double> b) => a + b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<double> Subtract(Vector256<double> a, Vector256<double> b) => a - b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<double> Multiply(Vector256<double> a, Vector256<double> b) => a * b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<double> Divide(Vector256<double> a, Vector256<double> b) => a / b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<double> SquareRoot(Vector256<double> value) => Vector256.Sqrt(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<double> FusedMultiplyAdd(Vector256<double> a, Vector256<double> b, Vector256<double> c) =>
        Fma.MultiplyAdd(a, b, c);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<double> Max(Vector256<double> a, Vector256<double> b) => Avx.Max(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<double> ZeroIfNaN(Vector256<double> value) => value & Vector256.Equals(value, value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<double> OneIfNaN(Vector256<double> value) =>
        Vector256.AndNot(Vector256<double>.One, Vector256.Equals(value, value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<double> IfZero(Vector256<double> condition, Vector256<double> value) =>
        value & Vector256.Equals(condition, Vector256<double>.Zero);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<double> KeyOf(Vector256<double> number)
    {
        // A lane of key n: 2n and 2n + 1 in the three lowest bits of its halves, for what permutes halves of four doubles; and in its highest
        // bit the highest of n, for what chooses between two such.
        Vector256<long> bits = (number + Vector256.Create(IntegerShift)).AsInt64() & Vector256.Create(7L);
        return ((bits << 1) | (bits << 33) | (bits << 61) | Vector256.Create(1L << 32)).AsDouble();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<double> Pick(double* table, Vector256<double> key)
    {
        Vector256<int> halves = key.AsInt32();
        Vector256<int> low = Avx2.PermuteVar8x32(Vector256.Load(table).AsInt32(), halves);
        Vector256<int> high = Avx2.PermuteVar8x32(Vector256.Load(table + 4).AsInt32(), halves);
        return Avx.BlendVariable(low.AsDouble(), high.AsDouble(), key);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Sum(Vector256<double> value) => Vector256.Sum(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Largest(Vector256<double> value) => Lanes128.Largest(Lanes128.Max(value.GetLower(), value.GetUpper()));
}

internal readonly unsafe struct Lanes512 : ILanes<Vector512<double>>
{
    public static int Count => 8;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<double> Load(double* source) => Vector512.Load(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector512<double> value, double* destination) => value.Store(destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<double> Broadcast(double value) => Vector512.Create(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<double> Add(Vector512<double> a, Vector512<double> b) => Avx512F.Add(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<double> Subtract(Vector512<double> a, Vector512<double> b) => Avx512F.Subtract(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<double> Multiply(Vector512<double> a, Vector512<double> b) => Avx512F.Multiply(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<double> Divide(Vector512<double> a, Vector512<double> b) => Avx512F.Divide(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<double> SquareRoot(Vector512<double> value) => Avx512F.Sqrt(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<double> FusedMultiplyAdd(Vector512<double> a, Vector512<double> b, Vector512<double> c) =>
        Avx512F.FusedMultiplyAdd(a, b, c);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<double> Max(Vector512<double> a, Vector512<double> b) => Avx512F.Max(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<double> ZeroIfNaN(Vector512<double> value) => value & Vector512.Equals(value, value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<double> OneIfNaN(Vector512<double> value) =>
        Vector512.AndNot(Vector512<double>.One, Vector512.Equals(value, value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<double> IfZero(Vector512<double> condition, Vector512<double> value) =>
        value & Vector512.Equals(condition, Vector512<double>.Zero);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<double> KeyOf(Vector512<double> number)
    {
        // 2⁵², added to a small whole number, leaves that in the lowest bits: those that permute doubles.
        const double shift = 4503599627370496;
        return Avx512F.Add(number, Vector512.Create(shift));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<double> Pick(double* table, Vector512<double> key) => Avx512F.PermuteVar8x64(Vector512.Load(table), key.AsInt64());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Sum(Vector512<double> value) => Vector512.Sum(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Largest(Vector512<double> value) => Lanes256.Largest(Lanes256.Max(value.GetLower(), value.GetUpper()));
}
