using System.Runtime.ExceptionServices;

namespace VariationalInference;

/// <summary>Threads that stay together for a training run, and share out the numbers 0 … count − 1 step after step without allocating.</summary>
internal sealed class ShardTeam : IDisposable
{
    private readonly Thread[] _helpers;
    private readonly SemaphoreSlim _start = new(0);
    private readonly CountdownEvent _working = new(1);
    private Action<int> _work = _ => { };
    private int _count;
    private int _next;
    private ExceptionDispatchInfo? _failure;
    private volatile bool _disbanded;

    /// <param name="size">The number of threads, the caller's own included. Range: at least 1.</param>
    public ShardTeam(int size)
    {
        Size = size;
        _helpers = [.. Enumerable.Range(1, size - 1).Select(_ => new Thread(Help) { IsBackground = true })];
        foreach (Thread helper in _helpers)
        {
            helper.Start();
        }
    }

    /// <summary>Gets the number of threads, the caller's own included.</summary>
    public int Size { get; }

    /// <summary>Does some work for every number, and returns when all is done.</summary>
    /// <param name="count">How many numbers there are.</param>
    /// <param name="work">What is done for each; called from any of the threads.</param>
    public void Run(int count, Action<int> work)
    {
        _work = work;
        _count = count;
        Volatile.Write(ref _next, 0);
        int helpers = Math.Min(_helpers.Length, count - 1);
        if (helpers <= 0)
        {
            Work();
        }
        else
        {
            _working.Reset(helpers);
            _start.Release(helpers);
            Work();
            _working.Wait();
        }

        Interlocked.Exchange(ref _failure, null)?.Throw();
    }

    public void Dispose()
    {
        _disbanded = true;
        if (_helpers.Length > 0)
        {
            _start.Release(_helpers.Length);
        }

        foreach (Thread helper in _helpers)
        {
            helper.Join();
        }

        _start.Dispose();
        _working.Dispose();
    }

    private void Help()
    {
        while (true)
        {
            _start.Wait();
            if (_disbanded)
            {
                return;
            }

            Work();
            _working.Signal();
        }
    }

    private void Work()
    {
        try
        {
            int number;
            while ((number = Interlocked.Increment(ref _next) - 1) < _count)
            {
                _work(number);
            }
        }
        catch (Exception exception)
        {
            Interlocked.CompareExchange(ref _failure, ExceptionDispatchInfo.Capture(exception), null);
        }
    }
}
