using System.Numerics;

namespace VariationalInference;

/// <summary>Computes parts of minibatches, a tile of rows at a time: the encoder's forward pass, the coordinate step, the estimator and the backward pass.</summary>
internal sealed class HybridWorker : ITrainingWorker<HybridRows>
{
    /// <summary>Enough rows to share the costs of a pass, few enough that their values stay in the second cache.</summary>
    private const int TileRows = 256;

    /// <summary>So many rows are asked for before they are needed.</summary>
    private const int RowsAhead = 16;

    private readonly HybridOptions _options;
    private readonly double[] _coordinateState;
    private readonly OutputGradient _outputGradient;
    private readonly EncodedTile _encoded;
    private readonly LanePlacement _placement;
    private readonly HybridLanes _lanes;
    private readonly double[] _observations;
    private readonly double[] _whitenedRow;
    private readonly double[] _outputGradients;
    private readonly double[] _draws;
    private readonly LaneBuffer _whitened;
    private readonly LaneBuffer _means;
    private readonly LaneBuffer _logVariances;
    private readonly LaneBuffer _coordinates;
    private readonly LaneBuffer _noise;
    private readonly LaneBuffer _meanGradients;
    private readonly LaneBuffer _logVarianceGradients;
    private readonly LaneBuffer _likelihoodBase;
    private readonly LaneBuffer _elbo;
    private readonly LaneBuffer _optimizationGap;
    private readonly Vector<double>[] _varianceRatios;
    private readonly int _width;
    private readonly int _latents;
    private readonly int _drawsPerRow;

    /// <param name="complete">The block of complete rows.</param>
    /// <param name="options">The options of the run.</param>
    /// <param name="encoder">The encoder in training.</param>
    /// <param name="coordinateState">The whitened coordinate means of every row, where sweeps continue from the last visit.</param>
    /// <param name="capacity">The number of rows in a full shard.</param>
    public HybridWorker(AmortizedBlock complete, HybridOptions options, IEncoder encoder, double[] coordinateState, int capacity)
    {
        _options = options;
        int tile = Math.Min(capacity, TileRows);
        _coordinateState = coordinateState;
        _outputGradient = new OutputGradient(complete, options.Estimator, options.NaturalGradient);
        _encoded = new EncodedTile(encoder, tile);
        _placement = new LanePlacement(tile, encoder.AcceptsMissing);
        _lanes = new HybridLanes(complete);
        _width = encoder.ObservationCount;
        _latents = complete.Count;
        _drawsPerRow = options.Estimator == GradientEstimator.Analytic ? 0 : _latents * options.DrawCount;
        _observations = new double[tile * _width];
        _whitenedRow = new double[Math.Max(_width, complete.Shape.LargestWhitenedLength)];
        _outputGradients = new double[2 * tile * _latents];
        _draws = new double[capacity * _drawsPerRow];
        int places = _placement.PlaceCount;
        _whitened = new LaneBuffer(places, complete.Shape.LargestWhitenedLength);
        _means = new LaneBuffer(places, _latents);
        _logVariances = new LaneBuffer(places, _latents);
        _coordinates = new LaneBuffer(places, complete.Coordinate.Length);
        _noise = new LaneBuffer(places, _drawsPerRow);
        _meanGradients = new LaneBuffer(places, _latents);
        _logVarianceGradients = new LaneBuffer(places, _latents);
        _likelihoodBase = new LaneBuffer(places, 1);
        _elbo = new LaneBuffer(places, 1);
        _optimizationGap = new LaneBuffer(places, 1);
        _varianceRatios = new Vector<double>[_latents];
    }

    /// <inheritdoc/>
    public ShardSums Run(ReadOnlySpan<RowReference<HybridRows>> rows, int streamSeed, Span<double> gradient)
    {
        NormalStream.Fill(streamSeed, _draws.AsSpan(0, rows.Length * _drawsPerRow));
        gradient.Clear();
        double elbo = 0;
        double optimizationGap = 0;
        for (int first = 0; first < rows.Length; first += TileRows)
        {
            ReadOnlySpan<RowReference<HybridRows>> tile = rows.Slice(first, Math.Min(TileRows, rows.Length - first));
            Gather(tile);
            _encoded.Encode(_observations.AsSpan(0, tile.Length * _width), tile.Length);
            PlaceOutputs(tile.Length);
            PlaceDraws(_draws.AsSpan(first * _drawsPerRow, tile.Length * _drawsPerRow), tile.Length);
            for (int vector = 0; vector < _placement.VectorCount; vector++)
            {
                Visit(vector);
            }

            Collect(tile, ref elbo, ref optimizationGap);
            _encoded.Backward(_outputGradients, gradient);
        }

        return new ShardSums(elbo, optimizationGap);
    }

