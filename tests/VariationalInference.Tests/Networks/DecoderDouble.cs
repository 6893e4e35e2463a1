namespace VariationalInference.Tests.Networks;

/// <summary>
/// A network taken for the means of a Gaussian likelihood, log p(x | z) = −½ Σ_k (x_k − f_k(z))²/r, as a decoder of latents would be.
/// </summary>
internal sealed class DecoderDouble(INetwork network, double noiseVariance)
{
    private readonly INetworkTape _tape = network.CreateTape(8);

    public double LogDensity(double[] latents, double[] observations)
    {
        double[] means = new double[observations.Length];
        _tape.Forward(latents, means);
        return observations.Zip(means, (x, mean) => -0.5 * (x - mean) * (x - mean) / noiseVariance).Sum();
    }

    /// <summary>Returns the gradients of the summed log density, in the latents of each row and in the network's parameters.</summary>
    public (double[] Latents, double[] Parameters) Gradients(double[] latents, double[] observations)
    {
        double[] means = new double[observations.Length];
        _tape.Forward(latents, means);
        double[] slopes = [.. observations.Zip(means, (x, mean) => (x - mean) / noiseVariance)];
        double[] inLatents = new double[latents.Length];
        double[] inParameters = new double[network.Parameters.Length];
        _tape.Backward(slopes, inParameters, inLatents);
        return (inLatents, inParameters);
    }
}
