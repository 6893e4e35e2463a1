using System.Text.Json;
using FluentAssertions;
using MathNet.Numerics.Distributions;
using MathNet.Numerics.LinearAlgebra;
using VariationalInference.Tests.Learning.Sites;
using Xunit;

namespace VariationalInference.Tests.Learning;

public sealed class ItemResponseTests
{
    private static readonly Lazy<ItemResponseFit> Reference = new(() => new ItemResponse().Learn(SiteTables.Read("sim2pl_1000x20")));

    [Fact]
    public void Learn_TwoParameters_IsTheReferenceOptimum()
    {
        JsonElement expected = SiteTables.Expected("sim2pl_1000x20").GetProperty("gaussian_vi");
        double[] loadings = SiteTables.Numbers(expected.GetProperty("loadings")), intercepts = SiteTables.Numbers(expected.GetProperty("intercepts"));
        double[] means = SiteTables.Numbers(expected.GetProperty("q_mean_first20")), deviations = SiteTables.Numbers(expected.GetProperty("q_sd_first20"));

        ItemResponseFit fit = Reference.Value;

        fit.Converged.Should().BeTrue();
        fit.StopReason.Should().Be(StopReason.CertificateMet);
        fit.Warnings.Should().BeEmpty();
        fit.Elbo.Should().BeApproximately(expected.GetProperty("elbo").GetDouble(), 1e-7);
        fit.PersonCount.Should().Be(1000);
        fit.ParameterCount.Should().Be(40);
        for (int k = 0; k < 20; k++)
        {
            ResponseItem item = fit.Items[k];
            item.Discriminations[0].Value.Should().BeApproximately(loadings[k], 1e-6);
            item.Intercepts[0].Value.Should().BeApproximately(intercepts[k], 1e-6);
            item.Difficulties[0].Value.Should().BeApproximately(-intercepts[k] / loadings[k], 1e-5);
        }

        for (int n = 0; n < 20; n++)
        {
            fit.Person(n)[0].Mean.Should().BeApproximately(means[n], 1e-6);
            fit.Person(n)[0].StandardDeviation.Should().BeApproximately(deviations[n], 1e-6);
        }
    }

    /// <summary>How far the bound's optimum is from that of the marginal likelihood, which it approximates: less than a third of a standard error.</summary>
    [Fact]
    public void Learn_TwoParameters_IsCloseToMaximumLikelihood()
    {
        JsonElement exact = SiteTables.Expected("sim2pl_1000x20").GetProperty("marginal_ml"), errors = exact.GetProperty("se");
        double[] loadings = SiteTables.Numbers(exact.GetProperty("loadings")), loadingErrors = SiteTables.Numbers(errors.GetProperty("loadings"));
        double[] intercepts = SiteTables.Numbers(exact.GetProperty("intercepts")), interceptErrors = SiteTables.Numbers(errors.GetProperty("intercepts"));

        ItemResponseFit fit = Reference.Value;

        double gap = exact.GetProperty("loglik").GetDouble() - fit.Elbo;
        gap.Should().BeInRange(0, 2e-4 * 20_000, "an answer costs the bound less than 2e-4 nats");
        for (int k = 0; k < 20; k++)
        {
            LearnedParameter a = fit.Items[k].Discriminations[0], d = fit.Items[k].Intercepts[0];
            a.Value.Should().BeApproximately(loadings[k], 0.33 * loadingErrors[k]);
            d.Value.Should().BeApproximately(intercepts[k], 0.1 * interceptErrors[k]);
            a.StandardError.Should().BeApproximately(loadingErrors[k], 0.06 * loadingErrors[k]);
            d.StandardError.Should().BeApproximately(interceptErrors[k], 0.02 * interceptErrors[k]);
        }
    }

