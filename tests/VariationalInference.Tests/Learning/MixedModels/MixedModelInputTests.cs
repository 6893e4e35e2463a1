using FluentAssertions;
using Xunit;

namespace VariationalInference.Tests.Learning.MixedModels;

public class MixedModelInputTests
{
    private static readonly double[] Response = [1, 2, 4, 3, 5, 7, 6, 8];
    private static readonly double[] Column = [0, 1, 2, 3, 0, 1, 2, 3];
    private static readonly string[] Labels = ["a", "a", "b", "b", "c", "c", "d", "d"];

    private static MixedModel Model => new MixedModel("y", Response).Random("g", Labels);

    [Fact]
    public void BadColumns_AreRefusedByName()
    {
        Refusal.Of<ArgumentException>(() => _ = new MixedModel("y", [1, double.PositiveInfinity]), "response", "response[1] is Infinity; it must be finite, or NaN");
        Refusal.Of<ArgumentException>(() => _ = new MixedModel("y", [double.NaN]), "response", "response has no value that is not missing");
        Refusal.Of<ArgumentException>(() => _ = new MixedModel("y", []), "response", "response has no value");
        Refusal.Of<ArgumentException>(() => _ = new MixedModel("y", [1, 2], [1, 0]), "weights", "weights[1] is 0; it must be positive and finite.");
        Refusal.Of<ArgumentException>(() => _ = new MixedModel("y", [1, 2], [1]), "weights", "weights has 1 elements; it must have 2, one for each response.");
        Refusal.Of<ArgumentException>(() => Model.Fixed("x", [1, 2]), "values", "values has 2 elements; it must have 8, one for each response.");
        Refusal.Of<ArgumentException>(
            () => Model.Fixed("x", [0, 1, double.NaN, 3, 0, 1, 2, 3]), "values", "\"x\"[2] is NaN; it must be finite.");
        Refusal.Of<ArgumentException>(() => Model.Fixed("x", Column).Fixed("x", Column), "name", "name is \"x\", which is a fixed effect already");
        Refusal.Of<ArgumentException>(
            () => Model.Fixed("x", Column).Random("h", Labels, slopes: [("x", [1, 1, 2, 3, 0, 1, 2, 3])]), "slopes", "\"x\" differs from the column of that name");
        Refusal.Of<ArgumentException>(() => Model.FixedFactor("f", Enumerable.Repeat("a", 8).ToArray()), "labels", "labels of \"f\" are all \"a\"");
    }

    [Fact]
    public void BadLabelsAndTerms_AreRefusedByName()
    {
        Refusal.Of<ArgumentException>(
            () => Model.Random("h", ["a", "", "b", "b", "c", "c", "d", "d"]), "labels", "labels[1] of \"h\" is empty; each row must have a label.");
        Refusal.Of<ArgumentException>(() => Model.Random("h", ["a"]), "labels", "labels has 1 elements; it must have 8");
        Refusal.Of<ArgumentException>(() => Model.Random("h", [1, 2]), "labels", "labels has 2 elements; it must have 8");
        Refusal.Of<ArgumentException>(() => Model.Random("h", Labels, intercept: false), "slopes", "Nothing varies between the levels of \"h\"");
        Refusal.Of<ArgumentException>(() => Model.Random("g", Labels), "slopes", "\"(Intercept)\" varies between the levels of \"g\" twice");
        Refusal.Of<ArgumentException>(
            () => Model.Random("g", [1, 2, 3, 4, 5, 6, 7, 8], slopes: [("x", Column)], intercept: false), "labels", "labels of \"g\" differ from those of the term");
    }

    [Fact]
    public void Cross_OfLabelsThatWouldCoincide_IsRefused()
    {
        MixedModel.Cross(["a", "a", "b"], ["x", "y", "x"]).Should().Equal("a:x", "a:y", "b:x");
        Refusal.Of<ArgumentException>(() => MixedModel.Cross(["a:b", "a"], ["c", "b:c"]), "second", "second[1] is \"b:c\": with \"a\" it would be named \"a:b:c\"");
        Refusal.Of<ArgumentException>(() => MixedModel.Cross(["a"], ["c", "b"]), "second", "second has 2 elements; it must have 1, one for each label of first.");
    }

    [Fact]
    public void FixedEffectsThatAreCombinations_AreNamed()
    {
        double[] twice = [.. Column.Select(value => (2 * value) + 1)];

        Throws(() => Model.Fixed("x", Column).Fixed("twice", twice).Fit(), "The fixed effect \"twice\" is a linear combination of \"x\"; leave one of them out.");
        Throws(() => Model.Fixed("x", Column).FixedFactor("f", Labels).Fixed("last", Labels.Select(label => label == "a" ? 1.0 : 0.0).ToArray()).Fit(), "The fixed effect \"last\" is a linear combination of \"f[b]\", \"f[c]\", \"f[d]\"; leave one of them out.");
        Throws(() => Model.Fixed("zero", new double[8]).Fit(), "The fixed effect \"zero\" is");
        Throws(() => new MixedModel("y", Response).Fixed("x", Column).Fit(), "The model has no random term");
        Throws(() => new MixedModel("y", [1, double.NaN, double.NaN, double.NaN, double.NaN, double.NaN, double.NaN, 3]).Fixed("x", Column).Random("g", Labels).Fit(), "There are 2 responses for 2 fixed effects; more than 2 are needed.");
        Throws(() => new MixedModel("y", Column.Select(value => (3 * value) - 1).ToArray()).Fixed("x", Column).Random("g", Labels).Fit(), "The fixed effects fit every response exactly");

        // Without an intercept a column of ones is one.
        Model.WithoutIntercept().Fixed("one", Enumerable.Repeat(1.0, 8).ToArray()).Fit().LogLikelihood.Should().BeApproximately(Model.Fit().LogLikelihood, 1e-10);

        static void Throws(Action act, string message) => act.Should().Throw<InvalidOperationException>().Which.Message.Should().StartWith(message);
    }

