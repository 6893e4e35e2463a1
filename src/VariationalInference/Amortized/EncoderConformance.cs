using System.Collections.Immutable;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>Examines whether an encoder does what <see cref="IEncoder"/> and <see cref="IEncoderTape"/> ask of it.</summary>
/// <remarks>
/// <para>
/// Examined are: that there are parameters, and that their number and values change by nobody's hand but the caller's; that
/// <see cref="IEncoderTape.Forward"/> writes every output, finite, and nothing beside them, for no row, one row and as many as the
/// capacity; that the same rows give the same bits when repeated, in batches of any size and on any tape; that
/// <see cref="IEncoderTape.Backward"/> agrees with central differences, adds to what it finds, can be repeated, and does not depend on
/// other tapes; that lengths that do not fit, and a backward pass before any forward pass, are refused; that a tape reads the parameters
/// as they are; that a clone is the same and independent; and that <see cref="IEncoder.Calibrate"/> leaves the parameters alone and has an
/// effect once at most.
/// </para>
/// <para>
/// What rests on something that was found violated is not examined: put that right and check again. An encoder without violations is not
/// proved right; it has passed on these rows, with these parameters.
/// </para>
/// <para>
/// Put it into a test of an encoder of your own, before training with it. It costs two to six forward passes for each parameter examined.
/// </para>
/// <threadsafety>Stateless, hence safe to share; the encoder under examination is not.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp">
/// var model = new GaussianSumModel(latentCount: 3, observationCount: 2, noiseVariance: 1.0);
/// var encoder = new MlpEncoder(2, 1, [32, 32], precision: NetworkPrecision.Bits64);
/// foreach (string violation in EncoderConformance.Check(encoder, model.Sample(20, seed: 1).Observations))
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
    public static ImmutableArray<string> Check(IEncoder encoder, Matrix<double> rows, EncoderConformanceOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(encoder);
        ArgumentNullException.ThrowIfNull(rows);
        if (rows.ColumnCount != encoder.ObservationCount)
        {
            throw new ArgumentException(
                Guard.Text($"rows has {rows.ColumnCount} columns; it must have {encoder.ObservationCount}, one for each observation."),
                nameof(rows));
        }

        if (rows.RowCount < 2)
        {
            throw new ArgumentException(
                Guard.Text($"rows has {rows.RowCount} rows; it must have at least 2, so that a batch is more than a row."), nameof(rows));
        }

        double[] observations = rows.ToRowMajorArray();
        for (int i = 0; i < observations.Length; i++)
        {
            if (!double.IsFinite(observations[i]) && !(encoder.AcceptsMissing && double.IsNaN(observations[i])))
            {
                throw new ArgumentException(
                    Guard.Text($"rows[{i / rows.ColumnCount}, {i % rows.ColumnCount}] is {observations[i]}; it must be finite."),
                    nameof(rows));
            }
        }

        return new ConformanceRun(encoder, observations, rows.RowCount, options ?? new EncoderConformanceOptions()).Run();
    }
}
