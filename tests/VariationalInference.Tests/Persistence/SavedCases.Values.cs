using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference.Tests.Persistence;

/// <content>What the cases are made of.</content>
internal static partial class SavedCases
{
    private static readonly Matrix<double> Covariance = Matrix<double>.Build.DenseOfRowArrays([4.0, 0.6], [0.6, 0.25]);

    public static GaussianSumModel Sum => new(3, 0.1, [0.5, -1], [1, 2.5]);

    public static LinearGaussianModel Dense => new(
        Matrix<double>.Build.DenseOfRowArrays([1.0, 0, 0.1, 0, 2], [0.3, 1, 0, -0.7, 0]),
        [0.1, -3e10],
        [0.25, 1e-9],
        GaussianPrior.Concat(GaussianPrior.Independent(1, variance: 100, mean: -0.0), GaussianPrior.Repeated(2, Covariance, [1, 2])));

    public static Matrix<double> Table { get; } = Holed(Sum.Sample(40, seed: 3).Observations);

    public static Matrix<double> Wide { get; } = new GaussianSumModel(2, 4, 0.5).Sample(60, seed: 5).Observations;

    public static RegressionStatistics Row { get; } = RegressionStatistics.Of(
        Matrix<double>.Build.Dense(12, 2, (i, j) => j == 0 ? 1 : i / 3.0), [1, 2.1, 2.9, 4.2, 5.1, double.NaN, 7.2, 7.9, 9.1, 10, 10.8, 12.3], ["one", "time"]);

    public static MixedModel Simple => new MixedModel("y", Response(24, 1)).Random("g", [.. Enumerable.Range(0, 24).Select(i => $"g{i % 6}")]);

    public static MixedModel Unlimited => new MixedModel("y", [1, 1, 2, 2, 4, 4]).Random("g", ["a", "a", "b", "b", "c", "c"]);

    public static MixedModel Crossed => new MixedModel("y", Response(60, 2), [.. Enumerable.Range(0, 60).Select(i => 1 + (0.5 * (i % 3)))])
        .Fixed("x", Column)
        .FixedFactor("machine", [.. Enumerable.Range(0, 60).Select(i => $"m{(i * 7) % 3}")])
        .Fixed("z", [.. Column.Select(value => value * value)])
        .Random("subject", [.. Enumerable.Range(0, 60).Select(i => $"s{i % 8}")], slopes: [("x", Column)])
        .Random("day", [.. Enumerable.Range(0, 60).Select(i => i / 12)], slopes: [("x", Column)], correlated: false);

    public static LinearModel AnyCells => new(
        Matrix<double>.Build.Dense(10, 2, (k, j) => 1.0 / (1 + k + j)),
        [
            Likelihood.Bernoulli(), Likelihood.Gaussian(1.0 / 3), Likelihood.Poisson(), Likelihood.Bernoulli(BinaryLink.Probit), Likelihood.Ordinal([-0.1, 0.2, 1e9 / 7]),
            Likelihood.Binomial(), Likelihood.NegativeBinomial(2.5), Likelihood.StudentT(0.7, 5), Likelihood.Gamma(3), Likelihood.Exponential(),
        ],
        GaussianPrior.Correlated([0, 0.1], Covariance))
    {
        LatentNames = ["level", "trend"],
    };

    // Static fields are set in their order: what those below are made of comes first.
    private static double[] Trend { get; } = [.. Enumerable.Range(0, 60).Select(i => ((i * 37) % 60) / 10.0)];

    public static ItemResponseFit Test { get; } = new ItemResponse(1).Learn(Answers(60), ["one", "two", "ü\"|", "four"]);

    public static CountFactorFit Counted { get; } = new CountFactorAnalysis(2).Learn(Counts(50), [.. Enumerable.Range(0, 50).Select(n => 1 + (n % 3 / 2.0))]);

    public static GeneralizedMixedFit Rates { get; } = new MixedModel("y", Whole(60, 5, missing: 7))
        .Fixed("x", Trend)
        .Random("subject", [.. Enumerable.Range(0, 60).Select(i => $"s{i % 8}")], slopes: [("x", Trend)])
        .Random("day", [.. Enumerable.Range(0, 60).Select(i => i / 12)])
        .Fit(Likelihood.NegativeBinomial(), [.. Enumerable.Range(0, 60).Select(i => i == 7 ? double.NaN : 1 + (i % 4))]);

    public static GeneralizedMixedFit Ordered { get; } = new MixedModel("y", Whole(60, 3, missing: -1))
        .Random("subject", [.. Enumerable.Range(0, 60).Select(i => $"s{i % 8}")])
        .Fit(Likelihood.Ordinal([-1, 1]));

    public static MeanFieldFit Sites => new CaviSolver().Solve(AnyCells, [1, 0.5, 3, 0, 2, 1, 2, 0.7, 1.5, 1], [1, 1, 1, 1, 1, 4, 1, 1, 1, 1]);

    private static double[] Column => Trend;

    private static double[] Response(int count, int seed)
    {
        var random = new Random(seed);
        double[] groups = [.. Enumerable.Range(0, 8).Select(_ => 3 * random.NextDouble())];
        return [.. Enumerable.Range(0, count).Select(i => i == 5 ? double.NaN : groups[i % (count == 24 ? 6 : 8)] + random.NextDouble())];
    }

    private static Matrix<double> Answers(int persons)
    {
        var random = new Random(4);
        Matrix<double> answers = Matrix<double>.Build.Dense(persons, 4, (n, k) => Math.Floor((k == 3 ? 3 : 2) * ((0.6 * random.NextDouble()) + (0.4 * (n % 7) / 7))));
        answers[5, 2] = double.NaN;
        return answers;
    }

    private static Matrix<double> Counts(int rows)
    {
        var random = new Random(5);
        Matrix<double> counts = Matrix<double>.Build.Dense(rows, 5, (n, k) => Math.Floor(4 * random.NextDouble() * (1 + (n % (3 + k)))));
        counts[3, 1] = double.NaN;
        return counts;
    }

    private static double[] Whole(int count, int values, int missing)
    {
        var random = new Random(6);
        return [.. Enumerable.Range(0, count).Select(i => i == missing ? double.NaN : Math.Floor(values * ((0.6 * random.NextDouble()) + (0.4 * (i % 8) / 8))))];
    }

    private static Matrix<double> Holed(Matrix<double> table)
    {
        table[3, 1] = double.NaN;
        table[4, 0] = double.NaN;
        table[5, 2] = double.NaN;
        table[6, 2] = double.NaN;
        return table;
    }
}
