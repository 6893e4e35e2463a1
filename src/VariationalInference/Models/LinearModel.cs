using System.Collections.Immutable;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>A generalised linear model of one row: predictors η = Az + b of the latents, and cells x_k ~ p_k(x_k | η_k) with a likelihood each.</summary>
/// <remarks>
/// With rows of A as cases and latents as coefficients it is a regression; with an item in each row of A, an item response model of one person. Where every
/// likelihood is Gaussian it is a <see cref="LinearGaussianModel"/>, which is faster.
/// <threadsafety>Immutable, hence safe to share.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp"><![CDATA[
/// // A Bayesian logistic regression: an intercept, and one predictor.
/// Matrix<double> design = Matrix<double>.Build.DenseOfArray(new double[,] { { 1, -1 }, { 1, 0 }, { 1, 1 }, { 1, 2 } });
/// var model = new LinearModel(design, Likelihood.Bernoulli(), GaussianPrior.Independent(count: 2, variance: 6.25));
/// Console.WriteLine(model);   // linear model of 2 latents and 4 cells
/// ]]></code>
/// </example>
public sealed partial class LinearModel
{
    private readonly Matrix<double> _loadings;
    private readonly NameList _observationNames = NameList.None;
    private readonly NameList _latentNames = NameList.None;
    private readonly SiteCells?[] _cells = new SiteCells?[2];

    /// <summary>Initializes a new instance of the <see cref="LinearModel"/> class with one likelihood for all cells.</summary>
    /// <param name="loadings">The loadings A, K×J, all finite; copied.</param>
    /// <param name="likelihood">The likelihood of every cell.</param>
    /// <param name="prior">The prior of the J latents.</param>
    /// <param name="offset">The offset b, length K, all finite; empty for zeros.</param>
    /// <exception cref="ArgumentException">A length or a value is outside its range.</exception>
    public LinearModel(Matrix<double> loadings, Likelihood likelihood, GaussianPrior prior, ReadOnlySpan<double> offset = default)
        : this(loadings, Repeat(likelihood, loadings), prior, offset)
    {
    }

    /// <summary>Initializes a new instance of the <see cref="LinearModel"/> class with a likelihood for each cell.</summary>
    /// <param name="loadings">The loadings A, K×J, all finite; copied.</param>
    /// <param name="likelihoods">The likelihoods, length K. Cells that share an instance are evaluated together.</param>
    /// <param name="prior">The prior of the J latents.</param>
    /// <param name="offset">The offset b, length K, all finite; empty for zeros.</param>
    /// <exception cref="ArgumentException">A length or a value is outside its range.</exception>
    public LinearModel(Matrix<double> loadings, ReadOnlySpan<Likelihood> likelihoods, GaussianPrior prior, ReadOnlySpan<double> offset = default)
    {
        ArgumentNullException.ThrowIfNull(loadings);
        ArgumentNullException.ThrowIfNull(prior);
        foreach ((int k, int j, double value) in loadings.EnumerateIndexed(Zeros.AllowSkip))
        {
            if (!double.IsFinite(value))
            {
                throw new ArgumentException(Guard.Text($"{nameof(loadings)}[{k}, {j}] is {value}; it must be finite."), nameof(loadings));
            }
        }

        Guard.Length(likelihoods.Length, loadings.RowCount, nameof(likelihoods), "one for each row of the loadings");
        for (int k = 0; k < likelihoods.Length; k++)
        {
            if (likelihoods[k] is null)
            {
                throw new ArgumentException(Guard.Text($"{nameof(likelihoods)}[{k}] is null; every cell needs a likelihood."), nameof(likelihoods));
            }
        }

        if (prior.Count != loadings.ColumnCount)
        {
            throw new ArgumentException(
                Guard.Text($"{nameof(prior)} has {prior.Count} latents; it must have {loadings.ColumnCount}, one for each column of the loadings."), nameof(prior));
        }

        if (!offset.IsEmpty)
        {
            Guard.Length(offset.Length, loadings.RowCount, nameof(offset), "one for each row of the loadings");
            Guard.AllFinite(offset, nameof(offset));
        }

        _loadings = loadings.Clone();
        Likelihoods = [.. likelihoods];
        Prior = prior;
        Offset = offset.IsEmpty ? [.. new double[loadings.RowCount]] : [.. offset];
        IsLogConcave = Likelihoods.All(likelihood => likelihood.IsLogConcave);
    }

    /// <summary>Gets the number of latents J.</summary>
    public int LatentCount => _loadings.ColumnCount;

    /// <summary>Gets the number of cells K.</summary>
    public int ObservationCount => _loadings.RowCount;

