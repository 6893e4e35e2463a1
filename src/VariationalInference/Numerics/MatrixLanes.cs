using System.Numerics.Tensors;
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

    /// <summary>Gets whether there are 32 registers, and not 16.</summary>
    static abstract bool HasManyRegisters { get; }

    /// <summary>Replaces every value by its hyperbolic tangent, the same bits for the same value wherever it stands.</summary>
    /// <param name="values">The values, with room to the next whole vector, whose elements may change.</param>
    /// <param name="count">Their number.</param>
    static abstract void Tanh(TElement* values, int count);

    /// <summary>Multiplies gradients in hyperbolic tangents y by the derivatives 1 − y².</summary>
    /// <param name="outputs">The hyperbolic tangents y, with room to the next whole vector.</param>
    /// <param name="gradients">The gradients, likewise.</param>
    /// <param name="count">Their number.</param>
    static abstract void MultiplyByTanhDerivatives(TElement* outputs, TElement* gradients, int count);
}

/// <summary>What elementary functions need besides of a vector of singles.</summary>
internal unsafe interface ISingleLanes<TVector> : IMatrixLanes<TVector, float>
    where TVector : struct
{
    static abstract TVector Add(TVector a, TVector b);

    static abstract TVector Subtract(TVector a, TVector b);

    static abstract TVector Multiply(TVector a, TVector b);

    static abstract TVector Divide(TVector a, TVector b);

    /// <summary>Returns the smaller of a and b, and b where that is NaN.</summary>
    static abstract TVector Min(TVector a, TVector b);

    static abstract TVector Abs(TVector value);

    static abstract TVector CopySign(TVector value, TVector sign);

    /// <summary>Returns 2ⁿ, given a number whose last bits are those of n: 1.5 · 2²³ + n.</summary>
    static abstract TVector PowerOfTwo(TVector shifted);
}

internal readonly unsafe struct SingleLanes512 : ISingleLanes<Vector512<float>>
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

    public static bool HasManyRegisters => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Add(Vector512<float> a, Vector512<float> b) => a + b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Subtract(Vector512<float> a, Vector512<float> b) => a - b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Multiply(Vector512<float> a, Vector512<float> b) => a * b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Divide(Vector512<float> a, Vector512<float> b) => a / b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Min(Vector512<float> a, Vector512<float> b) => Avx512F.Min(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Abs(Vector512<float> value) => Vector512.Abs(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> CopySign(Vector512<float> value, Vector512<float> sign) =>
        Vector512.ConditionalSelect(Vector512.Create(-0f), sign, value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> PowerOfTwo(Vector512<float> shifted) => (Vector512.ShiftLeft(shifted.AsInt32(), 23) + Vector512.Create(1f).AsInt32()).AsSingle();

    public static void Tanh(float* values, int count) => SingleTanh.Evaluate<SingleLanes512, Vector512<float>>(values, count);

    public static void MultiplyByTanhDerivatives(float* outputs, float* gradients, int count) =>
        SingleTanh.MultiplyByDerivatives<SingleLanes512, Vector512<float>>(outputs, gradients, count);
}

internal readonly unsafe struct SingleLanes256 : ISingleLanes<Vector256<float>>
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

    public static bool HasManyRegisters => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Add(Vector256<float> a, Vector256<float> b) => a + b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Subtract(Vector256<float> a, Vector256<float> b) => a - b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Multiply(Vector256<float> a, Vector256<float> b) => a * b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Divide(Vector256<float> a, Vector256<float> b) => a / b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Min(Vector256<float> a, Vector256<float> b) => Avx.Min(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Abs(Vector256<float> value) => Vector256.Abs(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> CopySign(Vector256<float> value, Vector256<float> sign) =>
        Vector256.ConditionalSelect(Vector256.Create(-0f), sign, value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> PowerOfTwo(Vector256<float> shifted) => (Vector256.ShiftLeft(shifted.AsInt32(), 23) + Vector256.Create(1f).AsInt32()).AsSingle();

    public static void Tanh(float* values, int count) => SingleTanh.Evaluate<SingleLanes256, Vector256<float>>(values, count);

    public static void MultiplyByTanhDerivatives(float* outputs, float* gradients, int count) =>
        SingleTanh.MultiplyByDerivatives<SingleLanes256, Vector256<float>>(outputs, gradients, count);
}

internal readonly unsafe struct SingleLanes128 : ISingleLanes<Vector128<float>>
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

    public static bool HasManyRegisters => AdvSimd.IsSupported;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Add(Vector128<float> a, Vector128<float> b) => a + b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Subtract(Vector128<float> a, Vector128<float> b) => a - b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Multiply(Vector128<float> a, Vector128<float> b) => a * b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Divide(Vector128<float> a, Vector128<float> b) => a / b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Min(Vector128<float> a, Vector128<float> b) => AdvSimd.IsSupported ? AdvSimd.Min(a, b) : Sse.Min(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Abs(Vector128<float> value) => Vector128.Abs(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> CopySign(Vector128<float> value, Vector128<float> sign) =>
        Vector128.ConditionalSelect(Vector128.Create(-0f), sign, value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> PowerOfTwo(Vector128<float> shifted) => (Vector128.ShiftLeft(shifted.AsInt32(), 23) + Vector128.Create(1f).AsInt32()).AsSingle();

    public static void Tanh(float* values, int count) => SingleTanh.Evaluate<SingleLanes128, Vector128<float>>(values, count);

    public static void MultiplyByTanhDerivatives(float* outputs, float* gradients, int count) =>
        SingleTanh.MultiplyByDerivatives<SingleLanes128, Vector128<float>>(outputs, gradients, count);
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

    public static bool HasManyRegisters => TLanes.Count == 8 || AdvSimd.IsSupported;

    public static void Tanh(double* values, int count)
    {
        var span = new Span<double>(values, count);
        TensorPrimitives.Tanh(span, span);
    }

    public static void MultiplyByTanhDerivatives(double* outputs, double* gradients, int count)
    {
        for (int i = 0; i < count; i++)
        {
            gradients[i] *= 1 - (outputs[i] * outputs[i]);
        }
    }
}

internal readonly unsafe struct SingleScalarLanes : ISingleLanes<float>
{
    public static int Count => 1;

    public static float Load(float* source) => *source;

    public static void Store(float value, float* destination) => *destination = value;

    public static float Broadcast(float value) => value;

    public static float FusedMultiplyAdd(float a, float b, float c) => MathF.FusedMultiplyAdd(a, b, c);

    public static bool HasManyRegisters => false;

    public static float Add(float a, float b) => a + b;

    public static float Subtract(float a, float b) => a - b;

    public static float Multiply(float a, float b) => a * b;

    public static float Divide(float a, float b) => a / b;

    public static float Min(float a, float b) => a < b ? a : b;

    public static float Abs(float value) => MathF.Abs(value);

    public static float CopySign(float value, float sign) => MathF.CopySign(value, sign);

    public static float PowerOfTwo(float shifted) =>
        BitConverter.Int32BitsToSingle((BitConverter.SingleToInt32Bits(shifted) << 23) + BitConverter.SingleToInt32Bits(1));

    public static void Tanh(float* values, int count) => SingleTanh.Evaluate<SingleScalarLanes, float>(values, count);

    public static void MultiplyByTanhDerivatives(float* outputs, float* gradients, int count) =>
        SingleTanh.MultiplyByDerivatives<SingleScalarLanes, float>(outputs, gradients, count);
}
