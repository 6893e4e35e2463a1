using System.Diagnostics;
using System.Net.Http.Json;
using Microsoft.AspNetCore.Builder;

namespace VariationalInference.Samples;

/// <summary>Many requests, from several clients at once, to a service that is ended in the middle and started again from its file.</summary>
internal sealed class LoadTest(string file, int requests)
{
    private const int Clients = 4;

    /// <summary>Gets how long each request took, in milliseconds, in ascending order.</summary>
    public IReadOnlyList<double> Milliseconds { get; private set; } = [];

    /// <summary>Gets the number of rows that the encoder did not serve well, so that they were refined.</summary>
    public int Refined { get; private set; }

    /// <summary>Gets the number of answers that differ from those of the library itself.</summary>
    public int Wrong { get; private set; }

    /// <summary>Gets a value indicating whether the service that was started again gave the same answers to the same rows.</summary>
    public bool SameAfterRestart { get; private set; }

    public async Task RunAsync()
    {
        HybridInference inference = HybridInference.Load(file);
        double?[][] rows = [.. inference.Model.Sample(requests, seed: 2).Observations.EnumerateRows().Select(row => row.Select(cell => (double?)cell).ToArray())];
        int half = (requests + 1) / 2;
        (RowAnswer[] first, double[] firstTimes) = await RequestsAsync(rows[..half]);
        (RowAnswer[] second, double[] secondTimes) = await RequestsAsync([rows[0], .. rows[half..]]);
        SameAfterRestart = second[0].Means.SequenceEqual(first[0].Means) && second[0].Sds.SequenceEqual(first[0].Sds);
        Milliseconds = [.. firstTimes.Concat(secondTimes[1..]).Order()];
        RowAnswer[] answers = [.. first, .. second[1..]];
        var expected = new RowAnswering(inference, InferenceService.MaxRows);
        Refined = answers.Count(answer => answer.Refined);
        Wrong = answers.Where((answer, n) => !answer.Means.SequenceEqual(expected.Answer(new RowQuestion(rows[n])).Means)).Count();
    }

    private async Task<(RowAnswer[] Answers, double[] Milliseconds)> RequestsAsync(double?[][] rows)
    {
        await using WebApplication service = InferenceService.Create(file, port: 0);
        await service.StartAsync();
        using var client = new HttpClient { BaseAddress = new Uri(service.Urls.Single()) };
        var answers = new RowAnswer[rows.Length];
        var milliseconds = new double[rows.Length];
        int next = -1;
        await Task.WhenAll(Enumerable.Range(0, Clients).Select(async _ =>
        {
            for (int n = Interlocked.Increment(ref next); n < rows.Length; n = Interlocked.Increment(ref next))
            {
                long start = Stopwatch.GetTimestamp();
                HttpResponseMessage response = await client.PostAsJsonAsync("/infer", new RowQuestion(rows[n]), ServiceJson.Default.RowQuestion);
                answers[n] = (await response.EnsureSuccessStatusCode().Content.ReadFromJsonAsync(ServiceJson.Default.RowAnswer))!;
                milliseconds[n] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            }
        }));
        await service.StopAsync();
        return (answers, milliseconds);
    }
}
