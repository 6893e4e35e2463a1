using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using Xunit;

namespace VariationalInference.Tests.Tables;

/// <summary>Rows in memory of the caller's, wherever a matrix is taken.</summary>
public class RowSpanTests
{
    private static readonly LinearGaussianModel Model = new GaussianSumModel(latentCount: 2, observationCount: 3, noiseVariance: 0.5);
    private static readonly Matrix<double> Table = Model.Sample(60, seed: 1).Observations;
    private static readonly double[] ByRows = Table.ToRowMajorArray();
    private static readonly double[] ByColumns = Table.ToColumnMajorArray();

    [Fact]
    public void ToMatrix_EitherLayout_IsTheTable()
    {
        RowSpan.RowMajor(ByRows, 3).ToMatrix().Should().BeEquivalentTo(Table);
        RowSpan.ColumnMajor(ByColumns, 3).ToMatrix().Should().BeEquivalentTo(Table);
        ((Action)(() => RowSpan.RowMajor([], 3).ToMatrix())).Should().Throw<InvalidOperationException>();
    }

    [Fact]
    public void Infer_RowsInMemory_IsThatOfTheMatrix()
    {
        var inference = new HybridInference(Model, new MlpEncoder(3, 1, [4], seed: 1), [0]);

        inference.Infer(RowSpan.RowMajor(ByRows, 3)).Elbos.Should().Equal(inference.Infer(Table).Elbos);
        ((Action)(() => inference.Infer(RowSpan.RowMajor(ByRows, 2)))).Should().Throw<ArgumentException>().WithParameterName("table");
    }

    [Fact]
    public void Learn_RowsInMemory_IsThatOfTheMatrix()
    {
        var em = new VariationalEm(new VariationalEmOptions { NoiseVariances = VarianceLearning.Shared });

        em.Learn(Model, RowSpan.ColumnMajor(ByColumns, 3)).Elbo.Should().Be(em.Learn(Model, Table).Elbo);
        ((Action)(() => em.Learn(Model, RowSpan.RowMajor(ByRows, 2)))).Should().Throw<ArgumentException>().WithParameterName("table");
    }

    [Fact]
    public void Scores_RowsInMemory_AreThoseOfTheMatrix()
    {
        FactorSolution solution = FactorAnalysis.Learn(SufficientStatistics.Of(Table), 1, starts: 1).Rotate(FactorRotation.Varimax);

        solution.Scores(RowSpan.RowMajor(ByRows, 3)).Should().BeEquivalentTo(solution.Scores(Table));
    }
}
