using System.Collections.Immutable;
using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using VariationalInference.Samples;
using VariationalInference.Tests.Networks;
using VariationalInference.Tests.Persistence;
using Xunit;

namespace VariationalInference.Tests.Hybrid;

/// <summary>An encoder and an optimiser that the library does not know are trained, saved, and gone on with like its own.</summary>
public sealed class OwnKindsTests : IDisposable
{
    private static readonly GaussianSumModel Model = new(4, 3, 0.5);
    private static readonly Matrix<double> Rows = Model.Sample(400, seed: 1).Observations;
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Resume_OfOwnEncoderAndOwnOptimizer_ByFile_SameBits()
    {
        HybridOptions options = Options(6);
        HybridResult whole = new HybridSolver(options).Fit(Model, Encoder(), Rows);
        new HybridSolver(options with { MaxEpochs = 2, CheckpointPath = _folder.File("run") }).Fit(Model, Encoder(), Rows)
            .CheckpointFailure.Should().BeNull();

        // Who reads need have neither the shape nor the settings of what is read.
        HybridCheckpoint checkpoint = HybridCheckpoint.Load(_folder.File("run"), new SetEncoder(1, 1, 1, seed: 9), new LionDouble { Blend = 0 });

        checkpoint.Options.Should().Be(options with { MaxEpochs = 2 });
        new HybridSolver(options).Resume(Model, checkpoint, Rows).ShouldBeTheSameAs(whole);
        whole.AmortizationGap.Should().BeLessThan(0.9 * whole.History[0].AmortizationGap);
    }

    [Fact]
    public void Momentum_OfOwnOptimizer_IsPartOfTheCheckpoint()
    {
        HybridResult result = new HybridSolver(Options(1)).Fit(Model, Encoder(), Rows);
        using var stream = new MemoryStream();
        result.Checkpoint.Save(stream);
        stream.Position = 0;

        HybridCheckpoint loaded = HybridCheckpoint.Load(stream, Encoder(), new LionDouble());

        double[] momentum = loaded.State.Optimizer.GetVectors()[0].Value.ToArray();
        momentum.Should().Equal(result.Checkpoint.State.Optimizer.GetVectors()[0].Value.ToArray());
        momentum.Should().Contain(value => value != 0);
        loaded.State.Optimizer.Steps.Should().Be(result.Checkpoint.Steps);
    }

    [Fact]
    public void TrainedEncoder_SavedWithoutACast_LoadsWithItsScales()
    {
        HybridResult result = new HybridSolver(Options(2)).Fit(Model, Encoder(), Rows);
        result.Encoder.Save(_folder.File("encoder"));

        IEncoder loaded = EncoderFile.Load(_folder.File("encoder"), new SetEncoder(1, 1, 1, seed: 0));

        new HybridInference(Model, loaded, [0]).Infer([1, 2, 3]).MeanField.ToString().Should().Be(result.Infer([1, 2, 3]).MeanField.ToString());
        NetworkFile.Load(_folder.File("encoder"), Encoder()).Should().BeOfType<SetEncoder>();
        new MlpEncoder(2, 1, [4]).Save(_folder.File("perceptron"));
        EncoderFile.Load(_folder.File("perceptron")).ToString().Should().Be("MlpEncoder 2-4-2 tanh");
    }

    [Fact]
    public void Load_WithoutTheKindsOfTheFile_SaysWhichAreMissing()
    {
        HybridResult result = new HybridSolver(Options(1)).Fit(Model, Encoder(), Rows);
        result.Checkpoint.Save(_folder.File("run"));
        result.Encoder.Save(_folder.File("encoder"));
        const string unknown = "The file holds an encoder of the kind 'set_encoder', which the library does not know; encoder must be given.";

        Refusal.Of<ArgumentNullException>(() => HybridCheckpoint.Load(_folder.File("run"), null, new LionDouble()), "encoder", unknown);
        Refusal.Of<ArgumentNullException>(() => EncoderFile.Load(_folder.File("encoder")), "encoder", unknown);
        Refusal.Of<ArgumentException>(
            () => EncoderFile.Load(_folder.File("encoder"), new MlpEncoder(2, 1)),
            "encoder",
            "The file holds an encoder of the kind 'set_encoder'; encoder is of the kind mlp_encoder and must be of the same.");
        ((Action)(() => HybridCheckpoint.Load(_folder.File("run"), Encoder()))).Should().Throw<ModelFileException>()
            .WithMessage("*Option 'optimizer': kind is 'lion'; it must be adam or sgd, or that of an optimizer that is given.");
        ((Action)(() => MlpEncoder.Load(_folder.File("encoder")))).Should().Throw<ModelFileException>()
            .WithMessage("*kind is 'set_encoder'; it must be mlp_encoder.");
    }

