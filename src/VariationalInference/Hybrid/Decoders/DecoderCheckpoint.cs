using System.Collections.Immutable;

namespace VariationalInference;

/// <summary>The state of the training of a <see cref="DecoderModel"/> between two steps: parameters, optimiser, learning rate, place in the rows and history.</summary>
/// <remarks>
/// <see cref="HybridSolver.Resume(DecoderCheckpoint, MathNet.Numerics.LinearAlgebra.Matrix{double}, IProgress{DecoderProgress}?, CancellationToken)"/>
/// goes on from it as if training had never stopped, to the last bit. Every <see cref="DecoderResult"/> has one, and
/// <see cref="DecoderOptions.CheckpointPath"/> saves them on the way. It holds about six times the parameters.
/// <threadsafety>Safe to share: nothing changes a checkpoint, and each training run that goes on from it works on a copy.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp"><![CDATA[
/// Matrix<double> rows = new GaussianSumModel(latentCount: 3, observationCount: 4, noiseVariance: 1.0).Sample(500, seed: 1).Observations;
/// var model = new DecoderModel(new MlpDecoder(latentCount: 1, observationCount: 4, hiddenWidths: [8]), linearLatentCount: 1);
/// var encoder = new MlpEncoder(observationCount: 4, latentCount: 1, hiddenWidths: [8]);
/// var options = new DecoderOptions { MaxEpochs = 2 };
/// DecoderResult begun = new HybridSolver(options).Fit(model, encoder, rows);
/// begun.Checkpoint.Save("training.checkpoint");
///
/// DecoderCheckpoint checkpoint = DecoderCheckpoint.Load("training.checkpoint");
/// DecoderResult ended = new HybridSolver(checkpoint.Options with { MaxEpochs = 4 }).Resume(checkpoint, rows);
/// DecoderResult atOnce = new HybridSolver(options with { MaxEpochs = 4 }).Fit(model, encoder, rows);
/// Console.WriteLine(ended.Encoder.Parameters.Span.SequenceEqual(atOnce.Encoder.Parameters.Span));   // True
/// ]]></code>
/// </example>
public sealed partial class DecoderCheckpoint
{
    internal DecoderCheckpoint(
        DecoderModel model,
        IEncoder encoder,
        DecoderOptions options,
        ImmutableArray<double> scales,
        double noiseFloor,
        TrainingState<DecoderProgress> state)
    {
        Model = model;
        Encoder = encoder;
        Options = options;
        Scales = scales;
        NoiseFloor = noiseFloor;
        State = state;
    }

    /// <summary>Gets the options of the run.</summary>
    public DecoderOptions Options { get; }

    /// <summary>Gets the number of epochs done.</summary>
    public int Epochs => State.Epoch;

    /// <summary>Gets the number of steps taken.</summary>
    public long Steps => State.Step;

    /// <summary>Gets the best held-out ELBO so far, in nats a row.</summary>
    public double ValidationElbo => -State.BestLoss;

    /// <summary>Gets the state after each epoch; element 0 is before the first.</summary>
    public ImmutableArray<DecoderProgress> History => State.History;

    /// <summary>Gets the model with the best parameters: its shape and what is not learned count here.</summary>
    internal DecoderModel Model { get; }

    internal IEncoder Encoder { get; }

    /// <summary>Gets the scale of each observation.</summary>
    internal ImmutableArray<double> Scales { get; }

    internal double NoiseFloor { get; }

    internal TrainingState<DecoderProgress> State { get; }

    /// <summary>Says where training stands.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => Guard.Text(
        $"{Encoder}, {Model}, {Wording.Count(Epochs, "epoch")} and {Wording.Count(State.Visited, "row")} of the next: held-out ELBO {ValidationElbo:G6} nats a row");
}
