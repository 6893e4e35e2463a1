using System.Collections.Immutable;
using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.Random;
using Xunit;

namespace VariationalInference.Tests.Persistence;

/// <summary>Models with a decoder, what infers with them and their training go through files to the same bits.</summary>
public sealed class DecoderFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Load_OfTrainedInference_AnswersWithTheSameBits_AndFlagsTheSameRows()
    {
        Matrix<double> rows = Rows(300, seed: 1);
        DecoderResult trained = new HybridSolver(Options(epochs: 4)).Fit(Model(), Encoder(acceptsMissing: true), rows);
        trained.Save(_folder.File("trained"));

        DecoderInference loaded = DecoderInference.Load(_folder.File("trained"));

        loaded.Should().BeOfType<DecoderInference>("how training went is not in the file");
        loaded.ElboLimit.Should().Be(trained.ElboLimit).And.BeGreaterThan(double.NegativeInfinity);
        int flagged = 0;
        foreach (double[] row in rows.EnumerateRows().Select(row => row.ToArray()).Append([40, -35, 20, 1]).Append([1, double.NaN, 0.5, double.NaN]))
        {
            ShouldBeTheSame(loaded, trained, row);
            flagged += loaded.Infer(row).IsUnlikeTraining ? 1 : 0;
        }

        flagged.Should().BeInRange(1, 200);
        loaded.Sample(5, seed: 3).Should().BeEquivalentTo(trained.Sample(5, seed: 3));
    }

    [Fact]
    public void SavedAndLoaded_OneHundredRandomInferences_AnswerWithTheSameBits()
    {
        for (int seed = 0; seed < 100; seed++)
        {
            var random = new Xoshiro256StarStar(seed, false);
            int amortized = 1 + random.Next(3), linear = random.Next(4), width = 1 + random.Next(5);
            linear = Math.Min(linear, width);
            GaussianPrior Prior(int count) => random.Next(2) == 0
                ? GaussianPrior.Independent([.. Many(count)], [.. Many(count).Select(Math.Exp)])
                : GaussianPrior.From(new MultivariateGaussian(Many(count), Covariance(count)));
            var model = new DecoderModel(
                new MlpDecoder(amortized, width, new PerceptronOptions { HiddenWidths = random.Next(2) == 0 ? [] : [1 + random.Next(5)], Seed = seed }),
                linear == 0 ? null : Matrix<double>.Build.Dense(width, linear, (_, _) => Number()),
                Many(width),
                [.. Many(width).Select(Math.Exp)],
                Prior(amortized),
                linear == 0 ? null : Prior(linear));
            var encoder = new MlpEncoder(width, amortized, new PerceptronOptions { HiddenWidths = [3], AcceptsMissing = true, Seed = seed });
            var inference = new DecoderInference(model, encoder) { ElboLimit = Number() };

            DecoderInference loaded = DecoderInference.Load(new MemoryStream(SavedCase.Save(inference)));

            for (int n = 0; n < 3; n++)
            {
                ShouldBeTheSame(loaded, inference, [.. Many(width).Select(value => random.Next(4) == 0 ? double.NaN : value)]);
            }

            SavedCase.Save(loaded).AsSpan().SequenceEqual(SavedCase.Save(inference)).Should().BeTrue($"seed {seed}");

            double Number() => (4 * random.NextDouble()) - 2;
            double[] Many(int count) => [.. Enumerable.Range(0, count).Select(_ => Number())];
            Matrix<double> Covariance(int count)
            {
                Matrix<double> root = Matrix<double>.Build.Dense(count, count, (_, _) => Number());
                return (root * root.Transpose()) + Matrix<double>.Build.DenseIdentity(count);
            }
        }
    }

    [Fact]
    public void Load_OfAModelWithoutNumbers_IsTrainedToTheSameBits()
    {
        Matrix<double> rows = Rows(80, seed: 2);
        Model().Save(_folder.File("model"));

        DecoderResult ofLoaded = new HybridSolver(Options(epochs: 2)).Fit(DecoderModel.Load(_folder.File("model")), Encoder(), rows);

        DecoderModel.Load(_folder.File("model")).HasNumbers.Should().BeFalse();
        ShouldBeTheSame(ofLoaded, new HybridSolver(Options(epochs: 2)).Fit(Model(), Encoder(), rows));
    }

    [Theory]
    [InlineData(VarianceLearning.Each, true)]
    [InlineData(VarianceLearning.Shared, false)]
    [InlineData(VarianceLearning.Fixed, true)]
    public void Resume_FromAFile_GivesTheBitsOfTrainingThatNeverStopped(VarianceLearning noise, bool offset)
    {
        Matrix<double> rows = Rows(200, seed: 3);
        DecoderOptions options = Options(epochs: 6) with { NoiseVariances = noise, Offset = offset };
        DecoderResult atOnce = new HybridSolver(options).Fit(Model(), Encoder(), rows);
        new HybridSolver(options with { MaxEpochs = 2, CheckpointPath = _folder.File("checkpoint"), CheckpointEpochs = 1 }).Fit(Model(), Encoder(), rows);

        DecoderCheckpoint loaded = DecoderCheckpoint.Load(_folder.File("checkpoint"));
        DecoderResult ended = new HybridSolver(loaded.Options with { MaxEpochs = 6 }).Resume(loaded, rows);

        loaded.Epochs.Should().Be(2);
        ended.History.Length.Should().Be(7);
        ended.Evaluation.Should().Be(atOnce.Evaluation);
        ShouldBeTheSame(ended, atOnce);
    }

    [Fact]
    public void HundredRandomCancellations_GoOnThroughFilesToTheSameBits()
    {
        Matrix<double> rows = Rows(150, seed: 4);
        DecoderOptions options = Options(epochs: 7) with { BatchSize = 16, ExploringEpochs = 2, Optimizer = new Descent() };
        DecoderResult atOnce = new HybridSolver(options).Fit(Model(), Encoder(), rows);
        int within = 0, exploring = 0;
        for (int seed = 0; seed < 100; seed++)
        {
            string path = _folder.File($"cancelled{seed}");
            using var source = new CancellationTokenSource();
            var random = new Xoshiro256StarStar(seed, false);
            DecoderOptions cancelling = options with
            {
                Optimizer = new Descent { Countdown = new Countdown(source, after: 1 + random.Next(55)) },
                CheckpointPath = path,
                CheckpointEpochs = 1 + random.Next(3),
            };

            DecoderResult cancelled = new HybridSolver(cancelling).Fit(Model(), Encoder(), rows, cancellationToken: source.Token);
            DecoderCheckpoint loaded = DecoderCheckpoint.Load(path, optimizer: new Descent());
            DecoderResult ended = new HybridSolver(loaded.Options).Resume(loaded, rows);

            cancelled.StopReason.Should().Be(StopReason.Cancelled);
            cancelled.CheckpointFailure.Should().BeNull();
            within += loaded.State.Visited > 0 ? 1 : 0;
            exploring += loaded.State.Stage != (int)DecoderStage.Training ? 1 : 0;
            ShouldBeTheSame(ended, atOnce);
            ended.History.Select(epoch => epoch.ValidationElbo).Should().Equal(atOnce.History.Select(epoch => epoch.ValidationElbo));
        }

        within.Should().BeGreaterThan(50, "most are cancelled within an epoch");
        exploring.Should().BeInRange(20, 80, "some look for a start still, others not any more");
    }

    [Fact]
    public void Save_ThatFails_LosesNothing()
    {
        Matrix<double> rows = Rows(60, seed: 5);
        string folder = _folder.File("folder");
        Directory.CreateDirectory(folder);
        DecoderOptions options = Options(epochs: 2) with { CheckpointPath = Path.Combine(folder, "checkpoint"), CheckpointEpochs = 1 };
        Action act = () => new HybridSolver(options with { CheckpointPath = folder }).Fit(Model(), Encoder(), rows);

        DecoderResult result = new HybridSolver(options).Fit(
            Model(), Encoder(), rows, new Remover(folder));

        result.CheckpointFailure.Should().BeAssignableTo<IOException>();
        result.StopReason.Should().Be(StopReason.IterationLimit);
        ShouldBeTheSame(result, new HybridSolver(Options(epochs: 2)).Fit(Model(), Encoder(), rows));
        Directory.CreateDirectory(folder);
        act.Should().Throw<ArgumentException>().WithMessage("CheckpointPath is *folder, a folder; it must be a file, or not exist.*");
    }

    [Fact]
    public void Load_OfNetworksOfOnesOwn_NeedsThem()
    {
        var inference = new DecoderInference(
            new DecoderModel(new OwnDecoder(), null, [0], [1]), new OwnEncoder(new MlpEncoder(1, 1)));
        byte[] file = SavedCase.Save(inference);
        var encoder = new OwnEncoder(new MlpEncoder(1, 1));

        Refusal.Of<ArgumentNullException>(
            () => DecoderInference.Load(new MemoryStream(file), encoder),
            "decoder",
            "The file holds a decoder of the kind 'own_decoder', which the library does not know; decoder must be given.");
        Refusal.Of<ArgumentException>(
            () => DecoderInference.Load(new MemoryStream(file), encoder, new MlpDecoder(1, 1)),
            "decoder",
            "The file holds a decoder of the kind 'own_decoder'; decoder is of the kind mlp_decoder and must be of the same.");
        DecoderInference loaded = DecoderInference.Load(new MemoryStream(file), encoder, new OwnDecoder());
        loaded.Model.Decoder.Should().BeOfType<OwnDecoder>();
        ShouldBeTheSame(loaded, inference, [0.5]);
    }

    [Fact]
    public void Weights_HaveTheNamesAndShapesOfPyTorch()
    {
        DecoderResult trained = new HybridSolver(Options(epochs: 1)).Fit(Model(), Encoder(), Rows(60, seed: 6));
        using var reader = new SafeTensorsReader(new MemoryStream(SavedCase.Save(trained)), fileName: null);

        Dictionary<string, long[]> shapes = reader.Header.Tensors.ToDictionary(tensor => tensor.Name, tensor => tensor.Shape.ToArray());

        shapes["encoder.layers.0.weight"].Should().Equal(6, 4);
        shapes["encoder.layers.0.bias"].Should().Equal(6);
        shapes["model.decoder.layers.2.weight"].Should().Equal(4, 6);
        shapes["model.loadings"].Should().Equal(4, 2);
    }

    [Fact]
    public void Options_GoThroughJson()
    {
        DecoderOptions options = new()
        {
            Estimator = GradientEstimator.Reparameterized,
            DrawCount = 3,
            BatchSize = 17,
            MaxEpochs = 11,
            Optimizer = new Sgd { LearningRate = 0.1, Momentum = 0.5 },
            Patience = 4,
            ImprovementTolerance = 0.5,
            ValidationFraction = 1.0 / 3,
            JudgePairs = 2,
            FinalDraws = 9,
            RefinedRows = 1,
            Loadings = false,
            Offset = false,
            NoiseVariances = VarianceLearning.Shared,
            NoiseFloor = 1e-5,
            Decoder = false,
            Seed = -5,
            ShuffleRows = false,
            CheckpointEpochs = 6,
        };
        Action unknown = () => DecoderOptions.FromJson("""{"formatVersion":1,"drawCount":0}""");

        DecoderOptions.FromJson(options.ToJson()).Should().Be(options);
        DecoderOptions.FromJson(new DecoderOptions().ToJson()).Should().Be(new DecoderOptions());
        unknown.Should().Throw<FormatException>().WithMessage("Option 'drawCount': *at least 1*");
    }

    private static DecoderModel Model() => new(new MlpDecoder(1, 4, hiddenWidths: [6], seed: 1), linearLatentCount: 2);

    private static MlpEncoder Encoder(bool acceptsMissing = false) =>
        new(4, 1, new PerceptronOptions { HiddenWidths = [6], AcceptsMissing = acceptsMissing, Seed = 2 });

    private static DecoderOptions Options(int epochs) => new() { MaxEpochs = epochs, RefinedRows = 0, FinalDraws = 4, MaxThreads = 1 };

    private static Matrix<double> Rows(int count, int seed)
    {
        Matrix<double> rows = new GaussianSumModel(latentCount: 2, observationCount: 4, noiseVariance: 0.1).Sample(count, seed).Observations;
        rows.MapIndexedInplace((_, k, x) => k % 2 == 0 ? x : Math.Sin(2 * x));
        return rows;
    }

    private static void ShouldBeTheSame(DecoderInference actual, DecoderInference expected)
    {
        actual.Encoder.Parameters.Span.SequenceEqual(expected.Encoder.Parameters.Span).Should().BeTrue();
        actual.Model.Decoder.Parameters.Span.SequenceEqual(expected.Model.Decoder.Parameters.Span).Should().BeTrue();
        actual.Model.LoadingValues.Should().Equal(expected.Model.LoadingValues);
        actual.Model.Offset.Should().Equal(expected.Model.Offset);
        actual.Model.NoiseVariances.Should().Equal(expected.Model.NoiseVariances);
    }

    private static void ShouldBeTheSame(DecoderInference actual, DecoderInference expected, double[] row)
    {
        DecoderPosterior own = actual.Infer(row), other = expected.Infer(row);
        own.Elbo.Should().Be(other.Elbo);
        own.IsUnlikeTraining.Should().Be(other.IsUnlikeTraining);
        own.Amortized.Means.Should().Equal(other.Amortized.Means);
        own.Amortized.Variances.Should().Equal(other.Amortized.Variances);
        (own.Linear?.Means ?? []).Should().Equal(other.Linear?.Means ?? []);
        actual.Reconstruct(row).Should().Equal(expected.Reconstruct(row));
    }

    /// <summary>Plain gradient ascent that counts its steps.</summary>
    private sealed record Descent : Optimizer
    {
        public override double LearningRate { get; init; } = 1e-3;

        public override string Kind => "descent";

        public Countdown? Countdown { get; init; }

        public override ImmutableArray<KeyValuePair<string, double>> GetSettings() => [new("learningRate", LearningRate)];

        public override Optimizer? WithSetting(string name, double value) => name == "learningRate" ? this with { LearningRate = value } : null;

        public override OptimizerState CreateState(int parameterCount) => new Steps(this, parameterCount);

        private sealed class Steps(Descent settings, int parameterCount) : OptimizerState(settings, parameterCount)
        {
            private readonly double[] _last = new double[parameterCount];

            public override ImmutableArray<KeyValuePair<string, Memory<double>>> GetVectors() => [new("last", _last)];

            public override void StepPart(Span<double> parameters, ReadOnlySpan<double> gradient, int first, double rateFactor)
            {
                for (int i = 0; i < parameters.Length; i++)
                {
                    _last[first + i] = (0.5 * _last[first + i]) + gradient[i];
                    parameters[i] += settings.LearningRate * rateFactor * _last[first + i];
                }

                if (first == 0)
                {
                    settings.Countdown?.Tick();
                }
            }
        }
    }

    /// <summary>Cancels after a number of steps.</summary>
    private sealed class Countdown(CancellationTokenSource source, int after)
    {
        private int _left = after;

        public void Tick()
        {
            if (--_left == 0)
            {
                source.Cancel();
            }
        }
    }

    private sealed class OwnEncoder(MlpEncoder inner) : IEncoder
    {
        public string Kind => "own_encoder";

        public int ObservationCount => inner.ObservationCount;

        public int LatentCount => inner.LatentCount;

        public Memory<double> Parameters => inner.Parameters;

        public INetworkTape CreateTape(int capacity) => inner.CreateTape(capacity);

        public IEncoder Clone() => new OwnEncoder(inner.Clone());

        public void Write(ModelState state) => inner.Write(state);

        public IEncoder Read(ModelState state) => new OwnEncoder((MlpEncoder)((IEncoder)inner).Read(state));
    }

    private sealed class OwnDecoder : IDecoder
    {
        private readonly MlpDecoder _inner = new(1, 1);

        public string Kind => "own_decoder";

        public int LatentCount => 1;

        public int ObservationCount => 1;

        public Memory<double> Parameters => _inner.Parameters;

        public INetworkTape CreateTape(int capacity) => _inner.CreateTape(capacity);

        public IDecoder Clone()
        {
            var copy = new OwnDecoder();
            Parameters.CopyTo(copy.Parameters);
            return copy;
        }

        public void Write(ModelState state) => state.Add("weights", Parameters.Span);

        public IDecoder Read(ModelState state)
        {
            var read = new OwnDecoder();
            state.Values("weights", shape: [_inner.Parameters.Length]).CopyTo(read.Parameters.Span);
            return read;
        }
    }

    /// <summary>Takes the folder of a checkpoint away.</summary>
    private sealed class Remover(string folder) : IProgress<DecoderProgress>
    {
        public void Report(DecoderProgress value)
        {
            if (Directory.Exists(folder))
            {
                Directory.Delete(folder, recursive: true);
            }
        }
    }
}
