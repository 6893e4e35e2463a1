namespace VariationalInference;

/// <summary>A value that is computed once, by the first thread that asks for it, unless that thread is cancelled; then the next one starts afresh.</summary>
/// <remarks><threadsafety>Safe to share. Threads that wait for another's computation answer to their own tokens meanwhile.</threadsafety></remarks>
internal sealed class CancellableLazy<T>(Func<CancellationToken, T> create)
    where T : class
{
    /// <summary>Milliseconds between two looks at the token of a thread that waits.</summary>
    private const int Patience = 50;

    private readonly object _gate = new();
    private volatile T? _value;

    /// <exception cref="OperationCanceledException">The computation, or the wait for it, was cancelled.</exception>
    public T Get(CancellationToken cancellationToken) => _value ?? Create(cancellationToken);

    private T Create(CancellationToken cancellationToken)
    {
        while (!Monitor.TryEnter(_gate, Patience))
        {
            cancellationToken.ThrowIfCancellationRequested();
        }

        try
        {
            return _value ??= create(cancellationToken);
        }
        finally
        {
            Monitor.Exit(_gate);
        }
    }
}
