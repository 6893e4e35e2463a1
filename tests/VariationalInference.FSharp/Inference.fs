/// Inference as an F# program writes it: arrays where spans are taken, optional arguments left out, settings by name.
module VariationalInference.FSharp.Inference

open System
open System.Collections.Generic
open System.Threading
open MathNet.Numerics.LinearAlgebra
open VariationalInference
open VariationalInference.FSharp.Shared
open Xunit

let private model = GaussianSumModel(latentCount = 3, observationCount = 2, noiseVariance = 1.0)
let private row = [| 1.2; 0.8 |]

/// x = z1 + z2 + z3 + noise, twice: each latent has the mean of the cells' sum over 2 · 3 + 1, and the variance 1 − 2/7.
let private exactMean = (1.2 + 0.8) / 7.0

[<Fact>]
let ``Coordinate ascent takes arrays`` () =
    let solver = CaviSolver(CaviOptions(Tolerance = 1e-10))
    let fit = solver.Solve(model, row)
    near exactMean 1e-10 fit.Exact.[0].Mean
    Assert.True fit.Converged
    let means: float[] = Array.zeroCreate 3
    let variances: float[] = Array.zeroCreate 3
    let summary = solver.Solve(model, row, means, variances)
    Assert.True summary.Converged
    near exactMean 1e-10 means.[2]
    near (5.0 / 7.0) 1e-12 variances.[0]

[<Fact>]
let ``Coordinate ascent takes matrices, rows in memory, singles and streams`` () =
    let table = matrix [ [ 1.2; 0.8 ]; [ 0.1; nan ] ]
    let fits = CaviSolver().Solve(model, table, CaviOutputs.LogEvidences)
    near (model.LogEvidence row) 1e-12 fits.LogEvidences.[0]
    let cells = [| 1.2; 0.8; 0.1; nan |]
    let ofRows = CaviSolver().Solve(model, RowSpan.RowMajor(cells, 2))
    near fits.Means.[1, 0] 0.0 ofRows.Means.[1, 0]
    let singles = [| 1.25f; 0.75f |]
    let ofSingles = CaviSolver().Solve(model, RowSpan.RowMajor(singles, 2))
    near exactMean 1e-10 ofSingles.Means.[0, 0]
    near exactMean 1e-10 (CaviSolver().Solve(model, singles).Exact.[0].Mean)
    let chunks = CaviSolver().SolveChunks(model, [ table; table ]) |> Seq.toList
    Assert.Equal(2, chunks.Length)
    let keys: IReadOnlyList<string> = [| "first"; "second" |]
    let struct (outcome, labels) = CaviSolver().SolveChunks(model, [ struct (table, keys) ]) |> Seq.head
    Assert.Equal("second", labels.[outcome.RowCount - 1])

[<Fact>]
let ``Names are arrays or lists of strings`` () =
    let named = GaussianSumModel(3, 2, 1.0, ObservationNames = [| "left"; "right" |], LatentNames = [ "a"; "b"; "c" ])
    let posterior = named.Posterior row
    near exactMean 1e-12 posterior.["b"].Mean
    Assert.Equal("c", posterior.Summary().Names.[2])
    let bad = [| 1.2; infinity |]
    let refusal = Assert.Throws<ArgumentException>(fun () -> named.Observe bad |> ignore)
    Assert.StartsWith("row[1] ('right')", refusal.Message)

[<Fact>]
let ``Fixed form takes log joints, families and a log joint written in F#`` () =
    let joint = model.Observe row
    let elbo = FixedFormElbo joint
    let zeros = [| 0.0; 0.0; 0.0 |]
    let start = MultivariateGaussian(zeros, CreateMatrix.DenseIdentity<float> 3)
    near joint.LogEvidence 1e-9 (elbo.Ascend start).Elbo
    near exactMean 1e-5 (elbo.Maximize().MeanField.[0].Mean)

    // log p(z) = −½ (z − 3)² up to a constant: the best Gaussian is N(3, 1).
    let own =
        { new ILogJoint with
            member _.LatentCount = 1
            member _.Value latents = -0.5 * (latents.[0] - 3.0) ** 2.0
            member _.Gradient(latents, destination) = destination.[0] <- 3.0 - latents.[0] }

    let zero = [| 0.0 |]
    let four = [| 4.0 |]
    let found = FixedFormElbo(LogJointExpectation.Quadrature own).Ascend(MeanFieldGaussian(zero, four))
    near 3.0 1e-6 found.Posterior.[0].Mean
    near 1.0 1e-6 found.Posterior.[0].Variance

[<Fact>]
let ``Likelihoods give posteriors of yes and no, and of counts`` () =
    let design = matrix [ [ 1.0; -1.0 ]; [ 1.0; 0.0 ]; [ 1.0; 1.0 ]; [ 1.0; 2.0 ] ]
    let logistic = LinearModel(design, Likelihood.Bernoulli(), GaussianPrior.Independent(count = 2, variance = 6.25))
    let answers = [| 0.0; 0.0; 1.0; 1.0 |]
    let fit = FixedFormSolver().Solve(logistic, answers)
    Assert.True(fit.Converged && fit.IsGlobal)
    Assert.True(fit.Posterior.[1].Mean > 0.0)
    let each = [| Likelihood.Poisson(); Likelihood.Gaussian 0.5; Likelihood.Poisson(); Likelihood.StudentT() |]
    let cells = [| 1.0; 0.3; 2.0; 1.0 |]
    Assert.True((FixedFormSolver().Solve(LinearModel(design, each, GaussianPrior.Independent(count = 2)), cells)).Converged)

[<Fact>]
let ``Hybrid inference trains, reports, infers, saves and loads`` () =
    let told = List<float>()
    let progress = { new IProgress<HybridProgress> with member _.Report value = told.Add value.ValidationElbo }
    let rows = model.Sample(2000, seed = 1).Observations
    let options = HybridOptions(MaxEpochs = 20, Optimizer = Adam(LearningRate = 0.01))
    let hidden = [| 8 |]
    let hybrid = HybridSolver(options).Fit(model, MlpEncoder(2, 1, hidden, seed = 1), rows, progress)
    Assert.NotEmpty told
    let found = hybrid.Infer row
    near (model.LogEvidence row) 1e-10 found.Gaps.LogEvidence
    let means: float[] = Array.zeroCreate 3
    let variances: float[] = Array.zeroCreate 3
    Assert.Equal(found.Gaps, hybrid.Infer(row, means, variances))
    near exactMean 0.1 means.[0]
    use file = new IO.MemoryStream()
    hybrid.Save file
    file.Position <- 0L
    let loaded = HybridInference.Load file
    Assert.Equal<float>(found.MeanField.Means, (loaded.Infer row).MeanField.Means)
    Assert.Equal(3, loaded.Infer(rows.SubMatrix(0, 3, 0, 2)).RowCount)

[<Fact>]
let ``Cancellation is an argument by name`` () =
    use source = new CancellationTokenSource()
    source.Cancel()
    let table = model.Sample(10, 1).Observations
    Assert.Throws<OperationCanceledException>(fun () -> CaviSolver().Solve(model, table, cancellationToken = source.Token) |> ignore)
    |> ignore
