using System.Collections.Immutable;
using System.Reflection;
using MathNet.Numerics.LinearAlgebra;
using VariationalInference.Testing;

namespace VariationalInference.Tests.PublicSurface;

/// <summary>Valid arguments and instances for every public member: a sum of three latents seen twice, in a table of twelve rows.</summary>
internal static class SampleValues
{
    private static readonly LinearModel AnyLikelihood = new(Matrix<double>.Build.Dense(2, 2, 1), Likelihood.StudentT(), GaussianPrior.Independent(2));
    private static readonly GaussianSumModel Model = new() { ObservationNames = ["text", "x2"], LatentNames = ["text", "z2", "z3"] };
    private static readonly Matrix<double> Table = Model.Sample(12, seed: 1).Observations;
    private static readonly string[] Labels = ["a", "b", "c", "d", "a", "b", "c", "d", "a", "b", "c", "d"];
    private static readonly double[] Column = [.. Enumerable.Range(0, 12).Select(i => ((i * i) % 7) + 0.5)];

    private static readonly Lazy<HybridResult> Hybrid = new(
        () => new HybridSolver(new HybridOptions { MaxEpochs = 1 }).Fit(Model, new MlpEncoder(2, 1), Model.Sample(40, seed: 2).Observations));

    private static readonly Lazy<DecoderResult> Decoder = new(
        () => new HybridSolver(new DecoderOptions { MaxEpochs = 1 }).Fit(
            new DecoderModel(new MlpDecoder(1, 2), 1), new MlpEncoder(2, 1), Model.Sample(40, seed: 2).Observations));

    private static readonly Lazy<MixedModelFit> Mixed = new(() => new MixedModel("y", Column).Random("g", Labels).Fit());
    private static readonly Lazy<MixedModelFit> Larger = new(
        () => new MixedModel("y", Column).Random("g", Labels).Random("h", [.. Labels.Select((_, i) => $"{i % 3}")]).Fit());

    private static readonly Lazy<FactorAnalysis> Factors = new(() => FactorAnalysis.Learn(Correlated(), 1));

    private static readonly Lazy<CountFactorFit> Counted = new(() => new CountFactorAnalysis(1).Learn(Answers(), columnNames: ["a", "b", "c"]));

    private static readonly Lazy<GeneralizedMixedFit> Generalized = new(
        () => new MixedModel("y", [.. Column.Select(value => Math.Floor(value))]).Random("g", Labels).Fit(Likelihood.Poisson()));

    private static readonly Lazy<ItemResponseFit> Items = new(() => new ItemResponse(1, new ItemResponseOptions { EqualDiscriminations = true }).Learn(Answers(), ["a", "b", "c"]));

    /// <summary>Returns a value that the parameter takes.</summary>
    public static object? Of(MethodBase method, ParameterInfo parameter)
    {
        string type = method.DeclaringType!.Name, member = method.IsConstructor ? ".ctor" : method.Name, name = parameter.Name!;
        object? value = OfMember(type, member, name)
            ?? (parameter.HasDefaultValue && !IsSpan(parameter) ? Default(parameter) : null)
            ?? OfType(parameter.ParameterType, name)
            ?? (parameter.HasDefaultValue ? Default(parameter) : throw new InvalidOperationException($"{type}.{member} needs a sample of {name}, a {parameter.ParameterType}."));
        return value switch
        {
            Matrix<double> table when parameter.ParameterType == typeof(RowSpan) => new MemberCall.Rows(table.ToRowMajorArray(), table.ColumnCount),
            double[] numbers when parameter.ParameterType == typeof(ReadOnlySpan<float>) => numbers.Select(number => (float)number).ToArray(),
            _ => value,
        };
    }

