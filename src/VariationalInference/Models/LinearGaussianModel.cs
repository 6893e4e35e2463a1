using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using MathNet.Numerics.Distributions;
using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.Random;

namespace VariationalInference;

/// <summary>
/// The linear-Gaussian model x = Az + b + ε with independent noise ε_k ~ N(0, r_k) and priors z ~ N(m, S), mostly z_j ~ N(m_j, s_j²).
/// </summary>
/// <remarks>
/// <para>
/// Factor analysis, regression with known noise and random effects are of this form; <see cref="GaussianSumModel"/> is its special case
/// with all loadings one. All parameters are known and fixed.
/// </para>
/// <para>A missing observation is <see cref="double.NaN"/>; its cell is left out of every sum.</para>
/// <para>
/// Take this one when loadings differ, noise variances differ, or there is an offset; take <see cref="GaussianSumModel"/> when every
/// observation is the plain sum of the latents, which costs less. Where parameters are not known, <see cref="VariationalEm"/> learns them.
/// Conditioning on a row costs O(JK); what depends on the model alone is worked out once, O(JK min(J, K)), and once more for each pattern
/// of missing cells.
/// </para>
/// <threadsafety>Immutable, hence safe to share.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp"><![CDATA[
/// // Two sensors of one temperature z_1; the second also feels the room, z_2.
/// var loadings = Matrix<double>.Build.DenseOfRowArrays([1.0, 0.0], [1.0, 0.5]);
/// var model = new LinearGaussianModel(
///     loadings, offset: [0, 0], noiseVariances: [0.1, 0.2], priorMeans: [20, 0], priorVariances: [25, 4]);
/// Console.WriteLine(model);   // LinearGaussianModel: 2 latents, 2 observations a row
/// Console.WriteLine(model.Posterior([21.5, 22.4]));   // marginals N(21.563, 0.091968), N(1.3942, 0.92213)
/// Console.WriteLine(model.Posterior([21.5, double.NaN])[1]);   // N(0, 4)
///
/// // Names go along into results, predictions and messages.
/// var named = new LinearGaussianModel(loadings, [0, 0], [0.1, 0.2], [20, 0], [25, 4])
/// {
///     ObservationNames = ["inside", "outside"],
///     LatentNames = ["temperature", "room"],
/// };
/// Console.WriteLine(named.Posterior([21.5, 22.4])["room"]);   // N(1.3942, 0.92213)
/// ]]></code>
/// </example>
public partial class LinearGaussianModel
{
    private NameList _observationNames = NameList.None;
    private NameList _latentNames = NameList.None;

    /// <summary>Initializes a new instance of the <see cref="LinearGaussianModel"/> class.</summary>
    /// <param name="loadings">The loadings A, K×J, all finite; copied.</param>
    /// <param name="offset">The offset b, length K, all finite.</param>
    /// <param name="noiseVariances">The noise variances r, length K, all positive and finite.</param>
    /// <param name="priorMeans">The prior means m, length J, all finite.</param>
    /// <param name="priorVariances">The prior variances s², length J, all positive and finite.</param>
    /// <exception cref="ArgumentException">A length or a value is outside its range.</exception>
    public LinearGaussianModel(
        Matrix<double> loadings,
        ReadOnlySpan<double> offset,
        ReadOnlySpan<double> noiseVariances,
        ReadOnlySpan<double> priorMeans,
        ReadOnlySpan<double> priorVariances)
    {
        ArgumentNullException.ThrowIfNull(loadings);
        Structure = CreateStructure(
            loadings, offset, noiseVariances, new GaussianPrior(priorMeans, priorVariances, nameof(priorMeans), nameof(priorVariances)));
        Offset = [.. offset];
        NoiseVariances = [.. noiseVariances];
    }

    /// <summary>Initializes a new instance of the <see cref="LinearGaussianModel"/> class whose latents may be correlated a priori.</summary>
    /// <param name="loadings">The loadings A, K×J, all finite; copied.</param>
    /// <param name="offset">The offset b, length K, all finite.</param>
    /// <param name="noiseVariances">The noise variances r, length K, all positive and finite.</param>
    /// <param name="prior">The prior of the J latents.</param>
    /// <exception cref="ArgumentException">A length or a value is outside its range.</exception>
    public LinearGaussianModel(
        Matrix<double> loadings, ReadOnlySpan<double> offset, ReadOnlySpan<double> noiseVariances, GaussianPrior prior)
    {
        ArgumentNullException.ThrowIfNull(loadings);
        ArgumentNullException.ThrowIfNull(prior);
        Structure = CreateStructure(loadings, offset, noiseVariances, prior);
        Offset = [.. offset];
        NoiseVariances = [.. noiseVariances];
    }

