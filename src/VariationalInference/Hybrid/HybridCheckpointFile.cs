using System.Collections.Immutable;

namespace VariationalInference;

/// <summary>Writes a <see cref="HybridCheckpoint"/> as a safetensors file and reads it back.</summary>
internal static class HybridCheckpointFile
{
    private const string Version = "2";

    // Had no fingerprints: its trainings are known by the evidence of their held-out rows alone, and stay so until they go on.
    private const string VersionWithoutFingerprint = "1";
    private const string Kind = "hybrid_checkpoint";
    private const string VersionKey = "format_version";
    private const string KindKey = "kind";
    private const string OptionsKey = "options";
    private const string TrainingKey = "training";
    private const string EncoderPrefix = "encoder.";
    private const string StatePrefix = "training.";
    private const string History = StatePrefix + "history";
    private const string Optimizer = StatePrefix + "optimizer.";

    private static readonly string[] StateNames =
    [
        .. new[] { "current", "average", "best", "coordinates", "history" }.Concat(EncoderScalesTensors.Names).Select(name => StatePrefix + name),
    ];

    // Epoch to elapsed ticks, as HybridProgress has them.
    private const int HistoryColumns = 10;

    public static void Write(HybridCheckpoint checkpoint, IEncoder encoder, Stream stream)
    {
        TrainingState<HybridProgress> state = checkpoint.State;
        List<TensorValues> tensors =
        [
            Vector(StatePrefix + "current", state.Current),
            Vector(StatePrefix + "average", state.Average),
            Vector(StatePrefix + "best", state.Best),
            Vector(StatePrefix + "coordinates", state.Carried),
            .. state.Optimizer.GetVectors().Select(vector => new TensorValues(Optimizer + vector.Key, [vector.Value.Length], vector.Value)),
            .. EncoderScalesTensors.Of(checkpoint.Scales, StatePrefix),
        ];
        List<KeyValuePair<string, string>> metadata =
        [
            new(VersionKey, state.Fingerprint is null ? VersionWithoutFingerprint : Version),
            new(KindKey, Kind),
            new(OptionsKey, checkpoint.Options.ToJson()),
            new(TrainingKey, TrainingStateJson.Write(state)),
        ];
        IEncoder best = EncoderFile.Copy(encoder, nameof(encoder));
        state.Best.CopyTo(best.Parameters);
        var own = new ModelState();
        best.Write(own);
        tensors.AddRange(own.Tensors.Select(tensor => tensor with { Name = EncoderPrefix + tensor.Name }));
        metadata.AddRange(ModelFile.Metadata(best.Kind, own).Select(entry => KeyValuePair.Create(EncoderPrefix + entry.Key, entry.Value)));

        ModelState.RequireFinite(tensors);
        tensors.Add(new TensorValues(History, [state.History.Length, HistoryColumns], Rows(state.History)));
        SafeTensorsWriter.WriteHashed(stream, metadata, tensors);
    }

    /// <exception cref="ModelFileException">The stream does not hold a checkpoint.</exception>
    /// <exception cref="ArgumentException">The encoder is not of the kind of the file, or missing.</exception>
    public static HybridCheckpoint Read(Stream stream, string? fileName, IEncoder? encoder, Optimizer? optimizer)
    {
        using var reader = new SafeTensorsReader(stream, fileName);
        IReadOnlyDictionary<string, string> metadata = reader.Header.Metadata;
        CheckKind(metadata, fileName);
        bool hasFingerprint = metadata[VersionKey] != VersionWithoutFingerprint;
        reader.CheckData();
        var tensors = new Dictionary<string, double[]>(StringComparer.Ordinal);
        foreach (TensorEntry entry in reader.Header.Tensors)
        {
            CheckEntry(entry, fileName);
            double[] values = new double[entry.ElementCount!.Value];
            reader.ReadValues(TensorType.F64, values);
            tensors.Add(entry.Name, values);
        }

        reader.CheckHash();
        IEncoder own = ReadEncoder(reader.Header, tensors, metadata, fileName, encoder);
        try
        {
            HybridOptions options = HybridOptions.FromJson(Text(metadata, OptionsKey, fileName), optimizer);
            var training = TrainingStateJson.Read(Text(metadata, TrainingKey, fileName));
            TrainingFingerprint? fingerprint = hasFingerprint ? training.Fingerprint() : null;
            (TrainingState<HybridProgress> state, EncoderScales scales) = ReadState(tensors, training, fingerprint, options, own, fileName);
            own.Calibrate(scales);
            return new HybridCheckpoint(own, options, scales, state);
        }
        catch (FormatException exception)
        {
            throw new ModelFileException(fileName, $"{exception.Message}", exception);
        }
    }

