/// Inference as an F# program writes it: arrays where spans are taken, optional arguments left out, records copied with other settings.
module VariationalInference.FSharp.Inference

open System
open System.Threading
open MathNet.Numerics.LinearAlgebra
open VariationalInference
open Xunit

let private near (expected: float) (tolerance: float) (actual: float) =
    Assert.True(abs (actual - expected) <= tolerance, $"{actual} is not {expected} within {tolerance}")

let private model = GaussianSumModel(latentCount = 3, observationCount = 2, noiseVariance = 1.0)

/// x = z1 + z2 + z3 + noise, twice: the posterior mean of each latent is the mean of the cells times 2 / (2 * 3 + 1).
let private exactMean = (1.2 + 0.8) / 7.0

[<Fact>]
let ``Coordinate ascent takes arrays`` () =
    let solver = CaviSolver(CaviOptions(Tolerance = 1e-10))
    let fit = solver.Solve(model, [| 1.2; 0.8 |])
    near exactMean 1e-10 fit.Exact.[0].Mean
    Assert.True fit.Converged

    let means, variances = Array.zeroCreate<float> 3, Array.zeroCreate<float> 3
    let summary = solver.Solve(model, [| 1.2; 0.8 |], means, variances)
    Assert.True summary.Converged
    near exactMean 1e-10 means.[2]
    near (5.0 / 7.0) 1e-12 variances.[0]

[<Fact>]
let ``Coordinate ascent takes matrices, rows in memory, singles and streams`` () =
    let table = matrix [ [ 1.2; 0.8 ]; [ 0.1; nan ] ]
    let fits = CaviSolver().Solve(model, table, CaviOutputs.LogEvidences)
    near (model.LogEvidence [| 1.2; 0.8 |]) 1e-12 fits.LogEvidences.[0]
    let ofRows = CaviSolver().Solve(model, RowSpan.RowMajor([| 1.2; 0.8; 0.1; nan |], 2))
    near fits.Means.[1, 0] 0.0 ofRows.Means.[1, 0]
    let ofSingles = CaviSolver().Solve(model, RowSpan.RowMajor([| 1.25f; 0.75f |], 2))
    near exactMean 1e-10 ofSingles.Means.[0, 0]
    near exactMean 1e-10 (CaviSolver().Solve(model, [| 1.25f; 0.75f |]).Exact.[0].Mean)

    let chunks = CaviSolver().SolveChunks(model, [ table; table ]) |> Seq.toList
    Assert.Equal(2, chunks.Length)
    let keys: Collections.Generic.IReadOnlyList<string> = [| "first"; "second" |]
    let labelled = CaviSolver().SolveChunks(model, [ struct (table, keys) ]) |> Seq.head
    let struct (outcome, labels) = labelled
    Assert.Equal("second", labels.[outcome.RowCount - 1])

[<Fact>]
let ``Names are lists of strings`` () =
    let named = GaussianSumModel(3, 2, 1.0, ObservationNames = [| "left"; "right" |], LatentNames = [ "a"; "b"; "c" ])
    let posterior = named.Posterior [| 1.2; 0.8 |]
    near exactMean 1e-12 posterior.["b"].Mean
    Assert.Equal("c", posterior.Summary().Names.[2])
    let refusal = Assert.Throws<ArgumentException>(fun () -> named.Observe [| 1.2; infinity |] |> ignore)
    Assert.StartsWith("row[1] ('right')", refusal.Message)

[<Fact>]
let ``Fixed form takes log joints, families and an F# log joint`` () =
    let joint = model.Observe [| 1.2; 0.8 |]
    let elbo = FixedFormElbo joint
    near joint.LogEvidence 1e-9 (elbo.Ascend(MultivariateGaussian([| 0.0; 0.0; 0.0 |], CreateMatrix.DenseIdentity<float> 3)).Elbo)
    near exactMean 1e-5 (elbo.Maximize().MeanField.[0].Mean)

    // log p(z) = −½ (z − 3)² up to a constant: the best Gaussian is N(3, 1).
    let own =
        { new ILogJoint with
            member _.LatentCount = 1
            member _.Value latents = -0.5 * (latents.[0] - 3.0) ** 2.0
            member _.Gradient(latents, destination) = destination.[0] <- 3.0 - latents.[0] }

    let found = FixedFormElbo(LogJointExpectation.Quadrature own).Ascend(MeanFieldGaussian([| 0.0 |], [| 4.0 |]))
    near 3.0 1e-6 found.Posterior.[0].Mean
    near 1.0 1e-6 found.Posterior.[0].Variance

[<Fact>]
let ``Likelihoods give posteriors of yes and no`` () =
    let design = matrix [ [ 1.0; -1.0 ]; [ 1.0; 0.0 ]; [ 1.0; 1.0 ]; [ 1.0; 2.0 ] ]
    let logistic = LinearModel(design, Likelihood.Bernoulli(), GaussianPrior.Independent(count = 2, variance = 6.25))
    let fit = FixedFormSolver().Solve(logistic, [| 0.0; 0.0; 1.0; 1.0 |])
    Assert.True(fit.Converged && fit.IsGlobal)
    Assert.True(fit.Posterior.[1].Mean > 0.0)
    let mixed: Likelihood[] = [| Likelihood.Poisson(); Likelihood.Gaussian(0.5); Likelihood.Poisson(); Likelihood.StudentT() |]
    let counts = FixedFormSolver().Solve(LinearModel(design, mixed, GaussianPrior.Independent 2), [| 1.0; 0.3; 2.0; 1.0 |])
    Assert.True counts.Converged

[<Fact>]
let ``Hybrid inference trains, reports, infers, saves and loads`` () =
    let told = ResizeArray<float>()
    let progress = { new IProgress<HybridProgress> with member _.Report value = told.Add value.ValidationElbo }
    let rows = model.Sample(2000, seed = 1).Observations
    let options = HybridOptions(MaxEpochs = 20, Optimizer = Adam(LearningRate = 0.01))
    let hybrid = HybridSolver(options).Fit(model, MlpEncoder(2, 1, [| 8 |], seed = 1), rows, progress)
    Assert.NotEmpty told
    let row = hybrid.Infer [| 1.2; 0.8 |]
    near (model.LogEvidence [| 1.2; 0.8 |]) 1e-10 row.Gaps.LogEvidence
    let means, variances = Array.zeroCreate<float> 3, Array.zeroCreate<float> 3
    Assert.Equal(row.Gaps, hybrid.Infer([| 1.2; 0.8 |], means, variances))
    near exactMean 0.1 means.[0]
    use file = new IO.MemoryStream()
    hybrid.Save file
    file.Position <- 0L
    let loaded = HybridInference.Load file
    Assert.Equal<float>(row.MeanField.Means, (loaded.Infer [| 1.2; 0.8 |]).MeanField.Means)
    Assert.Equal(3, loaded.Infer(rows.SubMatrix(0, 3, 0, 2)).RowCount)

[<Fact>]
let ``Cancellation is an argument by name`` () =
    use source = new CancellationTokenSource()
    source.Cancel()
    Assert.Throws<OperationCanceledException>(fun () ->
        CaviSolver().Solve(model, model.Sample(10, 1).Observations, cancellationToken = source.Token) |> ignore)
    |> ignore
