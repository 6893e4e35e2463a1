namespace VariationalInference;

/// <summary>x = 1 with a probability that depends on η, and 0 otherwise.</summary>
internal abstract class BinaryLikelihood(SiteKernel kernel) : KernelLikelihood(kernel)
{
    public sealed override bool IsLogConcave => true;

    public sealed override string AllowedValues => "0 or 1";

    public sealed override bool Accepts(double value, double size = 1) => value is 0 or 1;

    protected sealed override double EvaluateVariance(double predictor, double size) =>
        EvaluateMean(predictor, size) * EvaluateMean(-predictor, size);

    protected sealed override double EvaluateCumulative(double value, double predictor, double size) => value switch
    {
        < 0 => 0,
        < 1 => EvaluateMean(-predictor, size),
        _ => 1,
    };

    protected sealed override double Draw(double predictor, double size, RandomNumbers random) =>
        random.NextUniform() <= EvaluateMean(predictor, size) ? 1 : 0;
}
