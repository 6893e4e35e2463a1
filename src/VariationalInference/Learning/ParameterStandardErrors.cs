using System.Collections.Immutable;
using System.Text.Json.Serialization;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>
/// Standard errors of learned parameters from the observed information, the second derivatives of the bound at its maximum. NaN where a
/// parameter was not learned, is at its boundary, or cannot be told apart from others by the data.
/// </summary>
/// <remarks>
/// In the full family these are the usual ones of maximum likelihood. In the mean-field family they are as biased as its estimates are.
/// Loadings of several latents have none, since their rotation is a convention. From <see cref="VariationalEmResult.StandardErrors"/>.
/// <threadsafety>Immutable, hence safe to share.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp"><![CDATA[
/// // Draws with noise of variance 0.25, about which the model to start from is wrong.
/// var truth = new GaussianSumModel(latentCount: 1, observationCount: 4, noiseVariance: 0.25);
/// Matrix<double> table = truth.Sample(5_000, seed: 1).Observations;
/// VariationalEmResult learned = new VariationalEm().Learn(new GaussianSumModel(1, 4), table);
/// double error = learned.StandardErrors.NoiseVariances[0];
/// Console.WriteLine($"{learned.NoiseVariances[0]:F3} +- {1.96 * error:F3}");   // 0.250 +- 0.006
/// ]]></code>
/// </example>
[JsonConverter(typeof(ResultJsonConverter))]
public sealed partial class ParameterStandardErrors
{
    private readonly Matrix<double> _loadings;

    internal ParameterStandardErrors(LearningProblem problem, LearningInformation information, int observations, int latents)
    {
        LearningLayout layout = problem.Layout;
        LearningUnits units = problem.Units;
        double ErrorAt(int start, int count, int i) => count == 0 || i < 0 ? double.NaN : information.Error(start + (count == 1 ? 0 : i));
        double VarianceErrorAt(int start, VarianceGroups groups, int i) =>
            i < 0 || groups[i] < 0 ? double.NaN : information.VarianceError(start + groups[i]);

        NoiseVariances = [.. Enumerable.Range(0, observations).Select(
            k => VarianceErrorAt(layout.NoiseStart, layout.Noise, problem.PlaceOf(k)) * units.Scales[k] * units.Scales[k])];
        Offset = [.. Enumerable.Range(0, observations).Select(k => units.OffsetMovesWithLoadings
            ? double.NaN
            : ErrorAt(layout.OffsetStart, layout.OffsetCount, problem.PlaceOf(k)) * units.Scales[k])];
        PriorMeans = [.. Enumerable.Range(0, latents).Select(j => ErrorAt(layout.MeanStart, layout.MeanCount, j) * units.LatentScales[j])];
        PriorVariances = [.. Enumerable.Range(0, latents).Select(
            j => VarianceErrorAt(layout.DeviationStart, layout.Deviations, j) * units.LatentScales[j] * units.LatentScales[j])];
        _loadings = Matrix<double>.Build.Dense(observations, latents, (k, j) => layout.LoadingCount == 0 || problem.PlaceOf(k) < 0
            ? double.NaN
            : information.Error((problem.PlaceOf(k) * latents) + j) * units.Scales[k] / units.LatentScales[j]);
    }

    /// <summary>Gets those of the noise variances r, length K.</summary>
    public ImmutableArray<double> NoiseVariances { get; }

    /// <summary>Gets those of the offset b, length K.</summary>
    public ImmutableArray<double> Offset { get; }

    /// <summary>Gets those of the prior means m, length J.</summary>
    public ImmutableArray<double> PriorMeans { get; }

    /// <summary>Gets those of the prior variances s², length J.</summary>
    public ImmutableArray<double> PriorVariances { get; }

    /// <summary>Writes out those of the loadings.</summary>
    /// <returns>A new K×J matrix, as A.</returns>
    public Matrix<double> Loadings() => _loadings.Clone();

    /// <summary>Lists the standard errors of what was learned, those of loadings aside; of many, the first ones.</summary>
    /// <returns>The text.</returns>
    public override string ToString()
    {
        (string Name, ImmutableArray<double> Errors)[] all =
        [
            ("noise variances", NoiseVariances), ("offset", Offset), ("prior means", PriorMeans), ("prior variances", PriorVariances),
        ];
        string[] known = [.. all.Where(group => group.Errors.Any(double.IsFinite)).Select(group => $"{group.Name} {Wording.List(group.Errors)}")];
        return known.Length == 0 ? "no standard errors" : "standard errors of " + string.Join(", ", known);
    }
}
