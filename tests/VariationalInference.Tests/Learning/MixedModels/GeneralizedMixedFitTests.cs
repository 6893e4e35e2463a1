using System.Globalization;
using System.Text.Json;
using FluentAssertions;
using MathNet.Numerics.Distributions;
using MathNet.Numerics.Random;
using Xunit;

namespace VariationalInference.Tests.Learning.MixedModels;

public sealed class GeneralizedMixedFitTests
{
    [Fact]
    public void Fit_GammaGroups_IsTheReferenceOptimumAndCloseToMaximumLikelihood()
    {
        Dictionary<string, string[]> data = Read("sim_gamma_groups");
        JsonElement expected = Expected("sim_gamma_groups"), exact = expected.GetProperty("ml_quadrature");

        GeneralizedMixedFit fit = new MixedModel("y", Numbers(data["y"])).Fixed("x", Numbers(data["x"])).Random("group", data["group"]).Fit(Likelihood.Gamma());

        Agrees(fit, expected);
        fit.Parameters.Should().ContainSingle().Which.Estimate.Should().BeApproximately(expected.GetProperty("shape").GetDouble(), 1e-6);
        fit.VarianceComponents[0].Value.Should().BeApproximately(expected.GetProperty("variances").GetProperty("group").GetDouble(), 1e-6);
        JsonElement random = expected.GetProperty("random").GetProperty("group");
        for (int level = 0; level < 25; level++)
        {
            Gaussian effect = fit.RandomEffect("group", Invariant($"g{level:D2}"));
            effect.Mean.Should().BeApproximately(random.GetProperty("mean")[level].GetDouble(), 1e-6);
            effect.StandardDeviation.Should().BeApproximately(random.GetProperty("sd")[level].GetDouble(), 1e-6);
        }

        // The bound is 0.09 nats short of the likelihood, integrated by quadrature; its optimum moves by less than a twentieth of a standard error.
        (exact.GetProperty("loglik").GetDouble() - fit.Elbo).Should().BeInRange(0, 0.1);
        foreach (FixedEffect effect in fit.FixedEffects)
        {
            effect.Estimate.Should().BeApproximately(exact.GetProperty("fixed").GetProperty(effect.Name).GetDouble(), 0.05 * effect.StandardError);
        }

        fit.VarianceComponents[0].Value.Should().BeApproximately(
            exact.GetProperty("variances").GetProperty("group").GetDouble(), 0.05 * fit.VarianceComponents[0].StandardError);
    }

    [Fact]
    public void Fit_LogitWithCorrelatedSlopes_IsTheReferenceOptimum()
    {
        Dictionary<string, string[]> data = Read("sim_logit_slopes");
        JsonElement expected = Expected("sim_logit_slopes");
        double[] x = Numbers(data["x"]);

        GeneralizedMixedFit fit = new MixedModel("y", Numbers(data["y"])).Fixed("x", x).Random("group", data["group"], [("x", x)]).Fit(Likelihood.Bernoulli());

        Agrees(fit, expected);
        double[] covariance = [.. expected.GetProperty("variances").GetProperty("group").EnumerateArray().SelectMany(row => row.EnumerateArray()).Select(item => item.GetDouble())];
        fit.VarianceComponents.Select(component => component.OtherEffect).Should().Equal(null, "x", null);
        fit.VarianceComponents[0].Value.Should().BeApproximately(covariance[0], 1e-6);
        fit.VarianceComponents[1].Value.Should().BeApproximately(covariance[1], 1e-6);
        fit.VarianceComponents[2].Value.Should().BeApproximately(covariance[3], 1e-6);

        // lme4's standard errors (nAGQ = 1, all parameters) are 0.16651 and 0.16507; its approximation is another.
        fit.FixedEffects[0].StandardError.Should().BeApproximately(0.16651, 0.005);
        fit.FixedEffects[1].StandardError.Should().BeApproximately(0.16507, 0.01);
        fit.RandomEffect("group", "g03", "x").Mean.Should().BeApproximately(
            expected.GetProperty("random").GetProperty("group").GetProperty("mean")[3][1].GetDouble(), 1e-5);
    }

