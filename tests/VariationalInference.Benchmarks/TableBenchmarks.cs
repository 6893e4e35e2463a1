using BenchmarkDotNet.Attributes;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference.Benchmarks;

/// <summary>A table of the sum model with three latents and two observations, complete and with a tenth of its cells missing.</summary>
[MemoryDiagnoser]
public class TableBenchmarks
{
    private const int RowCount = 1_000_000;

    private readonly GaussianSumModel _model = new();
    private CaviSolver _solver = null!;
    private double[] _means = null!;
    private Matrix<double> _table = null!;

    [Params(0.0, 0.1)]
    public double Missing { get; set; }

    [Params(1, 2)]
    public int Threads { get; set; }

    [GlobalSetup]
    public void SetUp()
    {
        var random = new Random(1);
        _solver = new CaviSolver(new CaviOptions { MaxThreads = Threads });
        _means = new double[3 * RowCount];
        _table = Matrix<double>.Build.Dense(
            RowCount, 2, (_, _) => random.NextDouble() < Missing ? double.NaN : random.NextDouble());
    }

    [Benchmark(Baseline = true, OperationsPerInvoke = RowCount)]
    public CaviTableSummary IntoBuffers() =>
        _solver.Solve(_model, RowSpan.ColumnMajor(_table.AsColumnMajorArray(), 2), new CaviBuffers { ColumnMajorMeans = _means });

    [Benchmark(OperationsPerInvoke = RowCount)]
    public CaviTable IntoNewTable() => _solver.Solve(_model, _table);

    [Benchmark(OperationsPerInvoke = RowCount)]
    public CaviTable WithEvidence() => _solver.Solve(_model, _table, CaviOutputs.All);
}
