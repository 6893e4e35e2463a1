namespace VariationalInference;

/// <summary>The stationary points of many rows in the few operations that a row of a table costs.</summary>
/// <remarks>With c_k = x_k − prediction_k, the means are m + gains · inputs; what the inputs of a row are depends on the loadings.</remarks>
internal abstract class RowReduction
{
    /// <summary>Gets what a unit of each input adds to each mean of a complete row, J × <see cref="InputCount"/>, row-major.</summary>
    public required double[] Gains { get; init; }

    /// <summary>Gets the prior's prediction of each observation, length K.</summary>
    public required double[] PredictionHigh { get; init; }

    /// <summary>Gets the digits of the prediction beyond a double, length K.</summary>
    public required double[] PredictionLow { get; init; }

    /// <summary>Gets 1/√r, length K.</summary>
    public required double[] Weights { get; init; }

    /// <summary>Gets the error bound of a row for ‖w‖ = 0, in posterior standard deviations.</summary>
    public required double ErrorBase { get; init; }

    /// <summary>Gets by how much the error bound grows with ‖w‖.</summary>
    public required double ErrorSlope { get; init; }

    public int ObservationCount => Weights.Length;

    /// <summary>Gets the number of inputs of a row.</summary>
    public abstract int InputCount { get; }

    /// <summary>Gets a value indicating whether rows with missing cells respond in ways of their own, beyond what their inputs say.</summary>
    public abstract bool HasPatterns { get; }

    /// <summary>Gets how rows are solved that share their pattern with few others, where that can be.</summary>
    public virtual MaskedResponse? Masked => null;

    /// <summary>Returns the response of rows with missing cells, where they have one of their own.</summary>
    public abstract PatternResponse? ResponseOf(MissingPattern pattern, CancellationToken cancellationToken);

    /// <summary>Returns the responses of all patterns in a table, where there are few.</summary>
    /// <exception cref="OperationCanceledException">The work was cancelled.</exception>
    public virtual TabulatedResponses? Tabulated(CancellationToken cancellationToken) => null;

    public double ErrorBound(double whitenedNorm) => ErrorBase + (ErrorSlope * whitenedNorm);
}

/// <summary>All c_k are inputs; each pattern of missing cells has a response of its own.</summary>
/// <remarks>
/// Of few columns the responses of all patterns are tabulated. Of many, few rows share a pattern, and each is solved with its own small system
/// (<see cref="MaskedResponse"/>) where that is accurate enough.
/// </remarks>
internal sealed class ColumnReduction : RowReduction
{
    private readonly PatternCache _patterns;
    private readonly CancellableLazy<TabulatedResponses>? _tabulated;
    private readonly Lazy<MaskedResponse>? _masked;

    /// <param name="patterns">The responses of rows with missing cells.</param>
    /// <param name="complete">What complete rows share.</param>
    public ColumnReduction(PatternCache patterns, SharedShape complete)
    {
        _patterns = patterns;
        _tabulated = complete.Rank <= TabulatedResponses.MostColumns
            ? new CancellableLazy<TabulatedResponses>(cancellationToken => new TabulatedResponses(this, cancellationToken))
            : null;
        _masked = complete.Rank > PatternCache.LargestCodedWidth && MaskedResponse.Fits(complete)
            ? new Lazy<MaskedResponse>(() => new MaskedResponse(complete, Weights!))
            : null;
    }

    public override int InputCount => ObservationCount;

    public override bool HasPatterns => true;

    public override MaskedResponse? Masked => _masked?.Value;

    public override PatternResponse ResponseOf(MissingPattern pattern, CancellationToken cancellationToken) => _patterns[pattern].Prepare(cancellationToken);

    public override TabulatedResponses? Tabulated(CancellationToken cancellationToken) => _tabulated?.Get(cancellationToken);
}

/// <summary>
/// The input is the one number u = (Σ c_k)/σ / (1 + nβ) over the n observed cells of a sum, with the coupling β = ‖Lᵀ1‖²/σ²: missing cells
/// are counted, and error bounds hold for any row.
/// </summary>
internal sealed class SumReduction : RowReduction
{
    /// <summary>Gets β.</summary>
    public required double Coupling { get; init; }

    public override int InputCount => 1;

    public override bool HasPatterns => false;

    public override PatternResponse? ResponseOf(MissingPattern pattern, CancellationToken cancellationToken) => null;
}
