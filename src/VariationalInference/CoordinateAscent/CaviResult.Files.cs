using System.Collections.Immutable;

namespace VariationalInference;

/// <content>Saving and loading.</content>
public sealed partial class CaviResult : ISaved<CaviResult>
{
    static string ISaved<CaviResult>.Kind => "cavi_result";

    /// <summary>Loads a result that <see cref="Save(string)"/> saved.</summary>
    /// <inheritdoc cref="SavedFile.Load{T}(string)"/>
    public static CaviResult Load(string path) => SavedFile.Load<CaviResult>(path);

    /// <summary>Loads a result from a stream, from where it stands to its end.</summary>
    /// <inheritdoc cref="SavedFile.Load{T}(Stream)"/>
    public static CaviResult Load(Stream stream) => SavedFile.Load<CaviResult>(stream);

    /// <inheritdoc cref="SavedFile.Save{T}(T, string)"/>
    public void Save(string path) => SavedFile.Save(this, path);

    /// <inheritdoc cref="SavedFile.Save{T}(T, Stream)"/>
    public void Save(Stream stream) => SavedFile.Save(this, stream);

    void ISaved<CaviResult>.Write(ModelState state)
    {
        state.AddPart("log_joint", _joint);
        state.Add("means", MeanField.Means.AsSpan());
        state.Add("elbo_trace", ElboTrace.AsSpan());
        state.AddNumber("error_bound", ErrorBound);
        state.AddMember("stop_reason", StopReason);
        state.AddFlag("converged", Converged);
    }

    static CaviResult ISaved<CaviResult>.Read(ModelState state)
    {
        var joint = state.ReadPart<QuadraticLogJoint>("log_joint");
        ImmutableArray<double> trace = state.Vector("elbo_trace");
        ImmutableArray<double> means = state.Vector("means", joint.LatentCount);
        Guard.AllFinite(means.AsSpan(), "means");
        Guard.AtLeast(trace.Length, 1, "elbo_trace");
        return new CaviResult(joint, [.. means], trace, new CaviSummary
        {
            Elbo = trace[^1],
            ErrorBound = state.Number("error_bound"),
            Iterations = trace.Length - 1,
            StopReason = state.Member<StopReason>("stop_reason"),
            Converged = state.Flag("converged"),
        });
    }
}
