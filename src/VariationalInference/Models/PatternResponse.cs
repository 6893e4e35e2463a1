namespace VariationalInference;

/// <summary>How the means of rows observed in the same cells depend on their centred cells c: μ = m + gains · c, in the latents' units.</summary>
internal sealed class PatternResponse
{
    private readonly Lazy<double[]> _gains;

    /// <param name="shape">What the rows share.</param>
    /// <param name="observed">Which observations they have, in order.</param>
    /// <param name="noiseDeviations">√r of all K observations.</param>
    public PatternResponse(PosteriorShape shape, int[] observed, double[] noiseDeviations)
    {
        Shape = shape;
        _gains = new Lazy<double[]>(() => CreateGains(shape, observed, noiseDeviations));
    }

    public PosteriorShape Shape { get; }

    /// <summary>Gets the gains, J×K, row-major; 0 for missing cells.</summary>
    public double[] Gains => _gains.Value;

    /// <summary>Writes the means of one row.</summary>
    /// <param name="inputs">The row's first input; a missing cell's input is 0.</param>
    /// <param name="stride">From one input to the next.</param>
    /// <param name="means">Where the first mean goes.</param>
    /// <param name="meanStride">From one mean to the next.</param>
    public unsafe void Respond(double* inputs, int stride, double* means, long meanStride)
    {
        int columns = Gains.Length / Shape.LatentCount;
        fixed (double* gains = Gains)
        {
            for (int j = 0; j < Shape.LatentCount; j++)
            {
                double sum = 0;
                for (int k = 0; k < columns; k++)
                {
                    sum = Math.FusedMultiplyAdd(gains[(j * columns) + k], inputs[k * stride], sum);
                }

                means[j * meanStride] = Shape.Prior.Means[j] + sum;
            }
        }
    }

    private static double[] CreateGains(PosteriorShape shape, int[] observed, double[] noiseDeviations)
    {
        int columns = noiseDeviations.Length;
        var gains = new double[shape.LatentCount * columns];
        for (int j = 0; j < shape.LatentCount; j++)
        {
            ReadOnlySpan<double> response = shape.Response.Row(j);
            for (int i = 0; i < observed.Length; i++)
            {
                gains[(j * columns) + observed[i]] = shape.Prior.Deviations[j] * response[i] / noiseDeviations[observed[i]];
            }
        }

        return gains;
    }
}
