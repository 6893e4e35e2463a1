using System.Collections.Immutable;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>What is believed of the latents before any observation: a normal distribution N(m, S) in blocks that are independent of each other.</summary>
/// <remarks>
/// <para>
/// Latents are <see cref="Independent(ReadOnlySpan{double}, ReadOnlySpan{double})">independent</see>, or <see cref="Correlated">correlated</see> in
/// a block, or one covariance is <see cref="Repeated">repeated</see> over the levels of a factor, such as intercepts and slopes of subjects;
/// <see cref="Concat">Concat</see> puts blocks one after another. The exact posterior of one row is the prior of the next by <see cref="From"/>.
/// </para>
/// <para>Independent priors cost O(J) numbers, a block of d correlated latents d² more; a repeated one is kept once.</para>
/// <threadsafety>Immutable, hence safe to share.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp"><![CDATA[
/// // An overall level, and an intercept and a slope for each of three subjects.
/// var covariance = Matrix<double>.Build.DenseOfRowArrays([4.0, 0.6], [0.6, 0.25]);
/// GaussianPrior prior = GaussianPrior.Concat(GaussianPrior.Independent(count: 1, variance: 100), GaussianPrior.Repeated(levels: 3, covariance));
/// Console.WriteLine(prior);   // 7 latents, 6 of them correlated in 3 blocks
/// Console.WriteLine($"{prior.Covariance(1, 2)}, {prior.Covariance(2, 3)}");   // 0.6, 0
/// ]]></code>
/// </example>
public sealed partial class GaussianPrior
{
    private static readonly double[] One = [1];

    private readonly PriorBlock[] _blocks;

    /// <summary>The block of each latent, or −1; empty when all are independent.</summary>
    private readonly int[] _blockOf;

    internal GaussianPrior(ReadOnlySpan<double> means, ReadOnlySpan<double> variances, string meansName, string variancesName)
    {
        if (means.Length == 0)
        {
            throw new ArgumentException(Guard.Text($"{meansName} is empty; a model has at least 1 latent."), meansName);
        }

        Guard.Length(variances.Length, means.Length, variancesName, "one for each latent");
        Guard.AllFinite(means, meansName);
        Guard.AllPositive(variances, variancesName);
        Means = [.. means];
        Variances = [.. variances];
        ConditionalVariances = Variances;
        Deviations = Sequences.Immutable(means.Length, j => Math.Sqrt(Variances[j]));
        RelativeMeans = Sequences.Immutable(means.Length, j => Math.Abs(Means[j]) / Deviations[j]);
        foreach (double variance in variances)
        {
            LogDeterminant += Math.Log(variance);
        }

        _blocks = [];
        _blockOf = [];
    }

    /// <param name="means">m.</param>
    /// <param name="variances">The variances of latents outside any block; those inside are not read.</param>
    /// <param name="blocks">The blocks of correlated latents, in order.</param>
    private GaussianPrior(ImmutableArray<double> means, double[] variances, PriorBlock[] blocks)
    {
        double[] conditional = [.. variances];
        double[] deviations = [.. variances.Select(Math.Sqrt)];
        _blocks = blocks;
        _blockOf = blocks.Length == 0 ? [] : new int[means.Length];
        Array.Fill(_blockOf, -1);
        for (int b = 0; b < blocks.Length; b++)
        {
            PriorBlock block = blocks[b];
            for (int i = 0; i < block.Size; i++)
            {
                _blockOf[block.First + i] = b;
                variances[block.First + i] = block.Factor.Covariance(i, i);
                deviations[block.First + i] = block.Factor.ConditionalDeviations[i];
                conditional[block.First + i] = deviations[block.First + i] * deviations[block.First + i];
            }
        }

        Means = means;
        Variances = [.. variances];
        ConditionalVariances = [.. conditional];
        Deviations = [.. deviations];
        RelativeMeans = [.. Means.Select((mean, j) => Math.Abs(mean) / deviations[j])];
        for (int j = 0; j < means.Length; j++)
        {
            LogDeterminant += IsAlone(j) ? Math.Log(variances[j]) : 0;
        }

        foreach (PriorBlock block in blocks)
        {
            LogDeterminant += block.Factor.LogDeterminant;
            Coupling += block.Factor.LogDeterminant - block.Factor.ConditionalDeviations.Sum(s => 2 * Math.Log(s));
        }
    }

    /// <summary>Gets the number of latents J.</summary>
    public int Count => Means.Length;

    /// <summary>Gets the means m, length J.</summary>
    public ImmutableArray<double> Means { get; }

