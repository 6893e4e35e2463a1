/// Learning and predicting as an F# program writes it.
module VariationalInference.FSharp.Learning

open System
open VariationalInference
open VariationalInference.FSharp.Shared
open Xunit

let private truth =
    let loadings = matrix [ [ 1.0 ]; [ 0.8 ]; [ -0.5 ] ]
    let offset = [| 1.0; 2.0; 3.0 |]
    let noise = [| 0.2; 0.3; 0.4 |]
    LinearGaussianModel(loadings, offset, noise, GaussianPrior.Independent 1, ObservationNames = [ "a"; "b"; "c" ])

[<Fact>]
let ``Factor analysis learns from statistics of named columns`` () =
    let statistics = SufficientStatistics.Of(truth.Sample(4000, seed = 1).Observations, [| "a"; "b"; "c" |])
    let analysis = FactorAnalysis.Learn(statistics, factorCount = 1, starts = 2)
    // The standard error of a noise variance is below 0.02 with 4,000 rows.
    near 0.2 0.08 analysis.Fit.NoiseVariances.[0]
    Assert.Contains("b", analysis.Summary().ToString())
    let learner = VariationalEm(VariationalEmOptions(NoiseVariances = VarianceLearning.Each, Offset = true))
    near 2.0 0.1 (learner.Learn(truth, statistics).Offset.[1])
    let builder = SufficientStatisticsBuilder 3
    let doubles = [| 1.0; 2.0; nan |]
    let singles = [| 1.5f; 2.5f; 3.0f |]
    builder.Add doubles
    builder.Add singles
    Assert.Equal(2L, builder.Build().RowCount)

[<Fact>]
let ``Predictions are found by name`` () =
    let predictor = Predictor truth
    let cells = [| 1.7; nan; nan |]
    let row = predictor.Predict cells
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
    let zeros = [| 0.0; 0.0 |]
    let wide = [| 1e6; 1e6 |]
    let fit = BayesianRegression.Solve(RegressionStatistics.Of(design, response, [ "level"; "slope" ]), zeros, wide, 0.01)
    near 0.5 1e-6 fit.Coefficients.["slope"].Mean
    let next = [| 1.0; 10.0 |]
    near 7.0 1e-5 (fit.Predict next).Mean

[<Fact>]
let ``Mixed models are built step by step`` () =
    let subjects = [| for i in 0 .. 59 -> $"s{i / 6}" |]
    let days = [| for i in 0 .. 59 -> float (i % 6) |]
    let random = Random 1
    let levels = [| for _ in 0 .. 9 -> 3.0 * random.NextDouble() |]
    let response = [| for i in 0 .. 59 -> 10.0 + levels.[i / 6] + 2.0 * days.[i] + 0.1 * random.NextDouble() |]
    let fit = MixedModel("y", response).Fixed("days", days).Random("subject", subjects).Fit(MixedModelOptions(Restricted = true))
    near 2.0 0.05 (fit.FixedEffects |> Seq.find (fun effect -> effect.Name = "days")).Estimate
    let withSlopes = MixedModel("y", response).Fixed("days", days).Random("subject", subjects, slopes = [ struct ("days", days) ]).Fit()
    Assert.Equal(1, withSlopes.RandomTerms.Length)
    let oneDay = [| 1.0 |]
    let predicted = fit.Predict([ struct ("days", oneDay) ], [ struct ("subject", [| "s0" |]) ])
    near (12.0 + levels.[0]) 0.3 predicted.[0].Mean
