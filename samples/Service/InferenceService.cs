using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace VariationalInference.Samples;

/// <summary>The service: a row or a batch in, posteriors out, on the loopback address.</summary>
internal static class InferenceService
{
    /// <summary>The largest number of rows in a batch.</summary>
    public const int MaxRows = 1_000;

    /// <summary>The largest body of a request, in bytes.</summary>
    public const int MaxBytes = 256 * 1024;

    /// <summary>Makes the service of what a file holds; it is still to be started.</summary>
    /// <exception cref="ModelFileException">The file is none, or damaged.</exception>
    public static WebApplication Create(string file, int port)
    {
        var answering = new RowAnswering(HybridInference.Load(file), MaxRows);
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(options =>
        {
            options.Listen(IPAddress.Loopback, port);
            options.Limits.MaxRequestBodySize = MaxBytes;
        });
        WebApplication service = builder.Build();
        var health = new HealthAnswer("ok", answering.Model.ToString(), answering.Model.ObservationNames, answering.Model.LatentNames, MaxRows);
        service.MapGet("/health", context => context.Response.WriteAsJsonAsync(health, ServiceJson.Default.HealthAnswer));
        service.MapPost("/infer", context => AnswerAsync(context, ServiceJson.Default.RowQuestion, ServiceJson.Default.RowAnswer, answering.Answer));
        service.MapPost("/batch", context => AnswerAsync(context, ServiceJson.Default.BatchQuestion, ServiceJson.Default.BatchAnswer, answering.Answer));
        return service;
    }

    private static async Task AnswerAsync<TQuestion, TAnswer>(
        HttpContext context, JsonTypeInfo<TQuestion> asked, JsonTypeInfo<TAnswer> answered, Func<TQuestion, TAnswer> answer)
    {
        TAnswer found;
        try
        {
            TQuestion? question = await JsonSerializer.DeserializeAsync(context.Request.Body, asked, context.RequestAborted);
            found = answer(question ?? throw new ArgumentException("The body is null; it must be an object."));
        }
        catch (JsonException exception)
        {
            await RefuseAsync(context, StatusCodes.Status400BadRequest, $"{exception.Path ?? "$"} cannot be read; cells must be numbers, or null where missing.");
            return;
        }
        catch (Exception exception) when (exception is ArgumentException or NonFiniteValueException)
        {
            await RefuseAsync(context, StatusCodes.Status400BadRequest, exception.Message);
            return;
        }
        catch (BadHttpRequestException exception)
        {
            await RefuseAsync(context, exception.StatusCode, exception.Message);
            return;
        }

        await context.Response.WriteAsJsonAsync(found, answered);
    }

    private static Task RefuseAsync(HttpContext context, int status, string error)
    {
        context.Response.StatusCode = status;
        return context.Response.WriteAsJsonAsync(new ErrorAnswer(error), ServiceJson.Default.ErrorAnswer);
    }
}
