using System.Collections.Immutable;
using MathNet.Numerics;

namespace VariationalInference;

/// <summary>x ~ Gamma of mean e^η and shape a.</summary>
internal sealed class GammaLikelihood(double shape) : PositiveLikelihood(shape)
{
    private const double Small = 1e-8;

    public override string Kind => "gamma";

    public override ImmutableArray<LikelihoodParameter> Parameters => [new("shape", Shape, 0, double.PositiveInfinity)];

    public override string ToString() => Guard.Text($"gamma (log, shape {Shape:G5})");

    protected override void AddToParameterGradient(double value, double mean, double variance, double size, Span<double> gradient)
    {
        double logRatio = RepeatableFunctions.Log(value) - mean;
        gradient[0] += logRatio - RepeatableFunctions.ExpMinusOne(logRatio + (0.5 * variance)) - GammaFunctions.DigammaLessLog(Shape);
    }

    protected override Likelihood Replace(ReadOnlySpan<double> values) => new GammaLikelihood(values[0]);

    protected override double EvaluateCumulative(double value, double predictor, double size)
    {
        double scaled = Shape * value * RepeatableFunctions.Exp(-predictor);
        return value <= 0 ? 0
            : double.IsPositiveInfinity(scaled) ? 1
            : scaled < Small ? Beginning(scaled)
            : SpecialFunctions.GammaLowerRegularized(Shape, scaled);

        // The first two terms of the series. MathNet takes what is below 1e-15 for zero, of which a small root is not.
        double Beginning(double x) =>
            RepeatableFunctions.Exp((Shape * RepeatableFunctions.Log(x)) - SpecialFunctions.GammaLn(Shape + 1)) * (1 - (Shape * x / (Shape + 1)));
    }

    protected override double Draw(double predictor, double size, RandomNumbers random) =>
        RepeatableFunctions.Exp(predictor) * (random.NextGamma(Shape) / Shape);
}
