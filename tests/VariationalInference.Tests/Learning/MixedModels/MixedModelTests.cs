using System.Text.Json;
using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using VariationalInference.Tests.Reference;
using Xunit;

namespace VariationalInference.Tests.Learning.MixedModels;

public class MixedModelTests
{
    private static readonly JsonElement Expected = LearningData.Json("mixed_models");

    public static TheoryData<string, bool> ReferenceModels
    {
        get
        {
            var data = new TheoryData<string, bool>();
            foreach (string name in new[] { "penicillin", "sleepstudy_correlated", "insteval_dept4", "oats", "pastes", "machines" })
            {
                data.Add(name, false);
                data.Add(name, true);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(ReferenceModels))]
    public void Fit_IsThatOfTheReference(string name, bool restricted)
    {
        JsonElement expected = Expected.GetProperty(name).GetProperty(restricted ? "REML" : "ML");

        MixedModelFit fit = Model(name).Fit(new MixedModelOptions { Restricted = restricted });

        fit.Converged.Should().BeTrue();
        fit.Warnings.Should().BeEmpty();
        fit.LogLikelihood.Should().BeApproximately(Number(expected, "loglik"), 1e-8);
        fit.ResidualVariance.Should().BeApproximately(Number(expected, "residual_variance"), 1e-6 * Number(expected, "residual_variance"));
        double[] coefficients = Numbers(expected.GetProperty("fixed")), errors = Numbers(expected.GetProperty("fixed_se"));
        for (int j = 0; j < coefficients.Length; j++)
        {
            fit.FixedEffects[j].Estimate.Should().BeApproximately(coefficients[j], 1e-6 * errors[j]);
            fit.FixedEffects[j].StandardError.Should().BeApproximately(errors[j], 1e-6 * errors[j]);
        }

        JsonElement[] variances = [.. expected.GetProperty("variances").EnumerateObject().Select(property => property.Value)];
        for (int t = 0; t < variances.Length; t++)
        {
            AssertCovariance(fit.RandomTerms[t].Covariance(), variances[t]);
        }

        if (expected.TryGetProperty("random", out JsonElement random))
        {
            foreach (RandomTerm term in fit.RandomTerms)
            {
                AssertEffects(term, random.GetProperty(term.Group), Expected.GetProperty(name).GetProperty("levels").GetProperty(term.Group));
            }
        }
    }

    [Fact]
    public void VarianceIntervals_OfSleepstudy_AreLme4sProfiles()
    {
        // confint(fit, method = "profile") of lme4 1.1-31, which profiles the likelihood and interpolates between its points.
        double[][] expected =
        [
            [14.381481116478, 37.716018740322], [3.801164762386, 8.753366659263], [-0.481500443197, 0.684986138967], [22.898266215013, 28.857997322746],
        ];

        VarianceInterval[] intervals = [.. Model("sleepstudy_correlated").Fit().VarianceIntervals()];

        AssertIntervals(intervals, expected, 1e-4);
    }

    [Fact]
    public void VarianceIntervals_OfPenicillin_AreLme4sProfiles() => AssertIntervals(
        [.. Model("penicillin").Fit().VarianceIntervals()],
        [[0.633565965962, 1.18210398513], [1.095789396549, 3.55629177807], [0.485845400117, 0.62945347860]],
        1e-4);

    [Theory]
    [InlineData(0.5)]
    [InlineData(0.95)]
    [InlineData(0.999)]
    public void VarianceIntervals_ByReml_ProfileTheRestrictedLikelihood(double probability)
    {
        // Balanced groups: with the stratum's mean square S = σ² + nτ² free, −2 log L is (N − G) log σ² + SSW/σ² + (G − 1) log S + SSB/S.
        double[][] groups = LearningData.Groups("dyestuff.csv");
        OneWayRandomEffects effects = OneWayRandomEffects.Learn(groups, restricted: true);
        double squares = effects.Anova.SumOfSquaresWithin, freedom = effects.Anova.DegreesOfFreedomWithin;
        double quantile = MathNet.Numerics.Distributions.ChiSquared.InvCDF(1, probability);
        double Excess(double deviation) => (freedom * Math.Log(deviation * deviation)) + (squares / deviation / deviation)
            - (freedom * Math.Log(squares / freedom)) - freedom - quantile;

        VarianceInterval residual = effects.Fit.VarianceIntervals(probability)[1];

        Excess(residual.Lower).Should().BeApproximately(0, 1e-6);
        Excess(residual.Upper).Should().BeApproximately(0, 1e-6);
        residual.Lower.Should().BeLessThan(Math.Sqrt(squares / freedom));
        residual.Upper.Should().BeGreaterThan(Math.Sqrt(squares / freedom));
    }

    [Fact]
    public void VarianceInterval_OfAVarianceAtZero_BeginsThere()
    {
        OneWayRandomEffects effects = OneWayRandomEffects.Learn(LearningData.Groups("nist_sirstv.csv"));

        VarianceInterval between = effects.Fit.VarianceIntervals()[0];

        effects.BetweenVariance.Value.Should().Be(0);
        between.Lower.Should().Be(0);

        // At the upper end the likelihood, maximised over σ² on a grid of the ratio, is 1.92 below its maximum.
        double[][] groups = LearningData.Groups("nist_sirstv.csv");
        double best = Enumerable.Range(1, 200_000).Max(i => BalancedLogLikelihood(groups, between.Upper * between.Upper, i * 1e-7));
        (effects.LogLikelihood - best).Should().BeApproximately(3.841458820694124 / 2, 1e-4);
    }

    [Fact]
    public void VarianceInterval_OfManyLevelsAtZero_EndsWhereTheLikelihoodDoes()
    {
        // Pairs (y, −y): the deviance less its least is G log(1 + 2τ²/σ²) where the mean is known to be zero and all squares are within.
        int pairs = 1_000;
        double[] response = [.. Enumerable.Range(0, 2 * pairs).Select(i => (i % 2 == 0 ? 1 : -1) * (1 + Math.Sin(i / 2)))];
        MixedModelFit fit = new MixedModel("y", response).Random("pair", [.. Enumerable.Range(0, 2 * pairs).Select(i => i / 2)]).Fit();

        VarianceInterval between = fit.VarianceIntervals()[0];

        between.Component.Value.Should().Be(0);
        double Excess(double variance)
        {
            // σ² at its best for τ², by n log of the squares within, which do not depend on τ².
            double within = fit.ResidualVariance * 2 * pairs;
            double Deviance(double sigma) => (pairs * Math.Log(sigma)) + (within / sigma) + (pairs * Math.Log(sigma + (2 * variance)));
            double low = 0.1 * fit.ResidualVariance, high = 10 * fit.ResidualVariance;
            for (int i = 0; i < 200; i++)
            {
                double a = low + ((high - low) / 3), b = high - ((high - low) / 3);
                (low, high) = Deviance(a) < Deviance(b) ? (low, b) : (a, high);
            }

            return Deviance(low) - ((2 * pairs * Math.Log(fit.ResidualVariance)) + (2 * pairs));
        }

        Excess(between.Upper * between.Upper).Should().BeApproximately(3.841458820694124, 1e-4);
    }

    [Theory]
    [InlineData(10, 12)]
    [InlineData(25, 40)]
    public void CellsOfOneRow_LeaveTheirVarianceAndTheResidualOneUnknown(int subjects, int items)
    {
        var random = new System.Random(subjects);
        double[] effects = [.. Enumerable.Range(0, subjects + items).Select(_ => MathNet.Numerics.Distributions.Normal.Sample(random, 0, 1))];
        string[] subject = [.. Enumerable.Range(0, subjects * items).Select(i => $"{i / items}")], item = [.. Enumerable.Range(0, subjects * items).Select(i => $"{i % items}")];
        double[] response = [.. Enumerable.Range(0, subjects * items).Select(
            i => effects[i / items] + effects[subjects + (i % items)] + MathNet.Numerics.Distributions.Normal.Sample(random, 0, 1))];

        MixedModelFit fit = new MixedModel("y", response).Random("cell", MixedModel.Cross(subject, item)).Random("subject", subject).Random("item", item).Fit();

        LearningWarning warning = fit.Warnings.Should().ContainSingle(found => found.Kind == LearningWarningKind.Unidentified).Which;
        warning.Message.Should().Contain("between the levels of cell").And.Contain("residual variance");
        fit.VarianceComponents[^1].StandardError.Should().Be(double.NaN);
        (fit.VarianceComponents[0].Value + fit.ResidualVariance).Should().BeApproximately(1, 0.3);
    }

    [Theory]
    [InlineData(1e-150, 1)]
    [InlineData(1e150, 1)]
    [InlineData(1, 1e-150)]
    [InlineData(1, 1e150)]
    [InlineData(3e8, 7e-9)]
    public void Units_ChangeNothingButUnits(double responseUnit, double covariateUnit)
    {
        (double[] reaction, double[] days, string[] subject) = Sleepstudy();
        MixedModelFit plain = Model("sleepstudy_correlated").Fit();
        double[] covariate = [.. days.Select(day => day * covariateUnit)];

        MixedModelFit scaled = new MixedModel("reaction", reaction.Select(value => value * responseUnit).ToArray())
            .Fixed("days", covariate).Random("subject", subject, slopes: [("days", covariate)]).Fit();

        scaled.Converged.Should().BeTrue();
        (scaled.LogLikelihood + (180 * Math.Log(responseUnit))).Should().BeApproximately(plain.LogLikelihood, 1e-9 * Math.Max(1, Math.Abs(180 * Math.Log(responseUnit))));
        (scaled.FixedEffects[1].Estimate / responseUnit * covariateUnit).Should().BeApproximately(plain.FixedEffects[1].Estimate, 1e-9);
        (scaled.FixedEffects[1].StandardError / responseUnit * covariateUnit).Should().BeApproximately(plain.FixedEffects[1].StandardError, 1e-8);
        (scaled.VarianceComponents[0].SdOrCorrelation / responseUnit).Should().BeApproximately(plain.VarianceComponents[0].SdOrCorrelation, 1e-6);
        scaled.VarianceComponents[2].SdOrCorrelation.Should().BeApproximately(plain.VarianceComponents[2].SdOrCorrelation, 1e-6);
        (scaled.RandomTerms[0]["309", 1].Mean / responseUnit * covariateUnit).Should().BeApproximately(plain.RandomTerms[0]["309", 1].Mean, 1e-6);
    }

    [Fact]
    public void SlopesFarFromZero_AreThoseNearIt()
    {
        (double[] reaction, double[] days, string[] subject) = Sleepstudy();
        double[] years = [.. days.Select(day => day + 20_000)];

        MixedModelFit near = Model("sleepstudy_correlated").Fit();
        MixedModelFit far = new MixedModel("reaction", reaction).Fixed("years", years).Random("subject", subject, slopes: [("years", years)]).Fit();

        far.Converged.Should().BeTrue();
        far.LogLikelihood.Should().BeApproximately(near.LogLikelihood, 1e-9);
        far.FixedEffects[1].Estimate.Should().BeApproximately(near.FixedEffects[1].Estimate, 1e-9);

        // Var(b₀ − 20000 b₁) of the covariance near zero.
        Matrix<double> covariance = near.RandomTerms[0].Covariance();
        Vector<double> weights = Vector<double>.Build.Dense([1, -20_000]);
        double expected = weights * covariance * weights;
        far.VarianceComponents[0].Value.Should().BeApproximately(expected, 1e-6 * expected);
        far.VarianceComponents[1].Value.Should().BeApproximately(covariance[1, 1], 1e-6 * covariance[1, 1]);
        VarianceInterval[] expectedIntervals = [.. near.VarianceIntervals()], intervals = [.. far.VarianceIntervals()];
        intervals[1].Lower.Should().BeApproximately(expectedIntervals[1].Lower, 1e-5);
        intervals[1].Upper.Should().BeApproximately(expectedIntervals[1].Upper, 1e-5);

        // The effects at the origin are all slope: their correlation is −1 but for the seventh digit, and its interval is about it.
        double correlation = far.VarianceComponents[2].SdOrCorrelation;
        correlation.Should().BeInRange(-1, -0.999_999);
        intervals[2].Lower.Should().BeLessThan(correlation);
        intervals[2].Upper.Should().BeGreaterThan(correlation);
        intervals[2].Upper.Should().BeLessThan(-0.999_99);
    }

    [Fact]
    public void OrderOfRowsTermsAndLabels_DoesNotMatter()
    {
        string[][] lines = LearningData.Lines("penicillin.csv")[1..];
        MixedModelFit plain = Model("penicillin").Fit();
        string[][] shuffled = [.. lines.OrderBy(line => (line[0] + line[1] + line[2]).Sum(c => c * 7919) % 101)];

        MixedModelFit other = new MixedModel("diameter", shuffled.Select(line => double.Parse(line[Place("penicillin.csv", "diameter")])).ToArray())
            .Random("sample", shuffled.Select(line => line[Place("penicillin.csv", "sample")]).ToArray())
            .Random("plate", shuffled.Select(line => line[Place("penicillin.csv", "plate")]).ToArray()).Fit();

        other.LogLikelihood.Should().BeApproximately(plain.LogLikelihood, 1e-9);
        other.RandomTerms[1]["c"].Mean.Should().BeApproximately(plain.RandomTerms[0]["c"].Mean, 1e-6);
        other.RandomTerms[0]["F"].Sd.Should().BeApproximately(plain.RandomTerms[1]["F"].Sd, 1e-6);
    }

    [Fact]
    public void Threads_DoNotChangeABit()
    {
        var random = new System.Random(5);
        int rows = 4_000;
        int[] first = [.. Enumerable.Range(0, rows).Select(_ => random.Next(400))], second = [.. Enumerable.Range(0, rows).Select(_ => random.Next(250))];
        double[] response = [.. Enumerable.Range(0, rows).Select(i => random.NextDouble() + (0.001 * first[i]) + (0.002 * second[i]))];
        MixedModel model = new MixedModel("y", response).Random("first", first).Random("second", second);

        string[] fits = [.. new[] { 1, 2, 5 }.Select(threads =>
        {
            MixedModelFit fit = model.Fit(new MixedModelOptions { MaxThreads = threads });
            return FormattableString.Invariant($"{fit.LogLikelihood:R} {fit.ResidualVariance:R} {fit.RandomTerms[1].Posterior(7).Mean:R} {fit.RandomTerms[0].Posterior(9).Sd:R}");
        })];

        fits.Distinct().Should().ContainSingle();
    }

    [Fact]
    public void NestedFactors_FallIntoBlocksOfTheirOwn()
    {
        // 6,000 pupils in 600 classes in 60 schools: 660 effects beside the pupils' would take 3.5 MB in one block.
        int pupils = 6_000;
        int[] pupil = [.. Enumerable.Range(0, 2 * pupils).Select(i => i / 2)];
        int[] school = [.. pupil.Select(i => i / 100)], inSchool = [.. pupil.Select(i => i / 10)];
        var random = new System.Random(6);
        double[] effects = [.. Enumerable.Range(0, 10_000).Select(_ => MathNet.Numerics.Distributions.Normal.Sample(random, 0, 1))];
        double[] score = [.. pupil.Select((p, i) => effects[p] + effects[8_000 + school[i]] + effects[9_000 + inSchool[i]] + (0.7 * MathNet.Numerics.Distributions.Normal.Sample(random, 0, 1)))];

        MixedModelFit fit = new MixedModel("score", score).Random("pupil", pupil).Random("class", inSchool).Random("school", school).Fit();

        fit.Converged.Should().BeTrue();
        RestColumns rest = fit.Estimate.Objective.Criterion.Reduction.Rest!;
        rest.BlockOrders.Should().HaveCount(60).And.OnlyContain(order => order == 11);
        fit.VarianceComponents.Select(component => component.SdOrCorrelation).Should().SatisfyRespectively(
            sd => sd.Should().BeApproximately(1, 0.05),
            sd => sd.Should().BeApproximately(1, 0.1),
            sd => sd.Should().BeApproximately(1, 0.3),
            sd => sd.Should().BeApproximately(0.7, 0.03));
    }

    [Fact]
    public void LikelihoodRatio_IsThatOfTheTwoFits()
    {
        (double[] reaction, double[] days, string[] subject) = Sleepstudy();
        MixedModel intercepts = new MixedModel("reaction", reaction).Fixed("days", days).Random("subject", subject);
        MixedModel independent = new MixedModel("reaction", reaction).Fixed("days", days).Random("subject", subject, slopes: [("days", days)], correlated: false);
        MixedModelFit correlated = Model("sleepstudy_correlated").Fit();

        // anova() of lme4: 0.06391 with 1 degree of freedom, 0.80042.
        LikelihoodRatioTest test = LikelihoodRatioTest.Of(independent.Fit(), correlated);
        LikelihoodRatioTest slopes = LikelihoodRatioTest.Of(intercepts.Fit(), correlated);

        test.ChiSquare.Should().BeApproximately(0.06391, 1e-5);
        test.DegreesOfFreedom.Should().Be(1);
        test.PValue.Should().BeApproximately(0.80042, 1e-5);
        slopes.DegreesOfFreedom.Should().Be(2);
        slopes.ChiSquare.Should().BeApproximately(2 * (correlated.LogLikelihood - intercepts.Fit().LogLikelihood), 1e-9);
        slopes.PValue.Should().BeApproximately(Math.Exp(-slopes.ChiSquare / 2), 1e-15);
        correlated.Aic.Should().BeApproximately(1763.93934449, 1e-6);
        correlated.Bic.Should().BeApproximately(1783.09708559, 1e-6);
    }

    [Fact]
    public void LikelihoodRatio_OfModelsThatAreNotNested_IsRefused()
    {
        (double[] reaction, double[] days, string[] subject) = Sleepstudy();
        var restricted = new MixedModelOptions { Restricted = true };
        MixedModel none = new MixedModel("reaction", reaction).Random("subject", subject);
        MixedModel fixedDays = none.Fixed("days", days);
        MixedModel other = new MixedModel("reaction", reaction).Fixed("square", days.Select(day => day * day).ToArray()).Random("subject", subject, slopes: [("days", days)]);
        string[] groups = [.. subject.Select(label => label[..2])];

        Refuse(none.Fit(restricted), fixedDays.Fit(restricted), "larger has other fixed effects than smaller, and restricted likelihoods");
        Refuse(none.Fit(), fixedDays.Fit(restricted), "larger is fitted by another likelihood than smaller");
        Refuse(fixedDays.Fit(), other.Fit(), "larger lacks fixed effects of smaller");
        Refuse(fixedDays.Fit(), new MixedModel("reaction", reaction).Fixed("days", days).Random("group", groups).Fit(), "larger lacks random effects of smaller");
        Refuse(
            fixedDays.Fit(restricted),
            new MixedModel("reaction", reaction).Fixed("days", days.Select(day => day / 7).ToArray()).Random("subject", subject, slopes: [("days", days.Select(day => day / 7).ToArray())]).Fit(restricted),
            "larger has other fixed effects than smaller, and restricted likelihoods");
        MixedModelFit unbounded = new MixedModel("y", [1, 1, 2, 2, 4, 4]).Random("g", [0, 0, 1, 1, 2, 2]).Fit();
        Refusal.Of<ArgumentException>(
            () => LikelihoodRatioTest.Of(unbounded, unbounded), "smaller", "smaller has a likelihood without limit; both must be at their maxima.");
        Refuse(fixedDays.Fit(), fixedDays.Fit(), "larger has 4 parameters; it must have more than smaller, which has 4");
        reaction[0] += 1;
        Refuse(none.Fit(), new MixedModel("reaction", reaction).Fixed("days", days).Random("subject", subject).Fit(), "larger has other responses");

        static void Refuse(MixedModelFit smaller, MixedModelFit larger, string message) =>
            Refusal.Of<ArgumentException>(() => LikelihoodRatioTest.Of(smaller, larger), "larger", message);
    }

    [Fact]
    public void Simulate_DrawsFromTheFittedModel_AndRefitFindsItAgain()
    {
        MixedModelFit fit = Model("sleepstudy_correlated").Fit();
        double[][] draws = [.. Enumerable.Range(0, 4_000).Select(fit.Simulate)];

        fit.Simulate(3).Should().Equal(draws[3]);
        draws[3].Should().NotEqual(draws[4]);

        // The first two rows are days 0 and 1 of one subject, the last is of another.
        double[] means = [.. new[] { 0, 1, 179 }.Select(i => draws.Average(draw => draw[i]))];
        Matrix<double> covariance = fit.RandomTerms[0].Covariance();
        double first = covariance[0, 0] + fit.ResidualVariance, between = covariance[0, 0] + covariance[0, 1];
        means[0].Should().BeApproximately(fit.FixedEffects[0].Estimate, 5 * Math.Sqrt(first / 4_000));
        draws.Average(draw => Math.Pow(draw[0] - means[0], 2)).Should().BeApproximately(first, 5 * first * Math.Sqrt(2.0 / 4_000));
        draws.Average(draw => (draw[0] - means[0]) * (draw[1] - means[1])).Should().BeApproximately(between, 5 * first * Math.Sqrt(2.0 / 4_000));
        draws.Average(draw => (draw[0] - means[0]) * (draw[179] - means[2])).Should().BeApproximately(0, 10 * first / Math.Sqrt(4_000));
        MixedModelFit[] refits = [.. draws.Take(60).Select(draw => fit.Refit(draw))];
        refits.Average(refit => refit.FixedEffects[1].Estimate).Should().BeApproximately(fit.FixedEffects[1].Estimate, 4 * fit.FixedEffects[1].StandardError / Math.Sqrt(60));
        refits.Average(refit => refit.ResidualVariance).Should().BeApproximately(fit.ResidualVariance, 4 * fit.VarianceComponents[^1].StandardError / Math.Sqrt(60));
    }

    [Fact]
    public void FixedFactor_ComparesWithTheFirstLabel()
    {
        MixedModelFit fit = Model("machines").Fit();

        fit.FixedEffects.Select(effect => effect.Name).Should().Equal("(Intercept)", "Machine[B]", "Machine[C]");
        Prediction b = fit.Predict([], [("Machine", ["B"]), ("Worker", [null]), ("Worker:Machine", [null])])[0];
        b.Mean.Should().BeApproximately(fit.FixedEffects[0].Estimate + fit.FixedEffects[1].Estimate, 1e-9);
        Refusal.Of<ArgumentException>(
            () => fit.Predict([], [("Machine", ["D"]), ("Worker", [null]), ("Worker:Machine", [null])]),
            "groups",
            "groups[\"Machine\"][0] is \"D\"; it must be one of \"A\", \"B\", \"C\".");
    }

    [Fact]
    public void Cancelling_ReturnsTheBestSoFar()
    {
        using var cancellation = new CancellationTokenSource();
        var progress = new FirstReport(cancellation.Cancel);

        MixedModelFit fit = Model("penicillin").Fit(null, progress, cancellation.Token);

        fit.WasCancelled.Should().BeTrue();
        fit.Converged.Should().BeFalse();
        fit.LogLikelihood.Should().BeApproximately(progress.Value, 1e-9);
        fit.LogLikelihood.Should().BeApproximately(-166.09417433425014, 1e-6);
        using var before = new CancellationTokenSource();
        before.Cancel();
        MixedModelFit atOnce = Model("penicillin").Fit(null, null, before.Token);
        atOnce.WasCancelled.Should().BeTrue();
        double.IsFinite(atOnce.LogLikelihood).Should().BeTrue();
    }

    [Fact]
    public void Summary_ReadsAsATable() => Model("sleepstudy_correlated").Fit(new MixedModelOptions { Restricted = true }).Summary().ToString().Should().Be(
        """
        Linear mixed model by REML
        reaction ~ (Intercept) + days + ((Intercept) + days | subject)

        restricted log likelihood -871.8141, AIC 1755.63, BIC 1774.79
        180 observations; subject: 18 levels

        Random effects
         group     effect       variance      sd  correlation
         subject   (Intercept)    612.09   24.74
                   days           35.072  5.9221         0.07
         Residual                 654.94  25.592

        Fixed effects
                      estimate  standard error      z       95 % interval
         (Intercept)   251.405          6.8246  36.84  238.029 to 264.781
         days           10.467          1.5458   6.77     7.438 to 13.497
        """.ReplaceLineEndings("\n"));

    private static MixedModel Model(string name)
    {
        switch (name)
        {
            case "penicillin":
                return new MixedModel("diameter", Numbers("penicillin.csv", "diameter"))
                    .Random("plate", Texts("penicillin.csv", "plate")).Random("sample", Texts("penicillin.csv", "sample"));
            case "sleepstudy_correlated":
                (double[] reaction, double[] days, string[] subject) = Sleepstudy();
                return new MixedModel("reaction", reaction).Fixed("days", days).Random("subject", subject, slopes: [("days", days)]);
            case "insteval_dept4":
                return new MixedModel("y", Numbers("insteval_dept4.csv", "y")).Fixed("service", Numbers("insteval_dept4.csv", "service"))
                    .Random("student", Texts("insteval_dept4.csv", "student")).Random("lecturer", Texts("insteval_dept4.csv", "lecturer"));
            case "oats":
                string[] block = Texts("oats.csv", "block");
                return new MixedModel("yield", Numbers("oats.csv", "yield")).Fixed("nitro", Numbers("oats.csv", "nitro"))
                    .Random("block", block).Random("block:variety", MixedModel.Cross(block, Texts("oats.csv", "variety")));
            case "pastes":
                return new MixedModel("strength", Numbers("pastes.csv", "strength"))
                    .Random("sample", Texts("pastes.csv", "sample")).Random("batch", Texts("pastes.csv", "batch"));
            default:
                string[] worker = Texts("machines.csv", "Worker"), machine = Texts("machines.csv", "Machine");
                return new MixedModel("score", Numbers("machines.csv", "score")).FixedFactor("Machine", machine)
                    .Random("Worker", worker).Random("Worker:Machine", MixedModel.Cross(worker, machine));
        }
    }

    private static (double[] Reaction, double[] Days, string[] Subject) Sleepstudy()
    {
        string[][] lines = LearningData.Lines("sleepstudy.csv")[1..];
        return ([.. lines.Select(line => double.Parse(line[0]))], [.. lines.Select(line => double.Parse(line[1]))], [.. lines.Select(line => line[2])]);
    }

    private static int Place(string file, string column) => Array.IndexOf(LearningData.Lines(file)[0], column);

    private static double[] Numbers(string file, string column) => [.. Texts(file, column).Select(double.Parse)];

    private static string[] Texts(string file, string column) => [.. LearningData.Lines(file)[1..].Select(line => line[Place(file, column)])];

    private static double Number(JsonElement element, string field) => element.GetProperty(field).GetDouble();

    private static double[] Numbers(JsonElement element) => element.ValueKind == JsonValueKind.Array
        ? [.. element.EnumerateArray().Select(value => value.GetDouble())]
        : [.. element.EnumerateObject().Select(property => property.Value.GetDouble())];

    private static void AssertCovariance(Matrix<double> covariance, JsonElement expected)
    {
        double[][] rows = expected.ValueKind == JsonValueKind.Number
            ? [[expected.GetDouble()]]
            : [.. expected.EnumerateArray().Select(Numbers)];
        for (int a = 0; a < rows.Length; a++)
        {
            for (int b = 0; b < rows.Length; b++)
            {
                covariance[a, b].Should().BeApproximately(rows[a][b], 1e-6 * Math.Sqrt(rows[a][a] * rows[b][b]));
            }
        }
    }

    private static void AssertEffects(RandomTerm term, JsonElement expected, JsonElement levels)
    {
        JsonElement[] means = [.. expected.GetProperty("mean").EnumerateArray()], deviations = [.. expected.GetProperty("sd_given_fixed_effects").EnumerateArray()];
        string[] labels = [.. levels.EnumerateArray().Select(label => label.GetString()!)];
        for (int level = 0; level < labels.Length; level++)
        {
            double[] mean = means[level].ValueKind == JsonValueKind.Array ? Numbers(means[level]) : [means[level].GetDouble()];
            double[] deviation = deviations[level].ValueKind == JsonValueKind.Array ? Numbers(deviations[level]) : [deviations[level].GetDouble()];
            for (int e = 0; e < mean.Length; e++)
            {
                term[labels[level], e].Mean.Should().BeApproximately(mean[e], 1e-6 * deviation[e]);
                term[labels[level], e].ConditionalSd.Should().BeApproximately(deviation[e], 1e-6 * deviation[e]);
            }
        }
    }

    private static void AssertIntervals(VarianceInterval[] intervals, double[][] expected, double tolerance)
    {
        intervals.Should().HaveCount(expected.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            intervals[i].Lower.Should().BeApproximately(expected[i][0], tolerance * Math.Abs(expected[i][0]));
            intervals[i].Upper.Should().BeApproximately(expected[i][1], tolerance * Math.Abs(expected[i][1]));
        }
    }

    private static double BalancedLogLikelihood(double[][] groups, double between, double within)
    {
        int count = groups.Length, cells = groups[0].Length;
        double grand = groups.Average(group => group.Average());
        double squaresWithin = groups.Sum(group => group.Sum(value => Math.Pow(value - group.Average(), 2)));
        double squaresBetween = cells * groups.Sum(group => Math.Pow(group.Average() - grand, 2));
        double stratum = within + (cells * between);
        return -0.5 * ((count * cells * Math.Log(2 * Math.PI)) + (count * (cells - 1) * Math.Log(within)) + (squaresWithin / within)
            + (count * Math.Log(stratum)) + (squaresBetween / stratum));
    }

    private sealed class FirstReport(Action act) : IProgress<double>
    {
        public double Value { get; private set; } = double.NaN;

        public void Report(double value)
        {
            Value = value;
            act();
        }
    }
}
