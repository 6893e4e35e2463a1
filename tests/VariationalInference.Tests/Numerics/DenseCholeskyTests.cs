using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using Xunit;

namespace VariationalInference.Tests.Numerics;

public class DenseCholeskyTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(64)]
    [InlineData(65)]
    [InlineData(130)]
    [InlineData(333)]
    public void FactorInverseAndSolution_AreThoseOfMathNet(int order)
    {
        Matrix<double> root = Matrix<double>.Build.Random(order, order + 3, seed: order);
        Matrix<double> matrix = root.TransposeAndMultiply(root) + (order * Matrix<double>.Build.DenseIdentity(order));

        DenseCholesky factor = Loaded(matrix, threads: 2);

        factor.Factor().Should().BeTrue();
        factor.LogDeterminant.Should().BeApproximately(matrix.Cholesky().DeterminantLn, 1e-10 * order);
        double[] x = [.. Enumerable.Range(0, order).Select(i => Math.Sin(i))];
        double[] solution = [.. x];
        factor.Solve(solution);
        (matrix * Vector<double>.Build.Dense(solution)).Subtract(Vector<double>.Build.Dense(x)).AbsoluteMaximum().Should().BeLessThan(1e-12 * order);
        factor.Invert();
        Matrix<double> inverse = Matrix<double>.Build.Dense(order, order, (i, j) => factor.Inverse[(i * factor.Stride) + j]);
        (inverse * matrix).Subtract(Matrix<double>.Build.DenseIdentity(order)).Enumerate().Max(Math.Abs).Should().BeLessThan(1e-11);
    }

    [Fact]
    public void Indefinite_IsSaidSo()
    {
        Matrix<double> matrix = Matrix<double>.Build.DenseIdentity(100);
        matrix[80, 80] = -1;

        Loaded(matrix, threads: 1).Factor().Should().BeFalse();
    }

    [Fact]
    public void Threads_DoNotChangeABit()
    {
        Matrix<double> root = Matrix<double>.Build.Random(300, 300, seed: 1);
        Matrix<double> matrix = root.TransposeAndMultiply(root) + (300 * Matrix<double>.Build.DenseIdentity(300));

        double[][] inverses = [.. new[] { 1, 2, 7 }.Select(threads =>
        {
            DenseCholesky factor = Loaded(matrix, threads);
            factor.Factor();
            factor.Invert();
            return factor.Inverse.ToArray();
        })];

        inverses[1].Should().Equal(inverses[0]);
        inverses[2].Should().Equal(inverses[0]);
    }

    private static DenseCholesky Loaded(Matrix<double> matrix, int threads)
    {
        var factor = new DenseCholesky(matrix.RowCount, threads);
        for (int i = 0; i < matrix.RowCount; i++)
        {
            for (int j = 0; j <= i; j++)
            {
                factor.Lower[(i * factor.Stride) + j] = matrix[i, j];
            }
        }

        return factor;
    }
}
