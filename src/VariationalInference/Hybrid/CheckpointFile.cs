namespace VariationalInference;

/// <summary>Where checkpoints are saved: what is wrong with a path is said before training begins.</summary>
internal static class CheckpointFile
{
    /// <summary>Requires that a path can be the name of a file.</summary>
    /// <exception cref="ArgumentException">It cannot.</exception>
    public static string? RequirePath(string? path, string name)
    {
        if (path is null)
        {
            return null;
        }

        ArgumentException.ThrowIfNullOrWhiteSpace(path, name);
        int position = path.IndexOf('\0', StringComparison.Ordinal);
        return position < 0 ? path : throw new ArgumentException(
            Guard.Text($"{name} has the null character at position {position}; no file may have it in its name."), name);
    }

    /// <summary>Requires that the file of a path can be there.</summary>
    /// <param name="path">The path; <see langword="null"/> for none.</param>
    /// <param name="parameter">The parameter to name.</param>
    /// <exception cref="ArgumentException">It is a folder.</exception>
    /// <exception cref="DirectoryNotFoundException">Its folder does not exist.</exception>
    public static void RequireFolder(string? path, string parameter)
    {
        if (Directory.Exists(path))
        {
            throw new ArgumentException($"CheckpointPath is {path}, a folder; it must be a file, or not exist.", parameter);
        }

        if (path is not null && !Directory.Exists(Path.GetDirectoryName(Path.GetFullPath(path))))
        {
            throw new DirectoryNotFoundException($"CheckpointPath is {path}; the folder that it names must exist.");
        }
    }
}
