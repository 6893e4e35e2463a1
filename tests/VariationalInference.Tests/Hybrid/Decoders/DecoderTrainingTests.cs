using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.Random;
using Xunit;

namespace VariationalInference.Tests.Hybrid.Decoders;

/// <summary>Training runs: what they reach, that they repeat, stop and go on.</summary>
public sealed class DecoderTrainingTests
{
    private static readonly Matrix<double> Loadings = Matrix<double>.Build.DenseOfColumnArrays(
        [1, 0.5, -0.5, 0.8, 0, -0.3, 0.6, 0.2], [0, 0.7, 0.4, -0.6, 0.9, 0.3, -0.2, 0.5]);

    [Fact]
    public void Curve_WithGivenLoadings_ComesNearItsEvidence()
    {
        Matrix<double> rows = Curve(6_000, seed: 1), test = Curve(500, seed: 2);
        var model = new DecoderModel(new MlpDecoder(1, 8, hiddenWidths: [32, 32], seed: 1), Loadings);
        var options = new DecoderOptions { Loadings = false, NoiseVariances = VarianceLearning.Shared, RefinedRows = 8, MaxEpochs = 60 };

        DecoderResult result = new HybridSolver(options).Fit(model, new MlpEncoder(8, 1, hiddenWidths: [32, 32], seed: 2), rows);

        // One latent less and the model could not bend: the factor analysis that it starts from stands 3 nats lower.
        double evidence = Evidence(test);
        DecoderEvaluation evaluation = result.Evaluate(test, refinedRowCount: 0);
        evaluation.Elbo.Should().BeGreaterThan(evidence - 0.6);
        evaluation.Elbo.Should().BeLessThan(evidence + 0.1, "no model of these rows is better than the truth, but for chance");
        evaluation.ImportanceWeightedBound.Should().BeGreaterThan(evaluation.Elbo);
        result.Model.Loadings()!.Should().BeEquivalentTo(Loadings);
        result.Infer([30, 30, 30, 30, 30, 30, 30, 30]).IsUnlikeTraining.Should().BeTrue();
        result.Infer([.. test.Row(0)]).IsUnlikeTraining.Should().BeFalse();
    }

    [Fact]
    public void Curve_WithLoadingsToLearn_FindsThem()
    {
        Matrix<double> rows = Curve(8_000, seed: 1), test = Curve(500, seed: 2);
        var model = new DecoderModel(new MlpDecoder(1, 8, hiddenWidths: [32, 32], seed: 1), linearLatentCount: 2);
        var options = new DecoderOptions { RefinedRows = 0, MaxEpochs = 90 };

        DecoderResult result = new HybridSolver(options).Fit(model, new MlpEncoder(8, 1, hiddenWidths: [32, 32], seed: 2), rows);

        // From factor analysis alone the curve folds up, 4 nats below.
        DecoderEvaluation evaluation = result.Evaluate(test, refinedRowCount: 0);
        evaluation.Elbo.Should().BeGreaterThan(Evidence(test) - 0.6);
        Matrix<double> cosines = Basis(Loadings).Transpose() * Basis(result.Model.Loadings()!);
        double angle = Math.Acos(Math.Min(1, cosines.Svd(computeVectors: false).S.Minimum())) * 180 / Math.PI;
        angle.Should().BeLessThan(2);
        result.History[1].IsExploring.Should().BeTrue();
        result.History[^1].IsExploring.Should().BeFalse();
        static Matrix<double> Basis(Matrix<double> columns) => columns.QR(MathNet.Numerics.LinearAlgebra.Factorization.QRMethod.Thin).Q;
    }

    [Fact]
    public void StraightRows_KeepTheStartOfFactorAnalysis()
    {
        // Noise of very different size: one level for all is no match for it.
        Matrix<double> rows = new LinearGaussianModel(Loadings, new double[8], [0.02, 4, 0.02, 4, 0.02, 4, 0.02, 4], GaussianPrior.Independent(2)).Sample(600, seed: 1).Observations;

        DecoderResult result = Fit(Quick() with { MaxEpochs = 8, ExploringEpochs = 4 }, rows);

        result.History.Select(state => state.IsExploring).Should().Equal(false, true, true, false, false, false, false, false, false);
        result.History[2].ValidationElbo.Should().BeLessThan(result.History[0].ValidationElbo);
        result.History[3].ValidationElbo.Should().BeGreaterThan(result.History[2].ValidationElbo + 1, "it begins anew where it began");
    }