    /// <summary>Gets the variances S_jj, length J.</summary>
    public ImmutableArray<double> Variances { get; }

    /// <summary>Gets a value indicating whether no latent is correlated with another.</summary>
    public bool IsIndependent => _blocks.Length == 0;

    /// <summary>Gets 1/(S⁻¹)_jj, the variance of a latent given all others.</summary>
    internal ImmutableArray<double> ConditionalVariances { get; }

    /// <summary>Gets s_j, the root of <see cref="ConditionalVariances"/>.</summary>
    internal ImmutableArray<double> Deviations { get; }

    /// <summary>Gets |m_j|/s_j.</summary>
    internal ImmutableArray<double> RelativeMeans { get; }

    /// <summary>Gets log det S.</summary>
    internal double LogDeterminant { get; }

    /// <summary>Gets log det S − Σ log s_j² ≥ 0, twice what a product of independent factors loses against the prior itself.</summary>
    internal double Coupling { get; }

    /// <summary>Gets the number of latents of the largest block; 0 when all are independent.</summary>
    internal int LargestBlock => _blocks.Length == 0 ? 0 : _blocks.Max(block => block.Size);

    /// <summary>Returns independent priors N(m_j, s_j²).</summary>
    /// <param name="means">The means m, length J ≥ 1, all finite.</param>
    /// <param name="variances">The variances s², length J, all positive and finite.</param>
    /// <returns>The prior.</returns>
    /// <exception cref="ArgumentException">A length or a value is outside its range.</exception>
    public static GaussianPrior Independent(ReadOnlySpan<double> means, ReadOnlySpan<double> variances) =>
        new(means, variances, nameof(means), nameof(variances));

    /// <summary>Returns independent priors that are all the same.</summary>
    /// <param name="count">The number of latents J. Range: at least 1.</param>
    /// <param name="variance">The variance of each. Range: positive and finite.</param>
    /// <param name="mean">The mean of each, finite.</param>
    /// <returns>The prior.</returns>
    /// <exception cref="ArgumentException">An argument is outside its range.</exception>
    public static GaussianPrior Independent(int count, double variance = 1, double mean = 0)
    {
        Guard.InArray(count, 1, nameof(count));
        Guard.Positive(variance, nameof(variance));
        Guard.AllFinite([mean], nameof(mean));
        double[] means = new double[count], variances = new double[count];
        Array.Fill(means, mean);
        Array.Fill(variances, variance);
        return new GaussianPrior(means, variances, nameof(mean), nameof(variance));
    }

    /// <summary>Returns a block of latents that are correlated with each other.</summary>
    /// <param name="means">The means m, length J ≥ 1, all finite.</param>
    /// <param name="covariance">The covariance S, J×J, symmetric and positive definite.</param>
    /// <returns>The prior.</returns>
    /// <exception cref="ArgumentException">A length or a value is outside its range.</exception>
    public static GaussianPrior Correlated(ReadOnlySpan<double> means, Matrix<double> covariance) => Levels(1, covariance, means);

    /// <summary>Returns blocks of the same covariance, one for each level of a factor; the latents of a level lie side by side.</summary>
    /// <param name="levels">The number of levels. Range: at least 1.</param>
    /// <param name="covariance">The covariance of a level's d latents, d×d, symmetric and positive definite.</param>
    /// <param name="means">The means of a level's latents, length d, all finite; empty for zeros.</param>
    /// <returns>The prior of levels · d latents.</returns>
    /// <exception cref="ArgumentException">A length or a value is outside its range.</exception>
    public static GaussianPrior Repeated(int levels, Matrix<double> covariance, ReadOnlySpan<double> means = default)
    {
        Guard.AtLeast(levels, 1, nameof(levels));
        ArgumentNullException.ThrowIfNull(covariance);
        Guard.InArray(levels, Math.Max(covariance.RowCount, 1), nameof(levels));
        return Levels(levels, covariance, means.IsEmpty ? new double[covariance.RowCount] : means);
    }

    /// <summary>Returns a posterior as the prior of what comes next.</summary>
    /// <param name="posterior">The posterior, such as that of <see cref="LinearGaussianModel.Posterior"/>.</param>
    /// <returns>The prior with the same means and covariance; independent where the posterior is of mean field.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="posterior"/> is null.</exception>
    /// <exception cref="ArgumentException">The covariance is not positive definite in double precision.</exception>
    public static GaussianPrior From(GaussianPosterior posterior)
    {
        ArgumentNullException.ThrowIfNull(posterior);
        return posterior is MeanFieldGaussian
            ? new GaussianPrior(posterior.Means.AsSpan(), posterior.Variances.AsSpan(), nameof(posterior), nameof(posterior))
            : new GaussianPrior(
            posterior.Means,
            new double[posterior.Count],
            [new PriorBlock(0, PriorFactor.Of(posterior.CovarianceMatrix(), nameof(posterior)))]);
    }

