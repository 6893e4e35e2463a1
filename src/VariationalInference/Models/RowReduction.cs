namespace VariationalInference;

/// <summary>The stationary points of many rows in the few operations that a row of a table costs.</summary>
/// <remarks>
/// With c_k = x_k − prediction_k, a row's inputs are all c_k (<see cref="InputCount"/> = K), or for a Gaussian sum the one number
/// u = (Σ c_k)/σ / (1 + nβ) over its n observed cells, with the <see cref="Coupling"/> β = Σ s_j²/σ². The means are m + gains · inputs.
/// </remarks>
internal sealed class RowReduction
{
    /// <summary>Gets what a unit of each input adds to each mean of a complete row, J × <see cref="InputCount"/>, row-major.</summary>
    public required double[] Gains { get; init; }

    /// <summary>Gets the prior's prediction of each observation, length K.</summary>
    public required double[] PredictionHigh { get; init; }

    /// <summary>Gets the digits of the prediction beyond a double, length K.</summary>
    public required double[] PredictionLow { get; init; }

    /// <summary>Gets 1/√r, length K.</summary>
    public required double[] Weights { get; init; }

    /// <summary>Gets the error bound of a row for ‖w‖ = 0, in posterior standard deviations; for sums, of any row, complete or not.</summary>
    public required double ErrorBase { get; init; }

    /// <summary>Gets by how much the error bound grows with ‖w‖.</summary>
    public required double ErrorSlope { get; init; }

    /// <summary>Gets the response of rows with missing cells; null for sums, which need none.</summary>
    public Func<MissingPattern, PatternResponse>? ResponseOf { get; init; }

    /// <summary>Gets β, for sums.</summary>
    public double Coupling { get; init; }

    public bool IsSum => ResponseOf is null;

    public int ObservationCount => Weights.Length;

    public int InputCount => IsSum ? 1 : ObservationCount;

    /// <summary>Returns 1/σ/(1 + nβ) for n observed cells of a sum.</summary>
    public double Factor(int observed) => Weights[0] / Math.FusedMultiplyAdd(observed, Coupling, 1);

    public double ErrorBound(double whitenedNorm) => ErrorBase + (ErrorSlope * whitenedNorm);
}
