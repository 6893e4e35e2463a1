namespace VariationalInference.Samples;

/// <summary>What Ctrl-C does while a sample works.</summary>
public static class Interruption
{
    /// <summary>Turns Ctrl-C into a cancellation for as long as the work lasts; afterwards it ends the program again.</summary>
    /// <typeparam name="TResult">What the work returns, cancelled or not.</typeparam>
    /// <param name="work">The work.</param>
    /// <returns>What it returned.</returns>
    public static TResult Stops<TResult>(Func<CancellationToken, TResult> work)
    {
        ArgumentNullException.ThrowIfNull(work);
        using var cancellation = new CancellationTokenSource();
        ConsoleCancelEventHandler cancel = (_, key) =>
        {
            key.Cancel = true;
            cancellation.Cancel();
        };
        Console.CancelKeyPress += cancel;
        try
        {
            return work(cancellation.Token);
        }
        finally
        {
            Console.CancelKeyPress -= cancel;
        }
    }
}