    [Fact]
    public void Fit_PoissonNested_IsTheReferenceOptimum()
    {
        Dictionary<string, string[]> data = Read("sim_poisson_nested");
        JsonElement expected = Expected("sim_poisson_nested");

        GeneralizedMixedFit fit = new MixedModel("y", Numbers(data["y"])).Fixed("x", Numbers(data["x"]))
            .Random("school", data["school"]).Random("class", data["class"]).Fit(Likelihood.Poisson());

        Agrees(fit, expected);
        foreach (VarianceComponent component in fit.VarianceComponents)
        {
            component.Value.Should().BeApproximately(expected.GetProperty("variances").GetProperty(component.Group).GetDouble(), 1e-6);
        }

        fit.RandomEffect("school", "s04").Mean.Should().BeApproximately(expected.GetProperty("random").GetProperty("school").GetProperty("mean")[4].GetDouble(), 1e-6);
        fit.Fitted().Sum().Should().BeApproximately(Numbers(data["y"]).Sum(), 1e-5, "fixed effects with an intercept reproduce the sum: Xᵀg = 0");
    }

    /// <summary>With Gaussian responses the bound is the likelihood, which another part of the library maximises by orthogonal reduction.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Fit_GaussianResponses_IsMaximumLikelihood(bool slopes)
    {
        (MixedModel model, _, _) = Crossed(Likelihood.Gaussian(0.5), seed: 3, slopes);

        MixedModelFit exact = model.Fit();
        GeneralizedMixedFit fit = model.Fit(Likelihood.Gaussian());

        fit.Converged.Should().BeTrue();
        fit.Elbo.Should().BeApproximately(exact.LogLikelihood, 1e-7);
        for (int j = 0; j < 2; j++)
        {
            fit.FixedEffects[j].Estimate.Should().BeApproximately(exact.FixedEffects[j].Estimate, 1e-4 * exact.FixedEffects[j].StandardError);
            fit.FixedEffects[j].StandardError.Should().BeApproximately(exact.FixedEffects[j].StandardError, 1e-3 * exact.FixedEffects[j].StandardError);
        }

        fit.Parameters[0].Estimate.Should().BeApproximately(exact.ResidualVariance, 1e-5);
        foreach (VarianceComponent component in fit.VarianceComponents)
        {
            VarianceComponent same = exact.VarianceComponents.Single(
                item => item.Group == component.Group && item.Effect == component.Effect && item.OtherEffect == component.OtherEffect);
            component.Value.Should().BeApproximately(same.Value, 1e-5);
            component.StandardError.Should().BeApproximately(same.StandardError, 0.01 * same.StandardError);
        }

        RandomTerm term = exact.RandomTerms.Single(item => item.Group == "b");
        fit.RandomEffect("b", "b1").Mean.Should().BeApproximately(term["b1"].Mean, 1e-5);
        fit.RandomEffect("b", "b1").StandardDeviation.Should().BeApproximately(term["b1"].ConditionalSd, 1e-5);
    }

    [Fact]
    public void Fit_BinomialTrials_AreTheSumOfTheirBernoulliResponses()
    {
        (_, double[] responses, string[][] labels) = Crossed(Likelihood.Bernoulli(), seed: 5, slopes: false);

        // Each cell of the two factors has several answers.
        var cells = Enumerable.Range(0, responses.Length).GroupBy(i => (labels[0][i], labels[1][i])).ToArray();
        double[] successes = [.. cells.Select(cell => cell.Sum(i => responses[i]))], trials = [.. cells.Select(cell => (double)cell.Count())];
        double constant = successes.Zip(trials, (y, n) => MathNet.Numerics.SpecialFunctions.BinomialLn((int)n, (int)y)).Sum();

        GeneralizedMixedFit one = new MixedModel("y", responses).Random("a", labels[0]).Random("b", labels[1]).Fit(Likelihood.Bernoulli());
        GeneralizedMixedFit sum = new MixedModel("y", successes).Random("a", [.. cells.Select(cell => cell.Key.Item1)]).Random("b", [.. cells.Select(cell => cell.Key.Item2)])
            .Fit(Likelihood.Binomial(), trials);

        sum.Elbo.Should().BeApproximately(one.Elbo + constant, 1e-7);
        sum.FixedEffects[0].Estimate.Should().BeApproximately(one.FixedEffects[0].Estimate, 1e-5);
        sum.VarianceComponents[0].Value.Should().BeApproximately(one.VarianceComponents[0].Value, 1e-5);
    }

