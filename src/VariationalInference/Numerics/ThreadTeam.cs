using System.Runtime.ExceptionServices;

namespace VariationalInference;

/// <summary>Threads that share out the numbers 0 … count − 1, time after time, without allocating. One caller at a time.</summary>
/// <remarks>
/// Helpers are threads of the pool. The caller begins at once, and helpers take what is left when they arrive: a busy pool, or a team within a
/// team, costs speed and nothing else. Between two calls a helper stays awake for some microseconds, then sleeps.
/// </remarks>
internal sealed class ThreadTeam : IDisposable
{
    // About 100 µs: longer than the pause between two steps of a training run.
    private const int Spins = 3_000;

    private readonly SemaphoreSlim _wake = new(0);
    private Action<int, int> _work = static (_, _) => { };
    private int _count;
    private int _next;
    private int _sleeping;

    // The number of helpers that have entered a call and not left it.
    private int _inside;
    private volatile bool _open;
    private volatile bool _disbanded;
    private volatile int _calls;
    private ExceptionDispatchInfo? _failure;

    /// <param name="size">The number of threads, the caller's own included. Range: at least 1.</param>
    public ThreadTeam(int size)
    {
        Size = size;
        for (int helper = 1; helper < size; helper++)
        {
            ThreadPool.UnsafeQueueUserWorkItem(new Helper(this, helper), preferLocal: false);
        }
    }

    /// <summary>Gets the number of threads, the caller's own included.</summary>
    public int Size { get; }

    /// <summary>Does some work for every number with a team of its own, and returns when all is done.</summary>
    /// <param name="size">The largest number of threads. Range: at least 1.</param>
    /// <param name="count">How many numbers there are.</param>
    /// <param name="work">What is done for each; called from any of the threads.</param>
    public static void For(int size, int count, Action<int> work)
    {
        if (size == 1 || count == 1)
        {
            for (int number = 0; number < count; number++)
            {
                work(number);
            }

            return;
        }

        using var team = new ThreadTeam(Math.Min(size, count));
        team.Run(count, (_, number) => work(number));
    }

    /// <summary>Does some work for every number, and returns when all is done.</summary>
    /// <param name="count">How many numbers there are.</param>
    /// <param name="work">What is done: by which member of the team, counted from 0, and for which number. No member works on two at once.</param>
    /// <exception cref="Exception">What the first work that failed threw; its member takes no more numbers.</exception>
    public void Run(int count, Action<int, int> work)
    {
        _work = work;
        _count = count;
        Volatile.Write(ref _next, 0);
        if (Size == 1 || count <= 1)
        {
            Work(member: 0);
        }
        else
        {
            _calls++;
            _open = true;
            Interlocked.MemoryBarrier();
            Wake(Interlocked.Exchange(ref _sleeping, 0));
            Work(member: 0);
            _open = false;
            Interlocked.MemoryBarrier();

            // Without sleeping: a millisecond is longer than what is left to do.
            var wait = default(SpinWait);
            while (Volatile.Read(ref _inside) != 0)
            {
                wait.SpinOnce(sleep1Threshold: -1);
            }
        }

        Interlocked.Exchange(ref _failure, null)?.Throw();
    }

    /// <summary>Lets the helpers go back to the pool.</summary>
    public void Dispose()
    {
        _disbanded = true;
        Interlocked.MemoryBarrier();
        Wake(Interlocked.Exchange(ref _sleeping, 0));
    }

    private void Wake(int sleeping)
    {
        if (sleeping > 0)
        {
            _wake.Release(sleeping);
        }
    }

    private void Help(int member)
    {
        int seen = 0;
        while (WaitForCall(ref seen))
        {
            Interlocked.Increment(ref _inside);
            if (_open)
            {
                Work(member);
            }

            Interlocked.Decrement(ref _inside);
        }
    }

    /// <summary>Waits for the next call; returns false when there will be none.</summary>
    private bool WaitForCall(ref int seen)
    {
        for (int spin = 0; !_disbanded; spin++)
        {
            int calls = _calls;
            if (_open && calls != seen)
            {
                seen = calls;
                return true;
            }

            if (spin < Spins)
            {
                Thread.SpinWait(1);
                continue;
            }

            // A call or the end after this wakes the sleeper; one before is seen here.
            Interlocked.Increment(ref _sleeping);
            if (!_disbanded && !(_open && _calls != seen))
            {
                _wake.Wait();
            }

            spin = 0;
        }

        return false;
    }

    private void Work(int member)
    {
        try
        {
            int number;
            while ((number = Interlocked.Increment(ref _next) - 1) < _count)
            {
                _work(member, number);
            }
        }
        catch (Exception exception)
        {
            Interlocked.CompareExchange(ref _failure, ExceptionDispatchInfo.Capture(exception), null);
        }
    }

    private sealed class Helper(ThreadTeam team, int member) : IThreadPoolWorkItem
    {
        public void Execute() => team.Help(member);
    }
}
