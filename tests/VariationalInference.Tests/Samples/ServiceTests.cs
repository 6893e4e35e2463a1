using System.Net;
using System.Net.Http.Json;
using System.Text;
using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using Microsoft.AspNetCore.Builder;
using VariationalInference.Samples;
using Xunit;

namespace VariationalInference.Tests.Samples;

/// <summary>The sample's service, over HTTP: its answers are the library's, and what it refuses it says.</summary>
public sealed class ServiceTests(ServiceTests.RunningService running) : IClassFixture<ServiceTests.RunningService>
{
    private HttpClient Client => running.Client;

    [Fact]
    public async Task Health_TellsWhatIsServed()
    {
        HealthAnswer? health = await Client.GetFromJsonAsync("/health", ServiceJson.Default.HealthAnswer);

        health!.Status.Should().Be("ok");
        health.Model.Should().Contain("3 observations");
        health.MaxRows.Should().Be(InferenceService.MaxRows);
    }

    [Fact]
    public async Task Rows_AreAnsweredWithTheBitsOfTheLibrary()
    {
        Matrix<double> rows = SensorTraining.Model.Sample(20, seed: 5).Observations;
        double?[][] cells = [.. rows.EnumerateRows().Select((row, n) => row.Select((cell, k) => (n + k) % 4 == 0 ? null : (double?)cell).ToArray())];

        BatchAnswer batch = await Answer("/batch", new BatchQuestion(cells), ServiceJson.Default.BatchQuestion, ServiceJson.Default.BatchAnswer);

        for (int n = 0; n < cells.Length; n++)
        {
            RowAnswer single = await Answer("/infer", new RowQuestion(cells[n]), ServiceJson.Default.RowQuestion, ServiceJson.Default.RowAnswer);
            double[] row = [.. cells[n].Select(cell => cell ?? double.NaN)];
            HybridRow expected = running.Inference.Infer(row);
            single.Means.Should().Equal(expected.IsFlagged ? running.Inference.Refine(row).MeanField.Means : expected.MeanField.Means);
            single.Sds.Should().Equal(SensorTraining.Model.Posterior(row).Variances.Select(Math.Sqrt));
            single.Refined.Should().Be(expected.IsFlagged);
            batch.Rows[n].Means.Should().Equal(single.Means);
            batch.Rows[n].Sds.Should().Equal(single.Sds);
        }
    }

    [Fact]
    public async Task ARowUnlikeTheTrainingRows_IsRefinedToTheExactMeans()
    {
        double[] row = [500, -300, 40];

        RowAnswer answer = await Answer("/infer", new RowQuestion([500, -300, 40]), ServiceJson.Default.RowQuestion, ServiceJson.Default.RowAnswer);

        answer.Refined.Should().BeTrue();
        MultivariateGaussian exact = SensorTraining.Model.Posterior(row);
        for (int j = 0; j < 4; j++)
        {
            // The default tolerance of coordinate ascent, in posterior standard deviations.
            answer.Means[j].Should().BeApproximately(exact.Means[j], 1e-6 * Math.Sqrt(exact.Variances[j]));
        }
    }

    [Theory]
    [InlineData("/infer", "{\"row\":[1,2]}", "row has 2 elements; it must have 3")]
    [InlineData("/infer", "{\"row\":[1,1e999,2]}", "row[1]")]
    [InlineData("/infer", "{\"row\":[1,\"two\",2]}", "$.row[1] cannot be read; cells must be numbers, or null where missing.")]
    [InlineData("/infer", "{\"row\":[1,2,3]", "cannot be read")]
    [InlineData("/infer", "{}", "row is missing")]
    [InlineData("/infer", "null", "The body is null")]
    [InlineData("/batch", "{\"rows\":[]}", "rows is missing or empty; it must have at least 1 row.")]
    [InlineData("/batch", "{\"rows\":[[1,2,3],[1,2]]}", "rows[1] has 2 elements; it must have 3")]
    [InlineData("/batch", "{\"rows\":[[1,2,3],[1,2,-1e999]]}", "rows[1][2]")]
    [InlineData("/batch", "{\"rows\":[[1,2,3],null]}", "rows[1] is missing")]
    public async Task WrongRows_AreRefusedWithCellAndReason(string path, string body, string reason)
    {
        HttpResponseMessage response = await Client.PostAsync(path, new StringContent(body, Encoding.UTF8, "application/json"));

        response.StatusCode.Should().Be(HttpStatusCode.BadRequest);
        (await response.Content.ReadFromJsonAsync(ServiceJson.Default.ErrorAnswer))!.Error.Should().Contain(reason);
    }

