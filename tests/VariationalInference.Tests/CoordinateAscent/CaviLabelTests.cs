using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using Xunit;

namespace VariationalInference.Tests.CoordinateAscent;

/// <summary>Streams whose rows have labels, such as the keys that they have in a database.</summary>
public sealed class CaviLabelTests
{
    private static readonly GaussianSumModel Model = new(2, 3) { ObservationNames = ["a", "b", "c"] };
    private static readonly Matrix<double> Table = Model.Sample(9, seed: 1).Observations;

    [Fact]
    public void Labels_ComeBackWithTheirRows()
    {
        long[] keys = [.. Enumerable.Range(0, 9).Select(n => 1000L + (7 * n % 9))];
        CaviTable expected = new CaviSolver().Solve(Model, Table);
        List<long> told = [];

        foreach ((CaviTable table, IReadOnlyList<long> labels) in new CaviSolver().SolveChunks(Model, Chunks(Table, keys)))
        {
            for (int n = 0; n < table.RowCount; n++)
            {
                table.Means.Row(n).Should().Equal(expected.Means.Row(told.Count));
                told.Add(labels[n]);
            }
        }

        told.Should().Equal(keys);
    }

    [Fact]
    public void BadRows_AreToldByTheirLabels()
    {
        Matrix<double> bad = Table.Clone();
        bad[5, 1] = double.PositiveInfinity;
        string[] names = [.. Enumerable.Range(0, 9).Select(n => $"K{n}")];

        Refusal.Of<ArgumentException>(
            () => _ = new CaviSolver().SolveChunks(Model, Chunks(bad, names)).ToList(),
            "chunks",
            "chunks[1][1, 1] ('b') of row 'K5' is Infinity; it must be finite, or NaN when it is missing.");
        Refusal.Of<ArgumentException>(
            () => _ = new CaviSolver().SolveChunks(Model, [(Table, (IReadOnlyList<string>)names[..3])]).ToList(),
            "chunks",
            "chunks[0].Labels has 3 elements; it must have 9, one for each row.");
        Refusal.Of<ArgumentException>(
            () => _ = new CaviSolver().SolveChunks(Model, [(Table, (IReadOnlyList<string>)null!)]).ToList(), "chunks", "chunks[0].Labels is null; it must be there.");
        Refusal.Of<ArgumentException>(
            () => _ = new CaviSolver().SolveChunks(Model, [((Matrix<double>)null!, (IReadOnlyList<string>)names)]).ToList(), "chunks", "chunks[0].Rows is null; it must be there.");
    }

    private static IEnumerable<(Matrix<double> Rows, IReadOnlyList<T> Labels)> Chunks<T>(Matrix<double> table, T[] labels) =>
        [(table.SubMatrix(0, 4, 0, 3), labels[..4]), (table.SubMatrix(4, 5, 0, 3), labels[4..])];
}
