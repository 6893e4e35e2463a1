using System.Collections.Immutable;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference.Testing;

/// <summary>Examines whether an encoder does what <see cref="IEncoder"/> and <see cref="INetworkTape"/> ask of it.</summary>
/// <remarks>
/// <para>
/// Examined is all that <see cref="NetworkConformance"/> examines; besides, that the outputs are a mean and a log variance for each latent, and that
/// <see cref="IEncoder.Calibrate"/> leaves the parameters alone and has an effect once at most.
/// </para>
/// <para>
/// Put it into a test of an encoder of your own, before training with it. It costs two to six forward passes for each parameter examined, and
/// for each input where gradients in the inputs are offered.
/// </para>
/// <threadsafety>Stateless, hence safe to share; the encoder under examination is not.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp">
/// var model = new GaussianSumModel(latentCount: 3, observationCount: 2, noiseVariance: 1.0);
/// var options = new PerceptronOptions { HiddenWidths = [32, 32], Precision = NetworkPrecision.Bits64 };
/// foreach (string violation in EncoderConformance.Check(new MlpEncoder(2, 1, options), model.Sample(20, seed: 1).Observations))
/// {
///     throw new InvalidOperationException(violation);
/// }
/// </code>
/// </example>
public static class EncoderConformance
{
    /// <summary>Examines an encoder on rows of observations.</summary>
    /// <param name="encoder">
    /// The encoder. Its parameters are written during the check, and put back before it returns; nobody else may use it meanwhile.
    /// </param>
    /// <param name="rows">
    /// The observations, N×K with N ≥ 2, all finite, or NaN where missing if the encoder accepts that, and such as it will meet; a dozen
    /// rows that differ will do. On a kink of the encoder, where it has no derivative, gradients cannot be compared.
    /// </param>
    /// <param name="options">How gradients are compared; <see langword="null"/> for the defaults.</param>
    /// <returns>What was violated, a sentence each that says what was found and what is allowed; empty for an encoder that conforms.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="encoder"/> or <paramref name="rows"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException">
    /// <paramref name="rows"/> does not fit the encoder, has fewer than 2 rows, or holds a value that is not allowed.
    /// </exception>
    public static ImmutableArray<string> Check(IEncoder encoder, Matrix<double> rows, ConformanceOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(encoder);
        double[] cells = ConformanceRows.Of(rows, encoder.ObservationCount, encoder.AcceptsMissing);
        return new ConformanceRun(encoder, encoder, cells, rows.RowCount, options ?? new ConformanceOptions()).Run();
    }
}
