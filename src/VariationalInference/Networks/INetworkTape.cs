namespace VariationalInference;

/// <summary>One thread's evaluation and differentiation of a network, a batch of rows at a time. Not thread-safe.</summary>
/// <remarks>
/// All arrays are row-major: the values of one row stand together, rows follow one another. Call one yourself to look at a network's outputs or
/// to differentiate through it; implementing one is shown at <see cref="IEncoder"/>.
/// </remarks>
/// <example>
/// <code language="csharp">
/// // f(u) = w·u + b of two inputs: w, then b.
/// var network = new Perceptron(inputCount: 2, outputCount: 1, new PerceptronOptions { Precision = NetworkPrecision.Bits64 });
/// ((double[])[3, -2, 0.5]).CopyTo(network.Parameters);
/// INetworkTape tape = network.CreateTape(capacity: 1);
/// var output = new double[1];
/// tape.Forward([2, 1], output);
/// Console.WriteLine(output[0]);   // 4.5
///
/// var parameterGradient = new double[3];
/// var inputGradients = new double[2];
/// tape.Backward([1], parameterGradient, inputGradients);
/// Console.WriteLine(string.Join(", ", parameterGradient));   // 2, 1, 1
/// Console.WriteLine(string.Join(", ", inputGradients));   // 3, -2
/// </code>
/// </example>
public interface INetworkTape
{
    /// <summary>
    /// Evaluates the network on a batch and remembers what a backward pass needs. The same row and parameters give the same bits, whatever
    /// the batch and the tape.
    /// </summary>
    /// <param name="inputs">The rows, n × inputs, all finite, or NaN where missing if the network accepts that; n from 0 to the capacity of the tape.</param>
    /// <param name="outputs">Receives f_φ of each row, n × outputs.</param>
    /// <exception cref="ArgumentException">
    /// <paramref name="inputs"/> is not a whole number of rows or more than the capacity, or <paramref name="outputs"/> does not fit it.
    /// </exception>
    void Forward(ReadOnlySpan<double> inputs, Span<double> outputs);

    /// <summary>
    /// Adds to <paramref name="parameterGradient"/> the gradient of Σ ∂F/∂f · f_φ over the rows of the last <see cref="Forward"/>: it propagates
    /// the output gradients of a scalar F back to the parameters φ, which must not have changed since. It can be repeated, with the same or other
    /// output gradients.
    /// </summary>
    /// <param name="outputGradients">∂F/∂f, n × outputs.</param>
    /// <param name="parameterGradient">Is increased by ∂F/∂φ; as long as <see cref="INetwork.Parameters"/>.</param>
    /// <exception cref="ArgumentException">A length does not fit the last <see cref="Forward"/> or the network's parameters.</exception>
    /// <exception cref="InvalidOperationException">There was no <see cref="Forward"/> on this tape.</exception>
    void Backward(ReadOnlySpan<double> outputGradients, Span<double> parameterGradient);

    /// <summary>
    /// Does the same, with the same bits, and writes the gradient in the inputs of each row. The default refuses: a network whose tapes do it
    /// says so by <see cref="INetwork.HasInputGradients"/>.
    /// </summary>
    /// <param name="outputGradients">∂F/∂f, n × outputs.</param>
    /// <param name="parameterGradient">Is increased by ∂F/∂φ; as long as <see cref="INetwork.Parameters"/>.</param>
    /// <param name="inputGradients">Receives ∂F/∂u of each row u, n × inputs; 0 where an input is missing.</param>
    /// <exception cref="ArgumentException">A length does not fit the last <see cref="Forward"/> or the network's parameters.</exception>
    /// <exception cref="InvalidOperationException">There was no <see cref="Forward"/> on this tape.</exception>
    /// <exception cref="NotSupportedException">The network has no gradients in its inputs.</exception>
    void Backward(ReadOnlySpan<double> outputGradients, Span<double> parameterGradient, Span<double> inputGradients) =>
        throw new NotSupportedException($"{GetType().Name} gives no gradients in the inputs; Backward without them is all that it offers.");
}