    [Fact]
    public void Learn_Graded_FindsWhatAnswersWereDrawnFrom()
    {
        double[] discriminations = [1.5, 1.0, 2.0, 0.7, 1.2, 1.8];
        Likelihood[] likelihoods =
        [
            Likelihood.Bernoulli(), Likelihood.Ordinal([-1, 0.5]), Likelihood.Ordinal([-1.5, 0, 1.5]), Likelihood.Ordinal([-2, -0.5, 0.5, 2]), Likelihood.Bernoulli(), Likelihood.Ordinal([-0.5, 0.7]),
        ];
        Matrix<double> answers = SiteTables.Draw(
            Matrix<double>.Build.DenseOfColumnArrays(discriminations), new double[6], likelihoods, rows: 3000, seed: 11, missing: 0.1);

        ItemResponseFit fit = new ItemResponse().Learn(answers, ["a", "b", "c", "d", "e", "f"]);

        fit.Converged.Should().BeTrue();
        fit.Items.Select(item => item.CategoryCount).Should().Equal(2, 3, 4, 5, 2, 3);
        fit.ParameterCount.Should().Be(6 + 1 + 2 + 3 + 4 + 1 + 2);
        double squares = 0;
        int count = 0;
        for (int k = 0; k < 6; k++)
        {
            Add(fit.Items[k].Discriminations[0], discriminations[k]);
            double[] cutpoints = fit.Items[k].CategoryCount == 2 ? [0] : Cutpoints(likelihoods[k]);
            for (int c = 0; c < cutpoints.Length; c++)
            {
                Add(fit.Items[k].Intercepts[c], -cutpoints[c]);
                Add(fit.Items[k].Difficulties[c], cutpoints[c] / discriminations[k]);
            }
        }

        // The mean square of errors over standard errors is 1 but for chance, and the bound's own error.
        (squares / count).Should().BeInRange(0.3, 2);

        void Add(LearnedParameter parameter, double truth)
        {
            double error = (parameter.Value - truth) / parameter.StandardError;
            Math.Abs(error).Should().BeLessThan(4);
            squares += error * error;
            count++;
        }
    }

    [Fact]
    public void Learn_EqualDiscriminations_IsTheTwoParameterModelWithOneOfThem()
    {
        Matrix<double> answers = Answers(seed: 2, persons: 400);
        ItemResponseFit one = new ItemResponse(1, new ItemResponseOptions { EqualDiscriminations = true }).Learn(answers), two = new ItemResponse().Learn(answers);

        one.ParameterCount.Should().Be(6);
        one.Items.Select(item => item.Discriminations[0]).Distinct().Should().ContainSingle();
        one.Elbo.Should().BeLessThan(two.Elbo).And.BeGreaterThan(two.Elbo - 25);

        // No other discrimination does better: the profile falls to both sides, as the standard error says.
        LearnedParameter a = one.Items[0].Discriminations[0];
        a.Value.Should().BeInRange(0.7, 1.5);
        a.StandardError.Should().BeInRange(0.02, 0.3);
    }

    [Fact]
    public void Learn_EveryPersonTwice_DoublesTheElboAndHalvesTheSquaresOfErrors()
    {
        Matrix<double> answers = Answers(seed: 4, persons: 300);

        ItemResponseFit once = new ItemResponse().Learn(answers), twice = new ItemResponse().Learn(answers.Stack(answers));

        twice.Elbo.Should().BeApproximately(2 * once.Elbo, 1e-9 * Math.Abs(once.Elbo));
        for (int k = 0; k < 5; k++)
        {
            LearnedParameter a = once.Items[k].Discriminations[0], b = twice.Items[k].Discriminations[0];
            b.Value.Should().BeApproximately(a.Value, 1e-5 * a.StandardError);
            b.StandardError.Should().BeApproximately(a.StandardError / Math.Sqrt(2), 1e-5 * a.StandardError);
        }
    }

    [Fact]
    public void Learn_ItemsAndPersonsInAnotherOrder_GivesTheSameItems()
    {
        Matrix<double> answers = Answers(seed: 5, persons: 300);
        int[] items = [3, 0, 4, 2, 1];
        Matrix<double> other = Matrix<double>.Build.Dense(300, 5, (n, k) => answers[299 - n, items[k]]);

        ItemResponseFit fit = new ItemResponse().Learn(answers), permuted = new ItemResponse().Learn(other);

        permuted.Elbo.Should().BeApproximately(fit.Elbo, 1e-9 * Math.Abs(fit.Elbo));
        for (int k = 0; k < 5; k++)
        {
            LearnedParameter a = fit.Items[items[k]].Discriminations[0], b = permuted.Items[k].Discriminations[0];
            b.Value.Should().BeApproximately(a.Value, 1e-5 * a.StandardError);
        }

        permuted.Person(0)[0].Mean.Should().BeApproximately(fit.Person(299)[0].Mean, 1e-6);
    }