    [Fact]
    public void Fit_TwoOrderedClasses_AreBernoulliResponses()
    {
        (MixedModel model, _, _) = Crossed(Likelihood.Bernoulli(), seed: 6, slopes: false);

        GeneralizedMixedFit binary = model.Fit(Likelihood.Bernoulli()), ordered = model.Fit(Likelihood.Ordinal([0.3]));

        ordered.Elbo.Should().BeApproximately(binary.Elbo, 1e-7);
        ordered.FixedEffects.Should().ContainSingle().Which.Name.Should().Be("x");
        ordered.Parameters.Should().ContainSingle();
        ordered.Parameters[0].Name.Should().Be("cutpoint 0|1");
        ordered.Parameters[0].Estimate.Should().BeApproximately(-binary.FixedEffects[0].Estimate, 1e-5);
        ordered.Parameters[0].StandardError.Should().BeApproximately(binary.FixedEffects[0].StandardError, 1e-4);
    }

    [Theory]
    [InlineData("ordinal")]
    [InlineData("negative binomial")]
    [InlineData("bernoulli")]
    public void Profile_Gradient_IsItsDerivative(string kind)
    {
        Likelihood likelihood = kind switch
        {
            "ordinal" => Likelihood.Ordinal([-1, 0.2, 1.2]),
            "bernoulli" => Likelihood.Bernoulli(),
            _ => Likelihood.NegativeBinomial(2),
        };
        (MixedModel model, _, _) = Crossed(likelihood, seed: 8, slopes: true);
        SiteColumn column = SiteColumn.Of(likelihood);
        var profile = new MixedSiteProfile(new MixedSiteDesign(model, []), column, maxThreads: 1);
        double[] point = [0.3, .. Enumerable.Range(0, profile.Elements.Length).Select(v => 0.4 + (0.1 * v)), .. column.Places()];
        point = [0.2, .. point];
        var gradient = new double[point.Length];
        profile.ValueWithEffects(point, gradient);

        const double step = 1e-4;
        for (int i = 0; i < point.Length; i++)
        {
            double[] moved = [.. point], unused = new double[point.Length];
            moved[i] += step;
            double above = profile.ValueWithEffects(moved, unused);
            moved[i] -= 2 * step;
            double below = profile.ValueWithEffects(moved, unused);
            gradient[i].Should().BeApproximately((above - below) / (2 * step), 1e-5 * (1 + Math.Abs(gradient[i])));
        }
    }

    [Fact]
    public void Fit_GroupsThatDoNotDiffer_PutsTheVarianceAtZeroAndSaysSo()
    {
        // Every group has the same counts.
        double[] counts = [.. Enumerable.Range(0, 60).Select(i => (double)(1 + (i % 5)))];
        string[] groups = [.. Enumerable.Range(0, 60).Select(i => Invariant($"g{i / 5}"))];

        GeneralizedMixedFit fit = new MixedModel("y", counts).Random("g", groups).Fit(Likelihood.Poisson());

        fit.VarianceComponents[0].Value.Should().Be(0);
        fit.VarianceComponents[0].StandardError.Should().Be(double.NaN);
        fit.Warnings.Should().ContainSingle().Which.Kind.Should().Be(LearningWarningKind.PriorVarianceAtZero);
        fit.FixedEffects[0].Estimate.Should().BeApproximately(Math.Log(3), 1e-9, "the mean of the counts");
        fit.FixedEffects[0].StandardError.Should().BeApproximately(1 / Math.Sqrt(180), 1e-6, "that of 180 events");
    }