    /// <summary>Returns priors one after another, independent of each other.</summary>
    /// <param name="priors">The priors, at least 1.</param>
    /// <returns>The prior of all their latents.</returns>
    /// <exception cref="ArgumentException"><paramref name="priors"/> is empty or holds a null.</exception>
    public static GaussianPrior Concat(params ReadOnlySpan<GaussianPrior> priors)
    {
        if (priors.IsEmpty)
        {
            throw new ArgumentException("priors is empty; it must have at least 1.", nameof(priors));
        }

        var means = new List<double>();
        var variances = new List<double>();
        var blocks = new List<PriorBlock>();
        for (int i = 0; i < priors.Length; i++)
        {
            GaussianPrior prior = priors[i] ?? throw new ArgumentException(Guard.Text($"priors[{i}] is null; it must be a prior."), nameof(priors));
            int offset = means.Count;
            blocks.AddRange(prior._blocks.Select(block => block with { First = offset + block.First }));
            means.AddRange(prior.Means);
            variances.AddRange(prior.Variances);
        }

        return new GaussianPrior([.. means], [.. variances], [.. blocks]);
    }

    /// <summary>Returns one element of the covariance.</summary>
    /// <param name="i">The row, counted from 0.</param>
    /// <param name="j">The column, counted from 0.</param>
    /// <returns>S_ij.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An index is outside 0 … J − 1.</exception>
    public double Covariance(int i, int j)
    {
        Guard.InRange(i, 0, Count, nameof(i));
        Guard.InRange(j, 0, Count, nameof(j));
        if (i == j)
        {
            return Variances[i];
        }

        return IsAlone(i) || _blockOf[i] != _blockOf[j] ? 0 : BlockOf(i).Factor.Covariance(i - BlockOf(i).First, j - BlockOf(i).First);
    }

    /// <summary>Writes out the covariance.</summary>
    /// <returns>A new J×J matrix S.</returns>
    public Matrix<double> CovarianceMatrix() => Matrix<double>.Build.Dense(Count, Count, Covariance);

    /// <summary>Returns the number of latents, and of those that are correlated.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => IsIndependent
        ? $"{Wording.Count(Count, "independent latent")}"
        : $"{Wording.Count(Count, "latent")}, {_blocks.Sum(block => block.Size)} of them correlated in {Wording.Count(_blocks.Length, "block")}";

    /// <summary>Returns the priors of some latents, each block of which is among them whole or not at all.</summary>
    internal GaussianPrior Select(ReadOnlySpan<int> latents)
    {
        var blocks = new List<PriorBlock>();
        var means = new double[latents.Length];
        var variances = new double[latents.Length];
        for (int i = 0; i < latents.Length; i++)
        {
            means[i] = Means[latents[i]];
            variances[i] = Variances[latents[i]];
            if (!IsAlone(latents[i]) && BlockOf(latents[i]).First == latents[i])
            {
                blocks.Add(BlockOf(latents[i]) with { First = i });
            }
        }

        return new GaussianPrior([.. means], variances, [.. blocks]);
    }

    /// <summary>Tells whether a latent is correlated with no other.</summary>
    internal bool IsAlone(int latent) => _blockOf.Length == 0 || _blockOf[latent] < 0;

    /// <summary>Returns the block of a latent that is not alone.</summary>
    internal PriorBlock BlockOf(int latent) => _blocks[_blockOf[latent]];

    private static GaussianPrior Levels(int levels, Matrix<double> covariance, ReadOnlySpan<double> means)
    {
        PriorFactor factor = PriorFactor.Of(covariance, nameof(covariance));
        Guard.Length(means.Length, factor.Size, nameof(means), "one for each row of covariance");
        Guard.AllFinite(means, nameof(means));
        if (factor.Size == 1)
        {
            return Concat([.. Enumerable.Repeat(Independent(means, [factor.Covariance(0, 0)]), levels)]);
        }

        var all = new double[checked(levels * means.Length)];
        var blocks = new PriorBlock[levels];
        for (int level = 0; level < levels; level++)
        {
            means.CopyTo(all.AsSpan(level * means.Length));
            blocks[level] = new PriorBlock(level * means.Length, factor);
        }

        return new GaussianPrior([.. all], new double[all.Length], blocks);
    }
}