    [Fact]
    public void Learn_PersonsWithoutAnswers_ChangeNothingAndAreThePrior()
    {
        Matrix<double> answers = Answers(seed: 6, persons: 200);
        Matrix<double> more = answers.Stack(Matrix<double>.Build.Dense(3, 5, double.NaN));

        ItemResponseFit fit = new ItemResponse().Learn(answers), with = new ItemResponse().Learn(more);

        with.Elbo.Should().BeApproximately(fit.Elbo, 1e-10 * Math.Abs(fit.Elbo));
        with.Person(201)[0].Should().Be(new Gaussian(0, 1));
        with.PersonCount.Should().Be(203);
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(1, true)]
    [InlineData(2, false)]
    public void Learn_AnyNumberOfThreads_HasTheSameBits(int dimensions, bool equal)
    {
        Matrix<double> answers = SiteTables.Draw(
            Matrix<double>.Build.Dense(6, 2, (k, j) => j == k % 2 ? 1.5 : 0.3), new double[6], [.. Enumerable.Repeat(Likelihood.Ordinal([-0.6, 0.4]), 6)], rows: 2500, seed: 8);
        ItemResponseFit Learn(int threads) =>
            new ItemResponse(dimensions, new ItemResponseOptions { EqualDiscriminations = equal, MaxThreads = threads, Starts = 2 }).Learn(answers);

        ItemResponseFit one = Learn(1), three = Learn(3);

        three.ElboTrace.Should().Equal(one.ElboTrace);
        three.Summary().ToCsv().Should().Be(one.Summary().ToCsv());
    }

    [Fact]
    public void Learn_TwoDimensions_StandsInPrincipalAxesAndBeatsOne()
    {
        Matrix<double> truth = Matrix<double>.Build.Dense(8, 2, (k, j) => j == (k < 4 ? 0 : 1) ? 1.8 : 0.2);
        Matrix<double> answers = SiteTables.Draw(truth, new double[8], [.. Enumerable.Repeat(Likelihood.Bernoulli(), 8)], rows: 1500, seed: 9);

        ItemResponseFit one = new ItemResponse(1).Learn(answers), two = new ItemResponse(2).Learn(answers);

        two.Converged.Should().BeTrue();
        two.ParameterCount.Should().Be(23);
        two.Elbo.Should().BeGreaterThan(one.Elbo + 50);
        two.Items.Sum(item => item.Discriminations[0].Value * item.Discriminations[1].Value).Should().BeApproximately(0, 1e-9);
        two.Items.Sum(item => item.Discriminations[0].Value).Should().BePositive();
        double[] sizes = [.. Enumerable.Range(0, 2).Select(j => two.Items.Sum(item => item.Discriminations[j].Value * item.Discriminations[j].Value))];
        sizes[0].Should().BeGreaterThan(sizes[1]);

        // Products of discriminations do not depend on axes: items of one kind go together, others do not.
        Product(0, 1).Should().BeGreaterThan(2 * Product(0, 5));
        MultivariateGaussian abilities = two.Abilities([1, 1, 1, 1, 0, 0, 0, 0]);
        double high = two.Items[0].Probabilities(abilities)[1], low = two.Items[7].Probabilities(abilities)[1];
        high.Should().BeGreaterThan(0.7);
        low.Should().BeLessThan(0.3);

        double Product(int i, int k) =>
            Enumerable.Range(0, 2).Sum(j => two.Items[i].Discriminations[j].Value * two.Items[k].Discriminations[j].Value);
    }

    [Fact]
    public void Ability_IsTheBestGaussianOfTheModel()
    {
        ItemResponseFit fit = new ItemResponse().Learn(Graded(rows: 400));
        double[] answers = [1, 0, double.NaN, 2];

        Gaussian ability = fit.Ability(answers);
        GaussianFit solved = new FixedFormSolver().Solve(fit.Model(), answers);

        ability.Mean.Should().BeApproximately(solved.Posterior[0].Mean, 1e-7);
        ability.Variance.Should().BeApproximately(solved.Posterior[0].Variance, 1e-7);
    }