    [Fact]
    public void Resume_InAnyStage_GivesTheBitsOfTrainingThatNeverStopped()
    {
        Matrix<double> rows = Curve(600, seed: 3);
        DecoderOptions options = Quick() with { MaxEpochs = 11, ExploringEpochs = 4 };
        DecoderResult atOnce = Fit(options, rows);
        atOnce.History.Count(state => state.IsExploring).Should().Be(8, "scouting came further than factor analysis, and holding followed");

        for (int epochs = 1; epochs < options.MaxEpochs; epochs++)
        {
            DecoderResult begun = Fit(options with { MaxEpochs = epochs }, rows);
            RequireSame(new HybridSolver(options).Resume(begun.Checkpoint, rows), atOnce);
        }
    }

    [Fact]
    public void Resume_GivesTheBitsOfTrainingThatNeverStopped()
    {
        Matrix<double> rows = Curve(600, seed: 3);
        DecoderOptions options = Quick() with { MaxEpochs = 7 };

        DecoderResult atOnce = Fit(options, rows);
        DecoderResult begun = Fit(options with { MaxEpochs = 3 }, rows);
        DecoderResult ended = new HybridSolver(options).Resume(begun.Checkpoint, rows);

        RequireSame(ended, atOnce);
        ended.History.Length.Should().Be(8);
        ended.Evaluation.Should().Be(atOnce.Evaluation);
    }

    [Fact]
    public void Cancelled_WithinAnEpoch_GoesOnToTheSameBits()
    {
        Matrix<double> rows = Curve(600, seed: 3);
        DecoderOptions options = Quick() with { MaxEpochs = 4 };
        using var source = new CancellationTokenSource();
        DecoderModel Own(CancellationTokenSource? cancelled) =>
            new(new CancellingDecoder(new MlpDecoder(1, 8, hiddenWidths: [8], seed: 1), cancelled), linearLatentCount: 2);

        DecoderResult cancelled = new HybridSolver(options).Fit(Own(source), NewEncoder(), rows, cancellationToken: source.Token);
        DecoderResult ended = new HybridSolver(options).Resume(cancelled.Checkpoint, rows);

        cancelled.StopReason.Should().Be(StopReason.Cancelled);
        cancelled.Failure.Should().BeNull();
        cancelled.Checkpoint.State.Visited.Should().BePositive("it stopped within an epoch");
        RequireSame(ended, new HybridSolver(options).Fit(Own(null), NewEncoder(), rows));
    }

    [Fact]
    public void Threads_DoNotChangeABit()
    {
        Matrix<double> rows = Curve(900, seed: 4);
        DecoderOptions options = Quick() with { MaxEpochs = 2, BatchSize = 512, RefinedRows = 3 };

        DecoderResult one = Fit(options with { MaxThreads = 1 }, rows);

        foreach (int threads in (int[])[2, 8])
        {
            DecoderResult more = Fit(options with { MaxThreads = threads }, rows);
            RequireSame(more, one);
            more.Evaluation.Should().Be(one.Evaluation);
        }
    }

    [Fact]
    public void MissingCells_AreFilledInByTheRest()
    {
        Matrix<double> rows = Curve(3_000, seed: 5), test = Curve(200, seed: 6);
        var random = new Xoshiro256StarStar(1, threadSafe: false);
        rows.MapInplace(x => random.NextDouble() < 0.1 ? double.NaN : x);
        var encoder = new MlpEncoder(8, 1, new PerceptronOptions { HiddenWidths = [16], AcceptsMissing = true });

        DecoderResult result = new HybridSolver(Quick() with { MaxEpochs = 15 }).Fit(Model(), encoder, rows);

        double error = 0, spread = 0, mean = test.Column(3).Average();
        for (int n = 0; n < test.RowCount; n++)
        {
            double[] row = [.. test.Row(n)];
            double truth = row[3];
            row[3] = double.NaN;
            double[] whole = result.Impute(row);
            row.Where((_, k) => k != 3).Should().Equal(whole.Where((_, k) => k != 3));
            error += Math.Pow(whole[3] - truth, 2);
            spread += Math.Pow(mean - truth, 2);
        }

        // The column's mean would have 1.
        (error / spread).Should().BeLessThan(0.6);
    }

