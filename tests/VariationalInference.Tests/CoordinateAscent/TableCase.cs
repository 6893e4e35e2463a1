using MathNet.Numerics.LinearAlgebra;
using Xunit;

namespace VariationalInference.Tests.CoordinateAscent;

/// <summary>Models and tables that take different ways through the solver.</summary>
internal static class TableCase
{
    public static IEnumerable<string> Names =>
    [
        "sum", "sum, a tenth missing", "sum of many", "dense", "dense, a tenth missing", "dense, by pattern", "dense, one observation",
        "more observations than bits", "dense, three observations", "dense, two observations of many", "dense, few latents of many",
    ];

    public static TheoryData<string> Data() => [.. Names];

    public static (LinearGaussianModel Model, Matrix<double> Table) Create(string name, int rows)
    {
        LinearGaussianModel model = name switch
        {
            "sum" or "sum, a tenth missing" => new GaussianSumModel(4, 0.7, [0.5, -1.0, 30], [2.0, 0.3, 1.1]),
            "sum of many" => new GaussianSumModel(latentCount: 11, observationCount: 3, noiseVariance: 0.4),
            "dense" or "dense, a tenth missing" => Dense(latents: 3, observations: 4),
            "dense, by pattern" => Dense(latents: 13, observations: 11),
            "dense, one observation" => Dense(latents: 2, observations: 1),
            "dense, three observations" => Dense(latents: 3, observations: 3),
            "dense, two observations of many" => Dense(latents: 9, observations: 2),
            "dense, few latents of many" => Dense(latents: 5, observations: 19),
            _ => Dense(latents: 2, observations: 70),
        };
        Matrix<double> table = model.Sample(rows, seed: 5).Observations;
        if (name is not ("sum" or "dense" or "sum of many"))
        {
            var random = new Random(17);
            table.MapInplace(value => random.NextDouble() < 0.1 ? double.NaN : value, Zeros.Include);
        }

        return (model, table);
    }

    private static LinearGaussianModel Dense(int latents, int observations)
    {
        var random = new Random(3);
        double[] Numbers(int count, double low, double high) =>
            [.. Enumerable.Range(0, count).Select(_ => low + ((high - low) * random.NextDouble()))];
        return new LinearGaussianModel(
            Matrix<double>.Build.Dense(observations, latents, (_, _) => (2 * random.NextDouble()) - 1),
            Numbers(observations, -5, 5),
            Numbers(observations, 0.2, 2),
            Numbers(latents, -3, 3),
            Numbers(latents, 0.3, 3));
    }
}
