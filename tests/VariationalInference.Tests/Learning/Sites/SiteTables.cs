using System.Globalization;
using System.Text.Json;
using MathNet.Numerics.Distributions;
using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.Random;

namespace VariationalInference.Tests.Learning.Sites;

/// <summary>Tables to learn from: simulated ones, and those of the reference.</summary>
internal static class SiteTables
{
    /// <summary>Draws rows of a model with standard normal latents.</summary>
    /// <param name="loadings">The loadings, K×J.</param>
    /// <param name="offset">The offset.</param>
    /// <param name="likelihoods">The likelihood of each column.</param>
    /// <param name="rows">How many.</param>
    /// <param name="seed">The seed.</param>
    /// <param name="missing">The share of cells that are missing.</param>
    public static Matrix<double> Draw(Matrix<double> loadings, double[] offset, Likelihood[] likelihoods, int rows, int seed, double missing = 0)
    {
        var random = new Xoshiro256StarStar(seed, threadSafe: false);
        var table = Matrix<double>.Build.Dense(rows, loadings.RowCount);
        for (int n = 0; n < rows; n++)
        {
            double[] latents = [.. Enumerable.Range(0, loadings.ColumnCount).Select(_ => Normal.Sample(random, 0, 1))];
            for (int k = 0; k < loadings.RowCount; k++)
            {
                double predictor = offset[k] + Enumerable.Range(0, latents.Length).Sum(j => loadings[k, j] * latents[j]);
                var cell = new double[1];
                likelihoods[k].Sample([predictor], [], random.Next(), cell);
                table[n, k] = random.NextDouble() < missing ? double.NaN : cell[0];
            }
        }

        return table;
    }

    public static Matrix<double> Read(string name) => Matrix<double>.Build.DenseOfRows(
        File.ReadLines(PathOf($"{name}.csv")).Skip(1).Select(line => line.Split(',').Select(cell => double.Parse(cell, CultureInfo.InvariantCulture))));

    public static JsonElement Expected(string name) => JsonDocument.Parse(File.ReadAllBytes(PathOf("irt.json"))).RootElement.GetProperty(name);

    public static double[] Numbers(JsonElement element) => [.. element.EnumerateArray().Select(item => item.GetDouble())];

    public static SiteRows Rows(Matrix<double> table) => SiteRows.Of(RowSpan.ColumnMajor(table.ToColumnMajorArray(), table.ColumnCount));

    private static string PathOf(string file) => Path.Combine(AppContext.BaseDirectory, "Reference", "likelihoods", file);
}