    private protected LinearGaussianModel(LoadingStructure structure, double noiseVariance)
    {
        Structure = structure;
        Offset = Sequences.Immutable(structure.ObservationCount, _ => 0);
        NoiseVariances = Sequences.Immutable(structure.ObservationCount, _ => noiseVariance);
    }

    /// <summary>Gets the number of latents J.</summary>
    public int LatentCount => Structure.Prior.Count;

    /// <summary>Gets the number of observations K in a row.</summary>
    public int ObservationCount => Structure.ObservationCount;

    /// <summary>Gets the names of the observations, length K, all different; empty where they have none.</summary>
    /// <value>The default is none. They go into predictions, summaries, and the messages of refused cells.</value>
    /// <exception cref="ArgumentException">There are more or fewer than K, or one is blank or there twice.</exception>
    public IReadOnlyList<string> ObservationNames
    {
        get => _observationNames;
        init => _observationNames = NameList.Of(value, ObservationCount, nameof(ObservationNames), "one for each observation");
    }

    /// <summary>Gets the names of the latents, length J, all different; empty where they have none.</summary>
    /// <value>The default is none. They go into posteriors and their summaries.</value>
    /// <exception cref="ArgumentException">There are more or fewer than J, or one is blank or there twice.</exception>
    public IReadOnlyList<string> LatentNames
    {
        get => _latentNames;
        init => _latentNames = NameList.Of(value, LatentCount, nameof(LatentNames), "one for each latent");
    }

    /// <summary>Gets the offset b, length K.</summary>
    public ImmutableArray<double> Offset { get; }

    /// <summary>Gets the noise variances r, length K.</summary>
    public ImmutableArray<double> NoiseVariances { get; }

    /// <summary>Gets the prior of the latents.</summary>
    public GaussianPrior Prior => Structure.Prior;

    /// <summary>Gets the prior means m, length J.</summary>
    public ImmutableArray<double> PriorMeans => Structure.Prior.Means;

    /// <summary>Gets the prior variances S_jj, length J.</summary>
    public ImmutableArray<double> PriorVariances => Structure.Prior.Variances;

    internal LoadingStructure Structure { get; }

    /// <summary>Gets <see cref="ObservationNames"/>, checked.</summary>
    internal NameList Columns => _observationNames;

    /// <summary>Gets <see cref="LatentNames"/>, checked.</summary>
    internal NameList Latents => _latentNames;

    /// <summary>Writes out the loadings.</summary>
    /// <returns>A new K×J matrix A.</returns>
    public Matrix<double> Loadings() => Structure.Loadings();

    /// <summary>Conditions on one row and returns log p(x, ·), the quadratic that every solver takes.</summary>
    /// <param name="row">The observations x, length K; NaN means missing, infinities are refused.</param>
    /// <returns>The log joint as a function of the latents.</returns>
    /// <exception cref="ArgumentException"><paramref name="row"/> has another length or holds an infinity.</exception>
    /// <exception cref="NonFiniteValueException">The row is so far from the prior prediction that its square overflows.</exception>
    public QuadraticLogJoint Observe(ReadOnlySpan<double> row)
    {
        RequireRow(row);
        var whitened = new double[2 * ObservationCount];
        ConditionedRow conditioned = Structure.Condition(row, whitened);
        return new QuadraticLogJoint(conditioned, whitened[..conditioned.Shape.WhitenedLength]) { LatentNames = _latentNames };
    }

    /// <summary>Takes a row in single precision, which is widened; the outcome is that of the doubles.</summary>
    /// <inheritdoc cref="Observe(ReadOnlySpan{double})"/>
    [OverloadResolutionPriority(-1)]
    public QuadraticLogJoint Observe(ReadOnlySpan<float> row)
    {
        using var wide = new WidenedRow(row, stackalloc double[WidenedRow.StackDoubles]);
        return Observe(wide.Values);
    }

    /// <summary>Evaluates log p(x, z) of the observed cells and all latents, with every constant, in nats; short for <c>Observe(row).Value(latents)</c>.</summary>
    /// <param name="row">The observations x, length K; NaN means missing.</param>
    /// <param name="latents">The latents z, length J, all finite.</param>
    /// <returns>The log joint density.</returns>
    /// <exception cref="ArgumentException">A length or a value is outside its range.</exception>
    public double LogJoint(ReadOnlySpan<double> row, ReadOnlySpan<double> latents) => Observe(row).Value(latents);

