using System.Collections.Immutable;

namespace VariationalInference;

/// <summary>Preconditions on the latents that an encoder serves.</summary>
internal static class AmortizedLatentsGuard
{
    /// <summary>
    /// A posterior this much narrower than the prior is beyond an encoder: what it cannot follow, squared, over the posterior variance, would
    /// be the gap, and billions of nats a row say nothing.
    /// </summary>
    private const double FinestReach = 1e-5;

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

            if (!model.Prior.IsAlone(latent))
            {
                throw new ArgumentException(
                    Guard.Text($"{name} names latent {latent}, which is correlated with others a priori; an encoder serves latents that are independent."),
                    parameterName);
            }
        }

        if (encoder.ObservationCount != model.ObservationCount || encoder.LatentCount != latents.Length)
        {
            throw new ArgumentException(
                Guard.Text($"encoder maps {encoder.ObservationCount} observations to {encoder.LatentCount} latents; it must map {model.ObservationCount} to {latents.Length}."),
                encoderName);
        }
    }

    /// <summary>Refuses latents that the model determines more closely than an encoder can follow.</summary>
    public static void RequireReach(SharedShape shape, ImmutableArray<int> latents, string parameterName)
    {
        foreach (int latent in latents)
        {
            double ratio = Math.Sqrt(shape.MeanFieldVariances[latent] / shape.Prior.Variances[latent]);
            if (!(ratio >= FinestReach))
            {
                throw new ArgumentException(
                    Guard.Text($"{parameterName} determines latent {latent} to {ratio:G2} of its prior standard deviation; an encoder can follow to {FinestReach}. Learn the noise with a NoiseFloor, or leave the latent to coordinate updates by AmortizedLatents."),
                    parameterName);
            }
        }
    }
}
