using System.Globalization;
using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using VariationalInference.Tests.Reference;
using Xunit;

namespace VariationalInference.Tests.CoordinateAscent;

public sealed class CaviSolverTests
{
    private const double Relative = 1e-9;
    private const int WithinReach = 100_000;

    private static readonly GaussianSumModel Example = new();

    [Fact]
    public void SourceExample_GivesItsPosterior()
    {
        CaviResult fit = new CaviSolver().Solve(Example, [1.2, 0.8]);

        fit.Converged.Should().BeTrue();
        fit.StopReason.Should().Be(StopReason.CertificateMet);
        for (int j = 0; j < 3; j++)
        {
            fit.MeanField[j].Mean.Should().BeApproximately(2.0 / 7, 1e-8);
            fit.MeanField[j].Variance.Should().BeApproximately(1.0 / 3, 1e-15);
            fit.Exact.Variances[j].Should().BeApproximately(5.0 / 7, 1e-14);
            fit.Exact.Means[j].Should().BeApproximately(fit.MeanField.Means[j], fit.ErrorBound);
        }

        fit.Exact.Covariance(0, 2).Should().BeApproximately(-2.0 / 7, 1e-14);
        fit.ToString().Should().StartWith("exact marginals N(0.28571, 0.71429), N(0.28571, 0.71429), N(0.28571, 0.71429); mean field after ")
            .And.Contain("(CertificateMet), ELBO -3.6686").And.Contain(", means off by at most ").And.EndWith(" posterior sd");
    }

    [Theory]
    [MemberData(nameof(ReferenceCase.Ids), MemberType = typeof(ReferenceCase))]
    public void FirstSweeps_OfEachReferenceCase_AreAsStepped(string id)
    {
        ReferenceCase reference = ReferenceCase.Of(id);
        LinearGaussianModel model = reference.Model;

        foreach ((int sweep, double[] means, double elbo) in reference.FirstSweeps)
        {
            CaviResult fit = Sweeps(sweep).Solve(model, reference.Rows[0]);

            (fit.Iterations == sweep || fit.StopReason == StopReason.RoundingFloor).Should().BeTrue();
            fit.Elbo.Should().BeApproximately(elbo, Relative * Math.Abs(elbo), "after sweep {0}", sweep);
            for (int j = 0; j < means.Length; j++)
            {
                // Relative to what was added up: a mean may come out near zero between a prior mean and data that are not.
                double scale = Math.Max(Math.Abs(means[j]), Math.Sqrt(reference.MeanFieldVariances[j]));
                fit.MeanField.Means[j].Should().BeApproximately(means[j], Relative * scale, "after sweep {0}, latent {1}", sweep, j);
            }
        }
    }

    [Theory]
    [MemberData(nameof(ReferenceCase.Ids), MemberType = typeof(ReferenceCase))]
    public void RunToTheEnd_OfEachReferenceCase_ReachesTheOptimumOrSaysThatItHasNot(string id)
    {
        ReferenceCase reference = ReferenceCase.Of(id);
        bool reachable = reference.SweepsNeeded <= WithinReach;
        var options = new CaviOptions { Method = CaviMethod.PlainSweeps, MaxIterations = reachable ? 3 * WithinReach : 2_000 };

        for (int n = 0; n < reference.Rows.Length; n++)
        {
            CaviResult fit = new CaviSolver(options).Solve(reference.Model, reference.Rows[n]);

            reference.ShouldBeBounded(fit, n);
            fit.ElboTrace.Should().HaveCount(fit.Iterations + 1);
            fit.ElboTrace.All(double.IsFinite).Should().BeTrue();
            fit.MeanField.Means.All(double.IsFinite).Should().BeTrue();
            fit.LargestElboDecrease.Should().BeLessThanOrEqualTo(1e-12 * (1 + Math.Abs(fit.ElboTrace.Min())));
            fit.Converged.Should().Be(fit.ErrorBound <= options.Tolerance);
            if (reachable)
            {
                fit.StopReason.Should().BeOneOf([StopReason.CertificateMet, StopReason.RoundingFloor], "row {0}", n);
                OptimumShouldBeReached(fit, reference, n);
            }
            else
            {
                fit.StopReason.Should().BeOneOf(StopReason.IterationLimit, StopReason.RoundingFloor);
                fit.Converged.Should().BeFalse();
                fit.Elbo.Should().BeGreaterThanOrEqualTo(fit.ElboTrace[0]);
            }
        }
    }

