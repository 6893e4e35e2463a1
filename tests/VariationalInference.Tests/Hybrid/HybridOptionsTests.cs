using System.Reflection;
using FluentAssertions;
using Xunit;

namespace VariationalInference.Tests.Hybrid;

public sealed class HybridOptionsTests
{
    private static readonly HybridOptions Unusual = new()
    {
        AmortizedLatents = [4, 0],
        Estimator = GradientEstimator.StickingTheLanding,
        DrawCount = 3,
        BatchSize = 17,
        MaxEpochs = 9,
        CoordinateSweeps = 2,
        NaturalGradient = false,
        Optimizer = new Sgd { LearningRate = 0.3, Momentum = 0.25 },
        GapTolerance = 1e-7,
        ImprovementTolerance = 1e-5,
        Patience = 4,
        ValidationFraction = 0.35,
        Seed = -12,
        ShuffleRows = false,
        CheckpointEpochs = 6,
    };

    [Fact]
    public void Json_EveryOption_ComesBackAsItWas()
    {
        foreach (HybridOptions options in new[] { new(), Unusual, Unusual with { Optimizer = new Adam { LearningRate = 0.1 / 3, Beta1 = 0.5, Beta2 = 0.75, Epsilon = 1e-5 } } })
        {
            HybridOptions read = HybridOptions.FromJson(options.ToJson());
            read.Should().BeEquivalentTo(options, comparison => comparison.ComparingByMembers<HybridOptions>().RespectingRuntimeTypes());
            read.Should().Be(options);
            read.GetHashCode().Should().Be(options.GetHashCode());
        }
    }

    [Fact]
    public void Json_IsWrittenOut()
    {
        new HybridOptions().ToJson().Should().Be(
            """{"formatVersion":1,"amortizedLatents":[0],"estimator":"analytic","drawCount":1,"batchSize":256,"maxEpochs":500,"coordinateSweeps":null,"naturalGradient":true,"optimizer":{"kind":"adam","learningRate":0.01,"beta1":0.9,"beta2":0.999,"epsilon":1E-08},"gapTolerance":0.0001,"improvementTolerance":1E-09,"patience":10,"validationFraction":0.1,"seed":0,"shuffleRows":true,"checkpointEpochs":10}""");
        HybridOptions.FromJson("""{"formatVersion":1}""").Should().Be(new HybridOptions());
    }

    [Fact]
    public void Json_EveryPropertyIsWritten_ButThoseOfTheMachine()
    {
        IEnumerable<string> properties = typeof(HybridOptions).GetProperties().Select(property => property.Name)
            .Except([nameof(HybridOptions.CheckpointPath), nameof(HybridOptions.MaxThreads)]);
        foreach (string property in properties)
        {
            new HybridOptions().ToJson().Should().Contain($"\"{char.ToLowerInvariant(property[0])}{property[1..]}\":");
        }
    }

    [Theory]
    [InlineData("", "The options are no JSON")]
    [InlineData("[]", "The options are no JSON object")]
    [InlineData("{}", "formatVersion is missing; the versions known here are: 1.")]
    [InlineData("{\"formatVersion\":2,\"future\":1}", "formatVersion is '2'; the versions known here are: 1.")]
    [InlineData("{\"formatVersion\":\"1\"}", "formatVersion is ")]
    [InlineData("{\"formatVersion\":2,\"formatVersion\":1}", "Option 'formatVersion': it is there twice; names must differ.")]
    [InlineData("{\"formatVersion\":1,\"\\ud800\":1}", "The options are no JSON: ")]
    [InlineData("{\"formatVersio\\ud800\":1}", "The options are no JSON: ")]
    [InlineData("{\"formatVersion\":1,\"future\":1}", "Option 'future': there is no such option.")]
    [InlineData("{\"formatVersion\":1,\"batchSize\":1.5}", "Option 'batchSize': '1.5' is no whole number of 32 bits.")]
    [InlineData("{\"formatVersion\":1,\"batchSize\":\"5\"}", "Option 'batchSize': ")]
    [InlineData("{\"formatVersion\":1,\"batchSize\":0}", "Option 'batchSize': BatchSize is 0; it must be at least 1.")]
    [InlineData("{\"formatVersion\":1,\"gapTolerance\":1e999}", "Option 'gapTolerance': GapTolerance is Infinity")]
    [InlineData("{\"formatVersion\":1,\"gapTolerance\":true}", "Option 'gapTolerance': 'true' is no number.")]
    [InlineData("{\"formatVersion\":1,\"shuffleRows\":1}", "Option 'shuffleRows': ")]
    [InlineData("{\"formatVersion\":1,\"estimator\":\"best\"}", "Option 'estimator': 'best' must be reparameterized or stickingTheLanding or analytic.")]
    [InlineData("{\"formatVersion\":1,\"estimator\":1}", "Option 'estimator': '1' is no text.")]
    [InlineData("{\"formatVersion\":1,\"amortizedLatents\":1}", "Option 'amortizedLatents': '1' is no array of whole numbers.")]
    [InlineData("{\"formatVersion\":1,\"amortizedLatents\":[1,1]}", "Option 'amortizedLatents': AmortizedLatents names latent 1 twice")]
    [InlineData("{\"formatVersion\":1,\"optimizer\":1}", "Option 'optimizer': an object with a kind was expected.")]
    [InlineData("{\"formatVersion\":1,\"optimizer\":{\"kind\":\"lion\"}}", "Option 'optimizer': kind is 'lion'; it must be adam or sgd, or that of an optimizer that is given.")]
    [InlineData("{\"formatVersion\":1,\"optimizer\":{\"kind\":\"sgd\",\"beta1\":0}}", "Option 'optimizer': sgd has no setting 'beta1'.")]
    [InlineData("{\"formatVersion\":1,\"optimizer\":{\"kind\":\"adam\",\"beta1\":1}}", "Option 'optimizer': Beta1 is 1; it must be at least 0 and less than 1.")]
    [InlineData("{\"formatVersion\":1,\"optimizer\":{\"kind\":\"sgd\",\"kind\":\"adam\"}}", "Option 'optimizer': 'kind' is there twice; names must differ.")]
    [InlineData("{\"formatVersion\":1,\"optimizer\":{\"kind\":\"adam\",\"beta1\":0.5,\"beta1\":0.6}}", "Option 'optimizer': 'beta1' is there twice")]
    public void Json_Spoilt_SaysWhatIsWrong(string json, string message) =>
        ((Action)(() => HybridOptions.FromJson(json))).Should().ThrowExactly<FormatException>().Which.Message.Should().StartWith(message);

