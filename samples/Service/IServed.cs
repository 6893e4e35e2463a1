namespace VariationalInference.Samples;

/// <summary>A service that can be started, and ended without warning.</summary>
internal interface IServed : IAsyncDisposable
{
    /// <summary>Gets where it answers, the same after each start.</summary>
    Uri Address { get; }

    /// <summary>Starts it; done when it answers.</summary>
    Task StartAsync();

    /// <summary>Ends it at once, whatever it is doing.</summary>
    Task KillAsync();
}
