namespace VariationalInference;

/// <summary>One row on its way through hybrid inference: the encoder's means, then the coordinate block given them. Not thread-safe.</summary>
/// <remarks>All values are whitened; see <see cref="AmortizedBlock"/>. The buffers are made once and serve row after row.</remarks>
internal sealed class HybridRow(AmortizedBlock block)
{
    private readonly double[] _amortized = new double[block.Count];
    private readonly double[] _coordinates = new double[block.Coordinate.Length];
    private readonly double[] _residual = new double[block.Shape.Rank];
    private readonly double[] _gradient = new double[block.Count];

    /// <summary>Gets t_A, from the encoder's means.</summary>
    public ReadOnlySpan<double> Amortized => _amortized;

    /// <summary>Gets t_C, as <see cref="Solve"/> left it.</summary>
    public ReadOnlySpan<double> Coordinates => _coordinates;

    /// <summary>Gets e = w − Bt.</summary>
    public ReadOnlySpan<double> Residual => _residual;

    /// <summary>Takes the encoder's means and solves the coordinate block exactly.</summary>
    public void Solve(ReadOnlySpan<double> whitened, ReadOnlySpan<double> means)
    {
        Encode(whitened, means);
        block.Solve(_residual, _coordinates);
    }

    /// <summary>Takes the encoder's means and sweeps over the coordinate block from where it stands, in place.</summary>
    public void Sweep(ReadOnlySpan<double> whitened, ReadOnlySpan<double> means, Span<double> coordinates, int sweeps)
    {
        Encode(whitened, means);
        block.Sweep(_residual, coordinates, sweeps);
    }

    /// <summary>Returns the row's exact amortization gap after <see cref="Solve"/>, in nats.</summary>
    public double Gap(ReadOnlySpan<double> logVariances)
    {
        block.Gradient(_amortized, _residual, _gradient);
        return block.Gap(_gradient, logVariances);
    }

    private void Encode(ReadOnlySpan<double> whitened, ReadOnlySpan<double> means)
    {
        for (int i = 0; i < means.Length; i++)
        {
            _amortized[i] = block.Whiten(i, means[i]);
        }

        block.Residual(whitened, _amortized, _residual);
    }
}
