using System.Collections.Immutable;

namespace VariationalInference;

/// <summary>Which parameters <see cref="VariationalEm"/> learns, and how.</summary>
/// <remarks>
/// Each group of parameters is named as in the model: noise variances, prior variances, prior means, offset, loadings.
/// <threadsafety>Immutable, hence safe to share.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp"><![CDATA[
/// var options = new VariationalEmOptions { NoiseVariances = VarianceLearning.Each, PriorMeans = true };
/// var truth = new GaussianSumModel(observationCount: 2, noiseVariance: 0.1, priorMeans: [3], priorVariances: [1]);
/// Matrix<double> table = truth.Sample(1_000, seed: 1).Observations;
/// VariationalEmResult learned = new VariationalEm(options).Learn(new GaussianSumModel(1, 2), table);
/// Console.WriteLine($"{learned.PriorMeans[0]:F1}, {learned.NoiseVariances.Length} noise variances");   // 3.0, 2 noise variances
/// ]]></code>
/// </example>
public sealed partial record VariationalEmOptions
{
    /// <summary>Gets whether the noise variances r are learned: one for all observations or one for each.</summary>
    /// <value>The default is <see cref="VarianceLearning.Shared"/>.</value>
    public VarianceLearning NoiseVariances { get; init => field = Guard.Defined(value, nameof(NoiseVariances)); } = VarianceLearning.Shared;

    /// <summary>Gets whether the prior variances s² are learned: one for all latents or one for each (automatic relevance).</summary>
    /// <value>The default is <see cref="VarianceLearning.Fixed"/>.</value>
    public VarianceLearning PriorVariances { get; init => field = Guard.Defined(value, nameof(PriorVariances)); } = VarianceLearning.Fixed;

    /// <summary>
    /// Gets which prior variances s² are one and the same, for what <see cref="PriorVariances"/> cannot say: the group of each latent, length J,
    /// −1 where the variance is fixed. The latents of a group, such as the levels of a factor, share one variance, which is learned. Range:
    /// groups are numbered from 0 without a gap; <see cref="PriorVariances"/> must be <see cref="VarianceLearning.Fixed"/> beside them.
    /// </summary>
    /// <value>The default is empty: what <see cref="PriorVariances"/> says.</value>
    public ImmutableArray<int> PriorVarianceGroups { get; init => field = Numbered(value, nameof(PriorVarianceGroups)); } = [];

    /// <summary>Gets a value indicating whether the prior means m are learned.</summary>
    /// <value>The default is <see langword="false"/>.</value>
    public bool PriorMeans { get; init; }

    /// <summary>Gets a value indicating whether the offset b is learned.</summary>
    /// <value>The default is <see langword="false"/>.</value>
    public bool Offset { get; init; }

    /// <summary>
    /// Gets a value indicating whether the loadings A are learned. Where nothing else fixes their rotation, they are returned in the one in which
    /// AᵀR⁻¹A, scaled by the priors, is diagonal with descending elements, and each column has a positive sum in standard units.
    /// </summary>
    /// <value>The default is <see langword="false"/>.</value>
    public bool Loadings { get; init; }

    /// <summary>Gets the family of the posterior in the E-step.</summary>
    /// <value>The default is <see cref="PosteriorFamily.FullGaussian"/>.</value>
    public PosteriorFamily Family { get; init => field = Guard.Defined(value, nameof(Family)); } = PosteriorFamily.FullGaussian;

    /// <summary>Gets how the bound is raised.</summary>
    /// <value>The default is <see cref="VariationalEmMethod.Accelerated"/>.</value>
    public VariationalEmMethod Method { get; init => field = Guard.Defined(value, nameof(Method)); } = VariationalEmMethod.Accelerated;

    /// <summary>
    /// Gets how far the parameters may be from the optimum to count as converged, in standard errors; see
    /// <see cref="VariationalEmResult.RemainingStandardErrors"/>. The search goes on to the last digits that it can get, whatever the tolerance.
    /// Range: positive.
    /// </summary>
    /// <value>The default is 1e-3.</value>
    public double Tolerance { get; init => field = Guard.Positive(value, nameof(Tolerance)); } = 1e-3;

    /// <summary>
    /// Gets the smallest noise variance that is learned, as a part of the variance of its column (of all columns, where they share one). An
    /// optimum below it stays at it, with a warning; 0.005 is usual in factor analysis. Range: 0 to less than 1. Where it is
    /// <see langword="null"/>, a noise variance is zero where the likelihood has a limit there; where it has none, own noise variances stay at the
    /// rounding with which their column came in. At 0 that floor is none either: the bound is said to be unlimited.
    /// </summary>
    /// <value>The default is <see langword="null"/>.</value>
    public double? NoiseFloor
    {
        get;
        init
        {
            if (value is double floor && !(floor is >= 0 and < 1))
            {
                throw new ArgumentOutOfRangeException(
                    nameof(NoiseFloor), floor, Guard.Text($"NoiseFloor is {floor}; it must be at least 0 and less than 1, or null."));
            }

            field = value;
        }
    }

