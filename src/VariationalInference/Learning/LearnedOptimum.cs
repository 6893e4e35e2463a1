using System.Text.Json.Serialization;

namespace VariationalInference;

/// <summary>An optimum of the bound that a search came to; see <see cref="VariationalEmResult.Optima"/>.</summary>
/// <remarks><threadsafety>Immutable, hence safe to share.</threadsafety></remarks>
/// <example>
/// <code language="csharp"><![CDATA[
/// // Correlations that one factor explains: all eight starts come to the same optimum.
/// var correlations = Matrix<double>.Build.DenseOfRowArrays([1.0, 0.56, 0.48], [0.56, 1.0, 0.42], [0.48, 0.42, 1.0]);
/// FactorAnalysis analysis = FactorAnalysis.Learn(SufficientStatistics.OfMoments(200, [0, 0, 0], correlations), factorCount: 1);
/// LearnedOptimum optimum = analysis.Fit.Optima.Single();
/// Console.WriteLine($"{optimum.Elbo:F2} from {optimum.Starts} starts, converged: {optimum.Converged}");   // -783.12 from 8 starts, converged: True
/// ]]></code>
/// </example>
[JsonConverter(typeof(ResultJsonConverter))]
public sealed record LearnedOptimum
{
    /// <summary>Gets the bound there, in nats.</summary>
    public required double Elbo { get; init; }

    /// <summary>Gets how much higher the bound is at the top nearby, in nats; see <see cref="VariationalEmResult.RemainingNats"/>.</summary>
    public required double RemainingNats { get; init; }

    /// <summary>Gets a value indicating whether that is within <see cref="VariationalEmOptions.Tolerance"/>.</summary>
    public required bool Converged { get; init; }

    /// <summary>Gets how many climbs, from starts and from the scan along variances, ended there.</summary>
    public required int Starts { get; init; }
}
