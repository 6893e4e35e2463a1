using System.Reflection;

namespace VariationalInference.Tests.Persistence;

/// <summary>Something that is saved, by its public members alone.</summary>
internal sealed record SavedCase(string Name, string Kind, byte[] File, Func<Stream, object> Load)
{
    public static SavedCase Of<T>(string name, string kind, T saved, Func<Stream, T> load)
        where T : class => new(name, kind, Save(saved), load);

    /// <summary>Saves to bytes.</summary>
    public static byte[] Save(object saved)
    {
        using var stream = new MemoryStream();
        MethodInfo save = saved.GetType().GetMethod("Save", [typeof(Stream)])!;
        save.Invoke(saved, BindingFlags.DoNotWrapExceptions, null, [stream], null);
        return stream.ToArray();
    }

    public object LoadFrom(byte[] file)
    {
        using var stream = new MemoryStream(file, writable: false);
        return Load(stream);
    }
}