    private static void CheckKind(IReadOnlyDictionary<string, string> metadata, string? fileName)
    {
        // The version comes first: all the rest may be different in a newer one.
        string version = Text(metadata, VersionKey, fileName);
        if (version is not (Version or VersionWithoutFingerprint))
        {
            throw new ModelFileException(
                fileName,
                $"{VersionKey} is {SafeTensors.Show(version)}; the versions known here are: {VersionWithoutFingerprint}, {Version}. A newer version of the library may know more.");
        }

        string kind = Text(metadata, KindKey, fileName);
        if (kind != Kind)
        {
            throw new ModelFileException(fileName, $"{KindKey} is {SafeTensors.Show(kind)}; it must be {Kind}.");
        }
    }

    private static void CheckEntry(TensorEntry entry, string? fileName)
    {
        bool isKnown = entry.Name.StartsWith(EncoderPrefix, StringComparison.Ordinal)
            || entry.Name.StartsWith(Optimizer, StringComparison.Ordinal)
            || StateNames.Contains(entry.Name);
        if (!isKnown || entry.Type != TensorType.F64)
        {
            throw new ModelFileException(
                fileName,
                $"tensor {SafeTensors.Show(entry.Name)} of type {SafeTensors.Show(entry.TypeName)} has no place in a checkpoint; names begin with {EncoderPrefix} or {Optimizer} or are {string.Join(", ", StateNames)}, and types are F64.");
        }
    }

    private static string Text(IReadOnlyDictionary<string, string> metadata, string key, string? fileName) =>
        metadata.GetValueOrDefault(key) ?? throw new ModelFileException(fileName, $"{key} is missing; a checkpoint must have it.");

    private static IEncoder ReadEncoder(
        SafeTensorsHeader header,
        Dictionary<string, double[]> tensors,
        IReadOnlyDictionary<string, string> metadata,
        string? fileName,
        IEncoder? encoder)
    {
        string kind = Text(metadata, EncoderPrefix + KindKey, fileName);
        ModelFile.RequireVersion(metadata, EncoderPrefix + VersionKey, fileName);
        Func<ModelState, IEncoder> read = EncoderFile.Reader(kind, encoder, fileName);
        var state = new ModelState();
        foreach (TensorEntry entry in header.Tensors.Where(entry => entry.Name.StartsWith(EncoderPrefix, StringComparison.Ordinal)))
        {
            ModelFile.AddTensor(state, entry.Name[EncoderPrefix.Length..], entry.Shape, tensors[entry.Name], fileName);
        }

        ModelFile.AddTexts(state, metadata, EncoderPrefix);
        return ModelFile.Make(state, read, fileName);
    }

    private static (TrainingState<HybridProgress> State, EncoderScales Scales) ReadState(
        Dictionary<string, double[]> tensors,
        TrainingStateJson training,
        TrainingFingerprint? fingerprint,
        HybridOptions options,
        IEncoder encoder,
        string? fileName)
    {
        int parameterCount = encoder.Parameters.Length;
        double[] Values(string name, int? count)
        {
            double[] values = tensors.GetValueOrDefault(name)
                ?? throw new ModelFileException(fileName, $"tensor {name} is missing; a checkpoint must have it.");
            if (values.Length != (count ?? values.Length))
            {
                throw new ModelFileException(fileName, $"{name} has {values.Length} elements; it must have {count}.");
            }

            for (int i = 0; i < values.Length; i++)
            {
                if (!double.IsFinite(values[i]))
                {
                    throw new ModelFileException(fileName, $"{name}[{i}] is {values[i]}; it must be finite.");
                }
            }

            return values;
        }

        ImmutableArray<double> Scale(string name, int count)
        {
            ImmutableArray<double> scale = [.. Values(StatePrefix + name, count)];
            return !PerceptronTensors.IsPositive(name) || scale.All(value => value > 0)
                ? scale
                : throw new ModelFileException(fileName, $"{StatePrefix + name} has an element that is not positive; all must be.");
        }

        OptimizerState optimizer = options.Optimizer.NewState(parameterCount);
        optimizer.Steps = training.OptimizerSteps;
        foreach ((string name, Memory<double> values) in optimizer.GetVectors())
        {
            Values(Optimizer + name, values.Length).CopyTo(values);
        }

        double[] coordinates = Values(StatePrefix + "coordinates", options.CoordinateSweeps is null ? 0 : null);
        TrainingState<HybridProgress> state = training.ToState(
            fingerprint,
            Values(StatePrefix + "current", parameterCount),
            Values(StatePrefix + "average", parameterCount),
            Values(StatePrefix + "best", parameterCount),
            coordinates,
            optimizer,
            ReadHistory(tensors, fileName));
        var scales = new EncoderScales(
            Scale(PerceptronTensors.InputMeans, encoder.ObservationCount),
            Scale(PerceptronTensors.InputDeviations, encoder.ObservationCount),
            Scale(PerceptronTensors.OutputMeans, encoder.LatentCount),
            Scale(PerceptronTensors.OutputDeviations, encoder.LatentCount),
            Scale(PerceptronTensors.OutputVariances, encoder.LatentCount));
        return (state, scales);
    }

