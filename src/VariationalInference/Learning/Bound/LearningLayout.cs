namespace VariationalInference;

/// <summary>Which parameters are free, and in which order they stand in a vector: A, b, √r, m, s.</summary>
internal sealed class LearningLayout
{
    public LearningLayout(int observations, int latents, VariationalEmOptions options)
    {
        Observations = observations;
        Latents = latents;
        LoadingCount = options.Loadings ? observations * latents : 0;
        OffsetCount = options.Offset ? observations : 0;
        Noise = VarianceGroups.Of(options.NoiseVariances, observations);
        MeanCount = options.PriorMeans ? latents : 0;
        Deviations = options.GroupsOfPriorVariances(latents);
    }

    public int Observations { get; }

    public int Latents { get; }

    public int LoadingCount { get; }

    public int OffsetCount { get; }

    public int NoiseCount => Noise.Count;

    public int MeanCount { get; }

    public int DeviationCount => Deviations.Count;

    /// <summary>Gets which noise deviations are free; their parameters follow <see cref="NoiseStart"/>.</summary>
    public VarianceGroups Noise { get; }

    /// <summary>Gets which prior deviations are free; their parameters follow <see cref="DeviationStart"/>.</summary>
    public VarianceGroups Deviations { get; }

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
        Noise.Pack(point.Noise, vector.AsSpan(NoiseStart, NoiseCount));
        point.Means.AsSpan(0, MeanCount).CopyTo(vector.AsSpan(MeanStart));
        Deviations.Pack(point.Deviations, vector.AsSpan(DeviationStart, DeviationCount));
        return vector;
    }

    /// <summary>Writes the free parameters into a point; a shared one goes everywhere.</summary>
    public void Unpack(ReadOnlySpan<double> vector, LearningPoint point)
    {
        vector.Slice(0, LoadingCount).CopyTo(point.Loadings);
        vector.Slice(OffsetStart, OffsetCount).CopyTo(point.Offset);
        Noise.Spread(vector.Slice(NoiseStart, NoiseCount), point.Noise);
        vector.Slice(MeanStart, MeanCount).CopyTo(point.Means);
        Deviations.Spread(vector.Slice(DeviationStart, DeviationCount), point.Deviations);
    }

    /// <summary>Gathers the derivatives by all parameters, a point of their own, into those by the free ones.</summary>
    public void Gather(LearningPoint derivatives, Span<double> gradient)
    {
        derivatives.Loadings.AsSpan(0, LoadingCount).CopyTo(gradient);
        derivatives.Offset.AsSpan(0, OffsetCount).CopyTo(gradient[OffsetStart..]);
        Noise.Gather(derivatives.Noise, gradient.Slice(NoiseStart, NoiseCount));
        derivatives.Means.AsSpan(0, MeanCount).CopyTo(gradient[MeanStart..]);
        Deviations.Gather(derivatives.Deviations, gradient.Slice(DeviationStart, DeviationCount));
    }
}
