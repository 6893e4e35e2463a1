using System.Numerics;

namespace VariationalInference;

/// <summary>Rows on their way through hybrid inference, one in each lane: the encoder's means, then the coordinate block given them. Not thread-safe.</summary>
/// <remarks>
/// All values are whitened; see <see cref="AmortizedBlock"/>. The buffers are made once and serve row after row. Sweeps that stop short of
/// the best coordinates t_C* cost the optimization gap ½Δᵀ(I + B_CᵀB_C)Δ with Δ = t_C − t_C*, which is ½‖Δ‖² + ½‖e* − e‖².
/// </remarks>
internal sealed class HybridLanes
{
    private readonly Vector<double>[] _amortized;
    private readonly Vector<double>[] _best;
    private readonly Vector<double>[] _swept;
    private readonly Vector<double>[] _bestResidual;
    private readonly Vector<double>[] _sweptResidual;
    private readonly Vector<double>[] _gradient;
    private AmortizedBlock _block;
    private bool _isSwept;
    private Vector<double> _extendedSquares;
    private Vector<double> _extendedMeanGap;

    /// <param name="complete">The block of complete rows.</param>
    public HybridLanes(AmortizedBlock complete)
    {
        _block = complete;
        _amortized = new Vector<double>[complete.Count];
        _gradient = new Vector<double>[complete.Count];
        _best = new Vector<double>[complete.Coordinate.Length];
        _swept = new Vector<double>[complete.Coordinate.Length];
        _bestResidual = new Vector<double>[complete.Shape.Rank];
        _sweptResidual = new Vector<double>[complete.Shape.Rank];
    }

    /// <summary>Gets |C|.</summary>
    public int CoordinateCount => _best.Length;

    /// <summary>Gets t_A, from the encoder's means.</summary>
    public ReadOnlySpan<Vector<double>> Amortized => _amortized;

    /// <summary>Gets t_C, as <see cref="Solve"/> or <see cref="Sweep"/> left it.</summary>
    public ReadOnlySpan<Vector<double>> Coordinates => _isSwept ? _swept : _best;

    /// <summary>Gets e = w − Bt.</summary>
    public ReadOnlySpan<Vector<double>> Residual => (_isSwept ? _sweptResidual : _bestResidual).AsSpan(0, _block.Shape.Rank);

    private Span<Vector<double>> BestResidual => _bestResidual.AsSpan(0, _block.Shape.Rank);

    /// <summary>Gets what the coordinate block loses by stopping short of its best, in nats; 0 after <see cref="Solve"/>.</summary>
    public Vector<double> OptimizationGap { get; private set; }

    /// <summary>Takes the encoder's means and solves the coordinate block exactly.</summary>
    /// <param name="block">The split of the row's latents.</param>
    /// <param name="whitened">w, and what rounding took off it.</param>
    /// <param name="means">The encoder's means.</param>
    public void Solve(AmortizedBlock block, ReadOnlySpan<Vector<double>> whitened, ReadOnlySpan<Vector<double>> means)
    {
        Encode(block, whitened, means);
        _isSwept = false;
        OptimizationGap = Vector<double>.Zero;
        if (block.Extended is { } extended)
        {
            SolveExtended(extended, whitened, means, []);
        }
        else
        {
            block.Solve(BestResidual, _best);
        }
    }

    /// <summary>Takes the encoder's means and sweeps over the coordinate block from where it stands.</summary>
    /// <param name="block">The split of the row's latents.</param>
    /// <param name="whitened">w, and what rounding took off it.</param>
    /// <param name="means">The encoder's means.</param>
    /// <param name="state">t_C from where to start; receives where the sweeps end.</param>
    /// <param name="sweeps">The number of sweeps.</param>
    public void Sweep(AmortizedBlock block, ReadOnlySpan<Vector<double>> whitened, ReadOnlySpan<Vector<double>> means, Span<Vector<double>> state, int sweeps)
    {
        Encode(block, whitened, means);
        Span<Vector<double>> best = BestResidual;
        Span<Vector<double>> residual = _sweptResidual.AsSpan(0, block.Shape.Rank);
        best.CopyTo(residual);
        block.Sweep(residual, state, sweeps);
        state.CopyTo(_swept);
        _isSwept = true;
        if (block.Extended is { } extended)
        {
            SolveExtended(extended, whitened, means, state);
        }
        else
        {
            block.Solve(best, _best);
            OptimizationGap = 0.5 * (ShortVectors.SquaredDistance(state, _best) + ShortVectors.SquaredDistance(residual, best));
        }
    }

    /// <summary>Returns the part of the row's amortization gap that is due to the means, with the coordinate block at its best, in nats.</summary>
    public Vector<double> MeanGap()
    {
        if (_block.Extended is not null)
        {
            return _extendedMeanGap;
        }

        _block.Gradient(_amortized, BestResidual, _gradient);
        return _block.MeanGap(_gradient);
    }

    /// <summary>Returns the ELBO of the means, with the best variance for every factor, in nats.</summary>
    public Vector<double> Elbo(Vector<double> likelihoodBase)
    {
        Vector<double> squares = _block.Extended is null
            ? ShortVectors.SquaredNorm(Residual) + ShortVectors.SquaredNorm(_amortized) + ShortVectors.SquaredNorm(Coordinates)
            : _extendedSquares;
        return likelihoodBase - (0.5 * (squares + new Vector<double>(_block.Shape.LogScaledPrecisionSum)));
    }

    /// <summary>Whitens the encoder's means and takes their part out of the row.</summary>
    private void Encode(AmortizedBlock block, ReadOnlySpan<Vector<double>> whitened, ReadOnlySpan<Vector<double>> means)
    {
        _block = block;
        for (int i = 0; i < means.Length; i++)
        {
            _amortized[i] = block.Whiten(i, means[i]);
        }

        block.Residual(whitened[..block.Shape.Rank], _amortized, BestResidual);
    }

    private void SolveExtended(
        ExtendedBlock extended, ReadOnlySpan<Vector<double>> whitened, ReadOnlySpan<Vector<double>> means, ReadOnlySpan<Vector<double>> state)
    {
        for (int lane = 0; lane < Vector<double>.Count; lane++)
        {
            (double leastSquares, double meanGap, double coordinateGap) = extended.Solve(lane, whitened, means, _best, state);
            _extendedMeanGap = _extendedMeanGap.WithElement(lane, meanGap);
            _extendedSquares = _extendedSquares.WithElement(lane, leastSquares + (2 * (meanGap + coordinateGap)));
            OptimizationGap = OptimizationGap.WithElement(lane, coordinateGap);
        }

        _block.SubtractCoordinates(_best, BestResidual);
    }
}