    [Fact]
    public void BadPredictions_AreRefusedByName()
    {
        MixedModelFit fit = Model.Fixed("x", Column).Fit();

        Refusal.Of<ArgumentException>(() => fit.Predict([], [("g", ["a"])]), "columns", "columns lack \"x\".");
        Refusal.Of<ArgumentException>(() => fit.Predict([("x", [1])], []), "groups", "groups lack \"g\".");
        Refusal.Of<ArgumentException>(() => fit.Predict([("z", [1])], [("g", ["a"])]), "columns", "columns have \"z\", which the model does not; it has \"x\".");
        Refusal.Of<ArgumentException>(() => fit.Predict([("x", [1])], [("h", ["a"])]), "groups", "groups have \"h\", which the model does not; it has \"g\".");
        Refusal.Of<ArgumentException>(() => fit.Predict([("x", [1]), ("x", [1])], [("g", ["a"])]), "columns", "columns have \"x\" twice");
        Refusal.Of<ArgumentException>(() => fit.Predict([("x", [1])], [("g", ["a"]), ("g", ["a"])]), "groups", "groups have \"g\" twice");
        Refusal.Of<ArgumentException>(() => fit.Predict([("x", [1, 2])], [("g", ["a"])]), "groups", "groups has 1 elements; it must have 2");
        fit.Invoking(f => f.Predict([("x", [double.NaN])], [("g", ["a"])])).Should().Throw<ArgumentException>().WithMessage("columns[\"x\"][0] is NaN*");
        Refusal.Of<ArgumentOutOfRangeException>(() => fit.VarianceIntervals(1), "probability", "probability is 1; it must lie strictly between 0 and 1.");
        Refusal.Of<ArgumentException>(() => _ = fit.RandomTerms[0]["z"], "level", "level is \"z\", which is not a level of \"g\".");
        Refusal.Of<ArgumentOutOfRangeException>(() => fit.RandomTerms[0].Posterior(4), "level", "level is 4; it must be at least 0 and less than 4.");
        Refusal.Of<ArgumentException>(() => fit.Refit([1]), "response", "response has 1 elements; it must have 8");
        Refusal.Of<ArgumentOutOfRangeException>(() => _ = new MixedModelOptions { MaxIterations = 0 }, "MaxIterations", "MaxIterations is 0; it must be at least 1.");
        Refusal.Of<ArgumentOutOfRangeException>(() => _ = new MixedModelOptions { MaxThreads = 0 }, "MaxThreads", "MaxThreads is 0; it must be at least 1.");
    }

    [Fact]
    public void NamesThatWouldMeanTwoThings_AreRefused()
    {
        string[] two = ["p", "p", "q", "q", "p", "q", "p", "q"];
        double[] dummy = [.. two.Select(label => label == "q" ? 1.0 : 0.0)];

        Refusal.Of<ArgumentException>(
            () => Model.Fixed("f[q]", Column).FixedFactor("f", two), "name", "name is \"f[q]\", which is a fixed effect already");
        Refusal.Of<ArgumentException>(
            () => Model.Random("h", Labels, slopes: [("f[q]", Column)]).FixedFactor("f", two), "labels", "\"f[q]\" differs from the column of that name");
        Refusal.Of<ArgumentException>(() => Model.FixedFactor("g", two), "labels", "labels of \"g\" differ from those of the random term of that name");
        Refusal.Of<ArgumentException>(
            () => new MixedModel("y", Response).FixedFactor("g", two).Random("g", Labels), "labels", "labels of \"g\" differ from those of the fixed factor of that name");

        // The same column under that name is no fault, and what follows from a label need not be given.
        MixedModelFit fit = new MixedModel("y", Response).FixedFactor("f", two).Random("g", Labels, slopes: [("f[q]", dummy)], correlated: false).Fit();
        fit.Predict([], [("f", ["q"]), ("g", ["a"])])[0].Mean.Should().BeApproximately(
            fit.FixedEffects[0].Estimate + fit.FixedEffects[1].Estimate + fit.RandomTerms[0]["a"].Mean + fit.RandomTerms[1]["a"].Mean, 1e-9);
    }

    [Fact]
    public void FactorWithoutIntercept_HasAMeanForEachLabel()
    {
        string[] two = ["p", "p", "q", "q", "p", "q", "p", "q"];
        MixedModelFit with = Model.FixedFactor("f", two).Fit();

        MixedModelFit without = Model.FixedFactor("f", two).WithoutIntercept().Fit();

        without.FixedEffects.Select(effect => effect.Name).Should().Equal("f[p]", "f[q]");
        without.LogLikelihood.Should().BeApproximately(with.LogLikelihood, 1e-10);
        without.FixedEffects[0].Estimate.Should().BeApproximately(with.FixedEffects[0].Estimate, 1e-9);
        without.FixedEffects[1].Estimate.Should().BeApproximately(with.FixedEffects[0].Estimate + with.FixedEffects[1].Estimate, 1e-9);
        without.Predict([], [("f", ["p"]), ("g", [null])])[0].Mean.Should().BeApproximately(with.FixedEffects[0].Estimate, 1e-9);
    }

    [Fact]
    public void Models_AreNotChangedByWhatIsAddedToThem()
    {
        MixedModel model = Model;
        double before = model.Fit().LogLikelihood;

        _ = model.Fixed("x", Column).Random("h", Column.Select(value => (int)value).ToArray());

        model.Fit().LogLikelihood.Should().Be(before);
        model.ToString().Should().Be("y ~ (Intercept) + ((Intercept) | g)");
    }
}