    /// <summary>
    /// Gets the largest element of the gradient of the bound, in nats a row, at which plain EM and quasi-Newton steps end. Parameters are scaled for
    /// it: observations by their standard deviations, latents likewise, and variances stand as standard deviations. Range: at least 0.
    /// </summary>
    /// <value>The default is 1e-9.</value>
    public double GradientTolerance { get; init => field = Guard.NonNegative(value, nameof(GradientTolerance)); } = 1e-9;

    /// <summary>Gets the largest number of iterations from the best start. Range: at least 1.</summary>
    /// <value>The default is 10,000.</value>
    public int MaxIterations { get; init => field = Guard.AtLeast(value, 1, nameof(MaxIterations)); } = 10_000;

    /// <summary>
    /// Gets the number of starts where the bound may have several optima: with free loadings, and in the mean-field family. The first start is
    /// deterministic, the others are drawn. Range: at least 1.
    /// </summary>
    /// <value>The default is 8.</value>
    public int Starts { get; init => field = Guard.AtLeast(value, 1, nameof(Starts)); } = 8;

    /// <summary>Gets the seed of the starts that are drawn; the same seed gives the same result, bit for bit.</summary>
    /// <value>The default is 0.</value>
    public int Seed { get; init; }

    /// <summary>Gets the largest number of threads that work on the blocks of a table; results do not depend on it. Range: at least 1.</summary>
    /// <value>The default is the number of processors.</value>
    public int MaxThreads { get; init => field = Guard.AtLeast(value, 1, nameof(MaxThreads)); } = Environment.ProcessorCount;

    /// <summary>Gets a value indicating whether any prior variance is learned.</summary>
    internal bool LearnsPriorVariances =>
        PriorVariances != VarianceLearning.Fixed || PriorVarianceGroups.Any(group => group >= 0);

    /// <summary>Compares option by option.</summary>
    /// <param name="other">The other options.</param>
    /// <returns>Whether all are equal.</returns>
    public bool Equals(VariationalEmOptions? other) =>
        other is not null
        && PriorVarianceGroups.AsSpan().SequenceEqual(other.PriorVarianceGroups.AsSpan())
        && (NoiseVariances, PriorVariances, PriorMeans, Offset, Loadings, Family, Method)
            == (other.NoiseVariances, other.PriorVariances, other.PriorMeans, other.Offset, other.Loadings, other.Family, other.Method)
        && (Tolerance, NoiseFloor, GradientTolerance, MaxIterations, Starts, Seed, MaxThreads)
            == (other.Tolerance, other.NoiseFloor, other.GradientTolerance, other.MaxIterations, other.Starts, other.Seed, other.MaxThreads);

    /// <summary>Hashes all options.</summary>
    /// <returns>The hash code.</returns>
    public override int GetHashCode()
    {
        var hash = default(HashCode);
        foreach (int group in PriorVarianceGroups)
        {
            hash.Add(group);
        }

        hash.Add((NoiseVariances, PriorVariances, PriorMeans, Offset, Loadings, Family, Method));
        hash.Add((Tolerance, NoiseFloor, GradientTolerance, MaxIterations, Starts, Seed, MaxThreads));
        return hash.ToHashCode();
    }

    /// <summary>Lists the options.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => Guard.Text(
        $"VariationalEmOptions {{ NoiseVariances = {NoiseVariances}, PriorVariances = {PriorVariances}, PriorVarianceGroups = {Wording.List(PriorVarianceGroups)}, PriorMeans = {PriorMeans}, Offset = {Offset}, Loadings = {Loadings}, Family = {Family}, Method = {Method}, Tolerance = {Tolerance}, NoiseFloor = {FloorText}, GradientTolerance = {GradientTolerance}, MaxIterations = {MaxIterations}, Starts = {Starts}, Seed = {Seed}, MaxThreads = {MaxThreads} }}");

    private string FloorText => NoiseFloor is double floor ? Guard.Text($"{floor}") : "null";

    /// <summary>Returns which prior variances of so many latents are learned together.</summary>
    internal VarianceGroups GroupsOfPriorVariances(int latents) =>
        PriorVarianceGroups.IsEmpty ? VarianceGroups.Of(PriorVariances, latents) : VarianceGroups.Of(PriorVarianceGroups.AsSpan());

    private static ImmutableArray<int> Numbered(ImmutableArray<int> groups, string name)
    {
        if (groups.IsDefault)
        {
            throw new ArgumentException(Guard.Text($"{name} is not initialised; it must be empty or hold the group of each latent."), name);
        }

        for (int i = 0; i < groups.Length; i++)
        {
            if (groups[i] < -1)
            {
                throw new ArgumentException(
                    Guard.Text($"{name}[{i}] is {groups[i]}; it must be a group, numbered from 0, or -1 where the variance is fixed."), name);
            }
        }

        int gap = Enumerable.Range(0, groups.Length + 1).First(group => !groups.Contains(group));
        int largest = groups.DefaultIfEmpty(-1).Max();
        return largest < gap
            ? groups
            : throw new ArgumentException(
                Guard.Text($"{name} has a group {largest} but no group {gap}; groups must be numbered from 0 without a gap."), name);
    }
}