    [Fact]
    public void Fit_MissingResponses_DoNotCount()
    {
        (MixedModel model, double[] responses, string[][] labels) = Crossed(Likelihood.Poisson(), seed: 9, slopes: false);
        double[] more = [.. responses, double.NaN];

        GeneralizedMixedFit fit = new MixedModel("y", responses).Random("a", labels[0]).Random("b", labels[1]).Fit(Likelihood.Poisson());
        GeneralizedMixedFit with = new MixedModel("y", more).Random("a", [.. labels[0], "a0"]).Random("b", [.. labels[1], "b0"]).Fit(Likelihood.Poisson());

        with.Elbo.Should().BeApproximately(fit.Elbo, 1e-9);
        with.ResponseCount.Should().Be(responses.Length);
        with.Fitted()[^1].Should().Be(double.NaN);
        model.RowCount.Should().Be(responses.Length);
    }

    [Fact]
    public void Fit_BadInput_IsRefusedByName()
    {
        MixedModel model = new MixedModel("y", [0, 1, 0.5, 1]).Random("g", ["a", "a", "b", "b"]);
        MixedModel counts = new MixedModel("y", [0, 1, 3, 1]).Random("g", ["a", "a", "b", "b"]);

        Refusal.Of<ArgumentException>(() => model.Fit(Likelihood.Bernoulli()), "likelihood", "likelihood is Bernoulli (logit), and response 2 is 0.5; it must be 0 or 1, or NaN where it is missing.");
        Refusal.Of<ArgumentException>(() => counts.Fit(Likelihood.Poisson(), [1, 2]), "sizes", "sizes has 2 elements; it must have 4, one for each response.");
        Refusal.Of<ArgumentException>(() => counts.Fit(Likelihood.Poisson(), [1, 2, 0, 1]), "sizes", "sizes[2] is 0; it must be an exposure, positive and finite.");
        counts.Invoking(item => item.Fit(Likelihood.Poisson(), [], new MixedModelOptions { Restricted = true })).Should().Throw<InvalidOperationException>().WithMessage("Restricted is true;*");
        counts.WithoutIntercept().Invoking(item => item.Fit(Likelihood.Ordinal([0, 1, 2]))).Should().Throw<InvalidOperationException>().WithMessage("The model has no intercept;*");
        new MixedModel("y", [0, 1, 3, 1]).Invoking(item => item.Fit(Likelihood.Poisson())).Should().Throw<InvalidOperationException>().WithMessage("The model has no random term;*");
        new MixedModel("y", [0, 1, 3, 1], [1, 2, 1, 1]).Random("g", ["a", "a", "b", "b"]).Invoking(item => item.Fit(Likelihood.Poisson())).Should()
            .Throw<InvalidOperationException>().WithMessage("The model has weights;*");
        GeneralizedMixedFit fit = counts.Fit(Likelihood.Poisson());
        Refusal.Of<ArgumentException>(() => fit.RandomEffect("h", "a"), "group", "group is 'h'; it must be one of 'g'.");
        Refusal.Of<ArgumentException>(() => fit.RandomEffect("g", "c"), "level", "level is 'c'; it must be one of 'a', 'b'.");
        Refusal.Of<ArgumentException>(() => fit.RandomEffect("g", "a", "x"), "effect", "effect is 'x'; it must be one of '(Intercept)'.");
    }