    [Fact]
    public void Predict_AveragesCategoriesOverAbilities()
    {
        ItemResponseFit fit = new ItemResponse().Learn(Graded(rows: 400), ["w", "x", "y", "z"]);
        double[] answers = [1, 1, double.NaN, 2];
        Gaussian ability = fit.Ability(answers);
        double[] expected = new double[3];
        const double step = 0.01;
        for (double t = -9; t <= 9; t += step)
        {
            double[] given = fit.Items[2].Probabilities([ability.Mean + (ability.StandardDeviation * t)]);
            for (int c = 0; c < 3; c++)
            {
                expected[c] += step * Normal.PDF(0, 1, t) * given[c];
            }
        }

        double[] predicted = fit.Predict("y", answers);

        for (int c = 0; c < 3; c++)
        {
            predicted[c].Should().BeApproximately(expected[c], 1e-9);
        }

        predicted.Sum().Should().BeApproximately(1, 1e-14);
    }

    [Fact]
    public void Item_FollowsItsFormulas()
    {
        ItemResponseFit fit = new ItemResponse().Learn(Graded(rows: 400));
        ResponseItem binary = fit.Items[0], graded = fit.Items[2];
        double a = binary.Discriminations[0].Value, d = binary.Intercepts[0].Value, p = 1 / (1 + Math.Exp(-((0.7 * a) + d)));

        binary.Probabilities([0.7])[1].Should().BeApproximately(p, 1e-14);
        binary.Information([0.7]).Should().BeApproximately(a * a * p * (1 - p), 1e-12);
        binary.Probabilities([binary.Difficulties[0].Value])[1].Should().BeApproximately(0.5, 1e-14);

        double[] middle = graded.Probabilities([graded.Difficulties[1].Value]);
        middle[2].Should().BeApproximately(0.5, 1e-14);
        graded.Intercepts[0].Value.Should().BeGreaterThan(graded.Intercepts[1].Value);
        double b = graded.Discriminations[0].Value, information = 0, step = 1e-5;
        double[] here = graded.Probabilities([0.2]), above = graded.Probabilities([0.2 + step]), below = graded.Probabilities([0.2 - step]);
        for (int c = 0; c < 3; c++)
        {
            information += Math.Pow((above[c] - below[c]) / (2 * step), 2) / here[c];
        }

        b.Should().NotBe(0);
        graded.Information([0.2]).Should().BeApproximately(information, 1e-8);
    }

    [Fact]
    public void Learn_TwoItemsWithADiscriminationEach_SaysWhatIsNotIdentified()
    {
        Matrix<double> answers = Answers(seed: 12, persons: 300).SubMatrix(0, 300, 0, 2);

        ItemResponseFit fit = new ItemResponse().Learn(answers, ["left", "right"]);

        LearningWarning warning = fit.Warnings.Should().ContainSingle(item => item.Kind == LearningWarningKind.Unidentified).Which;
        warning.Message.Should().Be("The answers to 2 items have 3 free probabilities, fewer than the 4 parameters: others give the same likelihood.");
    }

    [Fact]
    public void Learn_Stopped_ReturnsWhatItHas()
    {
        Matrix<double> answers = Answers(seed: 13, persons: 300);
        using var source = new CancellationTokenSource();
        var seen = new List<double>();

        ItemResponseFit limited = new ItemResponse(1, new ItemResponseOptions { MaxIterations = 1, Starts = 1 }).Learn(answers);
        ItemResponseFit cancelled = new ItemResponse(1, new ItemResponseOptions { MaxIterations = 30, Starts = 1 }).Learn(
            answers, progress: new Reporter(value =>
            {
                seen.Add(value);
                source.Cancel();
            }), cancellationToken: source.Token);

        limited.StopReason.Should().Be(StopReason.IterationLimit);
        limited.Converged.Should().BeFalse();
        limited.ElboTrace.Should().HaveCount(2);
        cancelled.StopReason.Should().Be(StopReason.Cancelled);
        seen.Should().ContainSingle().Which.Should().Be(cancelled.Elbo);
        Action late = () => new ItemResponse().Learn(answers, cancellationToken: source.Token);
        late.Should().Throw<OperationCanceledException>();
    }

