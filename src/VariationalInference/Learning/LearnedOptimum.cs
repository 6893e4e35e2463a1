namespace VariationalInference;

/// <summary>An optimum of the bound that a search came to; see <see cref="VariationalEmResult.Optima"/>.</summary>
/// <param name="Elbo">The bound there, in nats.</param>
/// <param name="RemainingNats">How much higher the bound is at the top nearby, in nats; see <see cref="VariationalEmResult.RemainingNats"/>.</param>
/// <param name="Converged">Whether that is within <see cref="VariationalEmOptions.Tolerance"/>.</param>
/// <param name="Starts">How many climbs, from starts and from the scan along variances, ended there.</param>
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
public sealed record LearnedOptimum(double Elbo, double RemainingNats, bool Converged, int Starts);
