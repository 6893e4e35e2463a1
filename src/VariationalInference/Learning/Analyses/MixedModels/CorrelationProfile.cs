namespace VariationalInference;

/// <summary>
/// The profile of the correlation of two effects of a term. Λ is written with these two first, which leaves ΛΛᵀ free: their rows are (a, 0, …)
/// and s(ρ, √(1 − ρ²), 0, …). The variables are θ with the term's elements replaced; σ² is at its best.
/// </summary>
internal sealed class CorrelationProfile : MixedProfile
{
    private readonly int _factor;
    private readonly int _width;
    private readonly int[] _effects;
    private readonly int[] _columns;
    private readonly int[] _places;

    public CorrelationProfile(MixedObjective objective, MixedDesign design, int factor, int[] effects, int first, int second)
        : base(objective, design, isFromOrigin: Array.Exists([first, second], effect => design.Factors[factor].Effects[effect].Values is null))
    {
        _factor = factor;
        _width = WidthOf(factor);
        _effects = [first, second, .. effects.Where(effect => effect != first && effect != second)];
        _columns = effects;
        _places = PlacesOf(factor, effects);
    }

    public override double[] Start(ReadOnlySpan<double> theta, double logVariance)
    {
        double[] variables = theta.ToArray(), triangle = TriangleOf(theta, _factor, _effects);
        ForEach((i, _, place) => variables[_places[place]] = triangle[place] / Unit(i));

        // The second row is held in its direction: its length takes the place of its last element.
        variables[_places[2]] = Math.Sqrt((triangle[1] * triangle[1]) + (triangle[2] * triangle[2])) / Unit(1);
        variables[_places[1]] = 0;
        return variables;
    }

    protected override double Unpack(double[] variables)
    {
        Objective.Parameters.Unpack(variables, Lambda);
        foreach (int effect in _effects)
        {
            // The term's rows come in another order than those of θ.
            Lambda[_factor].AsSpan(effect * _width, _width).Clear();
        }

        ForEach((i, j, place) =>
        {
            Lambda[_factor][(_effects[i] * _width) + _columns[j]] = Share(i, j) * variables[Source(place)] * Unit(i);
        });
        return double.NaN;
    }

    protected override void Gather(double[] variables, double[][] byLambda, double byLogVariance, double[] gradient)
    {
        Array.Clear(gradient);
        Objective.Parameters.Gather(byLambda, gradient);
        foreach (int place in _places)
        {
            gradient[place] = 0;
        }

        ForEach((i, j, place) =>
        {
            gradient[Source(place)] += Share(i, j) * Unit(i) * byLambda[_factor][(_effects[i] * _width) + _columns[j]];
        });
    }

    private double Share(int i, int j) => i != 1 ? 1 : j == 0 ? Held : Math.Sqrt(Math.Max(0, 1 - (Held * Held)));

    private int Source(int place) => _places[place == 1 ? 2 : place];

    private double Unit(int i) => Objective.Parameters.UnitOf(
        _places.First(place => Objective.Parameters[place].Row == _effects[i]));

    private void ForEach(Action<int, int, int> body)
    {
        for (int i = 0, place = 0; i < _effects.Length; i++)
        {
            for (int j = 0; j <= i; j++, place++)
            {
                body(i, j, place);
            }
        }
    }
}
