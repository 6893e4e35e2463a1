using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using Xunit;

namespace VariationalInference.Tests.Numerics;

public sealed class UpperTriangleTests
{
    private static readonly Matrix<double> R = Matrix<double>.Build.DenseOfRowArrays([2, 1, -1], [0, -3, 0.5], [0, 0, 4]);

    [Fact]
    public void Solves_UndoTheProducts()
    {
        Vector<double> x = Vector<double>.Build.Dense([1, -2, 3]);
        double[] solved = (R * x).ToArray();
        double[] transposed = (R.Transpose() * x).ToArray();

        new UpperTriangle(R).Solve(solved);
        new UpperTriangle(R).SolveTransposed(transposed);

        solved.Should().Equal(x, (actual, expected) => Math.Abs(actual - expected) < 1e-14);
        transposed.Should().Equal(x, (actual, expected) => Math.Abs(actual - expected) < 1e-14);
    }

    [Fact]
    public void InverseOfSquare_InvertsTheSquare()
    {
        double[] inverse = new UpperTriangle(R).InverseOfSquare();
        Matrix<double> matrix = Matrix<double>.Build.Dense(3, 3, (i, j) => inverse[(i * 3) + j]);

        (R.Transpose() * R * matrix - Matrix<double>.Build.DenseIdentity(3)).L2Norm().Should().BeLessThan(1e-13);
    }
}
