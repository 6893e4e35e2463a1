namespace VariationalInference.Testing;

/// <summary>How <see cref="EncoderConformance"/> and <see cref="NetworkConformance"/> compare gradients with central differences.</summary>
/// <remarks>
/// The defaults suit networks that compute in double precision. In single precision (<see cref="NetworkPrecision.Bits32"/>), rounding leaves
/// little of such differences: a step of 0.01 and a tolerance of 0.1 still find a gradient that is wrong.
/// <threadsafety>Immutable, hence safe to share.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp"><![CDATA[
/// var model = new GaussianSumModel(latentCount: 3, observationCount: 2, noiseVariance: 1.0);
/// Matrix<double> rows = model.Sample(20, seed: 1).Observations;
/// var options = new ConformanceOptions { StepSize = 0.01, GradientTolerance = 0.1 };   // for single precision
/// Console.WriteLine(EncoderConformance.Check(new MlpEncoder(2, 1, [8]), rows, options).Length);   // 0
/// ]]></code>
/// </example>
public sealed record ConformanceOptions
{
    /// <summary>
    /// Gets how far a gradient may be from central differences, relative to the larger of the two, or to a thousandth of the largest
    /// gradient examined where that is more. Range: positive and finite.
    /// </summary>
    /// <value>The default is 1e-5.</value>
    public double GradientTolerance { get; init => field = Require.Positive(value, nameof(GradientTolerance)); } = 1e-5;

    /// <summary>
    /// Gets the step of the central differences, in units of max(1, |φ_i|), or of the spread of an input over the rows. Where they disagree with the gradient, a tenth and a hundredth
    /// of it are tried as well, so that a kink of the network near by does no harm. Range: positive and finite.
    /// </summary>
    /// <value>The default is 1e-5, for networks that compute in double precision.</value>
    public double StepSize { get; init => field = Require.Positive(value, nameof(StepSize)); } = 1e-5;

    /// <summary>
    /// Gets the largest number of parameters, and of inputs, whose gradient is compared; of more, so many are drawn at random. Range: at least 1.
    /// </summary>
    /// <value>The default is 200.</value>
    public int MaxParameters { get; init => field = Require.AtLeast(value, 1, nameof(MaxParameters)); } = 200;

    /// <summary>
    /// Gets the seed of everything random in the check: the parameters examined, the output gradients, the values written to the
    /// parameters. The same seed gives the same outcome.
    /// </summary>
    /// <value>The default is 0.</value>
    public int Seed { get; init; }

    /// <summary>Lists the options.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => FormattableString.Invariant(
        $"ConformanceOptions {{ GradientTolerance = {GradientTolerance}, StepSize = {StepSize}, MaxParameters = {MaxParameters}, Seed = {Seed} }}");
}
