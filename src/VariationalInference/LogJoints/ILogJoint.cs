namespace VariationalInference;

/// <summary>The log joint density log p(x, z) of what was observed, as a function of the latents z: all that inference needs of a model.</summary>
/// <remarks>
/// <para>
/// Implement it to infer a model of one's own by <see cref="FixedFormElbo"/>. Constants that are left out shift the ELBO by as much, and with it
/// what it bounds. <see cref="QuadraticLogJoint"/> is the linear-Gaussian kind.
/// </para>
/// <threadsafety>Implementations are to be safe for concurrent reads: instances are shared.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp">
/// // One success and a standard normal prior on its log odds.
/// var elbo = new FixedFormElbo(LogJointExpectation.Quadrature(new OneSuccess(), pointsPerDimension: 40));
/// MeanFieldGaussian q = elbo.Ascend(new MeanFieldGaussian([0], [1])).Posterior;
/// Console.WriteLine($"{q[0]}, ELBO {elbo.Value(q):F5}");   // N(0.41313, 0.82887), ELBO -0.69323
///
/// sealed class OneSuccess : ILogJoint
/// {
///     public int LatentCount => 1;
///
///     public double Value(ReadOnlySpan&lt;double&gt; z) =>
///         -Math.Log(1 + Math.Exp(-z[0])) - (0.5 * z[0] * z[0]) - (0.5 * Math.Log(2 * Math.PI));
///
///     public void Gradient(ReadOnlySpan&lt;double&gt; z, Span&lt;double&gt; destination) =>
///         destination[0] = (1 / (1 + Math.Exp(z[0]))) - z[0];
/// }
/// </code>
/// </example>
public interface ILogJoint
{
    /// <summary>Gets the number of latents J. Range: at least 1.</summary>
    int LatentCount { get; }

    /// <summary>Evaluates the log joint, in nats.</summary>
    /// <param name="latents">The latents z, length J, all finite.</param>
    /// <returns>log p(x, z).</returns>
    double Value(ReadOnlySpan<double> latents);

    /// <summary>Computes the gradient ∇_z log p(x, z).</summary>
    /// <param name="latents">The latents z, length J, all finite.</param>
    /// <param name="destination">Receives the gradient, length J; it shares no memory with <paramref name="latents"/>.</param>
    void Gradient(ReadOnlySpan<double> latents, Span<double> destination);
}
