module internal VariationalInference.FSharp.Shared

open MathNet.Numerics.LinearAlgebra
open Xunit

let near (expected: float) (tolerance: float) (actual: float) =
    Assert.True(abs (actual - expected) <= tolerance, $"{actual} is not {expected} within {tolerance}")

let matrix (rows: float list list) = CreateMatrix.DenseOfRows<float>(rows |> Seq.map Seq.ofList)
