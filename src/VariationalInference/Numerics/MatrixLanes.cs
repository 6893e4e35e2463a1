using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace VariationalInference;

/// <summary>What matrix products need of a vector of elements; the multiply-add is fused, so that all widths give the same bits.</summary>
internal unsafe interface IMatrixLanes<TVector, TElement>
    where TVector : struct
    where TElement : unmanaged
{
    static abstract int Count { get; }

    static abstract TVector Load(TElement* source);

    static abstract void Store(TVector value, TElement* destination);

    static abstract TVector Broadcast(TElement value);

    static abstract TVector FusedMultiplyAdd(TVector a, TVector b, TVector c);
}

internal readonly unsafe struct SingleLanes512 : IMatrixLanes<Vector512<float>, float>
{
    public static int Count => 16;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Load(float* source) => Vector512.Load(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector512<float> value, float* destination) => value.Store(destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Broadcast(float value) => Vector512.Create(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> FusedMultiplyAdd(Vector512<float> a, Vector512<float> b, Vector512<float> c) =>
        Avx512F.FusedMultiplyAdd(a, b, c);
}

internal readonly unsafe struct SingleLanes256 : IMatrixLanes<Vector256<float>, float>
{
    public static int Count => 8;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Load(float* source) => Vector256.Load(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector256<float> value, float* destination) => value.Store(destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Broadcast(float value) => Vector256.Create(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> FusedMultiplyAdd(Vector256<float> a, Vector256<float> b, Vector256<float> c) => Fma.MultiplyAdd(a, b, c);
}

internal readonly unsafe struct SingleLanes128 : IMatrixLanes<Vector128<float>, float>
{
    public static int Count => 4;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Load(float* source) => Vector128.Load(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector128<float> value, float* destination) => value.Store(destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Broadcast(float value) => Vector128.Create(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> FusedMultiplyAdd(Vector128<float> a, Vector128<float> b, Vector128<float> c) =>
        AdvSimd.IsSupported ? AdvSimd.FusedMultiplyAdd(c, a, b) : Fma.MultiplyAdd(a, b, c);
}

internal readonly unsafe struct DoubleLanes<TLanes, TVector> : IMatrixLanes<TVector, double>
    where TLanes : ILanes<TVector>
    where TVector : struct
{
    public static int Count => TLanes.Count;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Load(double* source) => TLanes.Load(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(TVector value, double* destination) => TLanes.Store(value, destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Broadcast(double value) => TLanes.Broadcast(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector FusedMultiplyAdd(TVector a, TVector b, TVector c) => TLanes.FusedMultiplyAdd(a, b, c);
}

internal readonly unsafe struct SingleScalarLanes : IMatrixLanes<float, float>
{
    public static int Count => 1;

    public static float Load(float* source) => *source;

    public static void Store(float value, float* destination) => *destination = value;

    public static float Broadcast(float value) => value;

    public static float FusedMultiplyAdd(float a, float b, float c) => MathF.FusedMultiplyAdd(a, b, c);
}