    [Fact]
    public void OptionsOfAnOwnOptimizer_SpoiltInFiles_SayWhatIsWrong()
    {
        string json = new HybridOptions { Optimizer = new LionDouble { Decay = 0.5 } }.ToJson();
        HybridOptions.FromJson(json, new LionDouble()).Optimizer.Should().Be(new LionDouble { Decay = 0.5 });
        Refused(json.Replace("\"decay\":0.5", "\"decay\":2", StringComparison.Ordinal), "Option 'optimizer': decay must be below 1.");
        Refused(json.Replace("\"decay\"", "\"blend\"", StringComparison.Ordinal), "Option 'optimizer': 'blend' is there twice; names must differ.");
        Refused(json.Replace("\"decay\"", "\"delay\"", StringComparison.Ordinal), "Option 'optimizer': lion has no setting 'delay'.");
        HybridOptions.FromJson(new HybridOptions { Optimizer = new Sgd() }.ToJson(), new LionDouble()).Optimizer.Should().Be(new Sgd());

        static void Refused(string json, string message) =>
            ((Action)(() => HybridOptions.FromJson(json, new LionDouble()))).Should().Throw<FormatException>().WithMessage(message + "*");
    }

    [Theory]
    [InlineData("kind", 1)]
    [InlineData("learningRate", 1)]
    [InlineData("rate", double.NaN)]
    public void SettingThatCouldNotBeReadAgain_IsNotWritten(string name, double value) =>
        ((Action)(() => new HybridOptions { Optimizer = new OddOptimizer(name, value) }.ToJson())).Should().Throw<InvalidOperationException>()
            .WithMessage(FormattableString.Invariant($"The optimizer odd has a setting {name} of {value}; *"));

    [Fact]
    public void NullWhereAnObjectMustBe_IsRefusedByName()
    {
        Refusal.Of<ArgumentException>(
            () => new HybridSolver().Fit(Model, new NullEncoder { HasCopies = false }, Rows), "encoder", "Clone of encoder returned null; it must return a copy.");
        ((Action)(() => new HybridSolver().Fit(Model, new NullEncoder(), Rows))).Should().Throw<InvalidOperationException>()
            .WithMessage("CreatePreparedTape of the encoder returned null; it must return a tape.");
        ((Action)(() => new HybridSolver(new HybridOptions { Optimizer = new OddOptimizer("rate", 1) }).Fit(Model, Encoder(), Rows)))
            .Should().Throw<InvalidOperationException>().WithMessage("CreateState of the optimizer odd returned null; it must return a state.");
    }

    private static HybridOptions Options(int epochs) => new()
    {
        BatchSize = 64,
        MaxEpochs = epochs,
        GapTolerance = 0,
        Patience = 2,
        Optimizer = new LionDouble { LearningRate = 0.01, Blend = 0.8 },
    };

    private static SetEncoder Encoder() => new(3, 1, 5, seed: 3);

    private sealed record OddOptimizer(string Name, double Value) : Optimizer
    {
        public override double LearningRate { get; init; } = 1;

        public override string Kind => "odd";

        public override ImmutableArray<KeyValuePair<string, double>> GetSettings() => [new("learningRate", LearningRate), new(Name, Value)];

        public override Optimizer? WithSetting(string name, double value) => null;

        public override OptimizerState CreateState(int parameterCount) => null!;
    }

    private sealed record NullEncoder : IEncoder
    {
        public bool HasCopies { get; init; } = true;

        public string Kind => "null";

        public int ObservationCount => 3;

        public int LatentCount => 1;

        public Memory<double> Parameters { get; } = new double[1];

        public INetworkTape CreateTape(int capacity) => null!;

        IEncoder IEncoder.Clone() => HasCopies ? this with { } : null!;

        public void Write(ModelState state) => state.Add("parameters", Parameters.Span);

        public IEncoder Read(ModelState state) => this;
    }
}
