using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using Xunit;

namespace VariationalInference.Tests.Hybrid;

/// <summary>The split of latents where loadings are large; its gaps against 320 bits stand in ExtremeScalesTests.</summary>
public sealed class ExtendedBlockTests
{
    [Theory]
    [InlineData(null)]
    [InlineData(2)]
    public void Residual_IsThatOfTheMeansAndTheCoordinates(int? sweeps)
    {
        Matrix<double> loadings = Matrix<double>.Build.DenseOfArray(new[,] { { 1.0, 3e5, -2e5 }, { 0.5, 1e5, 4e5 }, { -2, 2e5, 1e5 }, { 1, 1e5, -1e5 } });
        var model = new LinearGaussianModel(loadings, new double[4], [1, 2, 1, 0.5], [1, 0, -1], [1, 2, 3]);
        var block = new AmortizedBlock(model.Structure.Complete, [0]);
        block.Extended.Should().NotBeNull();
        var lanes = new HybridLanes(block);
        int width = block.Shape.WhitenedLength, count = LaneBuffer.Lanes;
        var whitened = new LaneBuffer(count, width);
        var means = new LaneBuffer(count, 1);
        var buffer = new double[width];
        for (int lane = 0; lane < count; lane++)
        {
            model.Structure.Condition([3 + lane, -2, 7e5 * lane, 1], buffer);
            whitened.Write(lane, buffer);
            means.Write(lane, [0.25 * lane]);
        }

        var state = new System.Numerics.Vector<double>[2];
        if (sweeps is int number)
        {
            lanes.Sweep(block, whitened[0], means[0], state, number);
        }
        else
        {
            lanes.Solve(block, whitened[0], means[0]);
        }

        for (int lane = 0; lane < count; lane++)
        {
            double[] t = [lanes.Amortized[0][lane], lanes.Coordinates[0][lane], lanes.Coordinates[1][lane]];
            for (int k = 0; k < block.Shape.Rank; k++)
            {
                double sum = whitened[lane, k], size = Math.Abs(sum);
                for (int j = 0; j < t.Length; j++)
                {
                    sum -= block.Shape.Loadings[k, j] * t[j];
                    size += Math.Abs(block.Shape.Loadings[k, j] * t[j]);
                }

                lanes.Residual[k][lane].Should().BeApproximately(sum, 1e-14 * size);
            }

            lanes.OptimizationGap[lane].Should().Match(gap => sweeps == null ? gap == 0 : gap > 0);
        }
    }
}
