using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using Xunit;

namespace VariationalInference.Tests.Hybrid;

/// <summary>Bad input is refused before any work, by name and value.</summary>
public sealed class HybridInputTests
{
    private static readonly GaussianSumModel Model = new();

    [Fact]
    public void Options_OutOfRange_NamePropertyValueAndRange()
    {
        Refused(() => new HybridOptions { BatchSize = 0 }, "BatchSize", "*BatchSize is 0*at least 1*");
        Refused(() => new HybridOptions { DrawCount = 0 }, "DrawCount", "*DrawCount is 0*at least 1*");
        Refused(() => new HybridOptions { MaxEpochs = -1 }, "MaxEpochs", "*MaxEpochs is -1*at least 1*");
        Refused(() => new HybridOptions { Patience = 0 }, "Patience", "*Patience is 0*");
        Refused(() => new HybridOptions { CoordinateSweeps = 0 }, "CoordinateSweeps", "*CoordinateSweeps is 0*at least 1*");
        Refused(() => new HybridOptions { GapTolerance = double.NaN }, "GapTolerance", "*GapTolerance is NaN*");
        Refused(() => new HybridOptions { ValidationFraction = 1 }, "ValidationFraction", "*ValidationFraction is 1*between 0 and 1*");
        Refused(() => new HybridOptions { MaxThreads = 0 }, "MaxThreads", "*is 0*at least 1*");
        Refused(() => new HybridOptions { Estimator = (GradientEstimator)9 }, "Estimator", "*Estimator is 9*");
        Refused(() => new HybridOptions { AmortizedLatents = [] }, "AmortizedLatents", "*empty*at least 1*");
        Refused(() => new HybridOptions { AmortizedLatents = [0, 2, 0] }, "AmortizedLatents", "*latent 0 twice*");
        Refused(() => new HybridOptions { AmortizedLatents = [-1] }, "AmortizedLatents", "*-1*at least 0*");
    }

    [Fact]
    public void RowSpans_GiveTheBitsOfMatrices()
    {
        Matrix<double> table = Model.Sample(300, seed: 2).Observations;
        double[] byRows = table.ToRowMajorArray(), byColumns = table.ToColumnMajorArray();
        var solver = new HybridSolver(new HybridOptions { MaxEpochs = 2, GapTolerance = 0 });
        HybridResult expected = solver.Fit(Model, new MlpEncoder(2, 1, [4], seed: 1), table);

        HybridResult rows = solver.Fit(Model, new MlpEncoder(2, 1, [4], seed: 1), RowSpan.RowMajor(byRows, 2));
        HybridResult columns = solver.Fit(Model, new MlpEncoder(2, 1, [4], seed: 1), RowSpan.ColumnMajor(byColumns, 2));
        var longer = new HybridSolver(solver.Options with { MaxEpochs = 4 });
        HybridResult resumed = longer.Resume(Model, rows.Checkpoint, RowSpan.RowMajor(byRows, 2));

        rows.Encoder.Parameters.ToArray().Should().Equal(expected.Encoder.Parameters.ToArray());
        columns.Encoder.Parameters.ToArray().Should().Equal(expected.Encoder.Parameters.ToArray());
        resumed.Encoder.Parameters.ToArray().Should().Equal(longer.Resume(Model, expected.Checkpoint, table).Encoder.Parameters.ToArray());
        GradientDiagnostics.Measure(rows, RowSpan.RowMajor(byRows, 2), batches: 3).Should().Equal(GradientDiagnostics.Measure(expected, table, batches: 3));
    }

    [Fact]
    public void Fit_AmortizedLatentBeyondTheModel_NamesIt() => Refused(
        () => new HybridSolver(new HybridOptions { AmortizedLatents = [3] }).Fit(Model, new MlpEncoder(2, 1), Rows()),
        "model",
        "*latent 3*has 3*");

    [Fact]
    public void Fit_EncoderOfTheWrongShape_NamesBothShapes() => Refused(
        () => new HybridSolver().Fit(Model, new MlpEncoder(4, 2), Rows()),
        "encoder",
        "*4 observations to 2 latents*map 2 to 1*");

    [Fact]
    public void Fit_TableOfTheWrongWidth_NamesBothWidths() => Refused(
        () => new HybridSolver().Fit(Model, new MlpEncoder(2, 1), Matrix<double>.Build.Dense(10, 3)),
        "rows",
        "*3 columns*must have 2*");

    [Fact]
    public void Fit_OneRow_AsksForTwo() => Refused(
        () => new HybridSolver().Fit(Model, new MlpEncoder(2, 1), Matrix<double>.Build.Dense(1, 2)), "rows", "*has 1 row*at least 2*");

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.NegativeInfinity)]
    public void Fit_CellNotFinite_NamesTheCell(double value)
    {
        Matrix<double> rows = Rows();
        rows[4, 1] = value;
        Refused(() => new HybridSolver().Fit(Model, new MlpEncoder(2, 1), rows), "rows", "*rows[4, 1]*must be finite*");
    }

    [Fact]
    public void Infer_BadRow_NamesTheCell()
    {
        HybridResult result = new HybridSolver(new HybridOptions { MaxEpochs = 1 }).Fit(Model, new MlpEncoder(2, 1), Rows());
        Refused(() => result.Infer([1.0]), "row", "*1 elements*must have 2*");
        Refused(() => result.Infer([1.0, double.NaN]), "row", "*row[1] is NaN*");
        Refused(() => result.Infer(Matrix<double>.Build.Dense(2, 5)), "table", "*5 columns*must have 2*");
    }

    [Fact]
    public void Fit_EncoderWithOutputsNotFinite_SaysSo()
    {
        var encoder = new MlpEncoder(2, 1);
        encoder.Parameters.Span[0] = double.NaN;
        FluentActions.Invoking(() => new HybridSolver().Fit(Model, encoder, Rows()))
            .Should().Throw<NonFiniteValueException>().WithMessage("*outputs must be finite*");
    }

    private static Matrix<double> Rows() => Model.Sample(50, seed: 1).Observations;

    private static void Refused<T>(Func<T> work, string parameter, string message) =>
        work.Should().Throw<ArgumentException>().WithMessage(message).WithParameterName(parameter);
}