    [Fact]
    public async Task TooMuch_IsRefused()
    {
        string rows = string.Join(',', Enumerable.Repeat("[1,2,3]", InferenceService.MaxRows + 1));
        HttpResponseMessage many = await Client.PostAsync("/batch", new StringContent($"{{\"rows\":[{rows}]}}", Encoding.UTF8, "application/json"));
        using var request = new HttpRequestMessage(HttpMethod.Post, "/batch")
        {
            Content = new StringContent(new string(' ', InferenceService.MaxBytes + 1), Encoding.UTF8, "application/json"),

            // The body is not sent unless the service asks for it: else its refusal might arrive at a client that is still sending.
            Headers = { ExpectContinue = true },
        };
        HttpResponseMessage large = await Client.SendAsync(request);

        many.StatusCode.Should().Be(HttpStatusCode.BadRequest);
        (await many.Content.ReadFromJsonAsync(ServiceJson.Default.ErrorAnswer))!.Error.Should().Be("rows has 1001 rows; it may have 1000 at most.");
        large.StatusCode.Should().Be(HttpStatusCode.RequestEntityTooLarge);
        (await Client.GetAsync("/health")).StatusCode.Should().Be(HttpStatusCode.OK);
        (await Client.GetAsync("/infer")).StatusCode.Should().Be(HttpStatusCode.MethodNotAllowed);
    }

    [Fact]
    public async Task LoadTest_OfAServiceThatIsCutOffInTheMiddle_FindsNoWrongAnswer()
    {
        await using var served = new ServedHere(running.File);
        var test = new LoadTest(running.File, requests: 101, served);

        await test.RunAsync();

        served.Starts.Should().Be(2);
        test.Wrong.Should().Be(0);
        test.SameAfterRestart.Should().BeTrue();
        test.Milliseconds.Should().HaveCount(101).And.BeInAscendingOrder();
    }

    [Theory]
    [InlineData("--port 70000", "--port is '70000'; it must be at most 65535")]
    [InlineData("--train a --file b", "--file has no effect with --train")]
    [InlineData("--requests 5", "--requests has no effect without --load-test")]
    public void Arguments_ThatDoNotFit_AreRefused(string line, string message) =>
        ((Action)(() => _ = new ServiceArguments(line.Split(' ')))).Should().Throw<UsageException>().WithMessage(message);

    private async Task<TAnswer> Answer<TQuestion, TAnswer>(
        string path,
        TQuestion question,
        System.Text.Json.Serialization.Metadata.JsonTypeInfo<TQuestion> asked,
        System.Text.Json.Serialization.Metadata.JsonTypeInfo<TAnswer> answered)
    {
        HttpResponseMessage response = await Client.PostAsJsonAsync(path, question, asked);
        response.StatusCode.Should().Be(HttpStatusCode.OK);
        return (await response.Content.ReadFromJsonAsync(answered))!;
    }

    /// <summary>The service in this process, ended without waiting for requests under way; it comes back on the same port.</summary>
    private sealed class ServedHere(string file) : IServed
    {
        private WebApplication? _service;

        public int Starts { get; private set; }

        public Uri Address { get; private set; } = new("http://127.0.0.1");

        public async Task StartAsync()
        {
            Starts++;
            _service = InferenceService.Create(file, Address.IsDefaultPort ? 0 : Address.Port);
            await _service.StartAsync();
            Address = new Uri(_service.Urls.Single());
        }

        public async Task KillAsync()
        {
            await _service!.StopAsync(new CancellationToken(canceled: true));
            await _service.DisposeAsync();
        }

        public async ValueTask DisposeAsync() => await _service!.DisposeAsync();
    }

    /// <summary>A service on a port of its own, of a file that was trained for it.</summary>
    public sealed class RunningService : IAsyncLifetime
    {
        private WebApplication? _service;

        public string File { get; } = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());

        public HttpClient Client { get; } = new();

        public HybridInference Inference { get; private set; } = null!;

        public async Task InitializeAsync()
        {
            SensorTraining.Save(File);
            Inference = HybridInference.Load(File);
            _service = InferenceService.Create(File, port: 0);
            await _service.StartAsync();
            Client.BaseAddress = new Uri(_service.Urls.Single());
        }

        public async Task DisposeAsync()
        {
            Client.Dispose();
            await _service!.DisposeAsync();
            System.IO.File.Delete(File);
        }
    }
}
