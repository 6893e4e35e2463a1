namespace VariationalInference;

/// <summary>Predicts rows one after another, in buffers that are allocated once.</summary>
/// <remarks>
/// A change (δA, δb, δr, δm, δs²) of the parameters moves the posterior mean μ by Λ⁻¹ρ with
/// ρ = S⁻¹δm + S⁻²δs²(μ − m) + δAᵀR⁻¹e − AᵀR⁻¹(δb + δA μ + R⁻¹δr e), e = x − b − Aμ over the observed cells, and the signal by A δμ + δb + δA μ.
/// </remarks>
internal sealed class RowPredictor
{
    private readonly LinearGaussianModel _model;
    private readonly SignalShapes _signals;
    private readonly IReadOnlyList<ParameterChange> _changes;
    private readonly Func<double[], double[]>? _infer;
    private readonly double[] _whitened;
    private readonly double[] _optimum;
    private readonly double[] _latents;
    private readonly double[] _residual;
    private readonly double[] _means;
    private readonly double[] _move;
    private double[] _buffer = [];

    /// <param name="model">The model.</param>
    /// <param name="signals">The shapes of its signals.</param>
    /// <param name="changes">How unsure its parameters are; empty where that is not taken in.</param>
    /// <param name="infer">What infers the means of the latents; <see langword="null"/> for the exact ones.</param>
    public RowPredictor(
        LinearGaussianModel model, SignalShapes signals, IReadOnlyList<ParameterChange> changes, Func<double[], double[]>? infer)
    {
        _model = model;
        _signals = signals;
        _changes = changes;
        _infer = infer;
        Cells = new double[model.ObservationCount];
        _whitened = new double[2 * model.ObservationCount];
        _residual = new double[model.ObservationCount];
        _means = new double[model.ObservationCount];
        _optimum = new double[model.LatentCount];
        _latents = new double[model.LatentCount];
        _move = new double[model.LatentCount];
    }

    /// <summary>Gets the cells of the row to predict, to be filled by the caller.</summary>
    public double[] Cells { get; }

    /// <summary>Gets the means of the latents.</summary>
    public ReadOnlySpan<double> Latents => _latents;

    /// <summary>Gets the means of the signal.</summary>
    public ReadOnlySpan<double> Means => _means;

    /// <summary>Gets what the row shares with others, before the parameters' uncertainty.</summary>
    public SharedShape Posterior { get; private set; } = null!;

    /// <summary>Gets the covariance of the signal.</summary>
    public SignalShape Signal { get; private set; } = null!;

    /// <summary>Conditions on the row whose cells are there, and predicts it.</summary>
    /// <param name="row">The number of the row, for exceptions.</param>
    public void Predict(long row)
    {
        ConditionedRow conditioned = RowTable.Condition(_model, Cells, _whitened, row);
        Posterior = conditioned.Shape;
        if (_infer is null)
        {
            WhitenedPrecision precision = Posterior.Precision;
            if (_buffer.Length < precision.BufferLength)
            {
                _buffer = new double[precision.BufferLength];
            }

            ReadOnlySpan<double> w = _whitened.AsSpan(0, Posterior.WhitenedLength);
            precision.Optimum(w, _optimum, _buffer.AsSpan(0, precision.BufferLength));
            precision.OptimalMeans(w, _optimum, _latents);
        }
        else
        {
            _infer([.. Cells]).CopyTo(_latents, 0);
        }

        _model.Structure.Predict(_latents, _means);
        for (int k = 0; k < _means.Length; k++)
        {
            _means[k] += _model.Offset[k];
            _residual[k] = double.IsNaN(Cells[k]) ? 0 : Cells[k] - _means[k];
        }

        Signal = _signals.Of(Cells, Posterior);
        if (_changes.Count > 0)
        {
            Signal = Signal.With(SignalMoves());
        }
    }

    /// <summary>Returns how the means of the latents move with each change of the parameters, Q×J, row-major.</summary>
    public double[] LatentMoves()
    {
        var moves = new double[_changes.Count * _move.Length];
        for (int q = 0; q < _changes.Count; q++)
        {
            MoveLatents(_changes[q]);
            _move.CopyTo(moves, q * _move.Length);
        }

        return moves;
    }

    /// <summary>Returns how the signal moves with each change of the parameters, K×Q, row-major.</summary>
    private double[] SignalMoves()
    {
        int count = _changes.Count, latents = _move.Length;
        var moves = new double[_means.Length * count];
        for (int q = 0; q < count; q++)
        {
            ParameterChange change = _changes[q];
            MoveLatents(change);
            for (int k = 0; k < _means.Length; k++)
            {
                moves[(k * count) + q] = change.Offset[k]
                    + ShortVectors.Dot(_signals.Loadings.AsSpan(k * latents, latents), _move)
                    + ShortVectors.Dot(change.Loadings.AsSpan(k * latents, latents), _latents);
            }
        }

        return moves;
    }

    private void MoveLatents(ParameterChange change)
    {
        int latents = _move.Length;
        for (int j = 0; j < latents; j++)
        {
            double variance = _model.PriorVariances[j];
            _move[j] = (change.PriorMeans[j] + (change.PriorVariances[j] / variance * (_latents[j] - _model.PriorMeans[j]))) / variance;
        }

        for (int k = 0; k < _means.Length; k++)
        {
            if (double.IsNaN(Cells[k]))
            {
                continue;
            }

            double noise = _model.NoiseVariances[k], weighted = _residual[k] / noise;
            ReadOnlySpan<double> loadings = _signals.Loadings.AsSpan(k * latents, latents), moved = change.Loadings.AsSpan(k * latents, latents);
            double against = (change.Offset[k] + ShortVectors.Dot(moved, _latents) + (change.NoiseVariances[k] * weighted)) / noise;
            ShortVectors.Subtract(moved, -weighted, _move);
            ShortVectors.Subtract(loadings, against, _move);
        }

        // Λ⁻¹ = L(I + BᵀB)⁻¹Lᵀ.
        _model.Prior.ScaleTransposed(_move);
        Posterior.Precision.Solve(_move);
        _model.Prior.Scale(_move);
    }
}
