namespace VariationalInference;

/// <summary>
/// The profile of an effect's standard deviation; the variables are θ, of which the effect's row gives a direction only, and log σ².
/// </summary>
internal sealed class DeviationProfile : MixedProfile
{
    private readonly int _factor;
    private readonly int _effect;
    private readonly int[] _effects;
    private readonly int[] _row;
    private readonly int _width;

    public DeviationProfile(MixedObjective objective, MixedDesign design, int factor, int[] effects, int effect)
        : base(objective, design, isFromOrigin: design.Factors[factor].Effects[effect].Values is null)
    {
        _factor = factor;
        _effect = effect;
        _effects = effects;
        _row = PlacesOf(factor, [effect]);
        _width = WidthOf(factor);
    }

    public override double[] Start(ReadOnlySpan<double> theta, double logVariance)
    {
        double[] variables = [.. theta, logVariance], triangle = TriangleOf(theta, _factor, _effects);
        int[] places = PlacesOf(_factor, _effects);
        for (int i = 0; i < places.Length; i++)
        {
            variables[places[i]] = triangle[i] / Objective.Parameters.UnitOf(places[i]);
        }

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
            Lambda[_factor][(_effect * _width) + Objective.Parameters[i].Column] = length * variables[i] / norm;
        }

        return logVariance;
    }

    protected override void Gather(double[] variables, double[][] byLambda, double byLogVariance, double[] gradient)
    {
        Array.Clear(gradient);
        Objective.Parameters.Gather(byLambda, gradient.AsSpan(0, gradient.Length - 1));
        double norm = Norm(variables), length = Held * Math.Exp(-variables[^1] / 2), along = 0;
        foreach (int i in _row)
        {
            along += variables[i] / norm * byLambda[_factor][(_effect * _width) + Objective.Parameters[i].Column];
        }

        foreach (int i in _row)
        {
            double own = byLambda[_factor][(_effect * _width) + Objective.Parameters[i].Column];
            gradient[i] = length / norm * (own - (variables[i] / norm * along));
        }

        // The row shrinks as σ grows.
        gradient[^1] = byLogVariance - (length * along / 2);
    }

    private double Norm(double[] variables) => Math.Sqrt(_row.Sum(i => variables[i] * variables[i]));
}
