using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Hosting;
using Spectre.Console;

namespace VariationalInference.Samples;

/// <summary>Trains, serves, or tests the service under load.</summary>
internal sealed class ServiceSample(IAnsiConsole console, ServiceArguments arguments)
{
    public void Run()
    {
        if (arguments.TrainedFile is string trained)
        {
            SensorTraining.Save(trained);
            console.WriteLine($"Saved to {trained}.");
            return;
        }

        string? temporary = arguments.File is null ? Path.GetTempFileName() : null;
        string file = arguments.File ?? temporary!;
        try
        {
            if (temporary is not null)
            {
                SensorTraining.Save(temporary);
            }

            console.WriteLine($"Serves: {HybridInference.Load(file)}");
            (arguments.IsLoadTest ? TestAsync(file) : ServeAsync(file)).GetAwaiter().GetResult();
        }
        catch (ModelFileException exception)
        {
            throw new IOException(exception.Message, exception);
        }
        finally
        {
            if (temporary is not null)
            {
                File.Delete(temporary);
            }
        }
    }

    private async Task ServeAsync(string file)
    {
        await using WebApplication service = InferenceService.Create(file, arguments.Port);
        await service.StartAsync();
        console.WriteLine($"Listens on {service.Urls.Single()}; Ctrl-C ends it.");
        await service.WaitForShutdownAsync();
    }

    private async Task TestAsync(string file)
    {
        await using var served = new ServedProcess(file);
        var test = new LoadTest(file, arguments.Requests, served);
        await test.RunAsync();
        console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{arguments.Requests} requests, the process killed and started again in the middle, {test.Repeated} sent again: {test.Wrong} wrong answers, {test.Refined} rows refined."));
        console.WriteLine($"The same answer after the restart: {(test.SameAfterRestart ? "yes" : "no")}.");
        console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"p50 {At(test.Milliseconds, 0.5):F2} ms, p99 {At(test.Milliseconds, 0.99):F2} ms"));
    }

    private static double At(IReadOnlyList<double> sorted, double probability) => sorted[(int)Math.Ceiling(probability * sorted.Count) - 1];
}
