using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>
/// Loadings of one everywhere, with one noise variance: n observations say about the latents what their mean with noise σ²/n says.
/// </summary>
internal sealed class SumLoadings : LoadingStructure
{
    private readonly double _noiseVariance;
    private readonly (double High, double Low) _prediction;

    public SumLoadings(int observationCount, double noiseVariance, LatentPrior prior)
        : base(prior, observationCount)
    {
        _noiseVariance = noiseVariance;
        _prediction = Compensated.Sum(0, prior.Means.AsSpan());
        Complete = ShapeOf(observationCount);
    }

    public override PosteriorShape Complete { get; }

    public override Matrix<double> Loadings() => Matrix<double>.Build.Dense(ObservationCount, Prior.Count, 1.0);

    public override QuadraticLogJoint Condition(ReadOnlySpan<double> row)
    {
        int observed = 0;
        double mean = 0;
        double squares = 0;
        foreach (double value in row)
        {
            if (!double.IsNaN(value))
            {
                // Welford (1962), on observations centred by what the prior predicts.
                double centred = value - _prediction.High - _prediction.Low;
                double difference = centred - mean;
                mean += difference / ++observed;
                squares += difference * (centred - mean);
            }
        }

        PosteriorShape shape = observed == ObservationCount ? Complete : ShapeOf(observed);
        return new QuadraticLogJoint(
            shape,
            [mean * Math.Sqrt(observed / _noiseVariance)],
            observed,
            -0.5 * observed * Math.Log(2 * Math.PI * _noiseVariance),
            squares / _noiseVariance);
    }

    public override void Predict(ReadOnlySpan<double> latents, Span<double> observations)
    {
        double sum = 0;
        foreach (double latent in latents)
        {
            sum += latent;
        }

        observations.Fill(sum);
    }

    private PosteriorShape ShapeOf(int observed)
    {
        double[] loadings = [.. Prior.Deviations.Select(s => s * Math.Sqrt(observed / _noiseVariance))];
        RequireFinite(loadings);
        return new PosteriorShape(loadings, 1, Prior);
    }
}
