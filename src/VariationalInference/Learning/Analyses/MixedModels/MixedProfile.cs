namespace VariationalInference;

/// <summary>
/// The deviance with one standard deviation or correlation held, over all else: log det M (+ log det XᵀV⁻¹X) + n log σ² + r²/σ² over the elements of
/// θ that are left, the direction of the row of Λ whose length is held, and log σ².
/// </summary>
internal abstract class MixedProfile(MixedObjective objective)
{
    private readonly double[][] _byLambda = objective.Parameters.CreateLambda();

    protected MixedObjective Objective { get; } = objective;

    protected double[][] Lambda { get; } = objective.Parameters.CreateLambda();

    /// <summary>Gets or sets the value held: a standard deviation in the design's units, or a correlation.</summary>
    public double Held { get; set; }

    /// <summary>Returns the variables at the optimum.</summary>
    public abstract double[] Start(ReadOnlySpan<double> theta, double logVariance);

    /// <summary>Returns the deviance and writes its gradient by the variables.</summary>
    public double Evaluate(double[] variables, double[] gradient)
    {
        double logVariance = Unpack(variables);
        if (!Objective.Criterion.Evaluate(Lambda, withGradient: true))
        {
            return double.PositiveInfinity;
        }

        MixedCriterion criterion = Objective.Criterion;
        double freedom = Objective.Freedom;
        if (double.IsNaN(logVariance))
        {
            logVariance = Math.Log(criterion.ResidualSquares / freedom);
        }

        double weight = Math.Exp(-logVariance);
        for (int f = 0; f < _byLambda.Length; f++)
        {
            for (int i = 0; i < _byLambda[f].Length; i++)
            {
                _byLambda[f][i] = criterion.LogGradient[f][i] + (weight * criterion.SquaresGradient[f][i]);
            }
        }

        Gather(variables, _byLambda, freedom - (weight * criterion.ResidualSquares), gradient);
        return criterion.LogDeterminant + (criterion.IsRestricted ? criterion.LogFixedDeterminant : 0)
            + (freedom * logVariance) + (weight * criterion.ResidualSquares);
    }

    /// <summary>Writes Λ and returns log σ²; NaN means its best value.</summary>
    protected abstract double Unpack(double[] variables);

    /// <summary>Writes the derivatives by the variables from those by Λ and by log σ² with Λ held.</summary>
    protected abstract void Gather(double[] variables, double[][] byLambda, double byLogVariance, double[] gradient);
}
