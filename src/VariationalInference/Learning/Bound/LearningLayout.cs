namespace VariationalInference;

/// <summary>Which parameters are free, and in which order they stand in a vector: A, b, √r, m, s.</summary>
internal sealed class LearningLayout
{

    public LearningLayout(int observations, int latents, VariationalEmOptions options)
    {
        LoadingCount = options.Loadings ? observations * latents : 0;
        OffsetCount = options.Offset ? observations : 0;
        NoiseCount = Number(options.NoiseVariances, observations);
        MeanCount = options.PriorMeans ? latents : 0;
        DeviationCount = Number(options.PriorVariances, latents);
    }

    public int LoadingCount { get; }

    public int OffsetCount { get; }

    public int NoiseCount { get; }

    public int MeanCount { get; }

    public int DeviationCount { get; }

    public int OffsetStart => LoadingCount;

    public int NoiseStart => OffsetStart + OffsetCount;

    public int MeanStart => NoiseStart + NoiseCount;

    public int DeviationStart => MeanStart + MeanCount;

    public int Count => DeviationStart + DeviationCount;

    /// <summary>Tells whether a parameter is a standard deviation, which can be at its boundary.</summary>
    public bool IsDeviation(int parameter) =>
        (parameter >= NoiseStart && parameter < MeanStart) || parameter >= DeviationStart;

    public double[] Pack(LearningPoint point)
    {
        var vector = new double[Count];
        point.Loadings.AsSpan(0, LoadingCount).CopyTo(vector);
        point.Offset.AsSpan(0, OffsetCount).CopyTo(vector.AsSpan(OffsetStart));
        point.Noise.AsSpan(0, NoiseCount).CopyTo(vector.AsSpan(NoiseStart));
        point.Means.AsSpan(0, MeanCount).CopyTo(vector.AsSpan(MeanStart));
        point.Deviations.AsSpan(0, DeviationCount).CopyTo(vector.AsSpan(DeviationStart));
        return vector;
    }

    /// <summary>Writes the free parameters into a point; a shared one goes everywhere.</summary>
    public void Unpack(ReadOnlySpan<double> vector, LearningPoint point)
    {
        vector.Slice(0, LoadingCount).CopyTo(point.Loadings);
        vector.Slice(OffsetStart, OffsetCount).CopyTo(point.Offset);
        Spread(vector.Slice(NoiseStart, NoiseCount), point.Noise);
        vector.Slice(MeanStart, MeanCount).CopyTo(point.Means);
        Spread(vector.Slice(DeviationStart, DeviationCount), point.Deviations);
    }

    /// <summary>Gathers the derivatives by all parameters, a point of their own, into those by the free ones.</summary>
    public void Gather(LearningPoint derivatives, Span<double> gradient)
    {
        derivatives.Loadings.AsSpan(0, LoadingCount).CopyTo(gradient);
        derivatives.Offset.AsSpan(0, OffsetCount).CopyTo(gradient[OffsetStart..]);
        Sum(derivatives.Noise, gradient.Slice(NoiseStart, NoiseCount));
        derivatives.Means.AsSpan(0, MeanCount).CopyTo(gradient[MeanStart..]);
        Sum(derivatives.Deviations, gradient.Slice(DeviationStart, DeviationCount));
    }

    private static int Number(VarianceLearning learning, int each) => learning switch
    {
        VarianceLearning.Fixed => 0,
        VarianceLearning.Shared => 1,
        _ => each,
    };

    private static void Spread(ReadOnlySpan<double> values, double[] destination)
    {
        if (values.Length == 1)
        {
            destination.AsSpan().Fill(values[0]);
        }
        else
        {
            values.CopyTo(destination);
        }
    }

    private static void Sum(double[] values, Span<double> destination)
    {
        if (destination.Length == 1)
        {
            destination[0] = values.Sum();
        }
        else
        {
            values.AsSpan(0, destination.Length).CopyTo(destination);
        }
    }
}
