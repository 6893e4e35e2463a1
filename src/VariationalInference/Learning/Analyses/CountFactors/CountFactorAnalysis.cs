using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>
/// Factor analysis of counts: x_k ~ Poisson(t exp(λ_k·f + b_k)), or negative binomial, with factors f ~ N(0, I), exposures t of rows, and the loadings λ, offsets
/// b and dispersion sizes to be learned.
/// </summary>
/// <remarks>
/// <para>
/// Take it for counts that go up and down together: species at sites, words in texts, goods in baskets. Logarithms of counts, for <see cref="FactorAnalysis"/>, are no
/// substitute where counts are small, as they are undefined at zero. A missing count is <see cref="double.NaN"/>.
/// </para>
/// <para>
/// What is maximised is the ELBO with a Gaussian of full covariance for each row, a lower bound on the marginal likelihood; standard errors come from its
/// second derivatives. Factors stand in principal axes: the sums of squares of their loadings descend, products of two of them vanish, and sums are
/// positive. The result has the same bits for any number of threads.
/// </para>
/// <threadsafety>Immutable, hence safe to share.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp"><![CDATA[
/// // Birds of three kinds at twelve sites, watched for one hour or two.
/// double[][] counts = [[3, 5, 0], [0, 1, 4], [8, 9, 1], [2, 2, 2], [1, 0, 6], [5, 8, 1], [0, 0, 3], [4, 3, 2], [9, 12, 0], [1, 2, 5], [2, 4, 1], [6, 5, 1]];
/// double[] hours = [1, 1, 2, 1, 2, 1, 1, 1, 2, 1, 1, 2];
/// CountFactorFit birds = new CountFactorAnalysis(factorCount: 1).Learn(Matrix<double>.Build.DenseOfRowArrays(counts), hours, ["wren", "robin", "crow"]);
/// Console.WriteLine($"{birds.Converged}: wren and robin together {birds.Loading(0).Value * birds.Loading(1).Value > 0}, crow apart {birds.Loading(2).Value < 0}");   // True: wren and robin together True, crow apart True
/// (double crows, _) = birds.Predict("crow", [9, 10, double.NaN]);
/// Console.WriteLine(crows < 2);   // True
/// ]]></code>
/// </example>
public sealed class CountFactorAnalysis
{
    /// <summary>Initializes a new instance of the <see cref="CountFactorAnalysis"/> class.</summary>
    /// <param name="factorCount">The number of factors J. Range: at least 1.</param>
    /// <param name="options">How it is learned; <see langword="null"/> means the defaults.</param>
    /// <exception cref="ArgumentOutOfRangeException">The number is outside its range.</exception>
    public CountFactorAnalysis(int factorCount, CountFactorOptions? options = null)
    {
        FactorCount = Guard.AtLeast(factorCount, 1, nameof(factorCount));
        Options = options ?? new CountFactorOptions();
    }

    /// <summary>Gets the number of factors J.</summary>
    public int FactorCount { get; }

    /// <summary>Gets how it is learned.</summary>
    public CountFactorOptions Options { get; }

    /// <summary>Learns from counts.</summary>
    /// <param name="counts">The counts, N×K: whole numbers, in each column one at least above 0; NaN where missing.</param>
    /// <param name="exposures">The exposures t, length N, positive and finite; empty for 1 each.</param>
    /// <param name="columnNames">The names of the columns, length K, all different; <see langword="null"/> means x1, x2, ….</param>
    /// <param name="progress">Receives the ELBO, in nats, after each step on all rows.</param>
    /// <param name="cancellationToken">Stops the work; what was learned so far is returned.</param>
    /// <returns>The loadings, and how learning went.</returns>
    /// <exception cref="ArgumentException">
    /// A cell is no count, or a column has none above 0, or there are fewer columns than factors, or an exposure is outside its range; the message names it. Or names are
    /// not as many, or blank, or there twice.
    /// </exception>
    /// <exception cref="NonFiniteValueException">No start has a finite ELBO.</exception>
    /// <exception cref="OperationCanceledException">The work was cancelled before it began.</exception>
    public CountFactorFit Learn(
        Matrix<double> counts,
        ReadOnlySpan<double> exposures = default,
        IReadOnlyList<string>? columnNames = null,
        IProgress<double>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(counts);
        return Learn(
            counts.AsColumnMajorArray() is double[] columns
                ? RowSpan.ColumnMajor(columns, counts.ColumnCount)
                : RowSpan.RowMajor(counts.ToRowMajorArray(), counts.ColumnCount),
            exposures,
            columnNames,
            progress,
            cancellationToken);
    }

    /// <inheritdoc cref="Learn(Matrix{double}, ReadOnlySpan{double}, IReadOnlyList{string}, IProgress{double}, CancellationToken)"/>
    public CountFactorFit Learn(
        RowSpan counts,
        ReadOnlySpan<double> exposures = default,
        IReadOnlyList<string>? columnNames = null,
        IProgress<double>? progress = null,
        CancellationToken cancellationToken = default)
    {
        NameList names = NameList.OrOwn(columnNames, [], "x", counts.ColumnCount, nameof(columnNames), "one for each column");
        if (counts.ColumnCount < FactorCount)
        {
            throw new ArgumentException(
                Guard.Text($"counts have {counts.ColumnCount} columns; they must have at least {FactorCount}, the number of factors."), nameof(counts));
        }

        if (!exposures.IsEmpty)
        {
            Guard.Length(exposures.Length, counts.RowCount, nameof(exposures), "one for each row");
            Guard.AllPositive(exposures, nameof(exposures));
        }

        Likelihood likelihood = Options.Overdispersed ? Likelihood.NegativeBinomial() : Likelihood.Poisson();
        for (int k = 0; k < counts.ColumnCount; k++)
        {
            RequireCounts(counts, k, names[k], likelihood);
        }

        SiteColumn[] columns = [.. Enumerable.Repeat(SiteColumn.Of(likelihood), counts.ColumnCount)];
        var learner = new SiteLearner(SiteParameters.Of(columns, FactorCount, shared: false), SiteRows.Of(counts, exposures))
        {
            MaxIterations = Options.MaxIterations,
            Tolerance = Options.Tolerance,
            Starts = Options.Starts,
            Seed = Options.Seed,
            MaxThreads = Options.MaxThreads ?? Environment.ProcessorCount,
        };
        return new CountFactorFit(learner.Learn(progress, cancellationToken), Options, names);
    }

    /// <summary>Names the model.</summary>
    /// <returns>The text.</returns>
    public override string ToString() =>
        $"factor analysis of counts, {Wording.Count(FactorCount, "factor")}, {(Options.Overdispersed ? "negative binomial" : "Poisson")}";

    private static void RequireCounts(RowSpan counts, int column, string name, Likelihood likelihood)
    {
        bool any = false;
        for (int n = 0; n < counts.RowCount; n++)
        {
            double count = counts[n, column];
            if (!double.IsNaN(count) && !likelihood.Accepts(count))
            {
                throw new ArgumentException(
                    Guard.Text($"counts[{n}, {column}] is {count}; it must be {likelihood.AllowedValues}, or NaN where it is missing."), nameof(counts));
            }

            any |= count > 0;
        }

        if (!any)
        {
            throw new ArgumentException(
                Guard.Text($"counts of '{name}', column {column}, have none above 0; at least 1 is needed for its mean."), nameof(counts));
        }
    }
}