    /// <summary>Evaluates the log evidence log p(x) = log N(x | Am + b, R + AD²Aᵀ) of the observed cells, in nats; short for <c>Observe(row).LogEvidence</c>.</summary>
    /// <param name="row">The observations x, length K; NaN means missing. A row without observations has log evidence 0.</param>
    /// <returns>The log evidence.</returns>
    /// <exception cref="ArgumentException"><paramref name="row"/> has another length or holds an infinity.</exception>
    public double LogEvidence(ReadOnlySpan<double> row) => Observe(row).LogEvidence;

    /// <summary>Returns the exact posterior p(z | x); short for <c>Observe(row).Posterior()</c>.</summary>
    /// <param name="row">The observations x, length K; NaN means missing.</param>
    /// <returns>The posterior of all latents together.</returns>
    /// <exception cref="ArgumentException"><paramref name="row"/> has another length or holds an infinity.</exception>
    public MultivariateGaussian Posterior(ReadOnlySpan<double> row) => Observe(row).Posterior();

    /// <summary>Draws from the joint distribution of latents and observations.</summary>
    /// <param name="count">The number of draws N. Range: at least 1.</param>
    /// <param name="seed">The seed; the same seed gives the same draws.</param>
    /// <returns>The draws.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="count"/> is less than 1, or more than the draws that fit into an array.</exception>
    public ModelSample Sample(int count, int seed)
    {
        Guard.InArray(count, Math.Max(LatentCount, ObservationCount), nameof(count));
        var random = new Xoshiro256StarStar(seed, threadSafe: false);
        var latents = Matrix<double>.Build.Dense(count, LatentCount);
        var observations = Matrix<double>.Build.Dense(count, ObservationCount);
        var z = new double[LatentCount];
        var x = new double[ObservationCount];
        for (int n = 0; n < count; n++)
        {
            Prior.Draw(random, z);
            Structure.Predict(z, x);
            for (int k = 0; k < x.Length; k++)
            {
                x[k] += Normal.Sample(random, Offset[k], Math.Sqrt(NoiseVariances[k]));
            }

            latents.SetRow(n, z);
            observations.SetRow(n, x);
        }

        return new ModelSample(latents, observations);
    }

    private static DenseLoadings CreateStructure(
        Matrix<double> loadings, ReadOnlySpan<double> offset, ReadOnlySpan<double> noiseVariances, GaussianPrior prior)
    {
        Guard.Length(loadings.ColumnCount, prior.Count, nameof(loadings), "one column for each latent");
        if (loadings.RowCount == 0)
        {
            throw new ArgumentException(
                Guard.Text($"{nameof(loadings)} has no rows; it must have at least 1, one for each observation."), nameof(loadings));
        }

        Guard.Length(offset.Length, loadings.RowCount, nameof(offset), "one for each row of loadings");
        Guard.Length(noiseVariances.Length, loadings.RowCount, nameof(noiseVariances), "one for each row of loadings");
        Guard.AllFinite(loadings.ToColumnMajorArray(), nameof(loadings));
        Guard.AllFinite(offset, nameof(offset));
        Guard.AllPositive(noiseVariances, nameof(noiseVariances));
        return new DenseLoadings(loadings, [.. offset], [.. noiseVariances], prior);
    }

    /// <summary>Returns the same model under names.</summary>
    internal LinearGaussianModel Named(NameList observationNames, NameList latentNames)
    {
        var named = (LinearGaussianModel)MemberwiseClone();
        named._observationNames = observationNames;
        named._latentNames = latentNames;
        return named;
    }

    /// <summary>Requires latents that are independent a priori.</summary>
    internal void RequireIndependentPrior(string name)
    {
        if (!Prior.IsIndependent)
        {
            throw new ArgumentException(
                Guard.Text($"{name} has latents that are correlated a priori ({Prior}); learning takes independent ones, {nameof(MixedModel)} correlated effects."), name);
        }
    }

    /// <summary>Requires a row of the right length, each cell finite or NaN.</summary>
    internal void RequireRow(ReadOnlySpan<double> row)
    {
        Guard.Length(row.Length, ObservationCount, nameof(row), "one for each observation");
        for (int k = 0; k < row.Length; k++)
        {
            if (double.IsInfinity(row[k]))
            {
                throw new ArgumentException(Guard.Text($"row[{k}]{_observationNames.Behind(k)} is {row[k]}; it must be finite, or NaN when it is missing."), nameof(row));
            }
        }
    }

    /// <summary>Names the model and its size.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => $"{GetType().Name}: {Wording.Count(LatentCount, "latent")}, {Wording.Count(ObservationCount, "observation")} a row";
}