    /// <summary>Returns a new instance, or null where the sweep has none.</summary>
    public static object? Instance(Type type) => 0 switch
    {
        _ when type == typeof(Adam) => new Adam(),
        _ when type == typeof(Sgd) => new Sgd(),
        _ when type == typeof(INetworkTape) => new MlpEncoder(2, 1).CreatePreparedTape(2),
        _ when type == typeof(MixedModel) => new MixedModel("y", Column).Random("h", Labels),
        _ when type == typeof(ModelState) => State(),
        _ when type == typeof(SufficientStatisticsBuilder) => new SufficientStatisticsBuilder(2),
        _ when type == typeof(RegressionStatisticsBuilder) => new RegressionStatisticsBuilder(2),
        _ when type == typeof(CaviSolver) => new CaviSolver(),
        _ when type == typeof(HybridSolver) => new HybridSolver(),
        _ when type == typeof(VariationalEm) => new VariationalEm(),
        _ when type == typeof(CaviTable) => new CaviSolver().Solve(Model, Table),
        _ when type == typeof(HybridInference) || type == typeof(HybridResult) => Hybrid.Value,
        _ when type == typeof(DecoderInference) || type == typeof(DecoderResult) => Decoder.Value,
        _ when type == typeof(HybridTable) => Hybrid.Value.Infer(Table),
        _ when type == typeof(HybridRow) => Hybrid.Value.Infer([1.2, 0.8]),
        _ when type == typeof(SummaryTable) => Model.Posterior([1.2, 0.8]).Summary(),
        _ when type == typeof(Predictor) => new Predictor(Model),
        _ when type == typeof(PredictedRow) => new Predictor(Model).Predict([1.2, 0.8]),
        _ when type == typeof(PredictedTable) => new Predictor(Model).Predict(Table),
        _ when type == typeof(ImputedTable) => new Predictor(Model).Impute(Table),
        _ when type == typeof(HeldOutScores) => new Predictor(Model).Score(Table),
        _ when type == typeof(BayesianRegression) => BayesianRegression.Solve(RegressionStatistics.Of(Table, Column), [0, 0], [1, 1], 1),
        _ when type == typeof(VariationalEmResult) => new VariationalEm().Learn(Model, Table),
        _ when type == typeof(ResultJsonConverter) => new ResultJsonConverter(),
        _ when type == typeof(CaviResult) => new CaviSolver().Solve(Model, [1.2, 0.8]),
        _ when type == typeof(ProbabilisticPca) => ProbabilisticPca.Solve(Table, 1),
        _ when type == typeof(FactorSolution) => Factors.Value.Rotate(FactorRotation.None),
        _ when type == typeof(FactorAnalysis) => Factors.Value,
        _ when type == typeof(MixedModelFit) => Mixed.Value,
        _ when type == typeof(RandomTerm) => Mixed.Value.RandomTerms[0],
        _ when type == typeof(GeneralizedMixedFit) => Generalized.Value,
        _ when type == typeof(OneWayRandomEffects) => OneWayRandomEffects.Learn([[1.0, 3.0], [5.0, 7.0], [2.0, 6.5]]),
        _ when type == typeof(CountFactorAnalysis) => new CountFactorAnalysis(1),
        _ when type == typeof(CountFactorFit) => Counted.Value,
        _ when type == typeof(ItemResponse) => new ItemResponse(),
        _ when type == typeof(ItemResponseFit) => Items.Value,
        _ when type == typeof(ResponseItem) => Items.Value.Items[0],
        _ when type == typeof(MultivariateGaussian) => Model.Posterior([1.2, 0.8]),
        _ when type == typeof(PatternStatistics) => SufficientStatistics.Of(Table).Patterns[0],
        _ when type == typeof(RowTable) => null,
        _ => OfType(type, string.Empty),
    };

