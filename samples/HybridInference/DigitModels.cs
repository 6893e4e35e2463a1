using MathNet.Numerics.LinearAlgebra;
using Spectre.Console;

namespace VariationalInference.Samples;

/// <summary>Learns the models that are set side by side, all from the same rows, and says how long each took.</summary>
internal sealed class DigitModels(IAnsiConsole console, HybridArguments arguments, DigitTable digits)
{
    private int FactorCount => arguments.Amortized + arguments.Linear;

    /// <summary>Learns probabilistic PCA with as many components as the hybrid has latents, in closed form.</summary>
    public Predictor Components() => ProbabilisticPca.Solve(digits.Training, FactorCount).Predictor();

    /// <summary>Learns factor analysis with as many factors. Pixels that hardly vary get the noise of rounding, as in the models with networks.</summary>
    public Predictor Factors()
    {
        LinearGaussianModel model = FactorAnalysis.Learn(SufficientStatistics.Of(digits.Training), FactorCount, starts: 1, noiseFloor: 0.001).Fit.Model;
        return new Predictor(new LinearGaussianModel(
            model.Loadings(),
            model.Offset.AsSpan(),
            [.. model.NoiseVariances.Select(variance => Math.Max(variance, DigitTable.RoundingVariance))],
            model.Prior));
    }

    /// <summary>Trains a model with a decoder and its encoder together: a plain VAE, or a hybrid with linear latents.</summary>
    public DecoderResult Train(string name, int linearLatents)
    {
        var decoder = new MlpDecoder(arguments.Amortized, DigitTable.PixelCount, [arguments.Hidden, arguments.Hidden], arguments.Seed);
        return Fit(name, Options(), new DecoderModel(decoder, linearLatents), NewEncoder(acceptsMissing: false), digits.Training);
    }

    /// <summary>Trains a second encoder for a trained model, which stays as it is: one that infers digits from their upper halves.</summary>
    public DecoderResult TrainForUpperHalves(string name, DecoderModel model)
    {
        DecoderOptions options = Options() with { Decoder = false, Loadings = false, Offset = false, NoiseVariances = VarianceLearning.Fixed };
        return Fit(name, options, model, NewEncoder(acceptsMissing: true), DigitTable.UpperHalves(digits.Training));
    }

    private DecoderResult Fit(string name, DecoderOptions options, DecoderModel model, IEncoder encoder, Matrix<double> rows) =>
        Interruption.Stops(interrupted => new TrainingDisplay<DecoderProgress>(
            console, progress => (progress.Epoch, progress.MaxEpochs, Describe(name, progress)), epochsPerLine: 50)
            .Show(progress => new HybridSolver(options).Fit(model, encoder, rows, progress, interrupted)));

    private DecoderOptions Options() => new()
    {
        NoiseFloor = DigitTable.RoundingVariance,
        MaxEpochs = arguments.Epochs,
        RefinedRows = 0,
        Seed = arguments.Seed,
    };

    private MlpEncoder NewEncoder(bool acceptsMissing) => new(
        DigitTable.PixelCount,
        arguments.Amortized,
        new PerceptronOptions { HiddenWidths = [arguments.Hidden, arguments.Hidden], AcceptsMissing = acceptsMissing, Seed = arguments.Seed });

    private static string Describe(string name, DecoderProgress progress) =>
        FormattableString.Invariant($"{name}, epoch {progress.Epoch}: held-out ELBO {progress.ValidationElbo:F2} nats a row");
}
