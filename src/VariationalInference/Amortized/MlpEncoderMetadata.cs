namespace VariationalInference;

/// <summary>What the metadata of an encoder's file say. Each entry may be missing, as all do in files of other programs.</summary>
internal sealed class MlpEncoderMetadata
{
    private const string VersionKey = "format_version";
    private const string KindKey = "kind";
    private const string ActivationKey = "activation";
    private const string PrecisionKey = "precision";
    private const string CalibratedKey = "calibrated";
    private const string MissingKey = "accepts_missing";
    private const string Version = "1";
    private const string Kind = "mlp_encoder";
    private const string Bits32 = "bits32";
    private const string Bits64 = "bits64";
    private const string True = "true";
    private const string False = "false";

    private readonly string? _fileName;

    /// <exception cref="ModelFileException">The version is not known, the kind is another, or a value is not one of those allowed.</exception>
    public MlpEncoderMetadata(IReadOnlyDictionary<string, string> metadata, string? fileName)
    {
        _fileName = fileName;
        string version = metadata.GetValueOrDefault(VersionKey, Version);
        if (version != Version)
        {
            throw Failure(
                $"{VersionKey} is {SafeTensors.Show(version)}; the versions known here are: {Version}. A newer version of the library may know more.");
        }

        Find(metadata, KindKey, [Kind]);
        Activation[] activations = Enum.GetValues<Activation>();
        Activation = activations[Find(metadata, ActivationKey, [.. activations.Select(ActivationFunctions.Name)])];
        Precision = Find(metadata, PrecisionKey, [Bits32, Bits64]) == 0 ? NetworkPrecision.Bits32 : NetworkPrecision.Bits64;
        IsCalibrated = Find(metadata, CalibratedKey, [True, False]) == 0;
        AcceptsMissing = Find(metadata, MissingKey, [False, True]) == 1;
    }

    public Activation Activation { get; }

    public NetworkPrecision Precision { get; }

    public bool IsCalibrated { get; }

    public bool AcceptsMissing { get; }

    /// <summary>Writes the metadata of an encoder.</summary>
    public static KeyValuePair<string, string>[] Of(MlpEncoder encoder) =>
    [
        new(VersionKey, Version),
        new(KindKey, Kind),
        new(ActivationKey, ActivationFunctions.Name(encoder.Activation)),
        new(PrecisionKey, encoder.Precision == NetworkPrecision.Bits32 ? Bits32 : Bits64),
        new(CalibratedKey, encoder.IsCalibrated ? True : False),
        new(MissingKey, encoder.AcceptsMissing ? True : False),
    ];

    /// <summary>Returns which of the values allowed an entry has; the first when it is missing.</summary>
    private int Find(IReadOnlyDictionary<string, string> metadata, string key, string[] allowed)
    {
        string value = metadata.GetValueOrDefault(key, allowed[0]);
        int place = Array.IndexOf(allowed, value);
        return place >= 0 ? place : throw Failure($"{key} is {SafeTensors.Show(value)}; it must be {string.Join(" or ", allowed)}.");
    }

    private ModelFileException Failure(FormattableString problem) => new(_fileName, problem);
}