    [Fact]
    public void Names_GoIntoTheTrainedModel_PosteriorsAndMessages()
    {
        Matrix<double> rows = Curve(60, seed: 3);
        string[] columns = [.. "abcdefgh".Select(letter => letter.ToString())];
        var model = new DecoderModel(new MlpDecoder(1, 8, hiddenWidths: [8], seed: 1), linearLatentCount: 2)
        {
            ObservationNames = columns,
            AmortizedLatentNames = ["bend"],
            LinearLatentNames = ["level", "trend"],
        };

        DecoderResult result = new HybridSolver(Quick() with { MaxEpochs = 2 }).Fit(model, NewEncoder(), rows);

        result.Model.ObservationNames.Should().Equal(columns);
        DecoderPosterior posterior = result.Infer([.. rows.Row(0)]);
        posterior.Amortized["bend"].Should().Be(posterior.Amortized[0]);
        posterior.Linear!["trend"].Should().Be(posterior.Linear[1]);
        Action one = () => result.Infer([0, 0, double.NaN, 0, 0, 0, 0, 0]);
        rows[3, 1] = double.NaN;
        Action table = () => new HybridSolver(Quick()).Fit(model, NewEncoder(), rows);
        Action twice = () => _ = new DecoderModel(new MlpDecoder(2, 3)) { AmortizedLatentNames = ["z", "z"] };
        one.Should().Throw<ArgumentException>().WithMessage("row[2] ('c') is NaN; it must be finite.*");
        table.Should().Throw<ArgumentException>().WithMessage("rows[3, 1] ('b') is NaN; it must be finite.*");
        twice.Should().Throw<ArgumentException>().WithMessage("AmortizedLatentNames[1] is 'z'*");
    }

    [Fact]
    public void Failure_OfTheReport_KeepsWhatWasLearned()
    {
        DecoderResult result = new HybridSolver(Quick() with { MaxEpochs = 9 }).Fit(Model(), NewEncoder(), Curve(300, seed: 7), new Thrower());

        result.StopReason.Should().Be(StopReason.Failed);
        result.Failure.Should().BeOfType<InvalidOperationException>();
        result.Epochs.Should().Be(2);
    }

    [Fact]
    public void Resume_WithOtherRows_IsRefused()
    {
        DecoderResult begun = Fit(Quick() with { MaxEpochs = 1 }, Curve(300, seed: 7));

        Action act = () => new HybridSolver(Quick()).Resume(begun.Checkpoint, Curve(300, seed: 8));

        act.Should().Throw<ArgumentException>().WithMessage("The held-out rows are not those of the checkpoint*");
    }

    [Fact]
    public void Arguments_ThatDoNotFit_AreRefused()
    {
        Matrix<double> rows = Curve(20, seed: 7);
        var solver = new HybridSolver(Quick());
        Action wrongEncoder = () => solver.Fit(Model(), new MlpEncoder(8, 2), rows);
        Action wrongWidth = () => solver.Fit(Model(), NewEncoder(), Matrix<double>.Build.Dense(5, 7));
        Action tooFew = () => solver.Fit(Model(), NewEncoder(), rows.SubMatrix(0, 2, 0, 8));
        rows[3, 1] = double.NaN;
        Action missing = () => solver.Fit(Model(), NewEncoder(), rows);
        Action numbers = () => _ = new DecoderInference(Model(), NewEncoder());
        Action analytic = () => _ = new DecoderOptions { Estimator = GradientEstimator.Analytic };

        wrongEncoder.Should().Throw<ArgumentException>().WithMessage("encoder maps 8 observations to 2 latents; it must map 8 to 1*");
        wrongWidth.Should().Throw<ArgumentException>().WithMessage("rows has 7 columns; it must have 8*");
        tooFew.Should().Throw<ArgumentException>().WithMessage("rows has 2 rows; it must have at least 3*");
        missing.Should().Throw<ArgumentException>().WithMessage("rows[3, 1] is NaN; it must be finite*");
        numbers.Should().Throw<ArgumentException>().WithMessage("model has no loadings*");
        analytic.Should().Throw<ArgumentOutOfRangeException>().WithMessage("Estimator is Analytic*");
    }