    /// <summary>Counts that vary less than Poisson's leave the negative binomial's dispersion without an end.</summary>
    [Fact]
    public void Fit_DispersionWithoutEnd_IsWarnedOf()
    {
        double[] counts = [3, 4, 3, 4, 3, 4, 6, 7, 6, 7, 6, 7, 2, 3, 2, 3, 2, 3];
        string[] groups = [.. Enumerable.Range(0, counts.Length).Select(n => $"{n / 6}")];

        GeneralizedMixedFit fit = new MixedModel("n", counts).Random("group", groups).Fit(Likelihood.NegativeBinomial());

        fit.Warnings.Should().Contain(warning => warning.Kind == LearningWarningKind.UnlimitedParameter && warning.Message.Contains("dispersion size", StringComparison.Ordinal));
        fit.Elbo.Should().BeApproximately(new MixedModel("n", counts).Random("group", groups).Fit(Likelihood.Poisson()).Elbo, 1e-4);
    }

    [Fact]
    public void Texts_AreWhole()
    {
        (MixedModel model, _, _) = Crossed(Likelihood.NegativeBinomial(3), seed: 10, slopes: false);

        GeneralizedMixedFit fit = model.Fit(Likelihood.NegativeBinomial());

        fit.ToString().Should().MatchRegex(
            "^y ~ \\(Intercept\\) \\+ x \\+ \\(\\(Intercept\\) \\| a\\) \\+ \\(\\(Intercept\\) \\| b\\), negative binomial \\(log, dispersion size [0-9.]+\\): 240 responses, ELBO -[0-9.]+, converged$");
        fit.Summary().Names.Should().Equal("(Intercept)", "x", "dispersion size", "variance a (Intercept)", "variance b (Intercept)");
    }

    private static void Agrees(GeneralizedMixedFit fit, JsonElement expected)
    {
        fit.Converged.Should().BeTrue();
        fit.Warnings.Should().BeEmpty();
        fit.Elbo.Should().BeApproximately(expected.GetProperty("elbo").GetDouble(), 1e-9);
        foreach (FixedEffect effect in fit.FixedEffects)
        {
            effect.Estimate.Should().BeApproximately(expected.GetProperty("fixed").GetProperty(effect.Name).GetDouble(), 1e-6);
        }
    }

    /// <summary>Draws 240 responses in twelve groups a, crossed with five groups b.</summary>
    private static (MixedModel Model, double[] Responses, string[][] Labels) Crossed(Likelihood likelihood, int seed, bool slopes)
    {
        var random = new Xoshiro256StarStar(seed, threadSafe: false);
        double[] a = new double[24], b = new double[5];
        Normal.Samples(random, a, 0, 0.8);
        Normal.Samples(random, b, 0, 0.6);
        double[] x = new double[240], responses = new double[240];
        Normal.Samples(random, x, 0, 1);
        string[] first = new string[240], second = new string[240];
        for (int i = 0; i < 240; i++)
        {
            (int g, int h) = (i % 12, (i / 12) % 5);
            (first[i], second[i]) = (Invariant($"a{g}"), Invariant($"b{h}"));
            double predictor = 0.3 + (0.5 * x[i]) + a[g] + b[h] + (slopes ? 0.6 * a[12 + g] * x[i] : 0);
            likelihood.Sample([predictor], [], random.Next(), responses.AsSpan(i, 1));
        }

        MixedModel model = new MixedModel("y", responses).Fixed("x", x).Random("a", first, slopes ? [("x", x)] : null).Random("b", second);
        return (model, responses, [first, second]);
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private static JsonElement Expected(string name) => JsonDocument.Parse(File.ReadAllBytes(PathOf("glmm.json"))).RootElement.GetProperty(name);

    private static Dictionary<string, string[]> Read(string name)
    {
        string[][] lines = [.. File.ReadLines(PathOf($"{name}.csv")).Select(line => line.Split(','))];
        return Enumerable.Range(0, lines[0].Length).ToDictionary(c => lines[0][c], c => lines.Skip(1).Select(line => line[c]).ToArray());
    }

    private static double[] Numbers(string[] cells) => [.. cells.Select(cell => double.Parse(cell, CultureInfo.InvariantCulture))];

    private static string PathOf(string file) => Path.Combine(AppContext.BaseDirectory, "Reference", "likelihoods", file);
}
