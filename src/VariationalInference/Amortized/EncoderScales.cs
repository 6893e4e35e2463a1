using System.Collections.Immutable;

namespace VariationalInference;

/// <summary>The location and scale of an encoder's inputs and outputs, so that its parameters can be of order one.</summary>
/// <param name="InputMeans">The centre of each observation, length K.</param>
/// <param name="InputDeviations">The standard deviation of each observation about its centre, length K, all positive.</param>
/// <param name="OutputMeans">The centre of each amortized latent's mean, length A.</param>
/// <param name="OutputDeviations">The scale on which each amortized latent's mean varies, length A, all positive.</param>
/// <param name="OutputVariances">A typical variance of each amortized factor, length A, all positive.</param>
public sealed record EncoderScales(
    ImmutableArray<double> InputMeans,
    ImmutableArray<double> InputDeviations,
    ImmutableArray<double> OutputMeans,
    ImmutableArray<double> OutputDeviations,
    ImmutableArray<double> OutputVariances);
