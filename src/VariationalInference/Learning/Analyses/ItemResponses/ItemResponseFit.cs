using System.Collections.Immutable;
using System.Text.Json.Serialization;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>What <see cref="ItemResponse"/> learned: the items with standard errors, the abilities of persons, and predictions.</summary>
/// <remarks><threadsafety>Immutable, hence safe to share.</threadsafety></remarks>
/// <example>
/// <code language="csharp"><![CDATA[
/// double[][] persons = [[0, 0, 0], [0, 0, 1], [0, 1, 1], [1, 1, 1], [1, 0, 1], [0, 1, 1], [1, 1, 0], [0, 0, 1], [1, 1, 1], [0, 1, 0], [1, 0, 0], [0, 0, 0]];
/// var options = new ItemResponseOptions { EqualDiscriminations = true };
/// ItemResponseFit test = new ItemResponse(1, options).Learn(Matrix<double>.Build.DenseOfRowArrays(persons), ["first", "second", "third"]);
/// Console.WriteLine(test.Summary().Names[0]);   // discrimination
/// Console.WriteLine(test.Ability([1, 1, 1]).Mean > test.Ability([1, 1, 0]).Mean);   // True
/// Console.WriteLine(test.Predict("third", [1, 1, double.NaN])[1] > 0.5);   // True
/// ]]></code>
/// </example>
[JsonConverter(typeof(ResultJsonConverter))]
public sealed partial class ItemResponseFit
{
    private readonly SiteLearned _learned;
    private readonly ItemResponseOptions _options;
    private readonly NameList _names;

    internal ItemResponseFit(SiteLearned learned, ItemResponseOptions options, NameList names)
    {
        _learned = learned;
        _options = options;
        _names = names;
        Items = [.. names.Select((name, k) => new ResponseItem(learned, k, name))];
        Warnings = [.. Count(), .. learned.Warnings(names, "item")];
        Converged = learned.Distance <= options.Tolerance && learned.Covariance.Unidentified.Count == 0;
    }

    /// <summary>Gets the items, in the order of their columns.</summary>
    public ImmutableArray<ResponseItem> Items { get; }

    /// <summary>Gets the number of dimensions J.</summary>
    public int Dimensions => _learned.Parameters.Latents;

    /// <summary>Gets the number of persons N.</summary>
    public int PersonCount => _learned.Places.Length;

    /// <summary>Gets the ELBO, in nats: a lower bound on the log likelihood of the items' parameters, with the abilities integrated out.</summary>
    public double Elbo => _learned.Elbo;

    /// <summary>Gets the ELBO by step; element 0 at the best start.</summary>
    public ImmutableArray<double> ElboTrace => _learned.ElboTrace;

    /// <summary>Gets the number of free parameters; a rotation of J dimensions takes J(J − 1)/2 away.</summary>
    public int ParameterCount => _learned.Parameters.Count - (Dimensions * (Dimensions - 1) / 2);

    /// <summary>Gets why the search ended.</summary>
    public StopReason StopReason => _learned.StopReason;

    /// <summary>Gets how far the optimum is, in standard errors, by the last Newton step; ∞ where second derivatives do not tell.</summary>
    public double RemainingStandardErrors => _learned.Distance;

    /// <summary>Gets a value indicating whether that is within <see cref="ItemResponseOptions.Tolerance"/>, whatever stopped the search, and every parameter has a standard error.</summary>
    public bool Converged { get; }

    /// <summary>Gets what is wrong with the items or the answers.</summary>
    public ImmutableArray<LearningWarning> Warnings { get; }

    /// <summary>Returns the model of one person, for solvers and predictions of one's own.</summary>
    /// <returns>Discriminations as loadings, and a likelihood for each item.</returns>
    public LinearModel Model()
    {
        Matrix<double> loadings = Matrix<double>.Build.Dense(Items.Length, Dimensions, (k, j) => Items[k].Discriminations[j].Value);
        double[] offset = [.. Items.Select(item => item.CategoryCount == 2 ? item.Intercepts[0].Value : 0)];
        Likelihood[] likelihoods = [.. Items.Select(item => item.CategoryCount == 2
            ? Likelihood.Bernoulli()
            : Likelihood.Ordinal([.. item.Intercepts.Select(intercept => -intercept.Value)]))];
        return new LinearModel(loadings, likelihoods, GaussianPrior.Independent(Dimensions), offset) { ObservationNames = _names };
    }

    /// <summary>Returns what answers say of an ability.</summary>
    /// <param name="answers">The answers, one for each item; NaN where there is none.</param>
    /// <param name="dimension">The dimension, counted from 0.</param>
    /// <returns>The ability's distribution; its prior is N(0, 1).</returns>
    /// <exception cref="ArgumentException">There are more or fewer answers than items, one is no category of its item, or the dimension is none.</exception>
    public Gaussian Ability(ReadOnlySpan<double> answers, int dimension = 0)
    {
        Guard.InRange(dimension, 0, Dimensions, nameof(dimension));
        return Abilities(answers)[dimension];
    }

