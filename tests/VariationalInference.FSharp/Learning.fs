/// Learning and predicting as an F# program writes it.
module VariationalInference.FSharp.Learning

open System
open MathNet.Numerics.LinearAlgebra
open VariationalInference
open Xunit

let private near (expected: float) (tolerance: float) (actual: float) =
    Assert.True(abs (actual - expected) <= tolerance, $"{actual} is not {expected} within {tolerance}")

let private truth =
    LinearGaussianModel(
        matrix [ [ 1.0 ]; [ 0.8 ]; [ -0.5 ] ], offset = [| 1.0; 2.0; 3.0 |], noiseVariances = [| 0.2; 0.3; 0.4 |],
        priorMeans = [| 0.0 |], priorVariances = [| 1.0 |], ObservationNames = [ "a"; "b"; "c" ])

[<Fact>]
let ``Factor analysis learns from statistics of named columns`` () =
    let statistics = SufficientStatistics.Of(truth.Sample(4000, seed = 1).Observations, [| "a"; "b"; "c" |])
    let analysis = FactorAnalysis.Learn(statistics, factorCount = 1, starts = 2)
    near 0.2 0.05 analysis.Fit.NoiseVariances.[0]
    Assert.Contains("b", analysis.Summary())
    near 1.0 0.1 (abs (analysis.Fit.Loadings().[0, 0]))
    let learner = VariationalEm(VariationalEmOptions(NoiseVariances = VarianceLearning.Each, Offset = true))
    near 2.0 0.1 (learner.Learn(truth, statistics).Offset.[1])
    let builder = SufficientStatisticsBuilder 3
    builder.Add [| 1.0; 2.0; nan |]
    builder.Add [| 1.5f; 2.5f; 3.0f |]
    Assert.Equal(2L, builder.Build().RowCount)

[<Fact>]
let ``Predictions are found by name`` () =
    let predictor = Predictor truth
    let row = predictor.Predict [| 1.7; nan; nan |]
    near row.[1].Mean 0.0 row.["b"].Mean
    let struct (lower, upper) = row.["c"].Interval 0.95
    Assert.True(lower < row.["c"].Mean && row.["c"].Mean < upper)
    let table = matrix [ [ 1.7; nan; 3.0 ] ]
    let imputed = predictor.Impute table
    near imputed.Cells.[0].Value.Mean 0.0 imputed.Values.[0, 1]
    Assert.True((predictor.Score table).LogDensities.[0] < 0.0)

[<Fact>]
let ``Regressions of a line are exact`` () =
    let design = matrix [ for x in 0.0 .. 9.0 -> [ 1.0; x ] ]
    let response = [| for x in 0.0 .. 9.0 -> 2.0 + 0.5 * x |]
    let fit = BayesianRegression.Solve(RegressionStatistics.Of(design, response, [ "level"; "slope" ]), [| 0.0; 0.0 |], [| 1e6; 1e6 |], 0.01)
    near 0.5 1e-6 fit.Coefficients.["slope"].Mean
    near 7.0 1e-5 (fit.Predict [| 1.0; 10.0 |]).Mean

[<Fact>]
let ``Mixed models are built step by step`` () =
    let subjects = [| for i in 0 .. 59 -> $"s{i / 6}" |]
    let days = [| for i in 0 .. 59 -> float (i % 6) |]
    let random = Random 1
    let levels = [| for _ in 0 .. 9 -> 3.0 * random.NextDouble() |]
    let response = [| for i in 0 .. 59 -> 10.0 + levels.[i / 6] + 2.0 * days.[i] + 0.1 * random.NextDouble() |]
    let fit =
        MixedModel("y", response)
            .Fixed("days", days)
            .Random("subject", subjects)
            .Fit(MixedModelOptions(Restricted = true))
    near 2.0 0.05 (fit.FixedEffects |> Seq.find (fun effect -> effect.Name = "days")).Estimate
    let withSlopes =
        MixedModel("y", response).Fixed("days", days).Random("subject", subjects, slopes = [| struct ("days", days) |]).Fit()
    Assert.Equal(1, withSlopes.RandomTerms.Length)
    let predicted = fit.Predict([| struct ("days", [| 1.0 |]) |], [| struct ("subject", [| "s0" |]) |])
    Assert.Equal(1, predicted.Length)
