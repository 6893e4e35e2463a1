namespace VariationalInference.Tests.Persistence;

/// <summary>A folder that goes with the test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("encoders");

    /// <summary>Gets the names of all that is in the folder, in order.</summary>
    public IEnumerable<string> Names => _folder.EnumerateFileSystemInfos().Select(item => item.Name).Order(StringComparer.Ordinal);

    public string File(string name) => Path.Combine(_folder.FullName, name);

    public void Dispose() => _folder.Delete(recursive: true);
}
