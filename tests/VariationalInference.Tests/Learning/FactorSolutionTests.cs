using System.Text.Json;
using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using VariationalInference.Tests.Reference;
using Xunit;

namespace VariationalInference.Tests.Learning;

/// <summary>Rotations, scores, tests and tables of factor analysis against R's factanal, varimax and promax, and GPArotation's oblimin.</summary>
public class FactorSolutionTests
{
    private static readonly JsonElement Cases = LearningData.Json("factor_rotation").GetProperty("cases");

    private static readonly string[] Cars = ["mpg", "cyl", "disp", "hp", "drat", "wt", "qsec", "vs", "am", "gear", "carb"];

    private static readonly string[] Attitudes = ["rating", "complaints", "privileges", "learning", "raises", "critical", "advance"];

    public static IEnumerable<object[]> All => Cases.EnumerateArray().Select(
        item => new object[] { item.GetProperty("set").GetString()!, item.GetProperty("factors").GetInt32() });

    public static IEnumerable<object[]> Several => All.Where(item => (int)item[1] > 1);

    [Theory]
    [MemberData(nameof(All))]
    public void Learn_HasTheTestOfFactanal(string set, int factors)
    {
        JsonElement expected = Case(set, factors);

        FactorAnalysis analysis = FactorAnalysis.Learn(Statistics(set), factors);

        int columns = analysis.Uniquenesses.Length;
        FactorFitTest test = analysis.ExactFit!;
        test.Statistic.Should().BeApproximately(expected.GetProperty("statistic").GetDouble(), 1e-5);
        test.DegreesOfFreedom.Should().Be(expected.GetProperty("dof").GetInt32());
        test.PValue.Should().BeApproximately(expected.GetProperty("p").GetDouble(), 1e-5 * expected.GetProperty("p").GetDouble());
        analysis.RowCount.Should().Be(expected.GetProperty("n").GetInt64());
        analysis.ParameterCount.Should().Be((columns * factors) - (factors * (factors - 1) / 2) + (2 * columns));

        // A covariance matrix without restrictions has K(K + 1)/2 parameters beside the means.
        analysis.DegreesOfFreedom.Should().Be((columns * (columns + 1) / 2) + columns - analysis.ParameterCount);
        analysis.Aic.Should().Be((2 * analysis.ParameterCount) - (2 * analysis.Fit.LogEvidence));
        analysis.Bic.Should().BeApproximately((Math.Log(analysis.RowCount) * analysis.ParameterCount) - (2 * analysis.Fit.LogEvidence), 1e-9);
        analysis.Uniquenesses.Should().Equal(Numbers(expected.GetProperty("uniquenesses")), (a, b) => Math.Abs(a - b) < 2e-4);
        FactorSolution solution = analysis.Rotate(FactorRotation.None);
        ShouldBe(solution.Loadings(), LearningData.Matrix(expected.GetProperty("loadings")), 2e-4);
    }

    [Theory]
    [MemberData(nameof(Several))]
    public void Rotate_ComesToTheReferencesOptimum(string set, int factors)
    {
        JsonElement expected = Case(set, factors);
        Matrix<double> loadings = LearningData.Matrix(expected.GetProperty("loadings"));
        var raw = new FactorRotationOptions { KaiserNormalization = false };
        var normalized = new FactorRotationOptions();

        ShouldBe(Run(FactorRotation.Varimax, normalized).Loadings, LearningData.Matrix(expected.GetProperty("varimax")), 1e-7);
        ShouldBe(Run(FactorRotation.Varimax, raw).Loadings, LearningData.Matrix(expected.GetProperty("varimax_raw")), 1e-7);
        (Matrix<double> promax, Matrix<double> promaxPhi) = Run(FactorRotation.Promax, normalized);
        ShouldBe(promax, LearningData.Matrix(expected.GetProperty("promax")), 1e-7);
        ShouldHaveTheCorrelations(promaxPhi, LearningData.Matrix(expected.GetProperty("promax_phi")), 1e-7);
        foreach ((FactorRotationOptions options, string name) in new[] { (raw, "quartimin"), (normalized, "quartimin_kaiser") })
        {
            (Matrix<double> oblique, Matrix<double> phi) = Run(FactorRotation.Quartimin, options);
            ShouldBe(oblique, LearningData.Matrix(expected.GetProperty(name)), 1e-5);
            ShouldHaveTheCorrelations(phi, LearningData.Matrix(expected.GetProperty(name + "_phi")), 1e-5);
            (RotationResult best, int startsAtBest) = RotationSearch.Run(loadings, FactorRotation.Quartimin, options);
            best.Criterion.Should().BeApproximately(expected.GetProperty(name + "_value").GetDouble(), 1e-9);
            startsAtBest.Should().BeGreaterThan(1);
        }

        (Matrix<double> Loadings, Matrix<double> Correlations) Run(FactorRotation rotation, FactorRotationOptions options)
        {
            (RotationResult best, _) = RotationSearch.Run(loadings, rotation, options);
            best.Converged.Should().BeTrue();
            return (loadings * best.Transformation.Transpose().Inverse(), best.Transformation.TransposeThisAndMultiply(best.Transformation));
        }
    }

