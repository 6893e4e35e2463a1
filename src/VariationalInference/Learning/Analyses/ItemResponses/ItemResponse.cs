using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>
/// Item response models: each person has abilities z ~ N(0, I), and answers item k in category c or higher with probability σ(a_k·z + d_kc), by the item's
/// discriminations a_k and intercepts d_k1 &gt; d_k2 &gt; …, which are learned.
/// </summary>
/// <remarks>
/// <para>
/// An item with the answers 0 and 1 is the two-parameter logistic model, or the one-parameter model where <see cref="ItemResponseOptions.EqualDiscriminations"/>;
/// one with more categories is Samejima's graded response model. Each item may have its own number of them. A missing answer is <see cref="double.NaN"/>.
/// </para>
/// <para>
/// What is maximised is the ELBO with a Gaussian of full covariance for each person, a lower bound on the marginal likelihood that is short of it by some ten thousandths of a
/// nat an answer; standard errors come from its second derivatives. Several dimensions are turned to principal axes: the sums of squares of their
/// discriminations descend, products of two of them vanish, and sums are positive.
/// </para>
/// <para>
/// A step costs O(J²) for each answer and O(P²J²) for each person with answers of their own, with P parameters; a second of each processor for
/// 100,000 persons and 50 items. The result has the same bits for any number of threads.
/// </para>
/// <threadsafety>Immutable, hence safe to share.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp"><![CDATA[
/// // How many of 1,000 persons gave each pattern of answers to the first four items of a test.
/// (double[] Answers, int Persons)[] patterns =
/// [
///     ([0, 0, 0, 0], 42), ([1, 0, 0, 0], 111), ([1, 1, 0, 0], 86), ([1, 0, 1, 0], 53), ([1, 0, 0, 1], 124), ([0, 1, 0, 1], 29),
///     ([1, 1, 0, 1], 154), ([1, 1, 1, 0], 81), ([1, 0, 1, 1], 68), ([0, 1, 1, 1], 20), ([1, 1, 1, 1], 232),
/// ];
/// var answers = Matrix<double>.Build.DenseOfRowArrays(patterns.SelectMany(pattern => Enumerable.Repeat(pattern.Answers, pattern.Persons)));
/// ItemResponseFit test = new ItemResponse(dimensions: 1).Learn(answers, ["a", "b", "c", "d"]);
/// Gaussian ability = test.Ability([1, 0, double.NaN, 1]);
/// Console.WriteLine($"{test.Converged}, {test.Items[0].Name}: {test.Items[0].Difficulties[0].Value < 0}");   // True, a: True
/// Console.WriteLine(ability.Variance < 1);   // True
/// ]]></code>
/// </example>
public sealed class ItemResponse
{
    private const int MostCategories = 100;

    /// <summary>Initializes a new instance of the <see cref="ItemResponse"/> class.</summary>
    /// <param name="dimensions">The number of abilities J. Range: at least 1.</param>
    /// <param name="options">How it is learned; <see langword="null"/> means the defaults.</param>
    /// <exception cref="ArgumentException">The number is outside its range, or not 1 with equal discriminations, which would be one ability too.</exception>
    public ItemResponse(int dimensions = 1, ItemResponseOptions? options = null)
    {
        Dimensions = Guard.AtLeast(dimensions, 1, nameof(dimensions));
        Options = options ?? new ItemResponseOptions();
        if (Options.EqualDiscriminations && dimensions > 1)
        {
            throw new ArgumentOutOfRangeException(
                nameof(dimensions), dimensions, Guard.Text($"dimensions is {dimensions}; it must be 1 where all items have the same discrimination."));
        }
    }

    /// <summary>Gets the number of abilities J.</summary>
    public int Dimensions { get; }

    /// <summary>Gets how it is learned.</summary>
    public ItemResponseOptions Options { get; }

