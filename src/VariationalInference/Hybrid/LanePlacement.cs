namespace VariationalInference;

/// <summary>Puts rows that are observed in the same cells side by side, so that they are worked on together.</summary>
internal sealed class LanePlacement
{
    private readonly int[] _places;
    private readonly AmortizedBlock[] _blocks;

    // Where the next row of a block goes, while the vector of its last one has room.
    private readonly Dictionary<AmortizedBlock, int> _next = [];
    private AmortizedBlock? _last;
    private int _lastPlace;
    private int _count;

    /// <param name="capacity">The largest number of rows.</param>
    /// <param name="mayDiffer">Whether rows may be observed in different cells.</param>
    public LanePlacement(int capacity, bool mayDiffer)
    {
        PlaceCount = mayDiffer ? checked(capacity * LaneBuffer.Lanes) : capacity;
        _places = new int[capacity];
        _blocks = new AmortizedBlock[LaneBuffer.VectorsFor(PlaceCount)];
    }

    /// <summary>Gets the largest number of places that rows can take up.</summary>
    public int PlaceCount { get; }

    /// <summary>Gets the number of vectors that rows stand in.</summary>
    public int VectorCount { get; private set; }

    /// <summary>Returns where a row stands.</summary>
    public int PlaceOf(int row) => _places[row];

    /// <summary>Returns the block of the rows of a vector.</summary>
    public AmortizedBlock BlockOf(int vector) => _blocks[vector];

    /// <summary>Forgets all rows.</summary>
    public void Clear()
    {
        _count = 0;
        VectorCount = 0;
        _last = null;
        _next.Clear();
    }

    /// <summary>Finds a place for the next row.</summary>
    public int Add(AmortizedBlock block)
    {
        int next = ReferenceEquals(block, _last) ? _lastPlace + 1 : NextOf(block);
        if (next % LaneBuffer.Lanes == 0)
        {
            next = VectorCount * LaneBuffer.Lanes;
            _blocks[VectorCount++] = block;
        }

        _lastPlace = next;
        return _places[_count++] = next;
    }

    private int NextOf(AmortizedBlock block)
    {
        if (_last is not null)
        {
            _next[_last] = _lastPlace + 1;
        }

        _last = block;
        return _next.GetValueOrDefault(block);
    }
}