    [Theory]
    [InlineData(FactorRotation.Varimax)]
    [InlineData(FactorRotation.Promax)]
    [InlineData(FactorRotation.Quartimin)]
    public void Rotate_OfRandomLoadings_KeepsWhatTheLikelihoodSees_AndIsStationary(FactorRotation rotation)
    {
        var random = new Random(4);
        for (int trial = 0; trial < 15; trial++)
        {
            int columns = 8 + random.Next(6), factors = 2 + random.Next(2);
            Matrix<double> loadings = Matrix<double>.Build.Dense(columns, factors, (_, _) => (random.NextDouble() - 0.4) * 0.8);
            loadings.SetRow(2, new double[factors]);
            var options = new FactorRotationOptions { KaiserNormalization = trial % 2 == 0, Seed = trial };

            (RotationResult best, int startsAtBest) = RotationSearch.Run(loadings, rotation, options);

            Matrix<double> phi = best.Transformation.TransposeThisAndMultiply(best.Transformation);
            Matrix<double> rotated = loadings * best.Transformation.Transpose().Inverse();
            (phi.Diagonal() - 1).AbsoluteMaximum().Should().BeLessThan(1e-12, "of trial {0}", trial);
            ((rotated * phi * rotated.Transpose()) - (loadings * loadings.Transpose())).FrobeniusNorm().Should().BeLessThan(1e-12 * loadings.FrobeniusNorm() * loadings.FrobeniusNorm() * 100);
            startsAtBest.Should().BeGreaterThan(0, "of trial {0}", trial);
            best.Converged.Should().BeTrue("of trial {0}", trial);
            if (rotation == FactorRotation.Varimax)
            {
                (phi - Matrix<double>.Build.DenseIdentity(factors)).FrobeniusNorm().Should().BeLessThan(1e-12);
            }

            // The same from other starts, and from loadings that were turned before.
            Matrix<double> turn = Matrix<double>.Build.Dense(factors, factors, (_, _) => random.NextDouble() - 0.5).QR().Q;
            (RotationResult again, _) = RotationSearch.Run(loadings * turn, rotation, options with { Seed = 1000 + trial });
            again.Criterion.Should().BeApproximately(best.Criterion, 1e-8, "of trial {0}", trial);
        }
    }

    [Theory]
    [InlineData("mtcars", 2)]
    [InlineData("mtcars", 3)]
    [InlineData("attitude", 1)]
    public void Scores_AreThoseOfFactanal(string set, int factors)
    {
        // R divides by standard deviations with divisor N − 1, the model's have N.
        JsonElement expected = Case(set, factors);
        Matrix<double> table = Table(set);
        FactorSolution solution = FactorAnalysis.Learn(Statistics(set), factors).Rotate(FactorRotation.None);
        double scale = Math.Sqrt((table.RowCount - 1.0) / table.RowCount);

        foreach ((FactorScoreMethod method, string name) in new[] { (FactorScoreMethod.Regression, "regression_scores"), (FactorScoreMethod.Bartlett, "bartlett_scores") })
        {
            Matrix<double> scores = solution.Scores(table, method);
            Matrix<double> reference = LearningData.Matrix(expected.GetProperty(name));
            ShouldBe(scores.SubMatrix(0, 5, 0, factors) * scale, reference, 3e-4);
            for (int n = 0; n < 3; n++)
            {
                solution.Scores(table.Row(n).ToArray(), method).Should().Equal(scores.Row(n).ToArray());
            }
        }
    }