    private static object? OfMember(string type, string member, string name) => (type, member, name) switch
    {
        ("LinearGaussianModel", _, "loadings") => Matrix<double>.Build.Dense(2, 3, 1),
        ("GaussianPrior", _, "means" or "variances") => new double[] { 1, 2 },
        ("GaussianPrior", _, "covariance") or ("SufficientStatistics", "OfMoments", "covariance") => Matrix<double>.Build.DenseOfRowArrays([2, 1], [1, 3]),
        ("SufficientStatistics", "OfMoments", "means") => new double[] { 1, 2 },
        ("SufficientStatistics", "OfMoments", "rowCount") => 12L,
        ("BayesianRegression", _, "priorMeans" or "priorVariances") => new double[] { 1, 2 },
        ("RegressionStatisticsBuilder", "Add", "design") => null,
        ("ProbabilisticPca", _, "table" or "rows" or "statistics" or "chunks") => null,
        ("FactorAnalysis", _, "statistics") => Correlated(),
        ("FactorSolution", _, "table") => Matrix<double>.Build.Dense(3, 4, 1),
        ("FactorSolution", "Scores", "row") => new double[] { 1, 2, 3, 4 },
        ("MultivariateGaussian", ".ctor", "covariance") => Matrix<double>.Build.DenseDiagonal(3, 3, 2),
        ("LowRankGaussian", ".ctor", "factors") => Matrix<double>.Build.Dense(3, 1, 0.5),
        ("FactorSolution" or "FactorAnalysis", _, "names") => new[] { "a", "b", "c", "d" },
        ("HybridOptions", "FromJson", "json") => new HybridOptions().ToJson(),
        ("DecoderOptions", "FromJson", "json") => new DecoderOptions().ToJson(),
        ("HybridSolver", "Resume", "rows") => Model.Sample(40, seed: 2).Observations,
        ("DecoderModel", ".ctor", "loadings") => Matrix<double>.Build.Dense(2, 1, 1),
        ("DecoderModel", ".ctor", "amortizedPrior" or "linearPrior") => GaussianPrior.Independent(1),
        ("DecoderInference", ".ctor", "model") => Decoder.Value.Model,
        ("DecoderInference", "Decode", _) => new[] { 0.5 },
        ("IDecoder" or "MlpDecoder", "Calibrate", _) => new NetworkScales([0], [1], [0, 0], [1, 1]),
        ("PredictedRow", "LogDensity", "cells") => new double[] { 1, 2 },
        ("LinearModel", ".ctor", "loadings") => Matrix<double>.Build.Dense(2, 2, 1),
        ("LinearModel", ".ctor", "prior") => GaussianPrior.Independent(2),
        ("LinearModel", ".ctor", "offset") => new double[] { 1, 2 },
        ("PredictorLogJoint", _, "latents" or "destination") => new double[2],
        ("LikelihoodConformance", _, "values" or "sizes") => new double[] { 1, 2 },
        ("ResultJson", "Serialize", "value") => new Gaussian(0, 1),
        ("ResultJsonConverter", _, "typeToConvert") => typeof(Gaussian),
        ("ResultJsonConverter", _, "options") => new System.Text.Json.JsonSerializerOptions(),
        ("MixedModel", "Fit", "likelihood") => Likelihood.Gamma(),
        ("MixedModel", "Fit", "sizes") => Enumerable.Repeat(1.0, 12).ToArray(),
        ("GeneralizedMixedFit", _, "group") => "g",
        ("GeneralizedMixedFit", _, "level") => "a",
        ("GeneralizedMixedFit", _, "effect") => "(Intercept)",
        ("CountFactorAnalysis", "Learn", "counts") => Answers(),
        ("CountFactorAnalysis", "Learn", "exposures") => new double[] { 1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3 },
        ("CountFactorAnalysis", "Learn", "columnNames") => new[] { "a", "b", "c" },
        ("CountFactorFit", _, "counts") => new double[] { 1, 0, double.NaN },
        ("CountFactorFit", "Predict", "column") => "a",
        ("CountFactorFit", _, "factor") => 0,
        ("ItemResponse", "Learn", "answers") => Answers(),
        ("ItemResponse", "Learn", "itemNames") => new[] { "a", "b", "c" },
        ("ItemResponseFit", _, "answers") => new double[] { 1, 0, double.NaN },
        ("ItemResponseFit", _, "item") => "a",
        ("ItemResponseFit", _, "dimension" or "person") => 0,
        ("ResponseItem", _, "abilities") => new double[] { 0.5 },
        ("RowSpan", _, "values") => new double[6],
        ("RowSpan", _, "columnCount") => 2,
        ("MixedModel", ".ctor", "name") => "y",
        ("MixedModel", "Random", "group") => "g",
        ("MixedModel", "Random", "labels") => null,
        ("MixedModel", "Random", "slopes") => new (string, double[])[] { ("x", Column) },
        ("MixedModelFit", "Predict", "columns") => Array.Empty<(string, double[])>(),
        ("MixedModelFit", "Predict", "groups") => new (string, string?[])[] { ("g", ["a"]) },
        ("LikelihoodRatioTest", _, "smaller") => Mixed.Value,
        ("LikelihoodRatioTest", _, "larger") => Larger.Value,
        ("RandomTerm", "get_Item", "level") => "a",
        ("ModelState", "Add", "name") => "new",
        ("ModelState", "Text", "name") => "text",
        ("ModelState", "WholeNumber", "name") => "number",
        ("ModelState", _, "name") => "tensor",
        ("ModelState", _, "values") => new double[] { 1, 2 },
        ("ModelState", _, "shape") => new[] { 2 },
        ("Adam" or "Sgd", "WithSetting", "name") => "learningRate",
        ("INetworkTape", "Forward", "inputs") or ("INetworkTape", _, "inputGradients") => new double[4],
        ("INetworkTape", _, "outputs" or "outputGradients") => new double[4],
        ("INetworkTape", _, "parameterGradient") => new double[new MlpEncoder(2, 1).Parameters.Length],
        ("EncoderScales" or "NetworkScales", _, "InputMeans" or "InputDeviations") => ImmutableArray.Create(1.0, 1.0),
        ("EncoderScales", _, _) => ImmutableArray.Create(1.0),
        ("NetworkScales", _, _) => ImmutableArray.Create(1.0, 1.0),
        _ => null,
    };

