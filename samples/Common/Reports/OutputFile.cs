using System.Text;

namespace VariationalInference.Samples;

/// <summary>A file to be written when the work is done: that it cannot be is found out before.</summary>
public sealed class OutputFile
{
    private readonly string _path;

    /// <summary>Makes the file's folder if there is none, and refuses a file that could not be written there.</summary>
    /// <param name="path">The file, which may exist; it stays as it is until it is written.</param>
    /// <exception cref="IOException">Nothing can be written at the path; the message says why.</exception>
    public OutputFile(string path)
    {
        Name = path;
        _path = Path.GetFullPath(path);
        if (Directory.Exists(_path))
        {
            throw new IOException($"{path} is a folder; a file is to be written");
        }

        if (File.Exists(_path) && new FileInfo(_path).IsReadOnly)
        {
            throw new IOException($"{path} cannot be written: it is read-only");
        }

        RequireFolder(Path.GetDirectoryName(_path)!);
    }

    /// <summary>Gets the path as it was given.</summary>
    public string Name { get; }

    /// <summary>Writes the file whole or not at all, as UTF-8.</summary>
    public void Write(string text)
    {
        string temporary = Temporary(Path.GetDirectoryName(_path)!);
        try
        {
            File.WriteAllText(temporary, text, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));
            File.Move(temporary, _path, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    /// <summary>Makes a folder if it is not there, and refuses one in which no file can be made.</summary>
    /// <exception cref="IOException">No file can be made there; the message says why.</exception>
    public static void RequireFolder(string folder)
    {
        try
        {
            Directory.CreateDirectory(folder);
            File.Create(Temporary(folder), bufferSize: 1, FileOptions.DeleteOnClose).Dispose();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"{folder} is no folder to write to: {exception.Message}", exception);
        }
    }

    private static string Temporary(string folder) => Path.Combine(folder, $".{Guid.NewGuid():N}.tmp");
}
