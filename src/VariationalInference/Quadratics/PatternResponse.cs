namespace VariationalInference;

/// <summary>How the means of rows observed in the same cells depend on their centred cells c: μ = m + gains · c, in the latents' units.</summary>
internal sealed class PatternResponse
{
    private readonly int[] _observed;
    private readonly double[] _noiseDeviations;
    private readonly double[] _priorMeans;
    private double[]? _gains;
    private double _errorBase;
    private double _errorSlope;

    /// <param name="shape">What the rows share.</param>
    /// <param name="observed">Which observations they have, in order.</param>
    /// <param name="noiseDeviations">√r of all K observations.</param>
    public PatternResponse(SharedShape shape, int[] observed, double[] noiseDeviations)
    {
        Shape = shape;
        _observed = observed;
        _noiseDeviations = noiseDeviations;
        _priorMeans = [.. shape.Prior.Means];
    }

    public SharedShape Shape { get; }

    /// <summary>Gets the gains, J×K, row-major; 0 for missing cells. They do not depend on the thread that computes them.</summary>
    public double[] Gains => _gains ?? CreateGains(CancellationToken.None);

    /// <summary>Computes <see cref="Gains"/>.</summary>
    /// <exception cref="OperationCanceledException">The work was cancelled.</exception>
    public PatternResponse Prepare(CancellationToken cancellationToken)
    {
        _ = _gains ?? CreateGains(cancellationToken);
        return this;
    }

    /// <summary>Gets the error bound of a row for ‖w‖ = 0, and by how much it grows with ‖w‖, in posterior standard deviations.</summary>
    public (double Base, double Slope) Error
    {
        get
        {
            _ = Gains;
            return (_errorBase, _errorSlope);
        }
    }

    /// <summary>Returns the error bound of a row.</summary>
    public double ErrorBound(double whitenedNorm)
    {
        (double errorBase, double errorSlope) = Error;
        return errorBase + (errorSlope * whitenedNorm);
    }

    /// <summary>Writes the means of one row.</summary>
    /// <param name="inputs">The row's first input; a missing cell's input is 0.</param>
    /// <param name="stride">From one input to the next.</param>
    /// <param name="means">Where the first mean goes.</param>
    /// <param name="meanStride">From one mean to the next.</param>
    public unsafe void Respond(double* inputs, long stride, double* means, long meanStride)
    {
        double[] gains = Gains;
        double[] priorMeans = _priorMeans;
        int next = 0;
        for (int j = 0; j < priorMeans.Length; j++)
        {
            double sum = 0;
            double* input = inputs;
            int end = next + _noiseDeviations.Length;
            for (; next < end; next++)
            {
                sum = Math.FusedMultiplyAdd(gains[next], *input, sum);
                input += stride;
            }

            *means = priorMeans[j] + sum;
            means += meanStride;
        }
    }

    private double[] CreateGains(CancellationToken cancellationToken)
    {
        int columns = _noiseDeviations.Length;
        var gains = new double[Shape.LatentCount * columns];
        RowResponse whole = Shape.ResponseUnless(cancellationToken);
        var column = new double[Shape.LatentCount];
        for (int i = 0; i < _observed.Length; i++)
        {
            for (int j = 0; j < column.Length; j++)
            {
                column[j] = whole.Row(j)[i];
            }

            Shape.Prior.Scale(column);
            for (int j = 0; j < column.Length; j++)
            {
                gains[(j * columns) + _observed[i]] = column[j] / _noiseDeviations[_observed[i]];
            }
        }

        _errorBase = whole.ErrorBase;
        _errorSlope = whole.ErrorSlope;
        Volatile.Write(ref _gains, gains);
        return gains;
    }
}