    [Theory]
    [MemberData(nameof(ReferenceCase.Ids), MemberType = typeof(ReferenceCase))]
    public void Bounds_AlongTheRunOfEachReferenceCase_AreNeverBelowTheTrueErrors(string id)
    {
        ReferenceCase reference = ReferenceCase.Of(id);
        LinearGaussianModel model = reference.Model;

        for (int n = 0; n < reference.Rows.Length; n++)
        {
            foreach (int sweeps in new[] { 1, 2, 3, 10, 30, 100, 300 })
            {
                reference.ShouldBeBounded(Sweeps(sweeps).Solve(model, reference.Rows[n]), n);
                reference.ShouldBeBounded(Sweeps(sweeps).Solve(model, reference.Rows[n], reference.PosteriorMeans[n]), n);
            }
        }
    }

    /// <summary>Gets the starts that are not within the error already, and not so far that sweeping takes too long for a test.</summary>
    public static IEnumerable<object[]> SweepCases =>
        from id in ReferenceCase.Ids.Select(data => (string)data[0])
        from fromPrior in new[] { false, true }
        where SweepsOf(ReferenceCase.Of(id), fromPrior) is >= 1 and <= 5_000
        select new object[] { id, fromPrior };

    [Theory]
    [MemberData(nameof(SweepCases))]
    public void SweepsToAGivenError_OfEachReferenceCase_AreAsManyAsInExactArithmetic(string id, bool fromPrior)
    {
        ReferenceCase reference = ReferenceCase.Of(id);
        double[] start = fromPrior ? [.. reference.Model.PriorMeans] : new double[reference.Model.LatentCount];

        ErrorShouldFirstBeReachedAt(reference, SweepsOf(reference, fromPrior), start);
    }

    [Theory]
    [MemberData(nameof(ReferenceCase.EqualPriorIds), MemberType = typeof(ReferenceCase))]
    public void MeanChangeStop_OfEachReferenceCase_ComesWhenItShouldAndDoesNotClaimConvergence(string id)
    {
        ReferenceCase reference = ReferenceCase.Of(id);
        LinearGaussianModel model = reference.Model;
        double deviation = Math.Sqrt(reference.MeanFieldVariances[0]);
        double largestPosteriorDeviation = Math.Sqrt(reference.ExactVariances.Max());

        foreach ((double tolerance, double sweep, double errorLeft) in reference.MeanChangeStops)
        {
            // An error that certifies no convergence, and a change well above rounding.
            if (sweep > WithinReach || errorLeft <= 1e-8 * largestPosteriorDeviation || tolerance < 1e-9)
            {
                continue;
            }

            // The reference compares means in their own unit, the option in mean-field standard deviations.
            var solver = new CaviSolver(new CaviOptions { Method = CaviMethod.PlainSweeps, MeanChangeTolerance = tolerance / deviation, MaxIterations = 2 * WithinReach });
            CaviResult last = reference.Rows.Select(row => solver.Solve(model, row)).MaxBy(fit => fit.Iterations)!;

            ((double)last.Iterations).Should().Be(sweep, "at {0}", tolerance);
            last.StopReason.Should().Be(StopReason.MeanChangeBelowTolerance);
            last.Converged.Should().BeFalse("an error of {0} is left", errorLeft);
            last.ErrorBound.Should().BeGreaterThan(1e-8);
        }
    }

