using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using Xunit;

namespace VariationalInference.Tests.Tables;

/// <summary>Rows of floats: what comes of them is, to the bit, what comes of the same numbers as doubles.</summary>
public sealed class SinglePrecisionTests
{
    private static readonly GaussianSumModel Sum = new(latentCount: 2, observationCount: 3, noiseVariance: 0.5);

    private static readonly LinearGaussianModel General = new(
        Matrix<double>.Build.DenseOfRowArrays([1.0, 0.2], [-0.3, 1], [0.5, 0.5]), [0.1, 0, 0], [0.5, 1, 2], [0, 0], [1, 3]);

    public static TheoryData<bool, int, bool> Cases => new()
    {
        { false, 1, false }, { false, 700, false }, { false, 5000, true }, { true, 1, false }, { true, 37, true }, { true, 5000, false },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Tables_OfFloats_HaveTheBitsOfTheDoubles(bool byColumns, int rows, bool holed)
    {
        foreach (LinearGaussianModel model in new[] { Sum, General })
        {
            (float[] singles, double[] doubles) = Values(model, rows, byColumns, holed);
            CaviTable expected = new CaviSolver().Solve(model, Of(doubles, byColumns), CaviOutputs.All);
            CaviTable found = new CaviSolver().Solve(model, Of(singles, byColumns), CaviOutputs.All);

            found.Means.Should().BeEquivalentTo(expected.Means);
            found.Variances().Should().BeEquivalentTo(expected.Variances());
            found.LogEvidences.Should().Equal(expected.LogEvidences);
            found.IncompleteRowCount.Should().Be(expected.IncompleteRowCount);
            Bytes(SufficientStatistics.Of(Of(singles, byColumns))).Should().Equal(Bytes(SufficientStatistics.Of(Of(doubles, byColumns))));
            Of(singles, byColumns).ToMatrix().Should().BeEquivalentTo(Of(doubles, byColumns).ToMatrix());
            new Predictor(model).Impute(Of(singles, byColumns)).Values.Should().BeEquivalentTo(new Predictor(model).Impute(Of(doubles, byColumns)).Values);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Reductions_OfFloats_HaveTheBitsOfTheDoubles(bool byColumns)
    {
        (float[] singles, double[] doubles) = Values(General, 3000, byColumns, holed: false);
        double[] response = [.. Enumerable.Range(0, 3000).Select(n => Math.Sin(n))];

        RegressionStatistics.Of(Of(singles, byColumns), response).Triangle().Should().BeEquivalentTo(RegressionStatistics.Of(Of(doubles, byColumns), response).Triangle());
        ProbabilisticPca.Solve(Of(singles, byColumns), 1).Eigenvalues.Should().Equal(ProbabilisticPca.Solve(Of(doubles, byColumns), 1).Eigenvalues);
    }

    [Fact]
    public void Rows_OfFloats_HaveTheBitsOfTheDoubles()
    {
        float[] single = [1.2f, float.NaN, -0.3f];
        double[] wide = [1.2f, double.NaN, -0.3f];
        var inference = new HybridInference(General, new MlpEncoder(3, 1, new PerceptronOptions { AcceptsMissing = true }), [0]);
        var predictor = new Predictor(General);
        double[] means = new double[2], variances = new double[2], expectedMeans = new double[2], expectedVariances = new double[2];

        General.Observe(single).LogEvidence.Should().Be(General.Observe(wide).LogEvidence);
        new CaviSolver().Solve(General, single).Exact.Means.Should().Equal(new CaviSolver().Solve(General, wide).Exact.Means);
        new CaviSolver().Solve(General, single, means, variances).Should().Be(new CaviSolver().Solve(General, wide, expectedMeans, expectedVariances));
        means.Should().Equal(expectedMeans);
        variances.Should().Equal(expectedVariances);
        inference.Infer(single).ToString().Should().Be(inference.Infer(wide).ToString());
        inference.Refine(single).ToString().Should().Be(inference.Refine(wide).ToString());
        predictor.Predict(single).Means.Should().Equal(predictor.Predict(wide).Means);
        predictor.Posterior(single).Means.Should().Equal(predictor.Posterior(wide).Means);

        // Longer than the stack memory.
        float[] many = [.. Enumerable.Range(0, 200).Select(k => k / 7f)];
        var large = new GaussianSumModel(2, 200);
        large.Observe(many).LogEvidence.Should().Be(large.Observe([.. many.Select(value => (double)value)]).LogEvidence);
    }

    [Fact]
    public void Builders_OfFloats_HaveTheBitsOfTheDoubles()
    {
        var singles = new SufficientStatisticsBuilder(2);
        var doubles = new SufficientStatisticsBuilder(2);
        var lineOfSingles = new RegressionStatisticsBuilder(2);
        var lineOfDoubles = new RegressionStatisticsBuilder(2);
        for (int n = 0; n < 9; n++)
        {
            float[] row = [n / 3f, 1f / (n + 1)];
            double[] wide = [row[0], row[1]];
            singles.Add(row);
            doubles.Add(wide);
            lineOfSingles.Add(row, n * n);
            lineOfDoubles.Add(wide, n * n);
        }

        Bytes(singles.Build()).Should().Equal(Bytes(doubles.Build()));
        lineOfSingles.Build().Triangle().Should().BeEquivalentTo(lineOfDoubles.Build().Triangle());
        BayesianRegression fit = BayesianRegression.Solve(lineOfSingles.Build(), [0, 0], [1, 1], 0.5);
        fit.Predict([0.1f, 0.7f]).Should().Be(fit.Predict([(double)0.1f, (double)0.7f]));
        FactorSolution solution = FactorAnalysis.Learn(SufficientStatistics.Of(General.Sample(50, 1).Observations), 1, starts: 1).Rotate(FactorRotation.None);
        solution.Scores([0.1f, 0.7f, 1f]).Should().Equal(solution.Scores([(double)0.1f, (double)0.7f, 1.0]));
    }

    [Fact]
    public void RowsOfFloats_AllocateNoMoreThanRowsOfDoubles()
    {
        var solver = new CaviSolver();
        double[] means = new double[2], variances = new double[2];
        float[] row = [1.2f, 0.8f, 0.1f];
        solver.Solve(Sum, row, means, variances);

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int n = 0; n < 100; n++)
        {
            solver.Solve(Sum, row, means, variances);
        }

        (GC.GetAllocatedBytesForCurrentThread() - before).Should().Be(0);
    }

    [Fact]
    public void BadFloats_AreRefusedByCell()
    {
        float[] values = [1, 2, 3, 4, float.PositiveInfinity, 6];

        Refusal.Of<ArgumentException>(
            () => new CaviSolver().Solve(Sum, RowSpan.RowMajor(values, 3)), "rows", "rows[1, 1] is Infinity; it must be finite, or NaN when it is missing.");
        Refusal.Of<ArgumentException>(
            () => SufficientStatistics.Of(RowSpan.ColumnMajor(values, 3)), "rows", "rows[0, 2] is Infinity; it must be finite, or NaN when it is missing.");
        Refusal.Of<ArgumentException>(() => RowSpan.RowMajor(values.AsSpan(1), 3), "values", "values has 5 elements; it must have a multiple of 3");
        Refusal.Of<ArgumentException>(() => Sum.Observe(values.AsSpan(3)), "row", "row[1] is Infinity;");
    }

    [Fact]
    public void Literals_AreDoubles()
    {
        RowSpan.RowMajor([16_777_217, 1], 2).Values[0].Should().Be(16_777_217, "a float would round it");
        RowSpan.RowMajor([], 2).RowCount.Should().Be(0);
    }

    private static RowSpan Of(double[] values, bool byColumns) => byColumns ? RowSpan.ColumnMajor(values, 3) : RowSpan.RowMajor(values, 3);

    private static RowSpan Of(float[] values, bool byColumns) => byColumns ? RowSpan.ColumnMajor(values, 3) : RowSpan.RowMajor(values, 3);

    private static (float[] Singles, double[] Doubles) Values(LinearGaussianModel model, int rows, bool byColumns, bool holed)
    {
        Matrix<double> table = model.Sample(rows, seed: 1).Observations;
        float[] singles = [.. (byColumns ? table.ToColumnMajorArray() : table.ToRowMajorArray()).Select((value, i) => holed && i % 11 == 3 ? float.NaN : (float)value)];
        return (singles, [.. singles.Select(value => (double)value)]);
    }

    private static byte[] Bytes(SufficientStatistics statistics)
    {
        var stream = new MemoryStream();
        statistics.Save(stream);
        return stream.ToArray();
    }
}
