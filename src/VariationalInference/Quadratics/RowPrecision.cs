namespace VariationalInference;

/// <summary>The precision of one row after another, reduced in place: allocates nothing once it is made.</summary>
internal sealed class RowPrecision : TrianglePrecision
{
    private readonly double[] _stack;
    private readonly int _height;
    private double _logDeterminant;

    public RowPrecision(WhitenedLoadings loadings, GaussianPrior prior)
        : base(loadings, prior)
    {
        _height = loadings.Rank + loadings.LatentCount;
        _stack = new double[_height * loadings.LatentCount];
        Factor = new UpperTriangle(_stack, loadings.LatentCount, _height);
    }

    public override double LogDeterminant => _logDeterminant;

    protected override UpperTriangle Factor { get; }

    /// <summary>Reduces [B; I], whenever B has changed.</summary>
    /// <param name="order">The rows of B, the largest first.</param>
    public void Reduce(ReadOnlySpan<int> order)
    {
        int latents = Loadings.LatentCount;
        Array.Clear(_stack);
        for (int j = 0; j < latents; j++)
        {
            Span<double> column = _stack.AsSpan(j * _height, _height);
            for (int k = 0; k < order.Length; k++)
            {
                column[k] = Loadings[order[k], j];
            }

            column[order.Length + j] = 1;
        }

        TriangleAccumulator.Triangularise(_stack, _height, latents, _height);
        _logDeterminant = LogDeterminantOf(Factor);
    }

    public override void Solve(Span<double> x) => SolveSquare(Factor, x);

    protected override void SolveOnce(ReadOnlySpan<double> w, Span<double> t)
    {
        t.Clear();
        Loadings.Gradient(t, w, t);
        Solve(t);
    }
}