    private static object? OfType(Type type, string name) => 0 switch
    {
        _ when type == typeof(double) => name is "probability" or "level" ? 0.5 : 1.0,
        _ when type == typeof(int) => name is "i" or "j" or "cell" or "column" or "latent" or "component" or "level" or "row" or "first" or "effect" or "seed" or "index" ? 0 : name is "parameterCount" ? 5 : 1,
        _ when type == typeof(long) => 1L,
        _ when type == typeof(bool) => true,
        _ when type == typeof(string) => "text",
        _ when type.IsEnum => Enum.GetValues(type).GetValue(0),
        _ when type == typeof(ImmutableArray<int>) => ImmutableArray.Create(0),
        _ when type == typeof(ReadOnlySpan<int>) => name == "labels" ? Column.Select(value => (int)value).ToArray() : new[] { 4 },
        _ when type == typeof(ReadOnlySpan<string>) => Labels,
        _ when type == typeof(ReadOnlySpan<double>) || type == typeof(Span<double>) => Numbers(name),
        _ when type == typeof(ReadOnlySpan<float>) => Numbers(name),
        _ when type == typeof(ReadOnlySpan<GaussianPrior>) => new[] { GaussianPrior.Independent(2) },
        _ when type == typeof(GaussianPosterior) => Model.Posterior([1.2, 0.8]),
        _ when type == typeof(ILogJoint) => Model.Observe([1.2, 0.8]),
        _ when type == typeof(LogJointExpectation) => LogJointExpectation.ClosedForm(Model.Observe([1.2, 0.8])),
        _ when type == typeof(RowSpan) => new MemberCall.Rows(Table.ToRowMajorArray(), 2),
        _ when type == typeof(CaviBuffers) => new MemberCall.Buffers(new double[36]),
        _ when type == typeof(Matrix<double>) => name == "sizes" ? Matrix<double>.Build.Dense(12, 2, 1) : Table.Clone(),
        _ when type == typeof(IEnumerable<Matrix<double>>) => new[] { Table.Clone() },
        _ when type == typeof(IAsyncEnumerable<Matrix<double>>) => new[] { Table.Clone() }.ToAsyncEnumerable(),
        _ when type == typeof(IEnumerable<(Matrix<double>, double[])>) => new[] { (Table.Clone(), Column) },
        _ when type == typeof(IEnumerable<IReadOnlyList<double>>) => new IReadOnlyList<double>[] { [1.0, 2.5], [3.0, 5.0] },
        _ when type == typeof(Likelihood) => Likelihood.Poisson(),
        _ when type == typeof(ReadOnlySpan<Likelihood>) => new[] { Likelihood.Poisson(), Likelihood.Gaussian() },
        _ when type == typeof(LinearModel) => AnyLikelihood,
        _ when type == typeof(PredictorLogJoint) => AnyLikelihood.Observe([1, 2]),
        _ when type == typeof(GaussianFit) || type == typeof(LinearModelFit) => new FixedFormSolver().Solve(AnyLikelihood, [1, 2]),
        _ when type == typeof(GaussianTable) || type == typeof(LinearModelTable) => new FixedFormSolver().Solve(AnyLikelihood, Table),
        _ when type == typeof(MeanFieldFit) => new CaviSolver().Solve(AnyLikelihood, [1, 2]),
        _ when type == typeof(MeanFieldTable) => new CaviSolver().Solve(AnyLikelihood, Table),
        _ when type == typeof(EvidenceEstimate) => EvidenceEstimate.FromDraws(AnyLikelihood.Observe([1, 2]), new FixedFormSolver().Solve(AnyLikelihood, [1, 2]).Posterior),
        _ when type == typeof(LinearGaussianModel) || type == typeof(GaussianSumModel) => Model,
        _ when type == typeof(QuadraticLogJoint) => Model.Observe([1.2, 0.8]),
        _ when type == typeof(FixedFormElbo) => new FixedFormElbo(Model.Observe([1.2, 0.8])),
        _ when type == typeof(MeanFieldGaussian) => new MeanFieldGaussian([0, 0, 0], [1, 1, 1]),
        _ when type == typeof(MultivariateGaussian) => Model.Posterior([1.2, 0.8]),
        _ when type == typeof(GaussianPrior) => GaussianPrior.Independent(3),
        _ when type == typeof(Gaussian) => new Gaussian(0, 1),
        _ when type == typeof(SufficientStatistics) => SufficientStatistics.Of(Table),
        _ when type == typeof(RegressionStatistics) => RegressionStatistics.Of(Table, Column),
        _ when type == typeof(IEncoder) || type == typeof(INetwork) || type == typeof(MlpEncoder) => new MlpEncoder(2, 1),
        _ when type == typeof(Perceptron) => new Perceptron(2, 2),
        _ when type == typeof(IDecoder) || type == typeof(MlpDecoder) => new MlpDecoder(1, 2),
        _ when type == typeof(DecoderModel) => new DecoderModel(new MlpDecoder(1, 2), 1),
        _ when type == typeof(DecoderOptions) => new DecoderOptions(),
        _ when type == typeof(DecoderCheckpoint) => Decoder.Value.Checkpoint,
        _ when type == typeof(PerceptronOptions) => new PerceptronOptions(),
        _ when type == typeof(EncoderScales) => new EncoderScales([0, 0], [1, 1], [0], [1], [1]),
        _ when type == typeof(NetworkScales) => new NetworkScales([0, 0], [1, 1], [0, 0], [1, 1]),
        _ when type == typeof(ModelState) => new ModelState(),
        _ when type == typeof(Optimizer) => new Adam(),
        _ when type == typeof(HybridResult) => Hybrid.Value,
        _ when type == typeof(HybridCheckpoint) => Hybrid.Value.Checkpoint,
        _ when type == typeof(LearnedParameter) => new LearnedParameter(1, 0.5),
        _ when type == typeof(Prediction) => new Prediction { Mean = 1, MeanSd = 0.5, Sd = 0.75 },
        _ when type == typeof(ImputedCell) => new ImputedCell { Row = 0, Column = 1, Value = new Prediction { Mean = 1, MeanSd = 0.5, Sd = 0.75 } },
        _ when type == typeof(FixedEffect) => new FixedEffect { Name = "x", Estimate = 1, StandardError = 0.5 },
        _ when type == typeof(RandomEffectPosterior) => new RandomEffectPosterior { Mean = 1, ConditionalSd = 0.5, Sd = 0.75 },
        _ when type == typeof(VarianceComponent) => new VarianceComponent
        {
            Group = "g",
            Effect = "e",
            OtherEffect = null,
            Value = 1,
            StandardError = 0.5,
            SdOrCorrelation = 1,
        },
        _ when type == typeof(Exception) => new InvalidOperationException(),
        _ when type == typeof(Stream) => new MemoryStream(),
        _ when type == typeof(ConformanceOptions) => new ConformanceOptions { MaxParameters = 3 },
        _ => null,
    };