    [Fact]
    public void Bound_OfObservationsThatCancel_CountsTheRoundingOfTheirMean()
    {
        var model = new GaussianSumModel(2, 3, 1);
        for (int i = 0; i < 40; i++)
        {
            double first = 1e8 * (1 + (i / 17.3));
            double[] row = [first, -first / 3, (-2 * first / 3) + 0.1];
            decimal sum = row.Sum(x => decimal.Parse(x.ToString("F18", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture));

            CaviResult fit = new CaviSolver(new CaviOptions { Method = CaviMethod.PlainSweeps, Tolerance = 0 }).Solve(model, row);

            // Σx/(σ² + JK), with a posterior variance of 4/7; decimals carry the doubles to 18 places.
            double error = Math.Abs((double)((decimal)fit.MeanField.Means[0] - (sum / 7)));
            (error / Math.Sqrt(4.0 / 7)).Should().BeLessThanOrEqualTo(fit.ErrorBound, "row {0}", i);
        }
    }

    [Fact]
    public void MeanChangeStop_OfStronglyCoupledLatents_ComesAtOnceFarFromTheOptimum()
    {
        var model = new GaussianSumModel(10, 20, 1e-10);
        double[] row = [.. Enumerable.Repeat(-6.0, 20)];

        CaviResult fit = new CaviSolver(new CaviOptions { Method = CaviMethod.PlainSweeps, MeanChangeTolerance = 1e-2 }).Solve(model, row);

        fit.Iterations.Should().Be(2);
        fit.StopReason.Should().Be(StopReason.MeanChangeBelowTolerance);
        fit.Converged.Should().BeFalse();
        fit.ErrorBound.Should().BeGreaterThan(5);
        fit.MeanField.Means[0].Should().BeApproximately(-6, 1e-6, "the first latent took everything, its posterior mean is -0.6");
    }

    [Fact]
    public void ElboStop_ComesWhenTheElboStalls()
    {
        CaviResult fit = new CaviSolver(new CaviOptions { Method = CaviMethod.PlainSweeps, ElboChangeTolerance = 1e-3 }).Solve(Example, [1.2, 0.8]);

        fit.StopReason.Should().Be(StopReason.ElboChangeBelowTolerance);
        fit.Converged.Should().BeFalse();
        (fit.ElboTrace[^1] - fit.ElboTrace[^2]).Should().BeInRange(0, 1e-3);
        (fit.ElboTrace[^2] - fit.ElboTrace[^3]).Should().BeGreaterThan(1e-3);
    }

    [Fact]
    public void SweepLimit_StopsTheRun()
    {
        CaviResult fit = Sweeps(4).Solve(Example, [1.2, 0.8]);

        fit.Iterations.Should().Be(4);
        fit.StopReason.Should().Be(StopReason.IterationLimit);
        fit.Converged.Should().BeFalse();
    }

    [Fact]
    public void FirstSweep_FollowsTheUpdateByHand()
    {
        // v = 1/(1 + 2) and μ_j ← v (Σx − 2 Σ_{i≠j} μ_i), one after another: equation (4-1).
        const double sum = 1.2 + 0.8;
        double first = sum / 3;
        double second = (sum - (2 * first)) / 3;
        double third = (sum - (2 * (first + second))) / 3;

        CaviResult fit = Sweeps(1).Solve(Example, [1.2, 0.8]);

        fit.MeanField.Means.Should().Equal([first, second, third], (actual, expected) => Math.Abs(actual - expected) < 1e-15);
    }

    [Fact]
    public void Start_IsWhereTheRunBegins()
    {
        double[] start = [1.0, -2.0, 0.5];
        QuadraticLogJoint joint = Example.Observe([1.2, 0.8]);

        CaviResult fit = new CaviSolver().Solve(joint, start);

        fit.ElboTrace[0].Should().BeApproximately(new FixedFormElbo(joint).Value(start, fit.MeanField.Variances.AsSpan()), 1e-13);
        fit.Converged.Should().BeTrue();
        fit.MeanField.Means.Should().OnlyContain(mean => Math.Abs(mean - (2.0 / 7)) < 1e-8);
    }

    [Fact]
    public void EmptyStart_IsZero()
    {
        CaviResult empty = Sweeps(2).Solve(Example, [1.2, 0.8], []);

        empty.ElboTrace.Should().Equal(Sweeps(2).Solve(Example, [1.2, 0.8], [0, 0, 0]).ElboTrace);
    }

    [Fact]
    public void ResultOfARow_AgreesWithTheQuadratic()
    {
        QuadraticLogJoint joint = Example.Observe([1.2, 0.8]);

        CaviResult fit = new CaviSolver().Solve(joint);

        fit.Elbo.Should().Be(fit.ElboTrace[^1]);
        fit.Elbo.Should().BeApproximately(new FixedFormElbo(joint).Value(fit.MeanField), 1e-14);
        fit.LogEvidence.Should().Be(joint.LogEvidence);
        fit.ApproximationGap.Should().Be(joint.ApproximationGap);
        fit.ParetoShape.Should().Be(joint.ParetoShape);
        fit.ElboGapBound.Should().BeInRange(0.5 * fit.ErrorBound * fit.ErrorBound, (0.5 * fit.ErrorBound * fit.ErrorBound) + 1e-13);
        fit.LogEvidence.Should().BeApproximately(fit.Elbo + fit.ApproximationGap, 1e-14);
    }

    [Fact]
    public void StartOfAnotherLength_IsRefused() => Refusal.Of<ArgumentException>(
        () => new CaviSolver().Solve(Example, [1.2, 0.8], [0, 0]), "start", "start has 2 elements; it must have 3, one for each latent.");

    [Fact]
    public void StartThatIsNotFinite_IsRefused() => Refusal.Of<ArgumentException>(
        () => new CaviSolver().Solve(Example, [1.2, 0.8], [0, 0, double.NaN]), "start", "start[2] is NaN; it must be finite.");

    [Fact]
    public void EmptyRow_IsRefused() => Refusal.Of<ArgumentException>(
        () => new CaviSolver().Solve(Example, []), "row", "row has 0 elements; it must have 2, one for each observation.");

    [Fact]
    public void Nulls_AreRefused()
    {
        var solver = new CaviSolver();

        FluentActions.Invoking(() => solver.Solve((LinearGaussianModel)null!, [1, 2])).Should().Throw<ArgumentNullException>().WithParameterName("model");
        FluentActions.Invoking(() => solver.Solve((QuadraticLogJoint)null!)).Should().Throw<ArgumentNullException>().WithParameterName("joint");
        FluentActions.Invoking(() => solver.Solve(Example, (Matrix<double>)null!)).Should().Throw<ArgumentNullException>().WithParameterName("table");
        FluentActions.Invoking(() => solver.Solve((LinearGaussianModel)null!, Matrix<double>.Build.Dense(1, 2))).Should().Throw<ArgumentNullException>().WithParameterName("model");
    }

    [Fact]
    public void TableOfAnotherWidth_IsRefused() => Refusal.Of<ArgumentException>(
        () => new CaviSolver().Solve(Example, Matrix<double>.Build.Dense(4, 3)),
        "table",
        "table has 3 columns; it must have 2, one for each observation.");

    [Fact]
    public void TableWithoutRows_IsRefused() => Refusal.Of<ArgumentException>(
        () => new CaviSolver().Solve(Example, Matrix<double>.Build.Dense(0, 2)), "table", "table has no rows; it must have at least 1.");

    [Theory]
    [InlineData(double.PositiveInfinity, "Infinity")]
    [InlineData(double.NegativeInfinity, "-Infinity")]
    public void TableWithAnInfinity_IsRefusedNamingTheCell(double value, string text)
    {
        Matrix<double> table = Matrix<double>.Build.Dense(4, 2);
        table[2, 1] = value;

        Refusal.Of<ArgumentException>(
            () => new CaviSolver().Solve(Example, table), "table", $"table[2, 1] is {text}; it must be finite, or NaN when it is missing.");
    }

    [Fact]
    public void RowOutOfRange_OfATable_IsNamed()
    {
        var model = new GaussianSumModel(3, 2, 1e-10);
        Matrix<double> table = Matrix<double>.Build.DenseOfRowArrays([1, 2], [3, 4], [1e200, 0], [5, 6]);

        NonFiniteValueException exception = FluentActions.Invoking(() => new CaviSolver().Solve(model, table))
            .Should().ThrowExactly<NonFiniteValueException>().Which;

        exception.Row.Should().Be(2);
        exception.Iteration.Should().Be(0);
        exception.Quantity.Should().NotBeEmpty();
        exception.Message.Should().Contain("in row 2 at iteration 0");
    }

    [Fact]
    public void StartOutOfRange_IsNamed()
    {
        NonFiniteValueException exception = FluentActions.Invoking(() => new CaviSolver().Solve(Example, [1.2, 0.8], [1e200, 0, 0]))
            .Should().ThrowExactly<NonFiniteValueException>().Which;

        exception.Message.Should().StartWith("the ELBO or its gradient is -Infinity in row 0 at iteration 0;");
    }

    [Fact]
    public void CancelledTable_Throws()
    {
        using var source = new CancellationTokenSource();
        source.Cancel();

        FluentActions.Invoking(() => new CaviSolver().Solve(Example, Matrix<double>.Build.Dense(4, 2), cancellationToken: source.Token))
            .Should().Throw<OperationCanceledException>();
    }

    [Fact]
    public void OneSolver_GivesTheSameOnManyThreads()
    {
        var solver = new CaviSolver();
        var results = new CaviResult[64];

        Parallel.For(0, results.Length, n => results[n] = solver.Solve(Example, [n % 8, 1.0]));

        for (int n = 0; n < results.Length; n++)
        {
            results[n].MeanField.Means.Should().Equal(results[n % 8].MeanField.Means);
            results[n].ElboTrace.Should().Equal(results[n % 8].ElboTrace);
        }
    }

    private static CaviSolver Sweeps(int count) => new(new CaviOptions { Method = CaviMethod.PlainSweeps, MaxIterations = count, Tolerance = 0 });

    private static double SweepsOf(ReferenceCase reference, bool fromPrior) => fromPrior ? reference.SweepsNeededFromPrior : reference.SweepsNeeded;

    private static void ErrorShouldFirstBeReachedAt(ReferenceCase reference, double sweeps, double[] start)
    {
        const double error = 1e-8;
        // Means of 1e8 are a whole error apart from one double to the next.
        double largest = reference.PosteriorMeans.Max(row => row.Max(Math.Abs));
        double ulp = Math.BitIncrement(largest) - largest;
        LargestErrorAfter((int)sweeps).Should().BeLessThanOrEqualTo(error + ulp);
        if (sweeps > 1)
        {
            LargestErrorAfter((int)sweeps - 1).Should().BeGreaterThan(error - ulp);
        }

        double LargestErrorAfter(int count) => Enumerable.Range(0, reference.Rows.Length).Max(
            n => reference.AbsoluteMeanError(Sweeps(count).Solve(reference.Model, reference.Rows[n], start).MeanField.Means, n));
    }

    private static void OptimumShouldBeReached(CaviResult fit, ReferenceCase reference, int row)
    {
        double best = reference.Elbos[row];
        fit.Elbo.Should().BeApproximately(best, Relative * Math.Abs(best), "row {0}", row);
        reference.MeanError(fit.MeanField.Means, row).Should().BeLessThanOrEqualTo(1e-8, "row {0}", row);

        // Double precision can certify 1e-8 but for priors from 1e-16 to 1e16, or means of 1e8, or a sum over 36 large observations.
        fit.ErrorBound.Should().BeLessThanOrEqualTo(fit.StopReason == StopReason.CertificateMet ? 1e-8 : 2e-6, "row {0}", row);
    }
}