    /// <summary>Gets the names of the cells, length K, all different; empty where they have none.</summary>
    /// <value>The default is none. They go into the messages of refused cells.</value>
    /// <exception cref="ArgumentException">There are more or fewer than K, or one is blank or there twice.</exception>
    public IReadOnlyList<string> ObservationNames
    {
        get => _observationNames;
        init => _observationNames = NameList.Of(value, ObservationCount, nameof(ObservationNames), "one for each cell");
    }

    /// <summary>Gets the names of the latents, length J, all different; empty where they have none.</summary>
    /// <value>The default is none. They go into posteriors and their summaries.</value>
    /// <exception cref="ArgumentException">There are more or fewer than J, or one is blank or there twice.</exception>
    public IReadOnlyList<string> LatentNames
    {
        get => _latentNames;
        init => _latentNames = NameList.Of(value, LatentCount, nameof(LatentNames), "one for each latent");
    }

    /// <summary>Gets the likelihood of each cell.</summary>
    public ImmutableArray<Likelihood> Likelihoods { get; }

    /// <summary>Gets the prior of the latents.</summary>
    public GaussianPrior Prior { get; }

    /// <summary>Gets the offset b.</summary>
    public ImmutableArray<double> Offset { get; }

    /// <summary>Gets a value indicating whether every likelihood is log-concave, so that the best Gaussian posterior is the only optimum.</summary>
    public bool IsLogConcave { get; }

    /// <summary>Copies the loadings.</summary>
    /// <returns>A, K×J.</returns>
    public Matrix<double> Loadings() => _loadings.Clone();

    /// <summary>Conditions on a row: the log joint as a function of the latents.</summary>
    /// <param name="row">The cells x, length K, each allowed by its likelihood, or NaN where missing.</param>
    /// <param name="sizes">The trials or exposures of the cells, length K; empty for 1 each.</param>
    /// <returns>log p(x, z), for <see cref="FixedFormElbo"/> or <see cref="EvidenceEstimate"/>.</returns>
    /// <exception cref="ArgumentException">A length is wrong, or a cell is not allowed; the message names it.</exception>
    public PredictorLogJoint Observe(ReadOnlySpan<double> row, ReadOnlySpan<double> sizes = default)
    {
        RequireRow(row, sizes);
        return new PredictorLogJoint(_loadings, Offset, Likelihoods, Prior, row, sizes);
    }

    /// <summary>Names the model's size.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => $"linear model of {Wording.Count(LatentCount, "latent")} and {Wording.Count(ObservationCount, "cell")}";

    /// <summary>Gets <see cref="ObservationNames"/>, checked.</summary>
    internal NameList Columns => _observationNames;

    internal double Loading(int k, int j) => _loadings[k, j];

    /// <summary>Returns the cells as solvers take them; made when first asked for, the same by any thread.</summary>
    internal SiteCells Cells(SiteFamily family) =>
        Volatile.Read(ref _cells[(int)family]) ?? Interlocked.CompareExchange(ref _cells[(int)family], new SiteCells(this, family), null) ?? _cells[(int)family]!;

    /// <summary>Refuses a row of another length, or cells that their likelihoods do not allow.</summary>
    internal void RequireRow(ReadOnlySpan<double> row, ReadOnlySpan<double> sizes)
    {
        Guard.Length(row.Length, ObservationCount, nameof(row), "one for each cell of the model");
        if (!sizes.IsEmpty)
        {
            Guard.Length(sizes.Length, row.Length, nameof(sizes), "one for each cell of the model");
        }

        for (int k = 0; k < row.Length; k++)
        {
            double size = sizes.IsEmpty ? 1 : sizes[k];
            if (!IsAllowed(row[k], size, k))
            {
                throw Refuse(row[k], size, k, (Guard.Text($"row[{k}]{Columns.Behind(k)}"), nameof(row)), (Guard.Text($"sizes[{k}]{Columns.Behind(k)}"), nameof(sizes)));
            }
        }
    }

    /// <summary>Tells whether a cell is missing, or allowed by its likelihood.</summary>
    internal bool IsAllowed(double value, double size, int k) => double.IsNaN(value) || Likelihoods[k].Allows(value, size);

    /// <summary>Returns the exception for a cell that is not allowed, with what to call it and the parameter that it came in.</summary>
    internal ArgumentException Refuse(double value, double size, int k, (string Label, string Name) cell, (string Label, string Name) ofSize)
    {
        string? refusal = Likelihoods[k].RefusalOfSize(size, ofSize.Label);
        return new ArgumentException(refusal ?? Likelihoods[k].RefusalOfValue(value, cell.Label), refusal is null ? cell.Name : ofSize.Name);
    }

    private static Likelihood[] Repeat(Likelihood likelihood, Matrix<double> loadings)
    {
        ArgumentNullException.ThrowIfNull(loadings);
        ArgumentNullException.ThrowIfNull(likelihood);
        var all = new Likelihood[loadings.RowCount];
        Array.Fill(all, likelihood);
        return all;
    }
}