    private static double[] Numbers(string name) => name switch
    {
        "row" or "offset" or "noiseVariances" or "design" => [1.2, 0.8],
        "observations" or "response" or "values" or "weights" => [.. Column],
        "sizes" => [1, 1],
        "parameters" or "gradient" => new double[5],
        _ => [0.5, 0.5, 0.5],
    };

    private static bool IsSpan(ParameterInfo parameter) => parameter.ParameterType.IsByRefLike;

    private static object? Default(ParameterInfo parameter) =>
        parameter.ParameterType == typeof(CancellationToken) ? CancellationToken.None : parameter.DefaultValue;

    private static SufficientStatistics Correlated() =>
        SufficientStatistics.OfMoments(100, [0, 0, 0, 0], Matrix<double>.Build.Dense(4, 4, (i, j) => i == j ? 1 : 0.5));

    private static Matrix<double> Answers() => Matrix<double>.Build.DenseOfRowArrays(
        [0, 0, 0], [0, 0, 1], [0, 1, 1], [1, 1, 1], [1, 0, 1], [0, 1, 1], [1, 1, 0], [0, 0, 1], [1, 1, 1], [0, 1, 0], [1, 0, 0], [0, 0, 0]);

    private static ModelState State()
    {
        var state = new ModelState();
        state.Add("text", "words");
        state.Add("number", 3);
        state.Add("tensor", [1, 2], 2);
        return state;
    }
}
