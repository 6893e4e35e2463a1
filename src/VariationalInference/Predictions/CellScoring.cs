namespace VariationalInference;

/// <summary>What a cell is predicted from when it is scored; see <see cref="Predictor.Score(MathNet.Numerics.LinearAlgebra.Matrix{double}, CellScoring, CancellationToken)"/>.</summary>
public enum CellScoring
{
    /// <summary>From the other cells of its row: p(x_k | all x_i, i ≠ k).</summary>
    GivenOtherCells,

    /// <summary>From the model alone, whatever the rest of its row: p(x_k).</summary>
    Marginal,
}