    /// <summary>Returns what answers say of all abilities together.</summary>
    /// <param name="answers">The answers, one for each item; NaN where there is none.</param>
    /// <returns>Their distribution.</returns>
    /// <exception cref="ArgumentException">There are more or fewer answers than items, or one is no category of its item.</exception>
    public MultivariateGaussian Abilities(ReadOnlySpan<double> answers)
    {
        Guard.Length(answers.Length, Items.Length, nameof(answers), "one for each item");
        for (int k = 0; k < answers.Length; k++)
        {
            if (!double.IsNaN(answers[k]) && !_learned.Point.Likelihoods[k].Accepts(answers[k]))
            {
                throw new ArgumentException(
                    Guard.Text($"answers[{k}], of item '{Items[k].Name}', is {answers[k]}; it must be a whole number from 0 to {Items[k].CategoryCount - 1}, or NaN."),
                    nameof(answers));
            }
        }

        return _learned.Posterior(answers);
    }

    /// <summary>Returns the abilities of a person whose answers were learned from.</summary>
    /// <param name="person">The person's row, counted from 0.</param>
    /// <returns>Their distribution.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="person"/> is none.</exception>
    public MultivariateGaussian Person(int person)
    {
        Guard.InRange(person, 0, PersonCount, nameof(person));
        return _learned.Posterior(person);
    }

    /// <summary>Predicts an answer from others: the probability of each category, averaged over what these say of the abilities.</summary>
    /// <param name="item">The item's name.</param>
    /// <param name="answers">The answers, one for each item; NaN where there is none, as for the item itself.</param>
    /// <returns>The probabilities, which sum to 1.</returns>
    /// <exception cref="ArgumentException">No item has the name, there are more or fewer answers than items, or one is no category of its item.</exception>
    public double[] Predict(string item, ReadOnlySpan<double> answers)
    {
        int place = _names.Find(item, nameof(item), nameof(Items));
        return Items[place].Probabilities(Abilities(answers));
    }

    /// <summary>Lists all parameters, with standard errors and intervals.</summary>
    /// <param name="probability">The intervals' coverage for large samples. Range: 0 &lt; probability &lt; 1.</param>
    /// <returns>The table: discriminations, then difficulties, item by item.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="probability"/> is outside its range.</exception>
    public SummaryTable Summary(double probability = 0.95)
    {
        string[] ends = SummaryTable.Ends(probability);
        var rows = new List<(string, double[])>();
        foreach (ResponseItem item in Items)
        {
            for (int j = 0; j < Dimensions && !(_options.EqualDiscriminations && rows.Count > 0); j++)
            {
                string owner = _options.EqualDiscriminations ? string.Empty : $" {item.Name}";
                Add($"discrimination{owner}{(Dimensions > 1 ? Guard.Text($", {j + 1}") : string.Empty)}", item.Discriminations[j]);
            }

            for (int c = 0; c < item.Difficulties.Length; c++)
            {
                Add($"difficulty {item.Name}{(item.CategoryCount > 2 ? Guard.Text($", {c + 1}") : string.Empty)}", item.Difficulties[c]);
            }
        }

        return new SummaryTable(["estimate", "standard error", .. ends], rows);

        void Add(string name, LearnedParameter parameter)
        {
            (double lower, double upper) = parameter.Interval(probability);
            rows.Add((name, [parameter.Value, parameter.StandardError, lower, upper]));
        }
    }

    /// <summary>Warns where answers can take fewer probabilities than there are parameters; the bound has an optimum there, which the likelihood has not.</summary>
    private IEnumerable<LearningWarning> Count()
    {
        double patterns = 1;
        foreach (ResponseItem item in Items)
        {
            patterns = Math.Min(patterns * item.CategoryCount, int.MaxValue);
        }

        return patterns - 1 >= ParameterCount
            ? []
            : [new LearningWarning(
                LearningWarningKind.Unidentified,
                Guard.Text($"The answers to {Wording.Count(Items.Length, "item")} have {patterns - 1} free probabilities, fewer than the {ParameterCount} parameters: others give the same likelihood."),
                [])];
    }

    /// <summary>Sums up the outcome in one line.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => Guard.Text(
        $"{Wording.Count(Items.Length, "item")}, {Wording.Count(Dimensions, "dimension")}, {Wording.Count(PersonCount, "person")}: ELBO {Elbo:G8}, {ParameterCount} parameters, {(Converged ? "converged" : "not converged")} ({StopReason}){(Warnings.IsEmpty ? string.Empty : Guard.Text($", {Wording.Count(Warnings.Length, "warning")}"))}");
}
