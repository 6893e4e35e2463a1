using System.Collections.Immutable;
using System.Text.Json.Serialization;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>What <see cref="CountFactorAnalysis"/> learned: loadings with standard errors, factors of rows, and predicted counts.</summary>
/// <remarks><threadsafety>Immutable, hence safe to share.</threadsafety></remarks>
/// <example>
/// <code language="csharp"><![CDATA[
/// double[][] counts = [[3, 5, 0], [0, 1, 4], [8, 9, 1], [2, 2, 2], [1, 0, 6], [5, 8, 1], [0, 0, 3], [4, 3, 2], [9, 12, 0], [1, 2, 5], [2, 4, 1], [6, 5, 1]];
/// CountFactorFit fit = new CountFactorAnalysis(factorCount: 1).Learn(Matrix<double>.Build.DenseOfRowArrays(counts));
/// Console.WriteLine(fit.Summary().Names[0]);   // loading x1
/// Console.WriteLine(fit.Row(8)[0].Mean > fit.Row(1)[0].Mean);   // True
/// Console.WriteLine(fit.Factors([9, 12, 0])[0] == fit.Row(8)[0]);   // …
/// ]]></code>
/// </example>
[JsonConverter(typeof(ResultJsonConverter))]
public sealed partial class CountFactorFit
{
    private readonly SiteLearned _learned;
    private readonly NameList _names;
    private readonly double _tolerance;

    internal CountFactorFit(SiteLearned learned, CountFactorOptions options, NameList names)
    {
        _learned = learned;
        _names = names;
        _tolerance = options.Tolerance;
        Offsets = [.. Enumerable.Range(0, names.Count).Select(learned.Offset)];
        DispersionSizes = options.Overdispersed ? [.. Enumerable.Range(0, names.Count).Select(k => learned.Parameter(k, 0))] : [];
        Warnings = learned.Warnings(names, "column");
        Converged = learned.Distance <= options.Tolerance && learned.Covariance.Unidentified.Count == 0;
    }

    /// <summary>Gets the names of the columns.</summary>
    public IReadOnlyList<string> ColumnNames => _names;

    /// <summary>Gets the number of factors J.</summary>
    public int FactorCount => _learned.Parameters.Latents;

    /// <summary>Gets the number of rows N.</summary>
    public int RowCount => _learned.Places.Length;

    /// <summary>Gets the offsets b, one for each column: the logarithm of a count's median, over rows, at an exposure of 1.</summary>
    public ImmutableArray<LearnedParameter> Offsets { get; }

    /// <summary>Gets the dispersion sizes r, one for each column: given the factors, a count of mean μ has the variance μ + μ²/r. Empty for Poisson counts.</summary>
    public ImmutableArray<LearnedParameter> DispersionSizes { get; }

    /// <summary>Gets the ELBO, in nats: a lower bound on the log likelihood, with the factors integrated out.</summary>
    public double Elbo => _learned.Elbo;

    /// <summary>Gets the ELBO by step; element 0 at the best start.</summary>
    public ImmutableArray<double> ElboTrace => _learned.ElboTrace;

    /// <summary>Gets the number of free parameters; a rotation of J factors takes J(J − 1)/2 away.</summary>
    public int ParameterCount => _learned.Parameters.Count - (FactorCount * (FactorCount - 1) / 2);

    /// <summary>Gets why the search ended.</summary>
    public StopReason StopReason => _learned.StopReason;

    /// <summary>Gets how far the optimum is, in standard errors, by the last Newton step; ∞ where second derivatives do not tell.</summary>
    public double RemainingStandardErrors => _learned.Distance;

    /// <summary>Gets a value indicating whether that is within <see cref="CountFactorOptions.Tolerance"/>, whatever stopped the search, and every parameter has a standard error.</summary>
    public bool Converged { get; }

    /// <summary>Gets what is wrong with the model or the counts.</summary>
    public ImmutableArray<LearningWarning> Warnings { get; }

    /// <summary>Returns the loading of a column on a factor: so much the logarithm of its mean rises with a standard deviation of the factor.</summary>
    /// <param name="column">The column, counted from 0.</param>
    /// <param name="factor">The factor, counted from 0.</param>
    /// <returns>The loading with its standard error.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An index is outside the table of loadings.</exception>
    public LearnedParameter Loading(int column, int factor = 0)
    {
        Guard.InRange(column, 0, _names.Count, nameof(column));
        Guard.InRange(factor, 0, FactorCount, nameof(factor));
        return _learned.Loading(column, factor);
    }

    /// <summary>Returns the model of one row, for solvers of one's own.</summary>
    /// <returns>The loadings, offsets and likelihoods; exposures are the sizes of cells.</returns>
    public LinearModel Model() => new(
        Matrix<double>.Build.Dense(_names.Count, FactorCount, (k, j) => _learned.Loading(k, j).Value),
        _learned.Point.Likelihoods,
        GaussianPrior.Independent(FactorCount),
        [.. Offsets.Select(offset => offset.Value)])
    {
        ObservationNames = _names,
    };

