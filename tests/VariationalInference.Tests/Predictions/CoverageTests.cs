using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using Xunit;

namespace VariationalInference.Tests.Predictions;

/// <summary>Intervals hold what they say, by default calls, on simulated rows of three sensors: one quantity, and a bias of each.</summary>
public sealed class CoverageTests
{
    private const double NoiseVariance = 0.25;

    private static readonly Matrix<double> Loadings = Matrix<double>.Build.DenseOfRowArrays([1.0, 1, 0, 0], [1.0, 0, 1, 0], [1.0, 0, 0, 1]);

    [Fact]
    public void DefaultIntervals_OfLatentsAndOfMissingCells_CoverNinetyFiveOfAHundred()
    {
        const int rows = 10_000;
        LinearGaussianModel model = Sensors(offset: [0, 0, 0], NoiseVariance);
        ModelSample draws = model.Sample(rows, seed: 20);
        var random = new Random(21);
        Matrix<double> table = draws.Observations.Map(value => random.NextDouble() < 0.2 ? double.NaN : value);

        CaviTable fits = new CaviSolver().Solve(model, table);
        ImputedTable imputed = new Predictor(model).Impute(table);

        // The spread of a share of 40,000 latents of 10,000 rows is at most 0.2 per cent.
        int inside = 0;
        for (int n = 0; n < rows; n++)
        {
            MultivariateGaussian posterior = fits.Exact(n);
            for (int j = 0; j < 4; j++)
            {
                inside += Holds(posterior[j].Interval(0.95), draws.Latents[n, j]) ? 1 : 0;
            }
        }

        (inside / (4.0 * rows)).Should().BeInRange(0.94, 0.96);
        imputed.Cells.Length.Should().BeGreaterThan(5_500);
        imputed.Cells.Count(cell => Holds(cell.Value.Interval(0.95), draws.Observations[cell.Row, cell.Column])).Should()
            .BeInRange((int)(0.94 * imputed.Cells.Length), (int)(0.96 * imputed.Cells.Length));
        new Predictor(model).Score(table).Coverage(0.95).Should().BeInRange(0.94, 0.96);
        new Predictor(model).Score(table, CellScoring.Marginal).Coverage(0.95).Should().BeInRange(0.94, 0.96);
    }

    [Fact]
    public void Intervals_WithOffsetAndNoiseLearnedFromFiftyRows_CoverWhenParameterUncertaintyIsTakenIn()
    {
        const int sets = 2_000, rows = 50;
        LinearGaussianModel truth = Sensors(offset: [3, -2, 1], NoiseVariance);
        var learner = new VariationalEm(new VariationalEmOptions { Offset = true, MaxThreads = 1 });
        var latents = new int[sets];
        var cells = new int[sets];
        var known = new int[sets];
        Parallel.For(0, sets, set =>
        {
            ModelSample draws = truth.Sample(rows + 1, seed: 100 + set);
            VariationalEmResult learned = learner.Learn(Sensors(offset: [0, 0, 0], noise: 1), draws.Observations.SubMatrix(0, rows, 0, 3));
            double[] row = [draws.Observations[rows, 0], draws.Observations[rows, 1], double.NaN];
            Predictor predictor = learned.Predictor(withParameterUncertainty: true);
            MultivariateGaussian posterior = predictor.Posterior(row), plain = learned.Predictor().Posterior(row);
            for (int j = 0; j < 4; j++)
            {
                latents[set] += Holds(posterior[j].Interval(0.95), draws.Latents[rows, j]) ? 1 : 0;
                known[set] += Holds(plain[j].Interval(0.95), draws.Latents[rows, j]) ? 1 : 0;
            }

            cells[set] = Holds(predictor.Predict(row)[2].Interval(0.95), draws.Observations[rows, 2]) ? 1 : 0;
        });

        (latents.Sum() / (4.0 * sets)).Should().BeInRange(0.93, 0.97);
        (cells.Sum() / (double)sets).Should().BeInRange(0.93, 0.97);
        (known.Sum() / (4.0 * sets)).Should().BeLessThan(latents.Sum() / (4.0 * sets), "estimates taken for known are too sure");
    }

    private static LinearGaussianModel Sensors(double[] offset, double noise) =>
        new(Loadings, offset, [noise, noise, noise], priorMeans: [20, 0, 0, 0], priorVariances: [4, 1, 1, 1]);

    private static bool Holds((double Lower, double Upper) interval, double value) => interval.Lower <= value && value <= interval.Upper;
}