    /// <summary>Learns the items from answers.</summary>
    /// <param name="answers">The answers, N×K: a row a person, a column an item. Categories are numbered from 0, each given by someone; NaN where there is no answer.</param>
    /// <param name="itemNames">The names of the items, length K, all different; <see langword="null"/> means item1, item2, ….</param>
    /// <param name="progress">Receives the ELBO, in nats, after each step on all persons.</param>
    /// <param name="cancellationToken">Stops the work; what was learned so far is returned.</param>
    /// <returns>The items, and how learning went.</returns>
    /// <exception cref="ArgumentException">An answer is no category, a category is given by nobody, or an item has only one; the message names it. There are fewer items than dimensions, or names are not as many, or blank, or there twice.</exception>
    /// <exception cref="NonFiniteValueException">No start has a finite ELBO.</exception>
    /// <exception cref="OperationCanceledException">The work was cancelled before it began.</exception>
    public ItemResponseFit Learn(
        Matrix<double> answers, IReadOnlyList<string>? itemNames = null, IProgress<double>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(answers);
        return Learn(
            answers.AsColumnMajorArray() is double[] columns
                ? RowSpan.ColumnMajor(columns, answers.ColumnCount)
                : RowSpan.RowMajor(answers.ToRowMajorArray(), answers.ColumnCount),
            itemNames,
            progress,
            cancellationToken);
    }

    /// <inheritdoc cref="Learn(Matrix{double}, IReadOnlyList{string}, IProgress{double}, CancellationToken)"/>
    public ItemResponseFit Learn(
        RowSpan answers, IReadOnlyList<string>? itemNames = null, IProgress<double>? progress = null, CancellationToken cancellationToken = default)
    {
        NameList names = NameList.OrOwn(itemNames, [], "item", answers.ColumnCount, nameof(itemNames), "one for each item");
        if (answers.ColumnCount < Dimensions)
        {
            throw new ArgumentException(
                Guard.Text($"answers have {answers.ColumnCount} columns; they must have at least {Dimensions}, the number of dimensions."), nameof(answers));
        }

        var columns = new SiteColumn[answers.ColumnCount];
        for (int k = 0; k < columns.Length; k++)
        {
            columns[k] = Column(Categories(answers, k, names[k]));
        }

        SiteRows rows = SiteRows.Of(answers);
        var learner = new SiteLearner(SiteParameters.Of(columns, Dimensions, Options.EqualDiscriminations), rows)
        {
            MaxIterations = Options.MaxIterations,
            Tolerance = Options.Tolerance,
            Starts = Options.Starts,
            Seed = Options.Seed,
            MaxThreads = Options.MaxThreads ?? Environment.ProcessorCount,
        };
        return new ItemResponseFit(learner.Learn(progress, cancellationToken), Options, names);
    }

    /// <summary>Names the model.</summary>
    /// <returns>The text.</returns>
    public override string ToString() =>
        $"item response model of {Wording.Count(Dimensions, "dimension")}{(Options.EqualDiscriminations ? ", equal discriminations" : string.Empty)}";

    /// <summary>Counts how often each category of an item was chosen.</summary>
    private static double[] Categories(RowSpan answers, int item, string name)
    {
        var counts = new double[MostCategories];
        int categories = 0;
        for (int n = 0; n < answers.RowCount; n++)
        {
            double answer = answers[n, item];
            if (double.IsNaN(answer))
            {
                continue;
            }

            if (!(answer >= 0 && answer < MostCategories && answer == Math.Floor(answer)))
            {
                throw new ArgumentException(
                    Guard.Text($"answers[{n}, {item}] is {answer}; it must be a category, a whole number from 0 to {MostCategories - 1}, or NaN where there is none."),
                    nameof(answers));
            }

            counts[(int)answer]++;
            categories = Math.Max(categories, (int)answer + 1);
        }

        int unused = Array.IndexOf(counts, 0.0);
        if (unused < Math.Max(categories, 2))
        {
            throw new ArgumentException(
                Guard.Text($"answers have no {unused} for item '{name}', column {item}; every category from 0 to the highest, at least 1, must be given by someone."),
                nameof(answers));
        }

        return counts[..categories];
    }

    /// <summary>Returns a column that begins with the log odds of its categories; the first cutpoint is the offset's business.</summary>
    private static SiteColumn Column(double[] counts)
    {
        if (counts.Length == 2)
        {
            return SiteColumn.Of(Likelihood.Bernoulli());
        }

        double total = counts.Sum(), below = counts[0], first = Math.Log(below / (total - below));
        var cutpoints = new double[counts.Length - 1];
        for (int c = 1; c < cutpoints.Length; c++)
        {
            below += counts[c];
            cutpoints[c] = Math.Log(below / (total - below)) - first;
        }

        return new SiteColumn(Likelihood.Ordinal(cutpoints), [.. Enumerable.Range(1, cutpoints.Length - 1)]);
    }
}