    [Theory]
    [InlineData(FactorRotation.None)]
    [InlineData(FactorRotation.Varimax)]
    [InlineData(FactorRotation.Quartimin)]
    public void Scores_OfMissingCells_AreThePosteriorMeans_AndBartlettsHaveNoBias(FactorRotation rotation)
    {
        Matrix<double> table = Table("mtcars");
        FactorAnalysis analysis = FactorAnalysis.Learn(Statistics("mtcars"), 2);
        FactorSolution solution = analysis.Rotate(rotation);
        var random = new Random(6);
        for (int n = 0; n < table.RowCount; n++)
        {
            for (int k = 0; k < table.ColumnCount; k++)
            {
                table[n, k] = random.NextDouble() < 0.3 ? double.NaN : table[n, k];
            }
        }

        table.SetRow(3, [.. Enumerable.Repeat(double.NaN, table.ColumnCount)]);
        Matrix<double> scores = solution.Scores(table);

        // Λ f of the rotated factors is Λ f of those as learned, for which the posterior is the model's.
        for (int n = 0; n < table.RowCount; n++)
        {
            double[] posterior = [.. analysis.Fit.Model.Posterior(table.Row(n).ToArray()).Means];
            Vector<double> predicted = analysis.Rotate(FactorRotation.None).Loadings() * Signed(posterior);
            (predicted - (solution.Loadings() * scores.Row(n))).L2Norm().Should().BeLessThan(1e-9, "of row {0}", n);
        }

        // Bartlett's scores of a row without noise are its factors.
        double[] factors = [0.7, -1.3];
        Vector<double> exact = solution.Loadings() * Vector<double>.Build.Dense(factors);
        double[] row = [.. exact.Select((value, k) => analysis.Fit.Offset[k] + (value * Deviation(k)))];
        row[4] = double.NaN;
        solution.Scores(row, FactorScoreMethod.Bartlett).Should().Equal(factors, (a, b) => Math.Abs(a - b) < 1e-9);
        double[] one = [.. Enumerable.Repeat(double.NaN, row.Length)];
        one[0] = row[0];
        solution.Scores(one, FactorScoreMethod.Bartlett).Should().Equal(double.NaN, double.NaN);
        solution.Scores(table.Row(3).ToArray()).Should().Equal(0, 0);

        double Deviation(int k) => Math.Sqrt(analysis.Fit.NoiseVariances[k] / analysis.Uniquenesses[k]);

        Vector<double> Signed(double[] means)
        {
            Matrix<double> learned = analysis.Fit.Loadings();
            Matrix<double> shown = analysis.Rotate(FactorRotation.None).Loadings();
            int[] places = [.. Enumerable.Range(0, 2).Select(j => Enumerable.Range(0, 2).MinBy(
                i => Math.Abs(Math.Abs(learned[0, i] / Deviation(0)) - Math.Abs(shown[0, j]))))];
            return Vector<double>.Build.Dense(2, j => means[places[j]] * Math.Sign(learned[0, places[j]] * shown[0, j]));
        }
    }

    [Fact]
    public void Compare_OfAbilities_FindsTwoFactors()
    {
        FactorCountComparison comparison = FactorAnalysis.Compare(Statistics("ability"));

        comparison.Analyses.Select(analysis => analysis.Fit.Model.LatentCount).Should().Equal(1, 2, 3);
        comparison.FewestSufficient()!.Fit.Model.LatentCount.Should().Be(2);
        comparison.BestByBic.Fit.Model.LatentCount.Should().Be(2);
        comparison.BestByAic.Fit.Model.LatentCount.Should().Be(2);
        comparison.Analyses[2].DegreesOfFreedom.Should().Be(0);
        comparison.Analyses[2].ExactFit.Should().BeNull();
        string[] lines = comparison.ToString().Split('\n');
        lines[0].Should().Contain("log evidence").And.Contain("chi-square");
        lines[1].Should().StartWith("1 factor ").And.Contain("75.18").And.Contain("1.46E-12");
        lines[2].Should().StartWith("2 factors ").And.Contain("6.11").And.Contain("0.191");
        FactorAnalysis.Compare(Statistics("ability"), 2).Analyses.Should().HaveCount(2);
        using var cancellation = new CancellationTokenSource();
        cancellation.Cancel();
        Action cancelled = () => FactorAnalysis.Compare(Statistics("ability"), cancellationToken: cancellation.Token);
        cancelled.Should().Throw<OperationCanceledException>();
    }

