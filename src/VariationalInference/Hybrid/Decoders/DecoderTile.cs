namespace VariationalInference;

/// <summary>
/// Up to a fixed number of rows on their way through encoder, draws, decoder and the closed-form block, and the way back. Rows stand in the order of
/// their patterns of missing cells. Not thread-safe; nothing is allocated.
/// </summary>
/// <remarks>
/// Draw l of the row in place n is draw n L + l; z = μ + σε. <see cref="Evaluate"/> leaves log p(x | z) of each draw; the caller weighs the draws, and
/// <see cref="Differentiate"/> gives the weighted sum's gradients in θ, in the linear part, and in each draw's z.
/// </remarks>
internal sealed class DecoderTile
{
    private readonly DecoderParts _parts;
    private readonly INetworkTape _encoder;
    private readonly INetworkTape _decoder;
    private readonly ConditionalBlock _block;
    private readonly ConditionalShape _partial;
    private readonly int _draws;
    private readonly int _width;
    private readonly int _latents;
    private readonly long[] _order;
    private readonly DecoderRows[] _patternRows;
    private readonly int[] _patterns;
    private readonly double[] _observations;
    private readonly double[] _encoded;
    private readonly double[] _deviations;
    private readonly double[] _noise;
    private readonly double[] _drawn;
    private readonly double[] _decoded;
    private readonly double[] _values;
    private readonly double[] _slopes;
    private int _count;
    private int _patternCount;

    /// <param name="parts">The networks and the linear part.</param>
    /// <param name="capacity">The largest number of rows at a time.</param>
    /// <param name="draws">The number of draws a row.</param>
    public DecoderTile(DecoderParts parts, int capacity, int draws)
    {
        _parts = parts;
        _draws = draws;
        _width = parts.Linear.Width;
        _latents = parts.Prior.Count;
        int all = checked(capacity * draws);
        _encoder = Tape(parts.Encoder, capacity, "encoder");
        _decoder = Tape(parts.Decoder, all, "decoder");
        _block = new ConditionalBlock(parts.Linear, all);
        _partial = new ConditionalShape(parts.Linear);
        _order = new long[capacity];
        _patternRows = new DecoderRows[capacity];
        _patterns = new int[capacity];
        _observations = new double[checked(capacity * _width)];
        _encoded = new double[2 * capacity * _latents];
        _deviations = new double[capacity * _latents];
        _noise = new double[checked(all * _latents)];
        _drawn = new double[all * _latents];
        _decoded = new double[checked(all * _width)];
        _values = new double[all];
        _slopes = new double[all * _latents];
    }

    /// <summary>Gets the number of draws a row.</summary>
    public int DrawCount => _draws;

    /// <summary>Gets log p(x | z) of the draws of the row in a place.</summary>
    public ReadOnlySpan<double> Values(int place) => _values.AsSpan(place * _draws, _draws);

    public ReadOnlySpan<double> Means(int place) => _encoded.AsSpan(2 * place * _latents, _latents);

    public ReadOnlySpan<double> LogVariances(int place) => _encoded.AsSpan(((2 * place) + 1) * _latents, _latents);

    /// <summary>Gets σ of the row in a place.</summary>
    public ReadOnlySpan<double> Deviations(int place) => _deviations.AsSpan(place * _latents, _latents);

    public ReadOnlySpan<double> Noise(int draw) => _noise.AsSpan(draw * _latents, _latents);

    public ReadOnlySpan<double> Drawn(int draw) => _drawn.AsSpan(draw * _latents, _latents);

    /// <summary>Gets f_θ(z) of a draw, until <see cref="Differentiate"/>.</summary>
    public ReadOnlySpan<double> Decoded(int draw) => _decoded.AsSpan(draw * _width, _width);

    /// <summary>Gets the gradient in z of a draw, after <see cref="Differentiate"/>.</summary>
    public ReadOnlySpan<double> Slope(int draw) => _slopes.AsSpan(draw * _latents, _latents);

    /// <summary>Gets the posterior mean of the whitened linear latents given a draw.</summary>
    public ReadOnlySpan<double> LinearMeans(int draw) => _block.Latents(draw);

