namespace VariationalInference;

/// <summary>Works out the exact amortization gaps of a tile of held-out rows. Not thread-safe.</summary>
internal sealed class HybridJudge
{
    private readonly HybridRows _rows;
    private readonly EncodedTile _encoded;
    private readonly HybridLanes _lanes;
    private readonly LanePlacement _placement;
    private readonly LaneBuffer _whitened;
    private readonly LaneBuffer _means;
    private readonly LaneBuffer _logVariances;
    private readonly LaneBuffer _gaps;
    private readonly double[] _whitenedRow;

    /// <param name="rows">The held-out rows.</param>
    /// <param name="complete">The block of complete rows.</param>
    /// <param name="encoder">The encoder; the caller prepares it after writing its parameters.</param>
    /// <param name="capacity">The largest number of rows at a time.</param>
    public HybridJudge(HybridRows rows, AmortizedBlock complete, IEncoder encoder, int capacity)
    {
        _rows = rows;
        _encoded = new EncodedTile(encoder, capacity);
        _lanes = new HybridLanes(complete);
        _placement = new LanePlacement(capacity, encoder.AcceptsMissing);
        _whitened = new LaneBuffer(_placement.PlaceCount, complete.Shape.LargestWhitenedLength);
        _means = new LaneBuffer(_placement.PlaceCount, complete.Count);
        _logVariances = new LaneBuffer(_placement.PlaceCount, complete.Count);
        _gaps = new LaneBuffer(_placement.PlaceCount, 1);
        _whitenedRow = new double[Math.Max(encoder.ObservationCount, complete.Shape.LargestWhitenedLength)];
    }

    /// <summary>Returns the sum and the largest of the gaps of some rows, in nats.</summary>
    public (double Sum, double Largest) Judge(int first, int count)
    {
        _encoded.Encode(_rows.Observations(first, count), count);
        _placement.Clear();
        for (int n = 0; n < count; n++)
        {
            (AmortizedBlock block, _) = _rows.Condition(_rows.Observations(first + n), _whitenedRow);
            int place = _placement.Add(block);
            _whitened.Write(place, _whitenedRow.AsSpan(0, block.Shape.WhitenedLength));
            _means.Write(place, _encoded.MeansOf(n));
            _logVariances.Write(place, _encoded.LogVariancesOf(n));
        }

        for (int vector = 0; vector < _placement.VectorCount; vector++)
        {
            AmortizedBlock block = _placement.BlockOf(vector);
            _lanes.Solve(block, _whitened[vector][..block.Shape.WhitenedLength], _means[vector]);
            _gaps[vector][0] = block.VarianceGap(_logVariances[vector]) + _lanes.MeanGap();
        }

        double sum = 0;
        double largest = 0;
        for (int n = 0; n < count; n++)
        {
            double gap = _gaps[_placement.PlaceOf(n), 0];
            sum += gap;
            largest = Math.Max(largest, gap);
        }

        return (sum, largest);
    }
}
