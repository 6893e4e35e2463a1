using System.Numerics;
using System.Runtime.Intrinsics;
using FluentAssertions;
using MathNet.Numerics.Random;
using VariationalInference.Tests.Numerics;
using Xunit;

namespace VariationalInference.Tests.Networks;

/// <summary>Products of every size against one chain of fused multiply-adds an element, written out, bit for bit.</summary>
public sealed class DenseKernelsTests
{
    private const int Sizes = 150;

    [Theory]
    [LaneWidthData(LaneWidth.Scalar)]
    [LaneWidthData(LaneWidth.Bits128)]
    [LaneWidthData(LaneWidth.Bits256)]
    [LaneWidthData(LaneWidth.Bits512)]
    internal void Product_OfEachWidth_IsAChainOfMultiplyAdds(LaneWidth width)
    {
        switch (width)
        {
            case LaneWidth.Bits512:
                CheckSizes<SingleLanes512, Vector512<float>, float>();
                CheckSizes<DoubleLanes<Lanes512, Vector512<double>>, Vector512<double>, double>();
                break;
            case LaneWidth.Bits256:
                CheckSizes<SingleLanes256, Vector256<float>, float>();
                CheckSizes<DoubleLanes<Lanes256, Vector256<double>>, Vector256<double>, double>();
                break;
            case LaneWidth.Bits128:
                CheckSizes<SingleLanes128, Vector128<float>, float>();
                CheckSizes<DoubleLanes<Lanes128, Vector128<double>>, Vector128<double>, double>();
                break;
            default:
                CheckSizes<SingleScalarLanes, float, float>();
                CheckSizes<DoubleLanes<ScalarLanes, double>, double, double>();
                break;
        }
    }

    private static void CheckSizes<TLanes, TVector, T>()
        where TLanes : IMatrixLanes<TVector, T>
        where TVector : struct
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var random = new Xoshiro256StarStar(7);
        for (int size = 0; size < Sizes; size++)
        {
            Check<TLanes, TVector, T>(random, rows: 1 + random.Next(40), inner: random.Next(20), columns: 1 + random.Next(70), byColumn: size % 2 == 1);
        }
    }

    private static unsafe void Check<TLanes, TVector, T>(Xoshiro256StarStar random, int rows, int inner, int columns, bool byColumn)
        where TLanes : IMatrixLanes<TVector, T>
        where TVector : struct
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int aRow = byColumn ? 1 : DenseKernels.Pad(inner);
        int aStep = byColumn ? DenseKernels.Pad(rows) : 1;
        int width = DenseKernels.Pad(columns);
        AlignedBuffer<T> a = Random<T>(random, (Math.Max(rows, 1) * aRow) + (inner * aStep) + DenseKernels.Pad(rows));
        AlignedBuffer<T> b = Random<T>(random, Math.Max(inner, 1) * width);
        AlignedBuffer<T> c = Random<T>(random, rows * width);
        T[] start = [.. c.Span];
        var product = new MatrixProduct<T>(a.Pointer, aRow, aStep, b.Pointer, width, inner)
        {
            Start = c.Pointer,
            StartRow = width,
            C = c.Pointer,
            CRow = width,
        };

        DenseKernels.Multiply<TLanes, TVector, T>(product, rows, columns);

        for (int i = 0; i < rows; i++)
        {
            for (int j = 0; j < columns; j++)
            {
                T expected = start[(i * width) + j];
                for (int k = 0; k < inner; k++)
                {
                    expected = T.FusedMultiplyAdd(a.Span[(i * aRow) + (k * aStep)], b.Span[(k * width) + j], expected);
                }

                c.Span[(i * width) + j].Should().Be(expected, "of {0} x {1} x {2}, at {3}, {4}", rows, inner, columns, i, j);
            }
        }
    }

    private static AlignedBuffer<T> Random<T>(Xoshiro256StarStar random, int length)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var buffer = new AlignedBuffer<T>(length);
        foreach (ref T value in buffer.Span)
        {
            value = T.CreateTruncating((2 * random.NextDouble()) - 1);
        }

        return buffer;
    }
}
