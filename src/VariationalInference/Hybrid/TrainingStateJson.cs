using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace VariationalInference;

/// <summary>The numbers of a <see cref="TrainingState{TProgress}"/> that are no vectors, as JSON.</summary>
internal sealed class TrainingStateJson
{
    // Leaves room for the time that training takes from there on.
    private const long MostTicks = long.MaxValue / 2;

    private const string ModelFingerprint = "modelFingerprint";
    private const string RowsFingerprint = "rowsFingerprint";
    private const string HeldOutFingerprint = "heldOutFingerprint";

    // Of training in stages alone.
    private const string StageName = "stage";
    private const string StageEndName = "stageEnd";

    private readonly JsonElement _root;

    private TrainingStateJson(JsonElement root) => _root = root;

    public long OptimizerSteps => Count("optimizerSteps");

    /// <summary>Reads by what the training is recognised.</summary>
    /// <exception cref="FormatException">A fingerprint is missing or is none.</exception>
    public TrainingFingerprint Fingerprint() => new(Bits(ModelFingerprint), Bits(RowsFingerprint), Bits(HeldOutFingerprint));

    /// <exception cref="InvalidOperationException">A number is not finite.</exception>
    public static string Write<TProgress>(TrainingState<TProgress> state)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            writer.WriteStartObject();
            writer.WriteNumber("rowCount", state.RowCount);
            if (state.Fingerprint is { } fingerprint)
            {
                writer.WriteString(ModelFingerprint, Hexadecimal(fingerprint.Objective));
                writer.WriteString(RowsFingerprint, Hexadecimal(fingerprint.Rows));
                writer.WriteString(HeldOutFingerprint, Hexadecimal(fingerprint.HeldOut));
            }

            writer.WriteNumber("optimizerSteps", state.Optimizer.Steps);
            writer.WriteNumber("step", state.Step);
            writer.WriteNumber("epoch", state.Epoch);
            writer.WriteNumber("visited", state.Visited);
            writer.WriteNumber("elbo", Finite(state.Objective, "elbo"));
            writer.WriteNumber("optimizationGap", Finite(state.Shortfall, "optimizationGap"));
            if (state.Stage != 0 || state.StageEnd != 0)
            {
                writer.WriteNumber(StageName, state.Stage);
                writer.WriteNumber(StageEndName, state.StageEnd);
            }

            writer.WriteNumber("rateFactor", state.RateFactor);
            writer.WriteNumber("waited", state.Waited);
            writer.WriteNumber("bestGap", state.BestLoss);
            writer.WriteNumber("largestGap", state.LargestLoss);
            writer.WriteNumber("bestEpoch", state.BestEpoch);
            writer.WriteNumber("elapsedTicks", state.Elapsed.Ticks);
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.ToArray());
    }

    /// <exception cref="FormatException">The text is no JSON object.</exception>
    public static TrainingStateJson Read(string json)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? new TrainingStateJson(document.RootElement.Clone())
                : throw new FormatException("The state of training is no JSON object.");
        }
        catch (Exception exception) when (exception is JsonException or ArgumentException)
        {
            throw new FormatException(Guard.Text($"The state of training is no JSON: {exception.Message}"), exception);
        }
    }

    /// <param name="fingerprint">By what the training is recognised.</param>
    /// <param name="current">The parameters as the last step left them.</param>
    /// <param name="average">Their running average.</param>
    /// <param name="best">The best so far.</param>
    /// <param name="coordinates">What is carried with rows.</param>
    /// <param name="optimizer">The state of the optimiser.</param>
    /// <param name="history">The reports so far.</param>
    /// <param name="leastLoss">The smallest loss that there can be.</param>
    /// <exception cref="FormatException">A number is missing or out of its range.</exception>
    public TrainingState<TProgress> ToState<TProgress>(
        TrainingFingerprint? fingerprint,
        double[] current,
        double[] average,
        double[] best,
        double[] coordinates,
        OptimizerState optimizer,
        ImmutableArray<TProgress> history,
        double leastLoss = 0) => new()
        {
            RowCount = Count("rowCount"),
            Fingerprint = fingerprint,
            Current = current,
            Average = average,
            Best = best,
            Carried = coordinates,
            Optimizer = optimizer,
            Step = Count("step"),
            Epoch = Count("epoch") == history.Length - 1 ? history.Length - 1 : throw Failure("epoch"),
            Visited = Count("visited", Count("rowCount")),
            Objective = Number("elbo"),
            Shortfall = Number("optimizationGap"),
            Stage = CountIfAny(StageName),
            StageEnd = CountIfAny(StageEndName),
            RateFactor = Number("rateFactor") is > 1e-9 and <= 1 and double factor ? factor : throw Failure("rateFactor"),
            Waited = (int)Count("waited", int.MaxValue),
            BestLoss = Number("bestGap") is double gap && gap >= leastLoss ? gap : throw Failure("bestGap"),
            LargestLoss = Number("largestGap") is double largest && largest >= leastLoss ? largest : throw Failure("largestGap"),
            BestEpoch = (int)Count("bestEpoch", history.Length - 1),
            Elapsed = new TimeSpan(Count("elapsedTicks", MostTicks)),
            History = history,
        };

    private long Count(string name, long largest = long.MaxValue) =>
        Element(name).TryGetInt64(out long count) && count >= 0 && count <= largest ? count : throw Failure(name);

    private int CountIfAny(string name) => _root.TryGetProperty(name, out _) ? (int)Count(name, int.MaxValue) : 0;

    private double Number(string name) =>
        Element(name).TryGetDouble(out double number) && double.IsFinite(number) ? number : throw Failure(name);

    private UInt128 Bits(string name)
    {
        const int digits = 32;
        string text = Element(name, JsonValueKind.String).GetString()!;
        return text.Length == digits && UInt128.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out UInt128 bits)
            ? bits
            : throw Failure(name);
    }

    private JsonElement Element(string name, JsonValueKind kind = JsonValueKind.Number)
    {
        try
        {
            return _root.TryGetProperty(name, out JsonElement element) && element.ValueKind == kind ? element : throw Failure(name);
        }
        catch (InvalidOperationException exception)
        {
            // A name with an escape that is half a surrogate pair.
            throw new FormatException($"The state of training is no JSON: {exception.Message}", exception);
        }
    }

    private static string Hexadecimal(UInt128 bits) => bits.ToString("x32", CultureInfo.InvariantCulture);

    private static double Finite(double number, string name) => double.IsFinite(number)
        ? number
        : throw new InvalidOperationException(Guard.Text($"{name} is {number}; it must be finite for the checkpoint to be saved."));

    private static FormatException Failure(string name) =>
        new($"The state of training has no {name}, or one out of its range.");
}
