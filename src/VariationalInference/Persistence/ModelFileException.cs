namespace VariationalInference;

/// <summary>A file or stream does not hold the model, result, encoder, checkpoint or statistics that it should: it is truncated, altered, of another kind or of a newer version.</summary>
/// <remarks>
/// The message names the file, what is wrong and what is allowed. That a file is missing or cannot be read is not this exception but
/// the one that <see cref="System.IO"/> has for it.
/// </remarks>
/// <example>
/// <code language="csharp">
/// File.WriteAllText("notes.txt", "not an encoder");
/// try
/// {
///     MlpEncoder.Load("notes.txt");
/// }
/// catch (ModelFileException exception)
/// {
///     Console.WriteLine(exception.Message);
///     // notes.txt: the header's length is given as 7286945560520847214 bytes; at most 6 are possible here.
/// }
/// </code>
/// </example>
public sealed class ModelFileException : IOException
{
    /// <summary>Initializes a new instance of the <see cref="ModelFileException"/> class.</summary>
    public ModelFileException()
        : this("The file does not hold what it should.")
    {
    }

    /// <summary>Initializes a new instance of the <see cref="ModelFileException"/> class.</summary>
    /// <param name="message">What is wrong, and in which file.</param>
    public ModelFileException(string message)
        : base(message)
    {
    }

    /// <summary>Initializes a new instance of the <see cref="ModelFileException"/> class.</summary>
    /// <param name="message">What is wrong, and in which file.</param>
    /// <param name="innerException">The cause.</param>
    public ModelFileException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    internal ModelFileException(string? fileName, FormattableString problem, Exception? innerException = null)
        : base($"{fileName ?? "The stream"}: {Guard.Text(problem)}", innerException)
    {
        FileName = fileName;
    }

    /// <summary>Gets the path of the file, as it was given; <see langword="null"/> for a stream.</summary>
    public string? FileName { get; }
}