    /// <summary>Draws rows of a curve, two straight directions and noise of deviation 0.1.</summary>
    private static Matrix<double> Curve(int count, int seed)
    {
        var noise = new double[count * 11];
        NormalStream.Fill(seed, noise);
        return Matrix<double>.Build.Dense(count, 8, (n, k) =>
        {
            ReadOnlySpan<double> row = noise.AsSpan(n * 11, 11);
            return Curve(row[0])[k] + (Loadings[k, 0] * row[1]) + (Loadings[k, 1] * row[2]) + (0.1 * row[3 + k]);
        });
    }

    private static double[] Curve(double z) =>
    [
        Math.Sin(2 * z), Math.Cos(2 * z), z * z / 2, z, Math.Tanh(2 * z), Math.Exp(-z * z), Math.Log(Math.Cosh(2 * z)) / 2, Math.Sin(3 * z) / 2,
    ];

    /// <summary>Integrates over the curve by the trapezoid rule: given z the rest is Gaussian.</summary>
    private static double Evidence(Matrix<double> rows)
    {
        const int points = 2_001;
        const double end = 6;
        Matrix<double> covariance = (Loadings * Loadings.Transpose()) + (0.01 * Matrix<double>.Build.DenseIdentity(8));
        Matrix<double> root = covariance.Cholesky().Factor.Inverse();
        double constant = root.Diagonal().Sum(Math.Log) - (4.5 * Math.Log(2 * Math.PI)) + Math.Log(2 * end / (points - 1));
        double[] grid = [.. Enumerable.Range(0, points).Select(i => -end + (2 * end * i / (points - 1)))];
        double[][] curve = [.. grid.Select(z => (root * Vector<double>.Build.Dense(Curve(z))).ToArray())];
        return rows.EnumerateRows().Average(row =>
        {
            double[] white = [.. root * row];
            double[] logs = [.. grid.Select((z, i) => -0.5 * ((z * z) + white.Zip(curve[i], (a, b) => (a - b) * (a - b)).Sum()))];
            double largest = logs.Max();
            return constant + largest + Math.Log(logs.Sum(value => Math.Exp(value - largest)));
        });
    }

    private static DecoderOptions Quick() => new() { RefinedRows = 0, FinalDraws = 10, MaxThreads = 1 };

    private static DecoderModel Model() => new(new MlpDecoder(1, 8, hiddenWidths: [8], seed: 1), linearLatentCount: 2);

    private static MlpEncoder NewEncoder() => new(8, 1, hiddenWidths: [8], seed: 2);

    private static DecoderResult Fit(DecoderOptions options, Matrix<double> rows) => new HybridSolver(options).Fit(Model(), NewEncoder(), rows);

    private static void RequireSame(DecoderResult actual, DecoderResult expected)
    {
        actual.Encoder.Parameters.Span.SequenceEqual(expected.Encoder.Parameters.Span).Should().BeTrue();
        actual.Model.Decoder.Parameters.Span.SequenceEqual(expected.Model.Decoder.Parameters.Span).Should().BeTrue();
        actual.Model.LoadingValues.Should().Equal(expected.Model.LoadingValues);
        actual.Model.Offset.Should().Equal(expected.Model.Offset);
        actual.Model.NoiseVariances.Should().Equal(expected.Model.NoiseVariances);
    }

    /// <summary>Cancels when it has been prepared for the twentieth time, within the second epoch.</summary>
    private sealed class CancellingDecoder(MlpDecoder inner, CancellationTokenSource? source) : IDecoder
    {
        private int _prepared;

        public string Kind => inner.Kind;

        public int LatentCount => inner.LatentCount;

        public int ObservationCount => inner.ObservationCount;

        public Memory<double> Parameters => inner.Parameters;

        public INetworkTape CreateTape(int capacity) => inner.CreateTape(capacity);

        public INetworkTape CreatePreparedTape(int capacity) => inner.CreatePreparedTape(capacity);

        public void Prepare()
        {
            inner.Prepare();
            if (++_prepared == 20)
            {
                source?.Cancel();
            }
        }

        public IDecoder Clone() => new CancellingDecoder(inner.Clone(), source);

        public void Write(ModelState state) => inner.Write(state);

        public IDecoder Read(ModelState state) => throw new NotSupportedException();
    }

    private sealed class Thrower : IProgress<DecoderProgress>
    {
        public void Report(DecoderProgress value)
        {
            if (value.Epoch == 2)
            {
                throw new InvalidOperationException("no more");
            }
        }
    }
}