    [Fact]
    public void Summary_OfAbilities_ReadsLikeR()
    {
        string[] names = ["general", "picture", "blocks", "maze", "reading", "vocab"];
        FactorAnalysis analysis = FactorAnalysis.Learn(Statistics("ability"), 2);

        string summary = analysis.Rotate(FactorRotation.Promax).Summary(names).ToString();

        summary.Should().Contain(" general picture blocks  maze reading vocab\n   0.455   0.589  0.218 0.769   0.052 0.334\n");
        // R's own promax prints 0.364, 1.023 and 0.811, from a varimax that it leaves at 1e-5.
        summary.Should().Contain("""
                    Factor1 Factor2
            general   0.365   0.470
            picture           0.671
            blocks            0.932
            maze              0.508
            reading   1.024
            vocab     0.812

                           Factor1 Factor2
            SS loadings      1.854   1.807
            Proportion Var   0.309   0.301
            Cumulative Var   0.309   0.610

            Factor correlations:
                    Factor1 Factor2
            Factor1   1.000   0.557
            Factor2   0.557   1.000
            """.ReplaceLineEndings("\n"));
        summary.Should().Contain("2 factors sufficient: chi-square 6.11 on 4 degrees of freedom, p = 0.191");
        analysis.Rotate(FactorRotation.Varimax).Summary(names).ToString().Should().NotContain("Factor correlations");
        analysis.Summary(names).ToString().Should().Contain("2 factors of 6 observations, as learned");
        SummaryTable table = analysis.Summary(names);
        table.Names.Should().Equal(names);
        table.Columns.Should().Equal("uniqueness", "factor 1", "factor 2");
        (table[4, 0], table[4, 2]).Should().Be((analysis.Uniquenesses[4], analysis.Rotate(FactorRotation.None).Loadings()[4, 1]));
        string sorted = analysis.Rotate(FactorRotation.Promax).LoadingTable(cutoff: 0, sorted: true, names).ReplaceLineEndings("\n");
        sorted.Split('\n').Skip(1).Take(6).Select(line => line.Split(' ')[0]).Should().Equal("reading", "vocab", "picture", "blocks", "maze", "general");
    }

    [Fact]
    public void ExactFit_IsAbsentWhereThereIsNone()
    {
        Matrix<double> table = Table("attitude");
        FactorAnalysis.Learn(SufficientStatistics.Of(table.SubMatrix(0, 7, 0, 7)), 1, starts: 1).ExactFit.Should().BeNull("there are too few rows");
        table[2, 2] = double.NaN;
        FactorAnalysis holes = FactorAnalysis.Learn(SufficientStatistics.Of(table), 1, starts: 1);
        holes.ExactFit.Should().BeNull("a cell is missing");
        double.IsFinite(holes.Bic).Should().BeTrue();

        // A constant column is no part of the model.
        Matrix<double> constant = Table("attitude").InsertColumn(1, Vector<double>.Build.Dense(30, 5.0));
        FactorAnalysis without = FactorAnalysis.Learn(Statistics("attitude"), 1), with = FactorAnalysis.Learn(SufficientStatistics.Of(constant), 1);
        with.ParameterCount.Should().Be(without.ParameterCount);
        with.ExactFit!.Statistic.Should().BeApproximately(without.ExactFit!.Statistic, 1e-7);
        with.Rotate(FactorRotation.None).Loadings()[1, 0].Should().Be(0);
    }

