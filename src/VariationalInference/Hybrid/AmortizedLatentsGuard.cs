using System.Collections.Immutable;

namespace VariationalInference;

/// <summary>Preconditions on the latents that an encoder serves.</summary>
internal static class AmortizedLatentsGuard
{
    public static void Require(ImmutableArray<int> latents, string name)
    {
        if (latents.IsDefaultOrEmpty)
        {
            throw new ArgumentException($"{name} is empty; it must name at least 1 latent.", name);
        }

        for (int i = 0; i < latents.Length; i++)
        {
            Guard.AtLeast(latents[i], 0, name);
            if (latents.AsSpan(0, i).Contains(latents[i]))
            {
                throw new ArgumentException(Guard.Text($"{name} names latent {latents[i]} twice; each may be named once."), name);
            }
        }
    }

    /// <param name="model">The model.</param>
    /// <param name="encoder">The encoder.</param>
    /// <param name="latents">The latents.</param>
    /// <param name="name">What messages call the latents.</param>
    /// <param name="parameterName">The parameter that is to blame for a latent that does not exist.</param>
    /// <param name="encoderName">The parameter that the encoder came in.</param>
    public static void RequireFit(
        LinearGaussianModel model, IEncoder encoder, ImmutableArray<int> latents, string name, string parameterName, string encoderName)
    {
        foreach (int latent in latents)
        {
            if (latent >= model.LatentCount)
            {
                throw new ArgumentException(
                    Guard.Text($"{name} names latent {latent}; the model has {model.LatentCount}, counted from 0."), parameterName);
            }
        }

        if (encoder.ObservationCount != model.ObservationCount || encoder.LatentCount != latents.Length)
        {
            throw new ArgumentException(
                Guard.Text($"encoder maps {encoder.ObservationCount} observations to {encoder.LatentCount} latents; it must map {model.ObservationCount} to {latents.Length}."),
                encoderName);
        }
    }
}
