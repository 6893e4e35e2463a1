using System.Collections.Immutable;

namespace VariationalInference;

/// <summary>Writes a <see cref="ModelState"/> of some kind as a safetensors file and reads it back.</summary>
internal static class ModelFile
{
    public const string VersionKey = "format_version";
    public const string KindKey = "kind";

    private const string Version = "1";

    /// <exception cref="InvalidOperationException">A number is not finite; nothing was written.</exception>
    public static void Write(Stream stream, string kind, ModelState state)
    {
        ModelState.RequireFinite(state.Tensors);
        SafeTensorsWriter.WriteHashed(stream, Metadata(kind, state), state.Tensors);
    }

    /// <summary>Lists what metadata say of a state.</summary>
    public static KeyValuePair<string, string>[] Metadata(string kind, ModelState state) =>
        [new(VersionKey, Version), new(KindKey, kind), .. state.Texts];

    /// <summary>Reads a file of one kind; one of another program may leave out what it is.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="fileName">The file, for messages.</param>
    /// <param name="kind">The kind that it must be of.</param>
    /// <param name="read">Makes an object of the state.</param>
    /// <exception cref="ModelFileException">The stream does not hold such a state.</exception>
    public static T Read<T>(Stream stream, string? fileName, string kind, Func<ModelState, T> read) =>
        Read(stream, fileName, found => found is null || found == kind
            ? read
            : throw new ModelFileException(fileName, $"{KindKey} is {SafeTensors.Show(found)}; it must be {kind}."));

    /// <summary>Reads a file of whatever kind it says.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="fileName">The file, for messages.</param>
    /// <param name="reader">Finds who makes an object of a state of that kind; null if the file does not say it.</param>
    /// <exception cref="ModelFileException">The stream does not hold such a state.</exception>
    public static T Read<T>(Stream stream, string? fileName, Func<string?, Func<ModelState, T>> reader)
    {
        using var file = new SafeTensorsReader(stream, fileName);

        // Version and kind come first: all the rest may be different in a newer one.
        IReadOnlyDictionary<string, string> metadata = file.Header.Metadata;
        RequireVersion(metadata, VersionKey, fileName);
        Func<ModelState, T> read = reader(metadata.GetValueOrDefault(KindKey));
        return Make(ReadState(file, fileName), read, fileName);
    }

    /// <summary>Reads all tensors and texts behind a header.</summary>
    public static ModelState ReadState(SafeTensorsReader file, string? fileName)
    {
        file.CheckData();
        var state = new ModelState();
        foreach (TensorEntry entry in file.Header.Tensors)
        {
            double[] values = new double[RequireCount(entry, fileName)];
            file.ReadValues(entry.Type!.Value, values);
            AddTensor(state, entry.Name, entry.Shape, values, fileName);
        }

        file.CheckHash();
        AddTexts(state, file.Header.Metadata, prefix: string.Empty);
        return state;
    }

    /// <summary>Requires a version that is known; one that is missing is the first.</summary>
    public static void RequireVersion(IReadOnlyDictionary<string, string> metadata, string key, string? fileName)
    {
        string version = metadata.GetValueOrDefault(key, Version);
        if (version != Version)
        {
            throw new ModelFileException(
                fileName,
                $"{key} is {SafeTensors.Show(version)}; the versions known here are: {Version}. A newer version of the library may know more.");
        }
    }

    /// <exception cref="ModelFileException">The name is none.</exception>
    public static void AddTensor(ModelState state, string name, ImmutableArray<long> shape, double[] values, string? fileName)
    {
        if (name is "" or SafeTensors.MetadataKey)
        {
            throw new ModelFileException(fileName, $"a tensor is named {SafeTensors.Show(name)}; it must have a name of its own.");
        }

        state.Add(new TensorValues(name, shape, values));
    }

    /// <summary>Adds the metadata whose names begin with a prefix, under the rest of their names.</summary>
    public static void AddTexts(ModelState state, IReadOnlyDictionary<string, string> metadata, string prefix)
    {
        foreach ((string name, string text) in metadata)
        {
            string rest = name.StartsWith(prefix, StringComparison.Ordinal) ? name[prefix.Length..] : string.Empty;
            if (rest is not ("" or VersionKey or KindKey or ContentHash.Key))
            {
                state.Add(rest, text);
            }
        }
    }

    /// <summary>Makes an object of a state; what the state makes impossible is the file's fault.</summary>
    public static T Make<T>(ModelState state, Func<ModelState, T> read, string? fileName)
    {
        try
        {
            return read(state);
        }
        catch (Exception exception) when (exception is FormatException or ArgumentException or ArithmeticException)
        {
            throw new ModelFileException(fileName, $"{exception.Message}", exception);
        }
    }

    /// <summary>Returns how many numbers a tensor has; its shape was checked against the data.</summary>
    private static long RequireCount(TensorEntry entry, string? fileName)
    {
        long count = entry.ElementCount!.Value;
        return count <= Array.MaxLength
            ? count
            : throw new ModelFileException(fileName, $"{SafeTensors.Show(entry.Name)} has {count} numbers; at most {Array.MaxLength} can be read.");
    }
}
