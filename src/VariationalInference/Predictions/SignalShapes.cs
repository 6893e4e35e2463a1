using System.Collections.Concurrent;

namespace VariationalInference;

/// <summary>The signal shapes of a model's patterns of missing cells, each worked out once; emptied when full, so that a model with endless patterns stays small.</summary>
/// <remarks><threadsafety>Safe to share: shapes do not depend on the thread that computes them.</threadsafety></remarks>
internal sealed class SignalShapes
{
    /// <summary>How many doubles the shapes may take together, 64 MB.</summary>
    private const int CacheSize = 1 << 23;

    private readonly LinearGaussianModel _model;
    private readonly double[] _scaled;
    private readonly ConcurrentDictionary<MissingPattern, SignalShape> _shapes = new();
    private readonly int _capacity;

    public SignalShapes(LinearGaussianModel model)
    {
        _model = model;
        Loadings = new double[model.ObservationCount * model.LatentCount];
        var loadings = model.Loadings();
        for (int k = 0; k < model.ObservationCount; k++)
        {
            for (int j = 0; j < model.LatentCount; j++)
            {
                Loadings[(k * model.LatentCount) + j] = loadings[k, j];
            }
        }

        _scaled = [.. Loadings];
        for (int k = 0; k < model.ObservationCount; k++)
        {
            model.Prior.ScaleTransposed(_scaled.AsSpan(k * model.LatentCount, model.LatentCount));
        }

        _capacity = Math.Max(16, CacheSize / (model.ObservationCount * Math.Min(model.ObservationCount, model.LatentCount)));
    }

    /// <summary>Gets A, K×J, row-major.</summary>
    public double[] Loadings { get; }

    /// <summary>Returns the shape of a row's pattern.</summary>
    /// <param name="cells">The row.</param>
    /// <param name="shape">What conditioning on it gave.</param>
    public SignalShape Of(ReadOnlySpan<double> cells, SharedShape shape)
    {
        MissingPattern pattern = MissingPattern.OfTransient(cells);
        if (_shapes.TryGetValue(pattern, out SignalShape? known))
        {
            return known;
        }

        MissingPattern lasting = pattern.Copy();
        if (_shapes.Count >= _capacity)
        {
            _shapes.Clear();
        }

        return _shapes.GetOrAdd(lasting, SignalShape.Of(shape, _scaled, _model.Structure.HasReplicates));
    }
}
