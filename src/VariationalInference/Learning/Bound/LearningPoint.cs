namespace VariationalInference;

/// <summary>All parameters of a model in standard units; variances as standard deviations, whose sign does not matter.</summary>
internal sealed class LearningPoint(int observations, int latents)
{
    public int Observations => observations;

    public int Latents => latents;

    /// <summary>Gets A, K×J, row-major.</summary>
    public double[] Loadings { get; } = new double[observations * latents];

    /// <summary>Gets b, length K.</summary>
    public double[] Offset { get; } = new double[observations];

    /// <summary>Gets √r, length K.</summary>
    public double[] Noise { get; } = new double[observations];

    /// <summary>Gets m, length J.</summary>
    public double[] Means { get; } = new double[latents];

    /// <summary>Gets s, length J.</summary>
    public double[] Deviations { get; } = new double[latents];

    public LearningPoint Copy()
    {
        var copy = new LearningPoint(observations, latents);
        Loadings.CopyTo(copy.Loadings, 0);
        Offset.CopyTo(copy.Offset, 0);
        Noise.CopyTo(copy.Noise, 0);
        Means.CopyTo(copy.Means, 0);
        Deviations.CopyTo(copy.Deviations, 0);
        return copy;
    }
}
