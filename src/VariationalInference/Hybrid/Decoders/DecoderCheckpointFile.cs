using System.Collections.Immutable;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>Writes a <see cref="DecoderCheckpoint"/> as a safetensors file and reads it back.</summary>
internal static class DecoderCheckpointFile
{
    private const string Kind = "decoder_checkpoint";
    private const string EncoderPart = "encoder";
    private const string ModelPart = "model";
    private const string OptimizerPart = "optimizer";
    private const string OptionsKey = "options";
    private const string TrainingKey = "training";
    private const string ScalesName = "scales";
    private const string FloorName = "noise_floor";
    private const string CurrentName = "training.current";
    private const string AverageName = "training.average";
    private const string BestName = "training.best";
    private const string HistoryName = "training.history";

    // Epoch to elapsed ticks, as DecoderProgress has them.
    private const int HistoryColumns = 8;

    /// <exception cref="InvalidOperationException">A number is not finite; nothing was written.</exception>
    public static void Write(DecoderCheckpoint checkpoint, Stream stream)
    {
        TrainingState<DecoderProgress> state = checkpoint.State;
        var encoder = new ModelState();
        checkpoint.Encoder.Write(encoder);
        ModelState.RequireFinite(encoder.Tensors);
        var model = new ModelState();
        checkpoint.Model.Write(model);
        var optimizer = new ModelState();
        foreach ((string name, Memory<double> values) in state.Optimizer.GetVectors())
        {
            optimizer.Add(name, values.Span);
        }

        var training = new ModelState();
        training.Add(CurrentName, state.Current);
        training.Add(AverageName, state.Average);
        training.Add(BestName, state.Best);
        training.AddPart(OptimizerPart, optimizer);
        ModelState.RequireFinite(training.Tensors);

        var whole = new ModelState();
        whole.Add($"{EncoderPart}.{ModelFile.KindKey}", checkpoint.Encoder.Kind);
        whole.AddPart(EncoderPart, encoder);
        whole.AddPart(ModelPart, model);
        foreach (TensorValues tensor in training.Tensors)
        {
            whole.Add(tensor);
        }

        whole.Add(OptionsKey, checkpoint.Options.ToJson());
        whole.Add(TrainingKey, TrainingStateJson.Write(state));
        whole.Add(ScalesName, checkpoint.Scales.AsSpan());
        whole.AddNumber(FloorName, checkpoint.NoiseFloor);
        whole.AddMatrix(HistoryName, Matrix<double>.Build.DenseOfRowArrays(state.History.Select(Row)));
        SavedFile.WriteState(stream, Kind, whole);
    }

    /// <exception cref="ModelFileException">The stream does not hold a checkpoint.</exception>
    /// <exception cref="ArgumentException">A network is not of the kind of the file, or missing.</exception>
    public static DecoderCheckpoint Read(Stream stream, string? fileName, IEncoder? encoder, IDecoder? decoder, Optimizer? optimizer)
    {
        ModelState state = SavedFile.ReadState(stream, fileName, Kind);
        string kind = $"{EncoderPart}.{ModelFile.KindKey}";
        Func<ModelState, IEncoder> readEncoder = EncoderFile.Reader(state.HasText(kind) ? state.Text(kind) : null, encoder, fileName);
        ModelState model = ModelFile.Make(state, whole => whole.Part(ModelPart), fileName);
        Func<ModelState, IDecoder> readDecoder = DecoderModel.Reader(model, decoder, fileName);
        return ModelFile.Make(
            state,
            whole => Make(whole, DecoderModel.Read(model, readDecoder), readEncoder(whole.Part(EncoderPart)), optimizer),
            fileName);
    }

    private static DecoderCheckpoint Make(ModelState state, DecoderModel model, IEncoder encoder, Optimizer? optimizer)
    {
        HybridSolver.RequireFit(model, encoder);
        if (!model.HasNumbers)
        {
            throw new FormatException("the model has no numbers of its own; that of a checkpoint must have them.");
        }

        DecoderOptions options = DecoderOptions.FromJson(state.Text(OptionsKey), optimizer);
        ImmutableArray<double> scales = state.Vector(ScalesName, model.ObservationCount);
        Guard.AllPositive(scales.AsSpan(), ScalesName);
        double floor = Guard.Positive(state.Number(FloorName), FloorName);
        var linear = new LinearPart(model, scales.AsSpan(), floor, DecoderTraining.LearningOf(options, model));
        int count = encoder.Parameters.Length + model.Decoder.Parameters.Length + linear.Parameters.Length;
        var training = TrainingStateJson.Read(state.Text(TrainingKey));
        OptimizerState steps = options.Optimizer.NewState(count);
        steps.Steps = training.OptimizerSteps;
        foreach ((string name, Memory<double> values) in steps.GetVectors())
        {
            Finite(state, $"{OptimizerPart}.{name}", values.Length).CopyTo(values);
        }

        TrainingState<DecoderProgress> read = training.ToState(
            training.Fingerprint(),
            Finite(state, CurrentName, count),
            Finite(state, AverageName, count),
            Finite(state, BestName, count),
            coordinates: [],
            steps,
            History(state),
            leastLoss: double.MinValue);
        RequireStage(read.Stage, model, encoder);
        return new DecoderCheckpoint(model, encoder, options, scales, floor, read);
    }

    /// <summary>Requires a stage that there is; those that look for a start begin the library's own networks anew.</summary>
    private static void RequireStage(int stage, DecoderModel model, IEncoder encoder)
    {
        bool areOwn = encoder is MlpEncoder && model.Decoder is MlpDecoder;
        if (!Enum.IsDefined((DecoderStage)stage) || (stage != (int)DecoderStage.Training && !areOwn))
        {
            throw new FormatException(Guard.Text($"stage is {stage}; networks of these kinds are never in it."));
        }
    }

    private static double[] Finite(ModelState state, string name, int count)
    {
        double[] values = [.. state.Vector(name, count)];
        Guard.AllFinite(values, name);
        return values;
    }

    private static ImmutableArray<DecoderProgress> History(ModelState state)
    {
        Matrix<double> rows = state.Matrix(HistoryName, columns: HistoryColumns);
        return [.. Enumerable.Range(0, rows.RowCount).Select(epoch => Progress(rows.Row(epoch).ToArray(), epoch))];
    }

    private static double[] Row(DecoderProgress progress) =>
    [
        progress.Epoch,
        progress.MaxEpochs,
        progress.TrainingElbo,
        progress.ValidationElbo,
        progress.ValidationStandardError,
        progress.LearningRate,
        progress.IsExploring ? 1 : 0,
        progress.Elapsed.Ticks,
    ];

    /// <summary>Reads an epoch, whose bounds may be anything: of one that diverged they are.</summary>
    private static DecoderProgress Progress(double[] row, int epoch)
    {
        double epochs = row[1], exploring = row[6], ticks = row[7];
        return row[0] == epoch && epochs >= 1 && epochs <= int.MaxValue && double.IsFinite(row[5]) && (exploring is 0 or 1) && ticks >= 0 && ticks < long.MaxValue
            ? new DecoderProgress
            {
                Epoch = epoch,
                MaxEpochs = (int)epochs,
                TrainingElbo = row[2],
                ValidationElbo = row[3],
                ValidationStandardError = row[4],
                LearningRate = row[5],
                IsExploring = exploring == 1,
                Elapsed = new TimeSpan((long)ticks),
            }
            : throw new FormatException(Guard.Text($"{HistoryName}[{epoch}] does not describe epoch {epoch}."));
    }
}
