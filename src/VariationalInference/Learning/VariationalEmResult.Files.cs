using System.Collections.Immutable;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <content>Saving and loading.</content>
public sealed partial class VariationalEmResult : ISaved<VariationalEmResult>
{
    /// <summary>With more free parameters than these, standard errors are worked out for a file no more.</summary>
    private const int MostParametersWithErrors = BoundAscent.MostNewtonParameters;

    static string ISaved<VariationalEmResult>.Kind => "variational_em_result";

    /// <summary>Loads what was learned that <see cref="Save(string)"/> saved.</summary>
    /// <inheritdoc cref="SavedFile.Load{T}(string)"/>
    public static VariationalEmResult Load(string path) => SavedFile.Load<VariationalEmResult>(path);

    /// <summary>Loads what was learned from a stream, from where it stands to its end.</summary>
    /// <inheritdoc cref="SavedFile.Load{T}(Stream)"/>
    public static VariationalEmResult Load(Stream stream) => SavedFile.Load<VariationalEmResult>(stream);

    /// <inheritdoc cref="SavedFile.Save{T}(T, string)"/>
    /// <remarks>
    /// Standard errors are worked out first where there are at most 300 free parameters; of more they are saved if <see cref="StandardErrors"/> were asked for before.
    /// </remarks>
    public void Save(string path) => SavedFile.Save(this, path);

    /// <inheritdoc cref="SavedFile.Save{T}(T, Stream)"/>
    public void Save(Stream stream) => SavedFile.Save(this, stream);

    void ISaved<VariationalEmResult>.Write(ModelState state)
    {
        state.AddPart("model", Model);
        state.AddPart("options", Options);
        state.AddMatrix("loadings", _loadings);
        state.Add("offset", Offset.AsSpan());
        state.Add("noise_variances", NoiseVariances.AsSpan());
        state.Add("prior_means", PriorMeans.AsSpan());
        state.Add("prior_variances", PriorVariances.AsSpan());
        state.Add("elbo_trace", ElboTrace.AsSpan());
        state.AddNumber("log_evidence", LogEvidence);
        state.AddNumber("remaining_nats", RemainingNats);
        state.AddNumber("gradient_norm", GradientNorm);
        state.AddMember("stop_reason", StopReason);
        state.AddCount("free_parameters", FreeParameterCount);
        state.Add("optima", [.. Optima.SelectMany(Numbers)], Optima.Length, OptimumColumns);
        LearningWarningFile.Write(state, Warnings);
        bool hasErrors = HasErrors || FreeParameterCount <= MostParametersWithErrors || _standardErrors.IsValueCreated;
        state.AddPartIfAny("standard_errors", hasErrors ? StandardErrors : null);
        ParameterChangeFile.Write(state, hasErrors ? ChangesIfAny() : null);
    }

    static VariationalEmResult ISaved<VariationalEmResult>.Read(ModelState state)
    {
        var model = state.ReadPart<LinearGaussianModel>("model");
        int observations = model.ObservationCount, latents = model.LatentCount;
        var errors = state.ReadPartIfAny<ParameterStandardErrors>("standard_errors");
        errors?.RequireSize(observations, latents);
        ParameterChange[]? changes = ParameterChangeFile.Read(state, observations, latents);
        ImmutableArray<double> trace = state.Vector("elbo_trace");
        ImmutableArray<LearnedOptimum> optima = ReadOptima(state);
        if (trace.IsEmpty || optima.IsEmpty)
        {
            throw new FormatException("elbo_trace or optima have no element; they must have at least 1.");
        }

        return new VariationalEmResult(
            state.Matrix("loadings", observations, latents),
            new Lazy<ParameterStandardErrors>(() => errors ?? throw new InvalidOperationException(
                "The file has no standard errors; ask for StandardErrors before a result of many parameters is saved.")),
            new Lazy<ParameterChange[]>(() => changes ?? throw new InvalidOperationException(
                "The bound has no finite curvature at these parameters, or the file has no standard errors; how unsure they are is not known.")))
        {
            HasErrors = errors is not null,
            Model = model,
            Options = state.ReadPart<VariationalEmOptions>("options"),
            Offset = state.Vector("offset", observations),
            NoiseVariances = state.Vector("noise_variances", observations),
            PriorMeans = state.Vector("prior_means", latents),
            PriorVariances = state.Vector("prior_variances", latents),
            ElboTrace = trace,
            LogEvidence = state.Number("log_evidence"),
            RemainingNats = state.Number("remaining_nats"),
            GradientNorm = state.Number("gradient_norm"),
            StopReason = state.Member<StopReason>("stop_reason"),
            FreeParameterCount = state.Count("free_parameters"),
            Optima = optima,
            Warnings = LearningWarningFile.Read(state),
        };
    }

    private const int OptimumColumns = 4;

    private static double[] Numbers(LearnedOptimum optimum) => [optimum.Elbo, optimum.RemainingNats, optimum.Converged ? 1 : 0, optimum.Starts];

    private static ImmutableArray<LearnedOptimum> ReadOptima(ModelState state)
    {
        Matrix<double> numbers = state.Matrix("optima", rows: null, OptimumColumns);
        return
        [
            .. numbers.EnumerateRows().Select(row => new LearnedOptimum
            {
                Elbo = row[0],
                RemainingNats = row[1],
                Converged = row[2] != 0,
                Starts = row[3] >= 0 && row[3] <= int.MaxValue
                    ? (int)row[3]
                    : throw new FormatException(Guard.Text($"optima have {row[3]} starts; these must be a whole number of 32 bits.")),
            }),
        ];
    }

    /// <summary>Returns how unsure the parameters are, or null where nobody knows.</summary>
    private ParameterChange[]? ChangesIfAny()
    {
        try
        {
            return _changes.Value;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }
}
