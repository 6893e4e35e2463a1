using BenchmarkDotNet.Attributes;

namespace VariationalInference.Benchmarks;

/// <summary>One row of the sum model with three latents and two observations: what a caller in a loop pays.</summary>
[MemoryDiagnoser]
public class SingleRowBenchmarks
{
    private static readonly double[] Row = [1.2, 0.8];

    private readonly double[] _means = new double[3];
    private readonly double[] _variances = new double[3];
    private readonly CaviSolver _direct = new(new CaviOptions { Method = CaviMethod.Direct });
    private GaussianSumModel _model = null!;
    private CaviSolver _solver = null!;
    private FixedFormElbo _elbo = null!;
    private MeanFieldGaussian _posterior = null!;

    /// <summary>The smaller the noise, the more the latents' posteriors lean on one another.</summary>
    [Params(1.0, 0.01)]
    public double NoiseVariance { get; set; }

    [GlobalSetup]
    public void SetUp()
    {
        _model = new GaussianSumModel(latentCount: 3, observationCount: 2, NoiseVariance);
        _solver = new CaviSolver();
        _elbo = new FixedFormElbo(_model.Observe(Row));
        _posterior = new MeanFieldGaussian(means: [0.1, 0.2, 0.3], variances: [0.5, 0.5, 0.5]);
    }

    [Benchmark(Baseline = true)]
    public CaviResult Cavi() => _solver.Solve(_model, Row);

    [Benchmark]
    public CaviSummary CaviIntoBuffers() => _solver.Solve(_model, Row, _means, _variances);

    [Benchmark]
    public CaviSummary DirectIntoBuffers() => _direct.Solve(_model, Row, _means, _variances);

    [Benchmark]
    public MultivariateGaussian ExactPosterior() => _model.Posterior(Row);

    [Benchmark]
    public double FixedFormValue() => _elbo.Value(_posterior);

    [Benchmark]
    public ElboGradient FixedFormGradient() => _elbo.Gradient(_posterior);
}
