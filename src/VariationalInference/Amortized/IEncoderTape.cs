namespace VariationalInference;

/// <summary>One thread's evaluation and differentiation of an encoder, a batch of rows at a time. Not thread-safe.</summary>
/// <remarks>
/// All arrays are row-major: the values of one row stand together, rows follow one another. Call one yourself to look at an encoder's
/// outputs; implementing one is shown at <see cref="IEncoder"/>.
/// </remarks>
/// <example>
/// <code language="csharp">
/// var encoder = new MlpEncoder(observationCount: 2, latentCount: 1, hiddenWidths: [8], seed: 1);
/// IEncoderTape tape = encoder.CreateTape(capacity: 2);
/// var means = new double[2];
/// var logVariances = new double[2];
/// tape.Forward([1.2, 0.8, 0.1, -0.3], means, logVariances);
///
/// var gradient = new double[encoder.Parameters.Length];
/// tape.Backward([1, 1], [0, 0], gradient);   // of the sum of both means
/// Console.WriteLine(gradient.Any(slope => slope != 0));   // True
/// </code>
/// </example>
public interface IEncoderTape
{
    /// <summary>
    /// Evaluates the encoder on a batch and remembers what <see cref="Backward"/> needs. The same row and parameters give the same bits,
    /// whatever the batch and the tape.
    /// </summary>
    /// <param name="rows">The observations, n × K, all finite, or NaN where missing if the encoder accepts that; n from 0 to the capacity of the tape.</param>
    /// <param name="means">Receives μ_φ(x), n × A, in the latents' own units.</param>
    /// <param name="logVariances">Receives ρ = log σ²_φ(x), n × A.</param>
    /// <exception cref="ArgumentException">
    /// <paramref name="rows"/> is not a whole number of rows or more than the capacity, or another length does not fit it.
    /// </exception>
    void Forward(ReadOnlySpan<double> rows, Span<double> means, Span<double> logVariances);

    /// <summary>
    /// Adds to <paramref name="parameterGradient"/> the gradient of Σ (∂f/∂μ · μ_φ + ∂f/∂ρ · ρ_φ) for the rows of the last
    /// <see cref="Forward"/>: back-propagation of the output gradients of a scalar f to the parameters φ, which must not have changed
    /// since. It can be repeated, with the same or other output gradients.
    /// </summary>
    /// <param name="meanGradients">∂f/∂μ, n × A.</param>
    /// <param name="logVarianceGradients">∂f/∂ρ, n × A.</param>
    /// <param name="parameterGradient">Is increased by ∂f/∂φ; as long as <see cref="IEncoder.Parameters"/>.</param>
    /// <exception cref="ArgumentException">A length does not fit the last <see cref="Forward"/> or the encoder's parameters.</exception>
    /// <exception cref="InvalidOperationException">There was no <see cref="Forward"/> on this tape.</exception>
    void Backward(ReadOnlySpan<double> meanGradients, ReadOnlySpan<double> logVarianceGradients, Span<double> parameterGradient);
}
