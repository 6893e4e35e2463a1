namespace VariationalInference.Samples;

/// <summary>A command line that cannot be understood; the message says what would be allowed.</summary>
public sealed class UsageException : Exception
{
    public UsageException()
    {
    }

    public UsageException(string message)
        : base(message)
    {
    }

    public UsageException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
