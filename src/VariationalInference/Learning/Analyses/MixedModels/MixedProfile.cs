namespace VariationalInference;

/// <summary>
/// The deviance with one standard deviation or correlation held, over all else: log det M (+ log det XᵀV⁻¹X) + n log σ² + r²/σ² over the elements of
/// θ that are left, the direction of the row of Λ whose length is held, and log σ².
/// </summary>
/// <remarks>
/// Where the design moves the origin of slopes, the intercept's row is that at the data's origin: the design's own is that row and the slopes' rows
/// times their origins.
/// </remarks>
internal abstract class MixedProfile(MixedObjective objective, MixedDesign design, bool isFromOrigin)
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
        ClearLambda();
        double logVariance = Unpack(variables);
        Shear(1, Lambda);
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

        ShearTransposed(_byLambda);
        Gather(variables, _byLambda, freedom - (weight * criterion.ResidualSquares), gradient);
        return criterion.LogDeterminant + (criterion.IsRestricted ? criterion.LogFixedDeterminant : 0)
            + (freedom * logVariance) + (weight * criterion.ResidualSquares);
    }

    /// <summary>Writes Λ and returns log σ²; NaN means its best value.</summary>
    protected abstract double Unpack(double[] variables);

    /// <summary>Writes the derivatives by the variables from those by Λ and by log σ² with Λ held.</summary>
    protected abstract void Gather(double[] variables, double[][] byLambda, double byLogVariance, double[] gradient);

    /// <summary>Returns the lower triangle of the covariance of a term's effects in some order, over σ², row by row.</summary>
    protected double[] TriangleOf(ReadOnlySpan<double> theta, int factor, int[] order)
    {
        ClearLambda();
        Objective.Parameters.Unpack(theta, Lambda);
        Shear(-1, Lambda);
        int count = order.Length, width = WidthOf(factor);
        var triangle = new double[count * (count + 1) / 2];
        for (int i = 0, at = 0; i < count; i++)
        {
            for (int j = 0, other = 0; j <= i; j++, at++)
            {
                double rest = ShortVectors.Dot(RowOf(factor, order[i], width), RowOf(factor, order[j], width));
                int first = at - j;
                for (int k = 0; k < j; k++)
                {
                    rest -= triangle[first + k] * triangle[other + k];
                }

                double pivot = i == j ? 0 : triangle[other + j];
                triangle[at] = i == j ? Math.Sqrt(Math.Max(rest, 0)) : pivot > 0 ? rest / pivot : 0;
                other += j + 1;
            }
        }

        return triangle;
    }

    /// <summary>Returns the parameters of a term's effects, row by row.</summary>
    protected int[] PlacesOf(int factor, int[] effects) => [.. Enumerable.Range(0, Objective.Parameters.Count).Where(
        i => Objective.Parameters[i].Factor == factor && effects.Contains(Objective.Parameters[i].Row))];

    protected int WidthOf(int factor) => design.Factors[factor].Width;

    private ReadOnlySpan<double> RowOf(int factor, int effect, int width) => Lambda[factor].AsSpan(effect * width, width);

    /// <summary>Clears what a change of origin has left above the diagonals.</summary>
    private void ClearLambda()
    {
        foreach (double[] lambda in Lambda)
        {
            Array.Clear(lambda);
        }
    }

    /// <summary>Adds the slopes' rows times their origins to the intercepts', or takes them off.</summary>
    private void Shear(int sign, double[][] lambda)
    {
        ForEachOrigin((factor, intercept, slope, origin) =>
        {
            int width = WidthOf(factor);
            for (int k = 0; k < width; k++)
            {
                lambda[factor][(intercept * width) + k] += sign * origin * lambda[factor][(slope * width) + k];
            }
        });
    }

    private void ShearTransposed(double[][] byLambda)
    {
        ForEachOrigin((factor, intercept, slope, origin) =>
        {
            int width = WidthOf(factor);
            for (int k = 0; k < width; k++)
            {
                byLambda[factor][(slope * width) + k] += origin * byLambda[factor][(intercept * width) + k];
            }
        });
    }

    private void ForEachOrigin(Action<int, int, int, double> body)
    {
        for (int factor = 0; factor < design.Factors.Count && isFromOrigin; factor++)
        {
            int width = WidthOf(factor);
            for (int i = 0; i < width; i++)
            {
                for (int e = 0; e < width; e++)
                {
                    if (i != e && design.Transforms[factor][(i * width) + e] != 0)
                    {
                        body(factor, i, e, -design.Transforms[factor][(i * width) + e]);
                    }
                }
            }
        }
    }
}
