namespace VariationalInference.Samples;

/// <summary>The parameters of a sum model, one prior mean and prior variance a latent.</summary>
public sealed record MomentEstimate(double NoiseVariance, double[] PriorMeans, double[] PriorVariances);