    [Fact]
    public void BadInput_IsRefusedByName()
    {
        FactorAnalysis analysis = FactorAnalysis.Learn(Statistics("ability"), 2, starts: 1);
        FactorSolution solution = analysis.Rotate(FactorRotation.Varimax);

        Refusal.Of<ArgumentOutOfRangeException>(() => analysis.Rotate((FactorRotation)9), "rotation", "rotation is 9; it must be a member of FactorRotation.");
        Refusal.Of<ArgumentOutOfRangeException>(() => solution.Scores(new double[6], (FactorScoreMethod)7), "method", "method is 7;");
        Refusal.Of<ArgumentException>(() => solution.Scores([1.0]), "row", "row has 1 elements; it must have 6");
        Refusal.Of<ArgumentException>(
            () => solution.Scores(Matrix<double>.Build.Dense(2, 6, double.NegativeInfinity)), "table", "table[0, 0] is -Infinity; it must be finite");
        Refusal.Of<ArgumentOutOfRangeException>(() => solution.LoadingTable(cutoff: double.NaN), "cutoff", "cutoff is NaN; it must be zero or positive");
        Refusal.Of<ArgumentException>(() => solution.Summary(["a"]), "names", "names has 1 elements; it must have 6");
        Refusal.Of<ArgumentException>(() => solution.Summary(["a", "b", null!, "d", "e", "f"]), "names", "names[2] is null");
        Refusal.Of<ArgumentOutOfRangeException>(() => _ = new FactorRotationOptions { PromaxPower = 1 }, "PromaxPower", "PromaxPower is 1; it must be greater than 1");
        Refusal.Of<ArgumentOutOfRangeException>(() => _ = new FactorRotationOptions { Starts = 0 }, "Starts", "Starts is 0; it must be at least 1.");
        Refusal.Of<ArgumentOutOfRangeException>(() => _ = new FactorRotationOptions { MaxIterations = 0 }, "MaxIterations", "MaxIterations is 0;");
        Refusal.Of<ArgumentOutOfRangeException>(() => FactorAnalysis.Compare(Statistics("ability"), 7), "maxFactorCount", "maxFactorCount is 7; it must be 1 to 6");
        Refusal.Of<ArgumentOutOfRangeException>(
            () => new FactorCountComparison([analysis]).FewestSufficient(1), "level", "level is 1; it must lie strictly between 0 and 1.");
    }

    private static JsonElement Case(string set, int factors) => Cases.EnumerateArray().Single(
        item => item.GetProperty("set").GetString() == set && item.GetProperty("factors").GetInt32() == factors);

    private static Matrix<double> Table(string set) =>
        set == "mtcars" ? LearningData.Table("mtcars.csv", Cars) : LearningData.Table("attitude.csv", Attitudes);

    private static SufficientStatistics Statistics(string set) => set == "ability"
        ? SufficientStatistics.OfMoments(
            112, new double[6], LearningData.Table("ability_cov_n112.csv", "general", "picture", "blocks", "maze", "reading", "vocab"))
        : SufficientStatistics.Of(Table(set));

    private static double[] Numbers(JsonElement array) => [.. array.EnumerateArray().Select(value => value.GetDouble())];

    /// <summary>Holds columns against others in any order and with any sign.</summary>
    private static void ShouldBe(Matrix<double> actual, Matrix<double> expected, double tolerance)
    {
        actual.ColumnCount.Should().Be(expected.ColumnCount);
        foreach (Vector<double> column in expected.EnumerateColumns())
        {
            double nearest = actual.EnumerateColumns().Min(
                other => Math.Min((other - column).AbsoluteMaximum(), (other + column).AbsoluteMaximum()));
            nearest.Should().BeLessThan(tolerance);
        }
    }

    private static void ShouldHaveTheCorrelations(Matrix<double> actual, Matrix<double> expected, double tolerance)
    {
        double[] ours = Sorted(actual), theirs = Sorted(expected);
        ours.Should().Equal(theirs, (a, b) => Math.Abs(a - b) < tolerance);

        static double[] Sorted(Matrix<double> phi) =>
            [.. from i in Enumerable.Range(0, phi.RowCount) from j in Enumerable.Range(0, i) orderby Math.Abs(phi[i, j]) select Math.Abs(phi[i, j])];
    }
}
