namespace VariationalInference;

/// <summary>The responses of all patterns of missing cells of a few observations, laid out so that each lane of a vector picks the gains of its own row.</summary>
internal sealed unsafe class TabulatedResponses
{
    /// <summary>The largest number of observations.</summary>
    public const int MostColumns = 3;

    /// <summary>The number of patterns that a gain has room for, 2^<see cref="MostColumns"/>.</summary>
    public const int PatternCount = 1 << MostColumns;

    private readonly AlignedBuffer<double> _gains;
    private readonly double _errorBase;
    private readonly double _errorSlope;

    /// <param name="reduction">The responses.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <exception cref="OperationCanceledException">The work was cancelled.</exception>
    public TabulatedResponses(ColumnReduction reduction, CancellationToken cancellationToken)
    {
        _gains = new AlignedBuffer<double>(reduction.Gains.Length * PatternCount);
        _errorBase = reduction.ErrorBase;
        _errorSlope = reduction.ErrorSlope;
        Write(0, reduction.Gains);

        // A row without observations has no use for gains.
        int nothing = (1 << reduction.ObservationCount) - 1;
        for (int code = 1; code < nothing; code++)
        {
            PatternResponse response = reduction.ResponseOf(MissingPattern.OfCode((ulong)code), cancellationToken);
            Write(code, response.Gains);
            (double errorBase, double errorSlope) = response.Error;
            _errorBase = Math.Max(_errorBase, errorBase);
            _errorSlope = Math.Max(_errorSlope, errorSlope);
        }
    }

    /// <summary>Gets the gains by latent, then observation, then pattern Σ 2^k over the missing cells k.</summary>
    public double* Gains => _gains.Pointer;

    /// <summary>Returns the error bound of a row with missing cells, that of the pattern with the largest.</summary>
    public double ErrorBound(double whitenedNorm) => _errorBase + (_errorSlope * whitenedNorm);

    private void Write(int code, double[] gains)
    {
        for (int i = 0; i < gains.Length; i++)
        {
            _gains.Pointer[(i * PatternCount) + code] = gains[i];
        }
    }
}
