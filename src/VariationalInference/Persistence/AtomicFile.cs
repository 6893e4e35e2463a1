namespace VariationalInference;

/// <summary>Writes a file whole or not at all: a reader finds the old contents or the new ones, even after a crash.</summary>
/// <remarks>
/// The new contents go to a temporary file in the same folder, are flushed to the disk, and only then take the old file's name. After a
/// power cut the name may still have the old contents, since the folder itself is not flushed; a process that is killed midway leaves its
/// temporary file, <c>.*.tmp</c>, behind.
/// </remarks>
internal static class AtomicFile
{
    private static readonly string[] DeviceFolders = ["/dev/", "/proc/", "/sys/"];

    /// <summary>Writes a file. When anything fails the old file stays as it was and nothing else is left behind.</summary>
    /// <param name="path">The file, created or replaced; of a symbolic link, the file that it leads to.</param>
    /// <param name="write">Writes the contents.</param>
    /// <exception cref="ArgumentException"><paramref name="path"/> is empty, all white space, or has a null character.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">The file is read-only, a folder or a device, or the folder does not allow it.</exception>
    public static void Write(string path, Action<Stream> write)
    {
        Guard.Path(path, nameof(path));
        string target = FollowLinks(Path.GetFullPath(path));
        CheckReplaceable(target);
        string temporary = Path.Combine(Path.GetDirectoryName(target)!, $".{Guid.NewGuid():N}.tmp");
        try
        {
            WriteFlushed(temporary, target, write);
            File.Move(temporary, target, overwrite: true);
        }
        catch
        {
            TryDelete(temporary);
            throw;
        }
    }

    private static void WriteFlushed(string temporary, string target, Action<Stream> write)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.None };
        UnixFileMode? mode = !OperatingSystem.IsWindows() && File.Exists(target) ? File.GetUnixFileMode(target) : null;
        if (!OperatingSystem.IsWindows() && mode is not null)
        {
            // Nobody may read the new contents who may not read the old.
            options.UnixCreateMode = mode;
        }

        using var stream = new FileStream(temporary, options);
        if (!OperatingSystem.IsWindows() && mode is { } exact)
        {
            File.SetUnixFileMode(stream.SafeFileHandle, exact);
        }

        write(stream);
        stream.Flush(flushToDisk: true);
    }

    private static string FollowLinks(string path)
    {
        var file = new FileInfo(path);
        return file.LinkTarget is null ? path : file.ResolveLinkTarget(returnFinalTarget: true)!.FullName;
    }

    // A rename asks the folder for leave, not the file: it would replace what must not be written, even a device.
    private static void CheckReplaceable(string target)
    {
        if (Directory.Exists(target))
        {
            throw new UnauthorizedAccessException($"{target} is a folder; it must be a file or not exist.");
        }

        bool isDevice = !OperatingSystem.IsWindows()
            && !target.StartsWith("/dev/shm/", StringComparison.Ordinal)
            && DeviceFolders.Any(folder => target.StartsWith(folder, StringComparison.Ordinal));
        if (isDevice)
        {
            throw new UnauthorizedAccessException($"{target} is a device; it must be a file on a disk.");
        }

        if (File.Exists(target) && File.GetAttributes(target).HasFlag(FileAttributes.ReadOnly))
        {
            throw new UnauthorizedAccessException($"{target} is read-only; it must be writable or not exist.");
        }
    }

    private static void TryDelete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // The failure that brought us here says more.
        }
    }
}
