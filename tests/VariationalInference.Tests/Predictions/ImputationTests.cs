using System.Text.Json;
using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using VariationalInference.Tests.Reference;
using Xunit;

namespace VariationalInference.Tests.Predictions;

/// <summary>Cells removed from real data, against NumPy's conditional means; see Reference/prediction/make_imputation.py.</summary>
public sealed class ImputationTests
{
    public static TheoryData<string> Names => ["attitude", "digits"];

    [Theory]
    [MemberData(nameof(Names))]
    public void Impute_RemovedCells_IsTheConditionalMean(string name)
    {
        JsonElement reference = Case(name);
        (Matrix<double> table, Matrix<double> holed) = Tables(name, reference);
        var model = new LinearGaussianModel(
            LearningData.Matrix(reference.GetProperty("loadings")),
            Numbers(reference, "offset"),
            Numbers(reference, "noise_variances"),
            GaussianPrior.Independent(reference.GetProperty("loadings")[0].GetArrayLength()));
        double[] means = Numbers(reference, "means"), deviations = Numbers(reference, "deviations");

        ImputedTable imputed = new Predictor(model).Impute(holed);

        imputed.Cells.Should().HaveCount(means.Length);
        for (int i = 0; i < means.Length; i++)
        {
            imputed.Cells[i].Value.Mean.Should().BeApproximately(means[i], 1e-9);
            imputed.Cells[i].Value.Sd.Should().BeApproximately(deviations[i], 1e-9);
        }

        double rmse = RootMeanSquare(imputed, table);
        rmse.Should().BeApproximately(reference.GetProperty("rmse").GetDouble(), 1e-9);
        rmse.Should().BeLessThan(reference.GetProperty("rmse_of_column_means").GetDouble());
    }

    [Theory]
    [InlineData("attitude", 1)]
    [InlineData("digits", 8)]
    public void Impute_ByFactorsLearnedFromTheRest_IsBetterThanColumnMeans_AndKnowsHowMuch(string name, int factors)
    {
        JsonElement reference = Case(name);
        (Matrix<double> table, Matrix<double> holed) = Tables(name, reference);

        FactorAnalysis learned = FactorAnalysis.Learn(SufficientStatistics.Of(holed), factors, noiseFloor: 0.01);
        ImputedTable imputed = learned.Predictor().Impute(holed);

        RootMeanSquare(imputed, table).Should().BeLessThan(0.8 * reference.GetProperty("rmse_of_column_means").GetDouble());
    }

    private static double RootMeanSquare(ImputedTable imputed, Matrix<double> table) =>
        Math.Sqrt(imputed.Cells.Average(cell => Math.Pow(imputed.Values[cell.Row, cell.Column] - table[cell.Row, cell.Column], 2)));

    private static JsonElement Case(string name) => JsonDocument
        .Parse(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Reference", "prediction", "imputation.json"))).RootElement
        .EnumerateArray().Single(element => element.GetProperty("name").GetString() == name);

    private static (Matrix<double> Table, Matrix<double> Holed) Tables(string name, JsonElement reference)
    {
        string file = name == "digits" ? "digits8x8.csv" : name + ".csv";
        string[] columns = [.. LearningData.Lines(file)[0].Take(reference.GetProperty("columns").GetInt32())];
        Matrix<double> table = LearningData.Table(file, columns).SubMatrix(0, reference.GetProperty("rows").GetInt32(), 0, columns.Length);
        Matrix<double> holed = table.Clone();
        foreach (JsonElement cell in reference.GetProperty("removed").EnumerateArray())
        {
            holed[cell[0].GetInt32(), cell[1].GetInt32()] = double.NaN;
        }

        return (table, holed);
    }

    private static double[] Numbers(JsonElement reference, string name) => [.. reference.GetProperty(name).EnumerateArray().Select(value => value.GetDouble())];
}
