namespace VariationalInference.Samples;

/// <summary>Location and scale of every observation, and of each latent's mean and log variance. Nobody writes to the arrays.</summary>
internal sealed record SetScales(
    double InputCentre, double InputScale, double[] MeanCentres, double[] MeanScales, double[] LogVarianceCentres);
