using Xunit;

namespace VariationalInference.Tests.Likelihoods;

/// <summary>A likelihood of each kind, with cells at random.</summary>
internal static class LikelihoodCases
{
    public static IReadOnlyList<Likelihood> All { get; } =
    [
        Likelihood.Gaussian(0.3), Likelihood.Bernoulli(), Likelihood.Bernoulli(BinaryLink.Probit), Likelihood.Binomial(), Likelihood.Poisson(),
        Likelihood.NegativeBinomial(2.5), Likelihood.StudentT(0.7, 4), Likelihood.Ordinal([-1, 0.5, 2]), Likelihood.Gamma(2.5), Likelihood.Exponential(),
    ];

    public static TheoryData<string> Names => Theory(All.Select(likelihood => likelihood.ToString()!));

    public static TheoryData<string> Theory(IEnumerable<string> names)
    {
        var data = new TheoryData<string>();
        foreach (string name in names)
        {
            data.Add(name);
        }

        return data;
    }

    public static Likelihood Named(string name) => All.Single(likelihood => likelihood.ToString() == name);

    /// <summary>Returns one cell's value that the likelihood accepts.</summary>
    public static double Value(Likelihood likelihood, double size, Random random) => likelihood.AllowedValues switch
    {
        "0 or 1" => random.Next(2),
        "positive and finite" => Math.Exp(3 * ((2 * random.NextDouble()) - 1)),
        "finite" => 6 * (random.NextDouble() - 0.5),
        "a whole number from 0 to the number of trials" => random.Next((int)size + 1),
        "a whole number from 0 to 3" => random.Next(4),
        _ => random.Next(30),
    };

    public static double Size(Likelihood likelihood, Random random) => likelihood.Size switch
    {
        CellSize.Trials => random.Next(1, 40),
        CellSize.Exposure => Math.Exp((2 * random.NextDouble()) - 1),
        _ => 1,
    };

    /// <summary>Many cells with the moments of their predictors; every seventh is missing.</summary>
    public static (double[] Values, double[] Sizes, double[] Means, double[] Variances) Cells(Likelihood likelihood, int count, int seed)
    {
        var random = new Random(seed);
        double[] sizes = [.. Enumerable.Range(0, count).Select(_ => Size(likelihood, random))];
        double[] values = [.. sizes.Select((size, i) => i % 7 == 3 ? double.NaN : Value(likelihood, size, random))];
        double[] means = [.. values.Select(_ => 12 * (random.NextDouble() - 0.5))];
        double[] variances = [.. values.Select(_ => Math.Exp(12 * (random.NextDouble() - 0.6)))];
        return (values, sizes, means, variances);
    }
}