    /// <summary>Gets which of the rows that were loaded stands in a place.</summary>
    public int RowAt(int place) => (int)(uint)_order[place];

    /// <summary>Loads rows, and encodes them.</summary>
    public void Load(ReadOnlySpan<RowReference<DecoderRows>> rows)
    {
        _count = rows.Length;
        _patternCount = 0;
        for (int n = 0; n < _count; n++)
        {
            _order[n] = ((long)PatternOf(rows[n].Rows, rows[n].Index) << 32) | (uint)n;
        }

        if (_patternCount > 0)
        {
            Array.Sort(_order, 0, _count);
        }

        for (int place = 0; place < _count; place++)
        {
            RowReference<DecoderRows> row = rows[RowAt(place)];
            row.Rows.Observations(row.Index).CopyTo(_observations.AsSpan(place * _width, _width));
        }

        Span<double> outputs = _encoded.AsSpan(0, 2 * _count * _latents);
        _encoder.Forward(_observations.AsSpan(0, _count * _width), outputs);
        for (int place = 0; place < _count; place++)
        {
            SetDeviations(place);
        }
    }

    /// <summary>Loads one row with factors of its own instead of the encoder's.</summary>
    public void Load(DecoderRows row, ReadOnlySpan<double> means, ReadOnlySpan<double> logVariances)
    {
        _count = 1;
        _patternCount = 0;
        _order[0] = (long)PatternOf(row, 0) << 32;
        row.Observations(0).CopyTo(_observations);
        means.CopyTo(_encoded);
        logVariances.CopyTo(_encoded.AsSpan(_latents));
        SetDeviations(0);
    }

    /// <summary>Draws z of every row and evaluates log p(x | z).</summary>
    /// <param name="noise">ε, standard normal, of the rows in the order in which they were loaded, draw by draw.</param>
    public void Evaluate(ReadOnlySpan<double> noise)
    {
        int perRow = _draws * _latents;
        for (int place = 0; place < _count; place++)
        {
            noise.Slice(RowAt(place) * perRow, perRow).CopyTo(_noise.AsSpan(place * perRow, perRow));
            ReadOnlySpan<double> means = Means(place), deviations = Deviations(place);
            for (int i = place * perRow; i < (place + 1) * perRow; i += _latents)
            {
                for (int a = 0; a < _latents; a++)
                {
                    _drawn[i + a] = Math.FusedMultiplyAdd(deviations[a], _noise[i + a], means[a]);
                }
            }
        }

        int draws = _count * _draws;
        _decoder.Forward(_drawn.AsSpan(0, draws * _latents), _decoded.AsSpan(0, draws * _width));
        SetResiduals();
        for (int first = 0; first < _count;)
        {
            int end = EndOfPattern(first);
            _block.Evaluate(ShapeOf(first), first * _draws, (end - first) * _draws, _values.AsSpan(first * _draws));
            first = end;
        }
    }

    /// <summary>Requires that the encoder's factors of the row in a place, and its draws' densities, are numbers.</summary>
    /// <param name="place">The place.</param>
    /// <param name="row">The row's number, for the message.</param>
    /// <exception cref="NonFiniteValueException">One is not.</exception>
    public void RequireFinite(int place, long row)
    {
        foreach (double mean in Means(place))
        {
            Require("posterior mean", mean, double.IsFinite(mean));
        }

        foreach (double logVariance in LogVariances(place))
        {
            double variance = Math.Exp(logVariance);
            Require("posterior variance", variance, variance > 0 && double.IsFinite(variance));
        }

        foreach (double value in Values(place))
        {
            Require("ELBO", value, double.IsFinite(value));
        }

        void Require(string quantity, double value, bool isNumber)
        {
            if (!isNumber)
            {
                Guard.ThrowNonFinite(quantity, value, row, iteration: 0);
            }
        }
    }