    private static ImmutableArray<HybridProgress> ReadHistory(Dictionary<string, double[]> tensors, string? fileName)
    {
        double[] values = tensors.GetValueOrDefault(History) ?? [];
        if (values.Length == 0 || values.Length % HistoryColumns != 0)
        {
            throw new ModelFileException(
                fileName, $"{History} has {values.Length} elements; it must have {HistoryColumns} for each epoch and as many before the first.");
        }

        var history = ImmutableArray.CreateBuilder<HybridProgress>(values.Length / HistoryColumns);
        for (int i = 0; i < values.Length; i += HistoryColumns)
        {
            double epoch = values[i], epochs = values[i + 1], ticks = values[i + 9];
            if (epoch != history.Count || !(epochs >= 1 && epochs <= int.MaxValue) || !(ticks >= 0 && ticks < long.MaxValue))
            {
                throw new ModelFileException(fileName, $"{History}[{history.Count}] does not describe epoch {history.Count}.");
            }

            CheckNumbers(values.AsSpan(i, HistoryColumns), history.Count, fileName);
            history.Add(new HybridProgress
            {
                Epoch = (int)epoch,
                MaxEpochs = (int)epochs,
                TrainingElbo = values[i + 2],
                OptimizationGap = values[i + 3],
                ValidationElbo = values[i + 4],
                ValidationLogEvidence = values[i + 5],
                AmortizationGap = values[i + 6],
                ApproximationGap = values[i + 7],
                LearningRate = values[i + 8],
                Elapsed = new TimeSpan((long)ticks),
            });
        }

        return history.MoveToImmutable();
    }

    /// <summary>Requires finite numbers, but for the bounds of an epoch that diverged, and those of training where no row was visited.</summary>
    private static void CheckNumbers(ReadOnlySpan<double> epoch, int number, string? fileName)
    {
        // As HybridProgress has them.
        const int trainingElbo = 2, optimizationGap = 3, validationElbo = 4, amortizationGap = 6, learningRate = 8;
        bool diverged = number > 0 && !double.IsFinite(epoch[amortizationGap]) && !double.IsFinite(epoch[validationElbo]);
        bool visitedNone = double.IsNaN(epoch[trainingElbo]) && double.IsNaN(epoch[optimizationGap]);
        for (int column = trainingElbo; column <= learningRate; column++)
        {
            bool mayBeAnything = column switch
            {
                trainingElbo or optimizationGap => diverged || visitedNone,
                validationElbo or amortizationGap => diverged,
                _ => false,
            };
            if (!mayBeAnything && !double.IsFinite(epoch[column]))
            {
                throw new ModelFileException(fileName, $"{History}[{number}, {column}] is {epoch[column]}; it must be finite.");
            }
        }
    }

    private static double[] Rows(ImmutableArray<HybridProgress> history) =>
    [
        .. history.SelectMany(progress => new[]
        {
            progress.Epoch,
            progress.MaxEpochs,
            progress.TrainingElbo,
            progress.OptimizationGap,
            progress.ValidationElbo,
            progress.ValidationLogEvidence,
            progress.AmortizationGap,
            progress.ApproximationGap,
            progress.LearningRate,
            progress.Elapsed.Ticks,
        }),
    ];

    private static TensorValues Vector(string name, double[] values) => new(name, [values.Length], values);
}
