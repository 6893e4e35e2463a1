namespace VariationalInference;

/// <summary>The profile of the residual standard deviation; the variables are θ.</summary>
internal sealed class ResidualProfile(MixedObjective objective, MixedDesign design) : MixedProfile(objective, design, isFromOrigin: false)
{
    public override double[] Start(ReadOnlySpan<double> theta, double logVariance) => theta.ToArray();

    protected override double Unpack(double[] variables)
    {
        Objective.Parameters.Unpack(variables, Lambda);
        return 2 * Math.Log(Held);
    }

    protected override void Gather(double[] variables, double[][] byLambda, double byLogVariance, double[] gradient)
    {
        Array.Clear(gradient);
        Objective.Parameters.Gather(byLambda, gradient);
    }
}
