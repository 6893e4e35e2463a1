using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace VariationalInference;

/// <summary>An item of an <see cref="ItemResponse"/> model: how its answers depend on abilities.</summary>
/// <remarks>
/// One of <see cref="ItemResponseFit.Items"/>. An answer is in category c or higher with probability σ(a·z + d_c).
/// <threadsafety>Immutable, hence safe to share.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp"><![CDATA[
/// double[][] persons = [[0, 0, 0], [0, 0, 1], [0, 1, 1], [1, 1, 1], [1, 0, 1], [0, 1, 2], [1, 1, 2], [0, 0, 1], [1, 1, 2], [0, 1, 0], [1, 0, 0], [0, 0, 2]];
/// var options = new ItemResponseOptions { EqualDiscriminations = true };
/// ItemResponseFit test = new ItemResponse(1, options).Learn(Matrix<double>.Build.DenseOfRowArrays(persons));
/// ResponseItem last = test.Items[2];
/// Console.WriteLine($"{last.CategoryCount} categories, {last.Probabilities([0.5]).Sum():F3}");   // 3 categories, 1.000
/// ]]></code>
/// </example>
[JsonConverter(typeof(ResultJsonConverter))]
public sealed class ResponseItem
{
    private readonly Likelihood _likelihood;
    private readonly double _offset;

    internal ResponseItem(SiteLearned learned, int item, string name)
    {
        Name = name;
        int dimensions = learned.Parameters.Latents;
        _likelihood = learned.Point.Likelihoods[item];
        _offset = learned.Point.Offsets[item];
        Discriminations = [.. Enumerable.Range(0, dimensions).Select(j => learned.Loading(item, j))];
        double[] slopes = learned.Point.Slopes[item];
        double size = Math.Sqrt(Discriminations.Sum(a => a.Value * a.Value));
        var intercepts = ImmutableArray.CreateBuilder<LearnedParameter>();
        var difficulties = ImmutableArray.CreateBuilder<LearnedParameter>();
        double[] gradient = new double[dimensions + 1 + slopes.Length];
        double intercept = _offset;
        for (int c = 0; c <= slopes.Length; c++)
        {
            // An intercept is the offset less the gaps before it, each learned by its logarithm.
            Array.Clear(gradient);
            gradient[dimensions] = 1;
            for (int gap = 0; gap < c; gap++)
            {
                gradient[dimensions + 1 + gap] = -slopes[gap];
            }

            intercept -= c == 0 ? 0 : slopes[c - 1];
            intercepts.Add(learned.Function(item, intercept, gradient));

            // −d/|a|, or −d/a of the one discrimination, which may be negative.
            double scale = dimensions == 1 ? Discriminations[0].Value : size;
            for (int i = dimensions; i < gradient.Length; i++)
            {
                gradient[i] /= -scale;
            }

            for (int j = 0; j < dimensions; j++)
            {
                gradient[j] = intercept * Discriminations[j].Value / (scale * size * size);
            }

            difficulties.Add(learned.Function(item, -intercept / scale, gradient));
        }

        Intercepts = intercepts.ToImmutable();
        Difficulties = difficulties.ToImmutable();
    }

    /// <summary>Gets its name.</summary>
    public string Name { get; }

    /// <summary>Gets the number of categories, 2 for right or wrong.</summary>
    public int CategoryCount => Intercepts.Length + 1;

    /// <summary>Gets the discriminations a, one for each dimension.</summary>
    public ImmutableArray<LearnedParameter> Discriminations { get; }

    /// <summary>Gets the intercepts d_1 &gt; d_2 &gt; …, one for each category but the lowest.</summary>
    public ImmutableArray<LearnedParameter> Intercepts { get; }

    /// <summary>
    /// Gets the difficulties −d_c/a: the ability at which category c or higher is as likely as not. With several dimensions −d_c/|a|, how far along the item's
    /// own direction that is.
    /// </summary>
    public ImmutableArray<LearnedParameter> Difficulties { get; }

    /// <summary>Returns the probability of each category, given abilities.</summary>
    /// <param name="abilities">The abilities z, one for each dimension, all finite.</param>
    /// <returns>The probabilities, which sum to 1.</returns>
    /// <exception cref="ArgumentException">There are more or fewer abilities than dimensions, or one is not finite.</exception>
    public double[] Probabilities(ReadOnlySpan<double> abilities)
    {
        double predictor = Predictor(abilities);
        return Differences(c => _likelihood.Cumulative(c, predictor));
    }

    /// <summary>Returns the Fisher information that an answer has on the way in which the item discriminates most, |a|² Σ_c p′_c²/p_c of its categories.</summary>
    /// <param name="abilities">The abilities z, one for each dimension, all finite.</param>
    /// <returns>The information, in inverse squares of the abilities' standard deviation.</returns>
    /// <exception cref="ArgumentException">There are more or fewer abilities than dimensions, or one is not finite.</exception>
    public double Information(ReadOnlySpan<double> abilities)
    {
        double predictor = Predictor(abilities), information = 0;
        double[] probabilities = Probabilities(abilities);
        for (int c = 0; c < probabilities.Length; c++)
        {
            double slope = _likelihood.Derivatives(c, predictor).First;
            information += probabilities[c] * slope * slope;
        }

        return information * Discriminations.Sum(a => a.Value * a.Value);
    }

    /// <summary>Returns the item's parameters.</summary>
    /// <returns>The text.</returns>
    public override string ToString() =>
        $"{Name}: discrimination {List(Discriminations)}, difficulty {List(Difficulties)}";

    /// <summary>Returns the probability of each category, averaged over abilities.</summary>
    internal double[] Probabilities(MultivariateGaussian abilities)
    {
        double mean = _offset, variance = 0;
        for (int i = 0; i < Discriminations.Length; i++)
        {
            mean += Discriminations[i].Value * abilities[i].Mean;
            for (int j = 0; j < Discriminations.Length; j++)
            {
                variance += Discriminations[i].Value * abilities.Covariance(i, j) * Discriminations[j].Value;
            }
        }

        var predictor = new Gaussian(mean, Math.Max(variance, 0));
        return Differences(c => _likelihood.PredictiveCumulative(c, predictor));
    }

    private static string List(ImmutableArray<LearnedParameter> parameters) => parameters.Length == 1
        ? Guard.Text($"{parameters[0].Value:G4}")
        : $"[{Wording.Join(", ", parameters.Length, i => Guard.Text($"{parameters[i].Value:G4}"))}]";

    private double Predictor(ReadOnlySpan<double> abilities)
    {
        Guard.Length(abilities.Length, Discriminations.Length, nameof(abilities), "one for each dimension");
        Guard.AllFinite(abilities, nameof(abilities));
        double predictor = _offset;
        for (int j = 0; j < abilities.Length; j++)
        {
            predictor += Discriminations[j].Value * abilities[j];
        }

        return predictor;
    }

    private double[] Differences(Func<int, double> cumulative)
    {
        var probabilities = new double[CategoryCount];
        double before = 0;
        for (int c = 0; c < probabilities.Length; c++)
        {
            double upTo = cumulative(c);
            probabilities[c] = Math.Max(upTo - before, 0);
            before = upTo;
        }

        return probabilities;
    }
}
