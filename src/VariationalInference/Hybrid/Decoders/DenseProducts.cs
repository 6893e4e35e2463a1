using System.Runtime.Intrinsics;

namespace VariationalInference;

/// <summary>Products of dense matrices of doubles with the widest vectors that there are; the same bits with any.</summary>
internal static unsafe class DenseProducts
{
    public static void Multiply(in MatrixProduct<double> product, int rows, int columns)
    {
        switch (Lanes.Widest)
        {
            case LaneWidth.Bits512:
                DenseKernels.Multiply<DoubleLanes<Lanes512, Vector512<double>>, Vector512<double>, double>(product, rows, columns);
                break;
            case LaneWidth.Bits256:
                DenseKernels.Multiply<DoubleLanes<Lanes256, Vector256<double>>, Vector256<double>, double>(product, rows, columns);
                break;
            case LaneWidth.Bits128:
                DenseKernels.Multiply<DoubleLanes<Lanes128, Vector128<double>>, Vector128<double>, double>(product, rows, columns);
                break;
            default:
                DenseKernels.Multiply<DoubleLanes<ScalarLanes, double>, double, double>(product, rows, columns);
                break;
        }
    }
}
