using System.Globalization;
using System.Reflection;
using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using VariationalInference.Testing;
using Xunit;

namespace VariationalInference.Tests.Numerics;

/// <summary>What results, options and models say of themselves: the whole line, the same in every culture.</summary>
public sealed class ToStringTests
{
    private static readonly GaussianSumModel Model = new();

    public static TheoryData<object, string> Lines => new()
    {
        { new MeanFieldGaussian(new double[50], [.. Enumerable.Repeat(1.0, 50)]), "N(0, 1) · N(0, 1) · N(0, 1) · N(0, 1) · N(0, 1) · N(0, 1) · 44 more" },
        { Model.Posterior([1.2, 0.8]), "marginals N(0.28571, 0.71429), N(0.28571, 0.71429), N(0.28571, 0.71429)" },
        { new GaussianSumModel(1, 1, 0.25), "GaussianSumModel: 1 latent, 1 observation a row, noise variance 0.25" },
        { new Predictor(Model), "predictor by GaussianSumModel: 3 latents, 2 observations a row, noise variance 1" },
        { new Predictor(Model).Predict([1.2, double.NaN]), "0.9 (sd 0.87, of a measurement 1.3), 0.9 (sd 0.87, of a measurement 1.3)" },
        { new Predictor(Model).Predict(Matrix<double>.Build.Dense(3, 2)), "predictions of 3 rows of 2 columns" },
        { new Predictor(Model).Impute(Matrix<double>.Build.Dense(1, 2, double.NaN)), "1 row of 2 columns, 2 cells imputed" },
        { new ImputedCell { Row = 1, Column = 2, Value = new Prediction { Mean = 1, MeanSd = 0.5, Sd = 0.75 } }, "[1, 2]: 1 (sd 0.5, of a measurement 0.75)" },
        {
            new Predictor(Model).Score(Matrix<double>.Build.Dense(1, 2)),
            "1 row: -2.81083 nats a row; cells given the others of their row: 100.0 % within 95 % intervals"
        },
        { Model.Sample(1, seed: 1), "1 draw of 3 latents and 2 observations" },
        { Model.Observe([1.2, double.NaN]), "quadratic log joint of 3 latents, 1 observed cell" },
        {
            new CaviSummary { Elbo = -3.25, ErrorBound = 0, Iterations = 1, StopReason = StopReason.CertificateMet, Converged = true },
            "1 iteration (CertificateMet), ELBO -3.25, means off by at most 0 posterior sd"
        },
        {
            new HybridGaps { Elbo = -3.25, LogEvidence = -2.5, Approximation = 0.5, Amortization = 0.25, Optimization = 0, IsFlagged = true },
            "ELBO -3.25 nats, approximation gap 0.5, amortization gap 0.25 (flagged), optimization gap 0"
        },
        {
            new HybridRow
            {
                MeanField = new MeanFieldGaussian([0.5], [2]),
                Gaps = new HybridGaps { Elbo = -3.25, LogEvidence = -2.5, Approximation = 0.5, Amortization = 0.25, Optimization = 0, IsFlagged = false },
            },
            "N(0.5, 2); ELBO -3.25 nats, approximation gap 0.5, amortization gap 0.25, optimization gap 0"
        },
        {
            new CaviTableSummary { RowCount = 1000, UnconvergedRowCount = 2, LargestErrorBound = 0.015 },
            "1000 rows, 2 not converged, means off by at most 0.015 posterior sd"
        },
        {
            new CaviOptions { MeanChangeTolerance = 1e-6, MaxThreads = 2 },
            "CaviOptions { Method = Accelerated, Tolerance = 1E-08, MeanChangeTolerance = 1E-06, ElboChangeTolerance = null, MaxIterations = 100000, MaxThreads = 2 }"
        },
        { new GradientAscentOptions { StepSize = 0.5 }, "GradientAscentOptions { StepSize = 0.5, Tolerance = 1E-08, MaxSteps = 100000, PathLimit = 1000 }" },
        { new RandomNumbers(-7), "random numbers of seed -7" },
        { Likelihood.Ordinal([-1, 0.5, 2]), "ordinal (logit, cutpoints [-1, 0.5, 2])" },
        { Likelihood.StudentT(0.25, 3.5), "Student's t (scale 0.25, 3.5 degrees of freedom)" },
        { Likelihood.NegativeBinomial(2.5), "negative binomial (log, dispersion size 2.5)" },
        {
            new LikelihoodConformanceOptions { DrawCount = 1000 },
            "LikelihoodConformanceOptions { Tolerance = 1E-06, DrawCount = 1000, Seed = 0 }"
        },
        {
            new ConformanceOptions(),
            "ConformanceOptions { GradientTolerance = 1E-05, StepSize = 1E-05, MaxParameters = 200, Seed = 0 }"
        },
        {
            new VariationalEmOptions { Offset = true },
            "VariationalEmOptions { NoiseVariances = Shared, PriorVariances = Fixed, PriorVarianceGroups = [], PriorMeans = False, Offset = True, Loadings = False, Family = FullGaussian, Method = Accelerated, Tolerance = 0.001, NoiseFloor = null, GradientTolerance = 1E-09, MaxIterations = 10000, Starts = 8, Seed = 0, MaxThreads = 2 }"
        },
        {
            new HybridOptions { AmortizedLatents = [0, 2], Optimizer = new Sgd(), MaxThreads = 2 },
            "HybridOptions { AmortizedLatents = [0, 2], Estimator = Analytic, DrawCount = 1, BatchSize = 256, MaxEpochs = 500, CoordinateSweeps = null, NaturalGradient = True, Optimizer = Sgd { LearningRate = 0.1, Momentum = 0.9 }, GapTolerance = 0.0001, ImprovementTolerance = 1E-09, Patience = 10, ValidationFraction = 0.1, Seed = 0, ShuffleRows = True, CheckpointPath = null, CheckpointEpochs = 10, MaxThreads = 2 }"
        },
        { new Adam { LearningRate = 0.5 }, "Adam { LearningRate = 0.5, Beta1 = 0.9, Beta2 = 0.999, Epsilon = 1E-08 }" },
        {
            new ElboTerms { DataFit = -0.5, Prior = -0.25, UncertaintyCost = -1.5, Spread = -1.125, Constant = -2 },
            "ELBO -5.375 = data fit -0.5 + prior -0.25 + uncertainty cost -1.5 + spread -1.125 + constant -2"
        },
        {
            new FixedFormElbo(Model.Observe([1.5, 1.5])).Gradient([0, 0, 0], [0.5, 0.5, 0.5]),
            "means [3, 3, 3], variances [-0.5, -0.5, -0.5], log variances [-0.25, -0.25, -0.25]"
        },
        { new FixedFormElbo(Model.Observe([1.2, double.NaN])), "ELBO of 3 latents, 1 observed cell" },
        { new EncoderScales([0.5], [2], [0], [1], [0.25]), "inputs [0.5 ± 2], outputs [0 ± 1], output variances [0.25]" },
        { new HybridInference(Model, new MlpEncoder(2, 2), [0, 2]), "MlpEncoder 2-4 linear for the latents [0, 2] of GaussianSumModel: 3 latents, 2 observations a row, noise variance 1" },
        {
            new GradientQuality { Estimator = GradientEstimator.Analytic, Signal = 0.5, RowNoise = 1.25, DrawNoise = 0 },
            "Analytic: signal 0.5, noise of rows 1.25 and of draws 0, signal to noise 0.4"
        },
        {
            new HybridProgress
            {
                Epoch = 12,
                MaxEpochs = 500,
                TrainingElbo = -3.75,
                OptimizationGap = 0,
                ValidationElbo = -3.625,
                ValidationLogEvidence = -3.25,
                AmortizationGap = 0.0015,
                ApproximationGap = 0.3735,
                LearningRate = 0.005,
                Elapsed = TimeSpan.FromMilliseconds(1500),
            },
            "epoch 12 of 500: held-out ELBO -3.625, amortization gap 0.0015 nats a row, learning rate 0.005, 1.5 s"
        },
        {
            new AnovaTable { SumOfSquaresBetween = 12, DegreesOfFreedomBetween = 3, SumOfSquaresWithin = 8, DegreesOfFreedomWithin = 4 },
            "sum of squares between 12 on 3 df, within 8 on 4 df, F 2"
        },
        { new LearnedParameter(12.3456789, 0.5), "12.3457 (standard error 0.5)" },
        { new LearnedParameter(0, double.NaN), "0 (no standard error)" },
        { Statistics(), "3 rows of 2 columns, 2 patterns of missing cells" },
        { Statistics().Patterns[1], "1 row with cells in the columns [0]" },
        { Builder(), "1 row of 2 columns so far" },
        {
            FactorAnalysis.Learn(SufficientStatistics.OfMoments(100, [0, 0, 0], Correlations()), 1),
            "1 factor: LinearGaussianModel: 1 latent, 3 observations a row; ELBO -391.0242 after 16 iterations (CertificateMet), 0 warnings"
        },
        {
            ProbabilisticPca.Solve(SufficientStatistics.OfMoments(100, [0, 0, 0], Correlations()), 1),
            "1 component of 3 columns, noise variance 0.5, log evidence -391.0242"
        },
        {
            new VariationalEm().Learn(new GaussianSumModel(1, 2), Matrix<double>.Build.DenseOfRowArrays([1.0, -1.0], [-1.0, 1.0], [1.0, 3.0])).StandardErrors,
            "standard errors of noise variances [1.2307, 1.2307]"
        },
        {
            OneWayRandomEffects.Learn([[1.0, 3.0], [5.0, 7.0]]),
            "2 groups: mean 4, variance between 3, within 2"
        },
    };

