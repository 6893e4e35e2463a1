namespace VariationalInference;

/// <summary>Finds the best independent factors of a row by itself, from those of the encoder: over fixed draws, by limited-memory BFGS.</summary>
internal sealed class RowRefinement
{
    // In nats per parameter: far below what the draws leave open.
    private const double Tolerance = 1e-3;
    private const int MaxSteps = 300;

    private readonly DecoderParts _parts;
    private readonly double[] _noise;

    /// <param name="parts">The networks and the linear part.</param>
    /// <param name="pairs">The number of pairs of opposite draws.</param>
    /// <param name="seed">The seed of the draws.</param>
    public RowRefinement(DecoderParts parts, int pairs, int seed)
    {
        _parts = parts;
        _noise = DecoderJudge.OppositeDraws(1, pairs, parts.Prior.Count, seed);
    }

    public MeanFieldGaussian Refine(DecoderRows row, MeanFieldGaussian start, CancellationToken cancellationToken)
    {
        var expectation = new DecoderExpectation(new DecoderLogJoint(_parts, row), _parts, row, _noise);
        var options = new GradientAscentOptions { Tolerance = Tolerance, MaxSteps = MaxSteps, PathLimit = 1 };
        return new FixedFormElbo(expectation).Ascend(start, options, cancellationToken).Posterior;
    }
}
