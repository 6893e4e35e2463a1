using System.Diagnostics;
using System.Net.Http.Json;

namespace VariationalInference.Samples;

/// <summary>Many requests, from several clients at once, to a service that is killed in the middle of them and started again from its file.</summary>
internal sealed class LoadTest(string file, int requests, IServed served)
{
    private const int Clients = 4;
    private const int MostRepeats = 1_000;

    private int _repeated;

    /// <summary>Gets how long each request took that was answered, in milliseconds, in ascending order.</summary>
    public IReadOnlyList<double> Milliseconds { get; private set; } = [];

    /// <summary>Gets the number of requests that were sent again since the service was gone.</summary>
    public int Repeated => _repeated;

    /// <summary>Gets the number of rows that the encoder did not serve well, so that they were refined.</summary>
    public int Refined { get; private set; }

    /// <summary>Gets the number of answers that differ from those of the library itself.</summary>
    public int Wrong { get; private set; }

    /// <summary>Gets a value indicating whether the service that was started again gave the same answer to the first row.</summary>
    public bool SameAfterRestart { get; private set; }

    public async Task RunAsync()
    {
        HybridInference inference = HybridInference.Load(file);
        RowQuestion[] questions =
        [
            .. inference.Model.Sample(requests, seed: 2).Observations.EnumerateRows().Select(row => new RowQuestion([.. row.Select(cell => (double?)cell)])),
        ];
        await served.StartAsync();
        using var client = new HttpClient { BaseAddress = served.Address };
        var answers = new RowAnswer[requests];
        var milliseconds = new double[requests];
        int next = -1;
        await Task.WhenAll(Enumerable.Range(0, Clients).Select(async _ =>
        {
            for (int n = Interlocked.Increment(ref next); n < requests; n = Interlocked.Increment(ref next))
            {
                if (n == requests / 2)
                {
                    await served.KillAsync();
                    await served.StartAsync();
                }

                (answers[n], milliseconds[n]) = await AskAsync(client, questions[n]);
            }
        }));
        (RowAnswer again, double _) = await AskAsync(client, questions[0]);
        SameAfterRestart = again.Means.SequenceEqual(answers[0].Means) && again.Sds.SequenceEqual(answers[0].Sds);
        Milliseconds = [.. milliseconds.Order()];
        var expected = new RowAnswering(inference, InferenceService.MaxRows);
        Refined = answers.Count(answer => answer.Refined);
        Wrong = answers.Where((answer, n) => !answer.Means.SequenceEqual(expected.Answer(questions[n]).Means)).Count();
    }

    /// <summary>Asks until there is an answer: a service that is gone comes back.</summary>
    private async Task<(RowAnswer Answer, double Milliseconds)> AskAsync(HttpClient client, RowQuestion question)
    {
        for (int attempt = 0; ; attempt++)
        {
            try
            {
                long start = Stopwatch.GetTimestamp();
                using HttpResponseMessage response = await client.PostAsJsonAsync("/infer", question, ServiceJson.Default.RowQuestion);
                RowAnswer? answer = await response.EnsureSuccessStatusCode().Content.ReadFromJsonAsync(ServiceJson.Default.RowAnswer);
                return (answer!, Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            }
            catch (Exception exception) when (exception is HttpRequestException { StatusCode: null } or IOException && attempt < MostRepeats)
            {
                Interlocked.Increment(ref _repeated);
                await Task.Delay(millisecondsDelay: 20);
            }
        }
    }
}