    [Theory]
    [MemberData(nameof(Lines))]
    public void ToString_OfEach_IsItsLineInEveryCulture(object value, string line)
    {
        CultureInfo before = CultureInfo.CurrentCulture;
        try
        {
            var commas = (CultureInfo)CultureInfo.InvariantCulture.Clone();
            commas.NumberFormat.NumberDecimalSeparator = ",";
            commas.NumberFormat.NegativeSign = "−";
            CultureInfo.CurrentCulture = commas;
            value.ToString().Should().Be(line);
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    [Fact]
    public void ToString_OfRefStructs_SaysWhatTheyAre()
    {
        RowSpan.RowMajor(new double[6], 2).ToString().Should().Be("3 rows of 2 columns, row-major");
        RowSpan.ColumnMajor(new double[1], 1).ToString().Should().Be("1 row of 1 column, column-major");
        new CaviBuffers { ColumnMajorMeans = new double[1], Elbos = new double[1] }.ToString().Should().Be("buffers for means, ELBOs");
        default(CaviBuffers).ToString().Should().Be("no buffers");
    }

    [Fact]
    public void EveryPublicTypeOfValues_SaysWhatItIs()
    {
        Type[] silent =
        [
            .. typeof(GaussianSumModel).Assembly.GetExportedTypes().Where(type =>
                !type.IsEnum && !type.IsInterface && !type.IsAbstract && !typeof(Exception).IsAssignableFrom(type)
                && type.GetMethod(nameof(ToString), BindingFlags.Public | BindingFlags.Instance, [])!.DeclaringType!.Assembly != typeof(GaussianSumModel).Assembly),
        ];

        silent.Should().BeEquivalentTo([typeof(CaviSolver), typeof(FixedFormSolver), typeof(HybridSolver), typeof(ResultJsonConverter), typeof(VariationalEm)], "these hold nothing but their options");
    }

    private static Matrix<double> Correlations() => Matrix<double>.Build.Dense(3, 3, (i, j) => i == j ? 1 : 0.5);

    private static SufficientStatistics Statistics() =>
        SufficientStatistics.Of(Matrix<double>.Build.DenseOfRowArrays([1.0, 2.0], [3.0, 5.0], [4.0, double.NaN]));

    private static SufficientStatisticsBuilder Builder()
    {
        var builder = new SufficientStatisticsBuilder(2);
        builder.Add([1, 2]);
        return builder;
    }
}
