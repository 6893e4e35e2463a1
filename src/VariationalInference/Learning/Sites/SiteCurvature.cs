namespace VariationalInference;

/// <summary>The gradient of Σ ELBO at its optima over rows in the parameters θ, and minus its second derivatives: sums over rows.</summary>
internal sealed unsafe class SiteCurvature
{
    private readonly AlignedBuffer<double> _information;

    /// <param name="count">The length of θ.</param>
    /// <param name="stride">How far apart rows of the second derivatives lie.</param>
    public SiteCurvature(int count, int stride)
    {
        Count = count;
        Stride = stride;
        Gradient = new double[count];
        _information = new AlignedBuffer<double>(checked(count * stride));
    }

    public int Count { get; }

    public int Stride { get; }

    public double[] Gradient { get; }

    /// <summary>Gets the first of minus the second derivatives, of which the lower triangle counts.</summary>
    public double* Information => _information.Pointer;

    public double this[int i, int j] => i >= j ? Information[((long)i * Stride) + j] : Information[((long)j * Stride) + i];

    /// <summary>Adds to minus a second derivative.</summary>
    public void Add(int i, int j, double value) => Information[((long)Math.Max(i, j) * Stride) + Math.Min(i, j)] += value;

    /// <summary>Adds the sums over other rows.</summary>
    public void Add(SiteCurvature other)
    {
        for (int i = 0; i < Count; i++)
        {
            Gradient[i] += other.Gradient[i];
            for (int j = 0; j <= i; j++)
            {
                Information[((long)i * Stride) + j] += other[i, j];
            }
        }
    }
}
