namespace VariationalInference;

/// <summary>Takes up to a fixed number of rows through an encoder, then one by one through the coordinate block. Not thread-safe.</summary>
internal sealed class HybridPass
{
    // Its variance, and that of its negative, is a number in double precision: an encoder that extrapolates may ask for more.
    private const double LargestLogVariance = 700;

    private readonly HybridInference _inference;
    private readonly EncodedTile _encoded;
    private readonly HybridRow _row;
    private readonly AmortizedBlock[] _blocks;
    private readonly double[] _observations;
    private readonly double[] _whitened;
    private readonly double[] _likelihoodBase;
    private readonly double[] _sweptState;
    private readonly double[] _coordinates;
    private readonly long[] _rowNumbers;
    private readonly int _width;
    private int _count;
    private int _position;

    /// <param name="inference">The model, the encoder and how the coordinate block is solved.</param>
    /// <param name="capacity">The largest number of rows at a time.</param>
    public HybridPass(HybridInference inference, int capacity)
    {
        _inference = inference;
        AmortizedBlock complete = inference.Blocks.Complete;
        _width = inference.Model.ObservationCount;
        _encoded = new EncodedTile(inference.Encoder, capacity);
        _row = new HybridRow(complete);
        _blocks = new AmortizedBlock[capacity];
        _observations = new double[capacity * _width];
        _whitened = new double[capacity * _width];
        _likelihoodBase = new double[capacity];
        _rowNumbers = new long[capacity];
        _sweptState = new double[complete.Coordinate.Length];
        _coordinates = new double[complete.Coordinate.Length];
    }

    /// <summary>Gets the ELBO of the row that was inferred last, in nats.</summary>
    public double Elbo { get; private set; }

    /// <summary>Gets the log evidence of that row: variances that are far off do not touch it.</summary>
    public double LogEvidence { get; private set; }

    public double ApproximationGap => _blocks[_position].Shape.ApproximationGap;

    public double AmortizationGap { get; private set; }

    public double OptimizationGap => _row.OptimizationGap;

    /// <summary>Adds a row to those to encode.</summary>
    public void Load(ReadOnlySpan<double> row, long rowNumber)
    {
        row.CopyTo(_observations.AsSpan(_count * _width));
        ConditionedRow conditioned = RowTable.Condition(_inference.Model, row, _whitened.AsSpan(_count * _width, _width), rowNumber);
        _blocks[_count] = _inference.Blocks.Of(conditioned.Shape);
        _likelihoodBase[_count] = conditioned.LogLikelihoodBase;
        _rowNumbers[_count] = rowNumber;
        _count++;
    }

    /// <summary>Evaluates the encoder on the rows that were added; those added next come in their place.</summary>
    public void Encode()
    {
        _encoded.Encode(_observations.AsSpan(0, _count * _width), _count);
        for (int position = 0; position < _count; position++)
        {
            foreach (ref double logVariance in _encoded.LogVariancesOf(position))
            {
                logVariance = double.IsFinite(logVariance) ? Math.Clamp(logVariance, -LargestLogVariance, LargestLogVariance) : double.NaN;
            }
        }

        _count = 0;
    }

    /// <summary>Infers one of the encoded rows.</summary>
    /// <exception cref="NonFiniteValueException">An output of the encoder is not finite.</exception>
    public void Infer(int position)
    {
        _position = position;
        AmortizedBlock block = _blocks[position];
        ReadOnlySpan<double> whitened = _whitened.AsSpan(position * _width, block.Shape.Rank);
        ReadOnlySpan<double> means = _encoded.MeansOf(position);
        if (_inference.CoordinateSweeps is int sweeps)
        {
            _sweptState.AsSpan().Clear();
            _row.Sweep(block, whitened, means, _sweptState, sweeps);
        }
        else
        {
            _row.Solve(block, whitened, means);
        }

        double varianceGap = block.VarianceGap(_encoded.LogVariancesOf(position));
        double meanGap = _row.MeanGap();
        double bestVariances = _row.Elbo(_likelihoodBase[position]);
        AmortizationGap = varianceGap + meanGap;
        Elbo = bestVariances - varianceGap;
        LogEvidence = bestVariances + ApproximationGap + meanGap + OptimizationGap;
        if (!double.IsFinite(AmortizationGap) || !double.IsFinite(Elbo))
        {
            throw new NonFiniteValueException("An output of the encoder", _rowNumbers[position]);
        }
    }

    /// <summary>Writes the posterior of the row that was inferred last.</summary>
    public void Write(Span<double> means, Span<double> variances, int stride)
    {
        AmortizedBlock block = _blocks[_position];
        ReadOnlySpan<double> encodedMeans = _encoded.MeansOf(_position);
        ReadOnlySpan<double> encodedLogVariances = _encoded.LogVariancesOf(_position);
        for (int i = 0; i < encodedMeans.Length; i++)
        {
            int j = block.Amortized[i] * stride;
            means[j] = encodedMeans[i];
            variances[j] = Math.Exp(encodedLogVariances[i]);
        }

        block.CoordinatePrior.Unwhiten(_row.Coordinates, _coordinates);
        for (int i = 0; i < _coordinates.Length; i++)
        {
            int j = block.Coordinate[i];
            means[j * stride] = _coordinates[i];
            variances[j * stride] = block.Shape.MeanFieldVariances[j];
        }
    }
}