    /// <summary>Returns the factors of a row that was learned from.</summary>
    /// <param name="row">The row, counted from 0.</param>
    /// <returns>Their distribution.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="row"/> is none.</exception>
    public MultivariateGaussian Row(int row)
    {
        Guard.InRange(row, 0, RowCount, nameof(row));
        return _learned.Posterior(row);
    }

    /// <summary>Returns what counts say of the factors.</summary>
    /// <param name="counts">The counts, one for each column; NaN where missing.</param>
    /// <param name="exposure">The exposure. Range: positive and finite.</param>
    /// <returns>The factors' distribution; their prior is N(0, I).</returns>
    /// <exception cref="ArgumentException">There are more or fewer counts than columns, one is no count, or the exposure is outside its range.</exception>
    public MultivariateGaussian Factors(ReadOnlySpan<double> counts, double exposure = 1)
    {
        Guard.Length(counts.Length, _names.Count, nameof(counts), "one for each column");
        Guard.Positive(exposure, nameof(exposure));
        for (int k = 0; k < counts.Length; k++)
        {
            Likelihood likelihood = _learned.Point.Likelihoods[k];
            if (!double.IsNaN(counts[k]) && !likelihood.Accepts(counts[k], exposure))
            {
                throw new ArgumentException(
                    Guard.Text($"counts[{k}], of '{_names[k]}', is {counts[k]}; it must be {likelihood.AllowedValues}, or NaN where it is missing."), nameof(counts));
            }
        }

        return _learned.Posterior(counts, exposure);
    }

    /// <summary>Predicts a count from others.</summary>
    /// <param name="column">The column's name.</param>
    /// <param name="counts">The counts, one for each column; NaN where missing, as for the column itself.</param>
    /// <param name="exposure">The exposure of them all. Range: positive and finite.</param>
    /// <returns>The count's mean and standard deviation, over what the others say of the factors and the count's own chance.</returns>
    /// <exception cref="ArgumentException">No column has the name, there are more or fewer counts than columns, one is no count, or the exposure is outside its range.</exception>
    public (double Mean, double StandardDeviation) Predict(string column, ReadOnlySpan<double> counts, double exposure = 1)
    {
        int k = _names.Find(column, nameof(column), nameof(ColumnNames));
        MultivariateGaussian factors = Factors(counts, exposure);
        double mean = Offsets[k].Value, variance = 0;
        for (int i = 0; i < FactorCount; i++)
        {
            double loading = _learned.Loading(k, i).Value;
            mean += loading * factors[i].Mean;
            for (int j = 0; j < FactorCount; j++)
            {
                variance += loading * factors.Covariance(i, j) * _learned.Loading(k, j).Value;
            }
        }

        (double count, double spread) = _learned.Point.Likelihoods[k].PredictiveMoments(new Gaussian(mean, Math.Max(variance, 0)), exposure);
        return (count, Math.Sqrt(spread));
    }

    /// <summary>Lists all parameters, with standard errors and intervals; those of dispersion sizes are on the scale of logarithms.</summary>
    /// <param name="probability">The intervals' coverage for large samples. Range: 0 &lt; probability &lt; 1.</param>
    /// <returns>The table: loadings, then offsets, then dispersion sizes.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="probability"/> is outside its range.</exception>
    public SummaryTable Summary(double probability = 0.95)
    {
        string[] ends = SummaryTable.Ends(probability);
        var rows = new List<(string, double[])>();
        for (int k = 0; k < _names.Count; k++)
        {
            for (int j = 0; j < FactorCount; j++)
            {
                Add($"loading {_names[k]}{(FactorCount > 1 ? Guard.Text($", {j + 1}") : string.Empty)}", Loading(k, j), isPositive: false);
            }
        }

        for (int k = 0; k < _names.Count; k++)
        {
            Add($"offset {_names[k]}", Offsets[k], isPositive: false);
        }

        for (int k = 0; k < DispersionSizes.Length; k++)
        {
            Add($"dispersion size {_names[k]}", DispersionSizes[k], isPositive: true);
        }

        return new SummaryTable(["estimate", "standard error", .. ends], rows);

        void Add(string name, LearnedParameter parameter, bool isPositive)
        {
            (double lower, double upper) = isPositive ? parameter.PositiveInterval(probability) : parameter.Interval(probability);
            rows.Add((name, [parameter.Value, parameter.StandardError, lower, upper]));
        }
    }

    /// <summary>Sums up the outcome in one line.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => Guard.Text(
        $"{Wording.Count(_names.Count, "column")}, {Wording.Count(FactorCount, "factor")}, {Wording.Count(RowCount, "row")}: ELBO {Elbo:G8}, {ParameterCount} parameters, {(Converged ? "converged" : "not converged")} ({StopReason}){(Warnings.IsEmpty ? string.Empty : Guard.Text($", {Wording.Count(Warnings.Length, "warning")}"))}");
}
