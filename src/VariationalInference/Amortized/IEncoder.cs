namespace VariationalInference;

/// <summary>
/// A parametric map φ from a row of observations to the variational factors of the amortized latents, equation (5-1):
/// q_φ(z_a | x) = N(μ_φ(x)_a, σ²_φ(x)_a), independent over a.
/// </summary>
/// <remarks>
/// <para>
/// An encoder is its flat parameter vector plus a differentiable function. <see cref="HybridSolver"/> works on a <see cref="Clone"/>
/// and changes <see cref="Parameters"/> between passes; the function itself is evaluated and differentiated through an
/// <see cref="IEncoderTape"/>, which owns every buffer a pass needs.
/// </para>
/// <para><see cref="EncoderConformance.Check"/> examines whether an encoder does what is asked here.</para>
/// <para>
/// <see cref="MlpEncoder"/> is the library's own; implement this for a network with structure that a perceptron lacks.
/// </para>
/// <threadsafety>
/// Any number of tapes of one encoder may run at once, each on its own thread, as long as nobody writes <see cref="Parameters"/>
/// meanwhile.
/// </threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp"><![CDATA[
/// // Whatever the observations say: a mean and a log variance, both parameters. The smallest encoder that there is.
/// var encoder = new ConstantEncoder();
/// var model = new GaussianSumModel(latentCount: 3, observationCount: 2, noiseVariance: 1.0);
/// Matrix<double> rows = model.Sample(100, seed: 1).Observations;
/// Console.WriteLine(EncoderConformance.Check(encoder, rows).Length);   // 0
///
/// sealed class ConstantEncoder : IEncoder
/// {
///     private readonly double[] _parameters = [0.5, -1];
///
///     public int ObservationCount => 2;
///
///     public int LatentCount => 1;
///
///     public Memory<double> Parameters => _parameters;
///
///     public IEncoderTape CreateTape(int capacity) => new Tape(this, capacity);
///
///     public IEncoder Clone()
///     {
///         var copy = new ConstantEncoder();
///         Parameters.CopyTo(copy.Parameters);
///         return copy;
///     }
///
///     private sealed class Tape(ConstantEncoder encoder, int capacity) : IEncoderTape
///     {
///         private int _rows = -1;
///
///         public void Forward(ReadOnlySpan<double> rows, Span<double> means, Span<double> logVariances)
///         {
///             int count = rows.Length / 2;
///             if (rows.Length % 2 != 0 || count > capacity || means.Length != count || logVariances.Length != count)
///             {
///                 throw new ArgumentException("The lengths do not fit.", nameof(rows));
///             }
///
///             _rows = count;
///             means.Fill(encoder._parameters[0]);
///             logVariances.Fill(encoder._parameters[1]);
///         }
///
///         public void Backward(
///             ReadOnlySpan<double> meanGradients, ReadOnlySpan<double> logVarianceGradients, Span<double> parameterGradient)
///         {
///             if (_rows < 0)
///             {
///                 throw new InvalidOperationException("Forward comes first.");
///             }
///
///             if (meanGradients.Length != _rows || logVarianceGradients.Length != _rows || parameterGradient.Length != 2)
///             {
///                 throw new ArgumentException("The lengths do not fit.", nameof(meanGradients));
///             }
///
///             for (int n = 0; n < _rows; n++)
///             {
///                 parameterGradient[0] += meanGradients[n];
///                 parameterGradient[1] += logVarianceGradients[n];
///             }
///         }
///     }
/// }
/// ]]></code>
/// </example>
public interface IEncoder
{
    /// <summary>Gets the number of observations K in a row.</summary>
    int ObservationCount { get; }

    /// <summary>Gets the number of amortized latents that the encoder serves.</summary>
    int LatentCount { get; }

    /// <summary>Gets a value indicating whether rows may have missing cells, given as NaN.</summary>
    /// <value>The default is <see langword="false"/>.</value>
    bool AcceptsMissing => false;

    /// <summary>Gets the parameters φ, in an order that never changes. Writing an element changes the encoder.</summary>
    Memory<double> Parameters { get; }

    /// <summary>
    /// Fits the encoder's fixed scales (not its parameters φ) to the data before the first training; an encoder that was calibrated
    /// already keeps its scales. The default does nothing.
    /// </summary>
    /// <param name="scales">Location and scale of the inputs and outputs to expect.</param>
    void Calibrate(EncoderScales scales)
    {
    }

    /// <summary>Creates a tape for up to <paramref name="capacity"/> rows at a time.</summary>
    /// <param name="capacity">The largest number of rows in one pass. Range: at least 1.</param>
    /// <returns>A tape that reads this encoder's parameters as they are at each pass.</returns>
    IEncoderTape CreateTape(int capacity);

    /// <summary>Copies the encoder, parameters and scales included; the copy shares nothing with the original.</summary>
    /// <returns>The copy.</returns>
    IEncoder Clone();
}