    [Fact]
    public void Json_TextThatIsNoUnicode_SaysSo() =>
        ((Action)(() => HybridOptions.FromJson("\ud800"))).Should().ThrowExactly<FormatException>().WithMessage("The options are no JSON: *");

    [Fact]
    public void Json_TenThousandLatentsAndMore_TakeNoTime()
    {
        string json = $"{{\"formatVersion\":1,\"amortizedLatents\":[{string.Join(',', Enumerable.Range(0, 1_000_000))}]}}";
        ((Action)(() => HybridOptions.FromJson(json))).Should().Throw<FormatException>().WithMessage("*there are 1000000 latents; at most 10000 are read.");
    }

    [Fact]
    public void Equals_ComparesEveryOption()
    {
        var options = new HybridOptions { AmortizedLatents = [1, 2], Optimizer = new Adam { LearningRate = 0.1 } };
        options.Should().Be(new HybridOptions { AmortizedLatents = [1, 2], Optimizer = new Adam { LearningRate = 0.1 } });
        options.Should().NotBe(options with { AmortizedLatents = [2, 1] });
        options.Should().NotBe(options with { MaxThreads = options.MaxThreads + 1 });
        options.Should().NotBe(options with { CheckpointPath = "run" });
        options.Should().NotBe(options with { Optimizer = new Adam { LearningRate = 0.2 } });
        options.Equals(null).Should().BeFalse();
    }

    [Fact]
    public void Equals_OfOptionsThatDifferInOne_IsFalse_WhicheverItIs()
    {
        HybridOptions unusual = Unusual with { CheckpointPath = "run", MaxThreads = Environment.ProcessorCount + 1 };
        foreach (PropertyInfo property in typeof(HybridOptions).GetProperties())
        {
            // A copy with one property set: init accessors are settable by reflection.
            HybridOptions other = new HybridOptions() with { };
            property.SetValue(other, property.GetValue(unusual));
            other.Should().NotBe(new HybridOptions(), "{0} differs", property.Name);
            other.GetHashCode().Should().NotBe(new HybridOptions().GetHashCode(), "{0} differs", property.Name);
        }
    }

    [Fact]
    public void Optimizer_Null_IsRefused() =>
        Refusal.Of<ArgumentNullException>(() => _ = new HybridOptions { Optimizer = null! }, "Optimizer", "Value cannot be null.");

    [Fact]
    public void ImprovementTolerance_OutOfRange_IsRefused() =>
        Refusal.Of<ArgumentOutOfRangeException>(
            () => _ = new HybridOptions { ImprovementTolerance = -1 }, "ImprovementTolerance", "ImprovementTolerance is -1; it must be zero or positive");

    [Fact]
    public void ImprovementTolerance_Large_EndsTrainingEarlier()
    {
        var model = new GaussianSumModel();
        HybridResult Fit(double tolerance) => new HybridSolver(
            new HybridOptions { GapTolerance = 0, ImprovementTolerance = tolerance, Patience = 2, MaxEpochs = 300 }).Fit(
                model, new MlpEncoder(2, 1), model.Sample(500, seed: 1).Observations);
        HybridResult coarse = Fit(0.1);
        coarse.StopReason.Should().Be(StopReason.NoImprovement);
        coarse.Epochs.Should().BeLessThan(Fit(0).Epochs);
    }
}