    /// <summary>Differentiates Σ weight · log p(x | z) over all draws.</summary>
    /// <param name="weights">The weight of each draw, place by place.</param>
    /// <param name="decoderGradient">Is increased by the gradient in θ.</param>
    /// <param name="linearGradient">Is increased by that in the parameters of the linear part.</param>
    public void Differentiate(ReadOnlySpan<double> weights, Span<double> decoderGradient, Span<double> linearGradient)
    {
        _block.Clear();
        for (int first = 0; first < _count;)
        {
            int end = EndOfPattern(first);
            _block.Accumulate(ShapeOf(first), first * _draws, weights[(first * _draws)..(end * _draws)]);
            first = end;
        }

        _block.AddGradient(linearGradient);
        int draws = _count * _draws;
        for (int draw = 0; draw < draws; draw++)
        {
            ReadOnlySpan<double> gradient = _block.Gradient(draw);
            Span<double> outputs = _decoded.AsSpan(draw * _width, _width);
            for (int k = 0; k < outputs.Length; k++)
            {
                outputs[k] = weights[draw] * gradient[k];
            }
        }

        _decoder.Backward(_decoded.AsSpan(0, draws * _width), decoderGradient, _slopes.AsSpan(0, draws * _latents));
    }

    /// <summary>Adds the gradient in φ, from that in the encoder's outputs, place by place, means before log variances.</summary>
    public void Backward(ReadOnlySpan<double> outputGradients, Span<double> encoderGradient) =>
        _encoder.Backward(outputGradients[..(2 * _count * _latents)], encoderGradient);

    /// <summary>Gets what the cells of a row share; of incomplete rows it is computed anew.</summary>
    public ConditionalShape ShapeOf(int place)
    {
        int pattern = PatternAt(place);
        if (pattern == 0)
        {
            return _parts.Complete;
        }

        _partial.Compute(_patternRows[pattern - 1].Missing(_patterns[pattern - 1]));
        return _partial;
    }

    private static INetworkTape Tape(INetwork network, int capacity, string name) => network.CreatePreparedTape(capacity)
        ?? throw new InvalidOperationException($"CreatePreparedTape of the {name} returned null; it must return a tape.");

    /// <summary>
    /// Returns the number of a row's pattern within the tile, counted from 1 as they come, 0 of a complete row: it does not depend on the table or chunk
    /// that the row stands in.
    /// </summary>
    private int PatternOf(DecoderRows rows, int index)
    {
        int own = rows.Pattern(index);
        if (own == 0)
        {
            return 0;
        }

        ReadOnlySpan<bool> missing = rows.Missing(own);
        for (int i = 0; i < _patternCount; i++)
        {
            if (_patternRows[i].Missing(_patterns[i]).SequenceEqual(missing))
            {
                return i + 1;
            }
        }

        (_patternRows[_patternCount], _patterns[_patternCount]) = (rows, own);
        return ++_patternCount;
    }

    private int PatternAt(int place) => (int)(_order[place] >> 32);

    private int EndOfPattern(int first)
    {
        int end = first + 1;
        while (end < _count && PatternAt(end) == PatternAt(first))
        {
            end++;
        }

        return end;
    }

    private void SetDeviations(int place)
    {
        ReadOnlySpan<double> logVariances = LogVariances(place);
        Span<double> deviations = _deviations.AsSpan(place * _latents, _latents);
        for (int a = 0; a < deviations.Length; a++)
        {
            deviations[a] = Math.Exp(0.5 * logVariances[a]);
        }
    }

    private void SetResiduals()
    {
        ReadOnlySpan<double> centre = _parts.Linear.Centre;
        for (int place = 0; place < _count; place++)
        {
            ReadOnlySpan<double> row = _observations.AsSpan(place * _width, _width);
            bool isComplete = PatternAt(place) == 0;
            for (int draw = place * _draws; draw < (place + 1) * _draws; draw++)
            {
                ReadOnlySpan<double> decoded = Decoded(draw);
                Span<double> residual = _block.Residual(draw);
                for (int k = 0; k < residual.Length; k++)
                {
                    residual[k] = isComplete || !double.IsNaN(row[k]) ? row[k] - decoded[k] - centre[k] : 0;
                }
            }
        }
    }
}
