using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace VariationalInference.Samples;

/// <summary>The service in a process of its own, which is killed as the operating system kills.</summary>
internal sealed class ServedProcess : IServed
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly string _file;
    private readonly int _port;
    private Process? _process;

    public ServedProcess(string file)
    {
        _file = file;
        using var listener = new TcpListener(IPAddress.Loopback, port: 0);
        listener.Start();
        _port = ((IPEndPoint)listener.LocalEndpoint).Port;
        Address = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{_port}"));
    }

    public Uri Address { get; }

    public async Task StartAsync()
    {
        string host = Environment.ProcessPath ?? throw new IOException("The sample cannot tell what started it.");
        var start = new ProcessStartInfo(host) { RedirectStandardOutput = true };
        if (Path.GetFileNameWithoutExtension(host) == "dotnet")
        {
            start.ArgumentList.Add(Environment.GetCommandLineArgs()[0]);
        }

        string[] arguments = ["--file", _file, "--port", _port.ToString(CultureInfo.InvariantCulture)];
        foreach (string argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        _process = Process.Start(start) ?? throw new IOException($"{host} did not start.");
        using var client = new HttpClient { BaseAddress = Address };
        long began = Stopwatch.GetTimestamp();
        while (!await AnswersAsync(client))
        {
            if (_process.HasExited || Stopwatch.GetElapsedTime(began) > Patience)
            {
                throw new IOException("The service did not start.");
            }

            await Task.Delay(millisecondsDelay: 10);
        }
    }

    public async Task KillAsync()
    {
        _process!.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
        _process = null;
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            await KillAsync();
        }
    }

    private static async Task<bool> AnswersAsync(HttpClient client)
    {
        try
        {
            using HttpResponseMessage health = await client.GetAsync("/health");
            return health.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
