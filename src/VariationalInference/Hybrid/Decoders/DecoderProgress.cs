using System.Text.Json.Serialization;

namespace VariationalInference;

/// <summary>Where the training of a <see cref="DecoderModel"/> stands after an epoch. Values a row are means over rows, in nats, with every constant.</summary>
/// <remarks><threadsafety>Immutable, hence safe to share.</threadsafety></remarks>
/// <example>
/// <code language="csharp"><![CDATA[
/// Matrix<double> rows = new GaussianSumModel(latentCount: 3, observationCount: 4, noiseVariance: 1.0).Sample(500, seed: 1).Observations;
/// var model = new DecoderModel(new MlpDecoder(latentCount: 1, observationCount: 4, hiddenWidths: [8]), linearLatentCount: 1);
/// var solver = new HybridSolver(new DecoderOptions { MaxEpochs = 2 });
/// DecoderResult result = solver.Fit(model, new MlpEncoder(observationCount: 4, latentCount: 1, hiddenWidths: [8]), rows, new Printer());
///
/// sealed class Printer : IProgress<DecoderProgress>
/// {
///     public void Report(DecoderProgress value)
///     {
///         Console.WriteLine(value);   // epoch … of 2: held-out ELBO …
///     }
/// }
/// ]]></code>
/// </example>
[JsonConverter(typeof(ResultJsonConverter))]
public sealed record DecoderProgress
{
    /// <summary>Gets the number of epochs done; 0 is before the first.</summary>
    public required int Epoch { get; init; }

    /// <summary>Gets the largest number of epochs.</summary>
    public required int MaxEpochs { get; init; }

    /// <summary>Gets the ELBO a row over the epoch's training rows, each with its draws as it was visited; NaN when none was.</summary>
    public required double TrainingElbo { get; init; }

    /// <summary>Gets the ELBO a row on the held-out rows, with draws that never change.</summary>
    public required double ValidationElbo { get; init; }

    /// <summary>Gets the standard error of <see cref="ValidationElbo"/> over the held-out rows.</summary>
    public required double ValidationStandardError { get; init; }

    /// <summary>Gets the learning rate of the epoch to come.</summary>
    public required double LearningRate { get; init; }

    /// <summary>Gets a value indicating whether the epoch was one of those that look for a start, see <see cref="DecoderOptions.ExploringEpochs"/>.</summary>
    public required bool IsExploring { get; init; }

    /// <summary>Gets the time that training took so far, before a checkpoint included.</summary>
    public required TimeSpan Elapsed { get; init; }

    /// <summary>Sums up the state in one line.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => Guard.Text(
        $"epoch {Epoch} of {MaxEpochs}: held-out ELBO {ValidationElbo:G6} ± {ValidationStandardError:G2} nats a row, {(IsExploring ? "looking for a start" : Guard.Text($"learning rate {LearningRate:G2}"))}, {Elapsed.TotalSeconds:F1} s");
}
