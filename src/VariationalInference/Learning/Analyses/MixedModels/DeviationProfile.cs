namespace VariationalInference;

/// <summary>
/// The profile of an effect's standard deviation; the variables are θ, of which the effect's row gives a direction only, and log σ².
/// </summary>
internal sealed class DeviationProfile(MixedObjective objective, int factor, int effect) : MixedProfile(objective)
{
    private readonly int[] _row = [.. Enumerable.Range(0, objective.Parameters.Count).Where(
        i => objective.Parameters[i].Factor == factor && objective.Parameters[i].Row == effect)];

    private readonly int _width = (int)Math.Sqrt(objective.Parameters.CreateLambda()[factor].Length);

    public override double[] Start(ReadOnlySpan<double> theta, double logVariance)
    {
        double[] variables = [.. theta, logVariance];
        double norm = Norm(variables);
        foreach (int i in _row)
        {
            variables[i] = norm > 0 ? variables[i] / norm : i == _row[^1] ? 1 : 0;
        }

        return variables;
    }

    protected override double Unpack(double[] variables)
    {
        Objective.Parameters.Unpack(variables.AsSpan(0, variables.Length - 1), Lambda);
        double logVariance = variables[^1], length = Held * Math.Exp(-logVariance / 2), norm = Norm(variables);
        foreach (int i in _row)
        {
            Lambda[factor][(effect * _width) + Objective.Parameters[i].Column] = length * variables[i] / norm;
        }

        return logVariance;
    }

    protected override void Gather(double[] variables, double[][] byLambda, double byLogVariance, double[] gradient)
    {
        Array.Clear(gradient);
        Objective.Parameters.Gather(byLambda, 1, gradient.AsSpan(0, gradient.Length - 1));
        double norm = Norm(variables), length = Held * Math.Exp(-variables[^1] / 2), along = 0;
        foreach (int i in _row)
        {
            along += variables[i] / norm * byLambda[factor][(effect * _width) + Objective.Parameters[i].Column];
        }

        foreach (int i in _row)
        {
            double own = byLambda[factor][(effect * _width) + Objective.Parameters[i].Column];
            gradient[i] = length / norm * (own - (variables[i] / norm * along));
        }

        // The row shrinks as σ grows.
        gradient[^1] = byLogVariance - (length * along / 2);
    }

    private double Norm(double[] variables) => Math.Sqrt(_row.Sum(i => variables[i] * variables[i]));
}