    [Fact]
    public void Learn_BadAnswers_AreRefusedByName()
    {
        var model = new ItemResponse();
        Matrix<double> Table(double[,] values) => Matrix<double>.Build.DenseOfArray(values);

        Refusal.Of<ArgumentException>(
            () => model.Learn(Table(new[,] { { 0, 1 }, { 1, 0.5 } })), "answers", "answers[1, 1] is 0.5; it must be a category, a whole number from 0 to 99, or NaN where there is none.");
        Refusal.Of<ArgumentException>(
            () => model.Learn(Table(new[,] { { 0.0, 1 }, { 1, 1 } }), ["a", "b"]), "answers", "answers have no 0 for item 'b', column 1; every category from 0 to the highest, at least 1, must be given by someone.");
        Refusal.Of<ArgumentException>(
            () => model.Learn(Table(new[,] { { 0.0, 0 }, { 1, 2 } })), "answers", "answers have no 1 for item 'item2', column 1");
        Refusal.Of<ArgumentException>(
            () => new ItemResponse(3).Learn(Table(new[,] { { 0.0, 0 }, { 1, 1 } })), "answers", "answers have 2 columns; they must have at least 3, the number of dimensions.");
        Refusal.Of<ArgumentException>(
            () => model.Learn(Table(new[,] { { 0.0, 0 }, { 1, 1 } }), ["a"]), "itemNames", "itemNames has 1 elements; it must have 2, one for each item.");
        Refusal.Of<ArgumentOutOfRangeException>(
            () => _ = new ItemResponse(2, new ItemResponseOptions { EqualDiscriminations = true }), "dimensions", "dimensions is 2; it must be 1 where all items have the same discrimination.");
        ItemResponseFit fit = model.Learn(Graded(rows: 100), ["w", "x", "y", "z"]);
        Refusal.Of<ArgumentException>(
            () => fit.Ability([0, 1, 3, 0]), "answers", "answers[2], of item 'y', is 3; it must be a whole number from 0 to 2, or NaN.");
        Refusal.Of<ArgumentException>(() => fit.Predict("q", [0, 1, 1, 0]), "item", "item is 'q'; it must be one of 'w', 'x', 'y', 'z'.");
    }

    [Fact]
    public void Texts_AreWhole()
    {
        ItemResponseFit fit = new ItemResponse(1, new ItemResponseOptions { EqualDiscriminations = true }).Learn(Answers(seed: 2, persons: 400));

        new ItemResponse(2).ToString().Should().Be("item response model of 2 dimensions");
        fit.ToString().Should().MatchRegex("^5 items, 1 dimension, 400 persons: ELBO -1[0-9.]+, 6 parameters, converged \\(CertificateMet\\)$");
        fit.Items[1].ToString().Should().MatchRegex("^item2: discrimination [0-9.]+, difficulty -?[0-9.]+$");
        fit.Summary().Names.Should().Equal(
            "discrimination", "difficulty item1", "difficulty item2", "difficulty item3", "difficulty item4", "difficulty item5");
        fit.Summary(0.9).Columns.Should().Equal("estimate", "standard error", "5 %", "95 %");
    }

    private static Matrix<double> Answers(int seed, int persons) => SiteTables.Draw(
        Matrix<double>.Build.DenseOfColumnArrays([1.2, 0.9, 1.5, 0.8, 1.1]), [0.5, -0.5, 0, 1, -1], [.. Enumerable.Repeat(Likelihood.Bernoulli(), 5)], persons, seed);

    private static Matrix<double> Graded(int rows) => SiteTables.Draw(
        Matrix<double>.Build.DenseOfColumnArrays([1.2, 1.6, 1.5, 0.9]),
        [0.5, -0.5, 0, 0],
        [Likelihood.Bernoulli(), Likelihood.Bernoulli(), Likelihood.Ordinal([-0.8, 0.6]), Likelihood.Ordinal([-0.5, 0.9])],
        rows,
        seed: 21);

    private static double[] Cutpoints(Likelihood likelihood)
    {
        double sum = 0;
        return [.. likelihood.Parameters.Select(parameter => sum += parameter.Value)];
    }

    private sealed class Reporter(Action<double> report) : IProgress<double>
    {
        public void Report(double value) => report(value);
    }
}
