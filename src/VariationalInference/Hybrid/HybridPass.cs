using System.Numerics;

namespace VariationalInference;

/// <summary>Takes up to a fixed number of rows through an encoder and the coordinate block. Not thread-safe.</summary>
internal sealed class HybridPass
{
    // Its variance, and that of its negative, is a number in double precision: an encoder that extrapolates may ask for more.
    private const double LargestLogVariance = 700;

    private readonly HybridInference _inference;
    private readonly EncodedTile _encoded;
    private readonly HybridLanes _lanes;
    private readonly LanePlacement _placement;
    private readonly LaneBuffer _whitened;
    private readonly LaneBuffer _means;
    private readonly LaneBuffer _logVariances;
    private readonly LaneBuffer _variances;
    private readonly LaneBuffer _likelihoodBase;

    // Of each row: t_C, the ELBO with the best variances, what variances and means lose, and what stopping short loses.
    private readonly LaneBuffer _coordinates;
    private readonly LaneBuffer _bestVariancesElbo;
    private readonly LaneBuffer _varianceGap;
    private readonly LaneBuffer _meanGap;
    private readonly LaneBuffer _optimizationGap;
    private readonly double[] _observations;
    private readonly double[] _whitenedRow;
    private readonly double[] _coordinateRow;
    private readonly long[] _rowNumbers;
    private readonly int _width;
    private int _count;
    private int _position;
    private int _place;

    /// <param name="inference">The model, the encoder and how the coordinate block is solved.</param>
    /// <param name="capacity">The largest number of rows at a time.</param>
    public HybridPass(HybridInference inference, int capacity)
    {
        _inference = inference;
        AmortizedBlock complete = inference.Blocks.Complete;
        _width = inference.Model.ObservationCount;
        _encoded = new EncodedTile(inference.Encoder, capacity);
        _lanes = new HybridLanes(complete);
        _placement = new LanePlacement(capacity, inference.Encoder.AcceptsMissing);
        int places = _placement.PlaceCount;
        _whitened = new LaneBuffer(places, complete.Shape.LargestWhitenedLength);
        _means = new LaneBuffer(places, complete.Count);
        _logVariances = new LaneBuffer(places, complete.Count);
        _variances = new LaneBuffer(places, complete.Count);
        _likelihoodBase = new LaneBuffer(places, 1);
        _coordinates = new LaneBuffer(places, complete.Coordinate.Length);
        _bestVariancesElbo = new LaneBuffer(places, 1);
        _varianceGap = new LaneBuffer(places, 1);
        _meanGap = new LaneBuffer(places, 1);
        _optimizationGap = new LaneBuffer(places, 1);
        _observations = new double[capacity * _width];
        _whitenedRow = new double[Math.Max(_width, complete.Shape.LargestWhitenedLength)];
        _coordinateRow = new double[complete.Coordinate.Length];
        _rowNumbers = new long[capacity];
    }

    /// <summary>Gets the ELBO of the row that was inferred last, in nats.</summary>
    public double Elbo { get; private set; }

    /// <summary>Gets the log evidence of that row: variances that are far off do not touch it.</summary>
    public double LogEvidence { get; private set; }

    public double ApproximationGap => Block.Shape.ApproximationGap;

    public double AmortizationGap { get; private set; }

    public double OptimizationGap => _optimizationGap[_place, 0];

    private AmortizedBlock Block => _placement.BlockOf(_place / LaneBuffer.Lanes);

    /// <summary>Gets where the cells of the next row to encode go.</summary>
    public Span<double> NextRow => _observations.AsSpan(_count * _width, _width);

    /// <summary>Adds the row that was written to those to encode.</summary>
    public void Load(long rowNumber)
    {
        if (_count == 0)
        {
            _placement.Clear();
        }

        ConditionedRow conditioned;
        try
        {
            conditioned = RowTable.Condition(_inference.Model, NextRow, _whitenedRow, rowNumber);
        }
        catch
        {
            _count = 0;
            throw;
        }

        int place = _placement.Add(_inference.Blocks.Of(conditioned.Shape));
        _whitened.Write(place, _whitenedRow.AsSpan(0, conditioned.Shape.WhitenedLength));
        _likelihoodBase[place, 0] = conditioned.LogLikelihoodBase;
        _rowNumbers[_count++] = rowNumber;
    }

    /// <summary>Evaluates the encoder and the coordinate block on the rows that were added; those added next come in their place.</summary>
    public void Encode()
    {
        _encoded.Encode(_observations.AsSpan(0, _count * _width), _count);
        for (int position = 0; position < _count; position++)
        {
            foreach (ref double logVariance in _encoded.LogVariancesOf(position))
            {
                logVariance = double.IsFinite(logVariance) ? Math.Clamp(logVariance, -LargestLogVariance, LargestLogVariance) : double.NaN;
            }

            int place = _placement.PlaceOf(position);
            _means.Write(place, _encoded.MeansOf(position));
            _logVariances.Write(place, _encoded.LogVariancesOf(position));
        }

        for (int vector = 0; vector < _placement.VectorCount; vector++)
        {
            Solve(vector);
        }

        _count = 0;
    }

    private void Solve(int vector)
    {
        AmortizedBlock block = _placement.BlockOf(vector);
        Span<Vector<double>> whitened = _whitened[vector][..block.Shape.WhitenedLength];
        Span<Vector<double>> coordinates = _coordinates[vector];
        if (_inference.CoordinateSweeps is int sweeps)
        {
            coordinates.Clear();
            _lanes.Sweep(block, whitened, _means[vector], coordinates, sweeps);
        }
        else
        {
            _lanes.Solve(block, whitened, _means[vector]);
            _lanes.Coordinates.CopyTo(coordinates);
        }

        ReadOnlySpan<Vector<double>> logVariances = _logVariances[vector];
        Span<Vector<double>> variances = _variances[vector];
        for (int i = 0; i < variances.Length; i++)
        {
            variances[i] = RepeatableFunctions.Exp(logVariances[i]);
        }

        _bestVariancesElbo[vector][0] = _lanes.Elbo(_likelihoodBase[vector][0]);
        _varianceGap[vector][0] = block.VarianceGap(logVariances);
        _meanGap[vector][0] = _lanes.MeanGap();
        _optimizationGap[vector][0] = _lanes.OptimizationGap;
    }

    /// <summary>Goes to one of the encoded rows.</summary>
    /// <exception cref="NonFiniteValueException">An output of the encoder is not finite.</exception>
    public void Infer(int position)
    {
        _position = position;
        _place = _placement.PlaceOf(position);
        double varianceGap = _varianceGap[_place, 0];
        double meanGap = _meanGap[_place, 0];
        double bestVariances = _bestVariancesElbo[_place, 0];
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
        AmortizedBlock block = Block;
        ReadOnlySpan<double> encodedMeans = _encoded.MeansOf(_position);
        for (int i = 0; i < encodedMeans.Length; i++)
        {
            int j = block.Amortized[i] * stride;
            means[j] = encodedMeans[i];
            variances[j] = _variances[_place, i];
        }

        _coordinates.Read(_place, _coordinateRow);
        block.CoordinatePrior.Unwhiten(_coordinateRow, _coordinateRow);
        for (int i = 0; i < _coordinateRow.Length; i++)
        {
            int j = block.Coordinate[i];
            means[j * stride] = _coordinateRow[i];
            variances[j * stride] = block.Shape.MeanFieldVariances[j];
        }
    }
}