    /// <summary>Copies rows that are all over memory; those ahead are on their way meanwhile.</summary>
    private void Gather(ReadOnlySpan<RowReference<HybridRows>> rows)
    {
        bool isCarried = _options.CoordinateSweeps is not null;
        int coordinates = isCarried ? _lanes.CoordinateCount : 0;
        _placement.Clear();
        for (int n = -RowsAhead; n < rows.Length; n++)
        {
            if (n + RowsAhead < rows.Length)
            {
                RowReference<HybridRows> ahead = rows[n + RowsAhead];
                Prefetch.Read(ahead.Rows.Observations(ahead.Index));
                Prefetch.Read(Coordinates(ahead, coordinates));
            }

            if (n >= 0)
            {
                Gather(rows[n], n, coordinates);
            }
        }
    }

    private void Gather(in RowReference<HybridRows> reference, int n, int coordinates)
    {
        Span<double> row = _observations.AsSpan(n * _width, _width);
        reference.Rows.Observations(reference.Index).CopyTo(row);
        (AmortizedBlock block, double likelihoodBase) = reference.Rows.Condition(row, _whitenedRow);
        int place = _placement.Add(block);
        _whitened.Write(place, _whitenedRow.AsSpan(0, block.Shape.WhitenedLength));
        _likelihoodBase[place, 0] = likelihoodBase;
        _coordinates.Write(place, Coordinates(reference, coordinates));
    }

    /// <summary>Gets where a row's coordinates are carried from visit to visit; empty where they are not.</summary>
    private Span<double> Coordinates(in RowReference<HybridRows> reference, int width) =>
        _coordinateState.AsSpan((int)(reference.Number * width), width);

    private void PlaceOutputs(int rows)
    {
        for (int n = 0; n < rows; n++)
        {
            int place = _placement.PlaceOf(n);
            _means.Write(place, _encoded.MeansOf(n));
            _logVariances.Write(place, _encoded.LogVariancesOf(n));
        }
    }

    private void PlaceDraws(ReadOnlySpan<double> draws, int rows)
    {
        for (int n = 0; n < rows && _drawsPerRow > 0; n++)
        {
            _noise.Write(_placement.PlaceOf(n), draws.Slice(n * _drawsPerRow, _drawsPerRow));
        }
    }

    private void Visit(int vector)
    {
        AmortizedBlock block = _placement.BlockOf(vector);
        Span<Vector<double>> whitened = _whitened[vector][..block.Shape.WhitenedLength];
        if (_options.CoordinateSweeps is int sweeps)
        {
            _lanes.Sweep(block, whitened, _means[vector], _coordinates[vector], sweeps);
        }
        else
        {
            _lanes.Solve(block, whitened, _means[vector]);
        }

        // q = Λ_aa σ_a² of every factor.
        Vector<double> varianceGap = Vector<double>.Zero;
        ReadOnlySpan<Vector<double>> logVariances = _logVariances[vector];
        for (int i = 0; i < _varianceRatios.Length; i++)
        {
            Vector<double> logRatio = logVariances[i] - new Vector<double>(block.LogMeanFieldVariances[i]);
            _varianceRatios[i] = RepeatableFunctions.Exp(logRatio);
            varianceGap += PosteriorShape.VarianceGap(_varianceRatios[i], logRatio);
        }

        _outputGradient.Evaluate(
            block, _lanes.Amortized, _lanes.Residual, _varianceRatios, _noise[vector], _meanGradients[vector], _logVarianceGradients[vector]);
        _elbo[vector][0] = _lanes.Elbo(_likelihoodBase[vector][0]) - varianceGap;
        _optimizationGap[vector][0] = _lanes.OptimizationGap;
    }

    /// <summary>Takes the rows' results from their places, in the order of the rows.</summary>
    private void Collect(ReadOnlySpan<RowReference<HybridRows>> rows, ref double elbo, ref double optimizationGap)
    {
        int coordinates = _options.CoordinateSweeps is null ? 0 : _lanes.CoordinateCount;
        for (int n = 0; n < rows.Length; n++)
        {
            int place = _placement.PlaceOf(n);
            elbo += _elbo[place, 0];
            optimizationGap += _optimizationGap[place, 0];
            Span<double> gradients = _outputGradients.AsSpan(2 * n * _latents, 2 * _latents);
            _meanGradients.Read(place, gradients[.._latents]);
            _logVarianceGradients.Read(place, gradients[_latents..]);
            _coordinates.Read(place, Coordinates(rows[n], coordinates));
        }
    }
}
