namespace VariationalInference;

/// <summary>x ~ Exponential of mean e^η.</summary>
internal sealed class ExponentialLikelihood() : PositiveLikelihood(1)
{
    public override string Kind => "exponential";

    public override string ToString() => "exponential (log)";

    protected override double EvaluateCumulative(double value, double predictor, double size) =>
        value <= 0 ? 0 : -RepeatableFunctions.ExpMinusOne(-value * RepeatableFunctions.Exp(-predictor));

    protected override double Draw(double predictor, double size, RandomNumbers random) =>
        -RepeatableFunctions.Exp(predictor) * RepeatableFunctions.Log(random.NextUniform());
}
