using BenchmarkDotNet.Attributes;

using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference.Benchmarks;

/// <summary>The hybrid solver on the sum model: one epoch of training, and a new row's inference from a trained encoder.</summary>
[MemoryDiagnoser]
public class HybridBenchmarks
{
    private const int RowCount = 4096;
    private static readonly double[] Row = [1.2, 0.8];

    private GaussianSumModel _model = null!;
    private Matrix<double> _rows = null!;
    private MlpEncoder _encoder = null!;
    private HybridSolver _solver = null!;
    private HybridResult _result = null!;

    [GlobalSetup]
    public void SetUp()
    {
        _model = new GaussianSumModel(latentCount: 3, observationCount: 2, noiseVariance: 1.0);
        _rows = _model.Sample(RowCount, seed: 1).Observations;
        _encoder = new MlpEncoder(observationCount: 2, latentCount: 1, hiddenWidths: [32, 32], seed: 1);
        _solver = new HybridSolver(new HybridOptions { MaxEpochs = 1, Seed = 1 });
        _result = FitOneEpoch();
    }

    /// <summary>One epoch, with the evaluation on held-out rows that every epoch ends in.</summary>
    [Benchmark]
    public HybridResult FitOneEpoch() => _solver.Fit(_model, _encoder, _rows);

    [Benchmark]
    public HybridRow InferOneRow() => _result.Infer(Row);
}
