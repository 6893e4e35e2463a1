namespace VariationalInference;

/// <content>Cells as they may come out: moments, probabilities and draws.</content>
public abstract partial class Likelihood
{
    /// <summary>Returns E[x | η].</summary>
    /// <param name="predictor">The predictor η.</param>
    /// <param name="size">The trials or the exposure; 1 where there is neither.</param>
    /// <returns>The mean; NaN where there is none.</returns>
    /// <exception cref="ArgumentException">The predictor is not finite, or the size not allowed.</exception>
    /// <exception cref="NotSupportedException">A likelihood of one's own does not say.</exception>
    public double Mean(double predictor, double size = 1)
    {
        CheckPredictor(predictor, size);
        return EvaluateMean(predictor, size);
    }

    /// <summary>Returns Var[x | η].</summary>
    /// <param name="predictor">The predictor η.</param>
    /// <param name="size">The trials or the exposure; 1 where there is neither.</param>
    /// <returns>The variance; infinite, or NaN, where there is none.</returns>
    /// <exception cref="ArgumentException">The predictor is not finite, or the size not allowed.</exception>
    /// <exception cref="NotSupportedException">A likelihood of one's own does not say.</exception>
    public double Variance(double predictor, double size = 1)
    {
        CheckPredictor(predictor, size);
        return EvaluateVariance(predictor, size);
    }

    /// <summary>Returns P(X ≤ x | η).</summary>
    /// <param name="value">The value x; any number.</param>
    /// <param name="predictor">The predictor η.</param>
    /// <param name="size">The trials or the exposure; 1 where there is neither.</param>
    /// <returns>The probability.</returns>
    /// <exception cref="ArgumentException">The value is NaN, the predictor not finite, or the size not allowed.</exception>
    /// <exception cref="NotSupportedException">A likelihood of one's own does not say.</exception>
    public double Cumulative(double value, double predictor, double size = 1)
    {
        CheckNumber(value);
        CheckPredictor(predictor, size);
        return EvaluateCumulative(value, predictor, size);
    }

    /// <summary>Returns the mean and variance of a cell whose predictor is itself uncertain.</summary>
    /// <param name="predictor">The distribution of η.</param>
    /// <param name="size">The trials or the exposure; 1 where there is neither.</param>
    /// <returns>The mean and variance of x.</returns>
    /// <exception cref="ArgumentException">The size is not allowed.</exception>
    /// <exception cref="NotSupportedException">A likelihood of one's own does not say.</exception>
    public (double Mean, double Variance) PredictiveMoments(Gaussian predictor, double size = 1)
    {
        CheckSize(size);
        return EvaluatePredictiveMoments(predictor.Mean, predictor.Variance, size);
    }

    /// <summary>
    /// Returns log E[p(x | η)], the log probability of a cell whose predictor is itself uncertain: never less than its <see cref="SiteExpectation.Value"/>, but for rounding.
    /// </summary>
    /// <param name="value">The value x.</param>
    /// <param name="predictor">The distribution of η.</param>
    /// <param name="size">The trials or the exposure; 1 where there is neither.</param>
    /// <returns>The log density.</returns>
    /// <exception cref="ArgumentException">The cell is not allowed.</exception>
    public double PredictiveLogDensity(double value, Gaussian predictor, double size = 1)
    {
        CheckCell(value, size);
        return PredictiveDensity.Log(new CellDensity(this, value, size), predictor.Mean, predictor.StandardDeviation, Start(value, size));
    }

    /// <summary>Returns P(X ≤ x) of a cell whose predictor is itself uncertain.</summary>
    /// <param name="value">The value x; any number.</param>
    /// <param name="predictor">The distribution of η.</param>
    /// <param name="size">The trials or the exposure; 1 where there is neither.</param>
    /// <returns>The probability.</returns>
    /// <exception cref="ArgumentException">The value is NaN, or the size not allowed.</exception>
    /// <exception cref="NotSupportedException">A likelihood of one's own does not say.</exception>
    public double PredictiveCumulative(double value, Gaussian predictor, double size = 1)
    {
        CheckNumber(value);
        CheckSize(size);
        return DensityQuadrature.Average(new PredictorFunction(eta => EvaluateCumulative(value, eta, size)), predictor.Mean, predictor.Variance);
    }

    /// <summary>Draws cells given their predictors.</summary>
    /// <param name="predictors">The predictors η, finite.</param>
    /// <param name="sizes">The trials or exposures; empty for 1 each.</param>
    /// <param name="seed">The seed: the same one gives the same draws.</param>
    /// <param name="destination">Receives the cells.</param>
    /// <exception cref="ArgumentException">The lengths differ, or a predictor or size is not allowed.</exception>
    /// <exception cref="NotSupportedException">A likelihood of one's own does not say how.</exception>
    public void Sample(ReadOnlySpan<double> predictors, ReadOnlySpan<double> sizes, int seed, Span<double> destination)
    {
        Guard.Length(destination.Length, predictors.Length, nameof(destination), "one for each predictor");
        Guard.AllFinite(predictors, nameof(predictors));
        if (!sizes.IsEmpty)
        {
            Guard.Length(sizes.Length, predictors.Length, nameof(sizes), "one for each predictor");
        }

        for (int i = 0; i < sizes.Length; i++)
        {
            if (!IsSize(sizes[i]))
            {
                throw new ArgumentException(RefusalOfSize(sizes[i], Guard.Text($"sizes[{i}]")), nameof(sizes));
            }
        }

        var random = new RandomNumbers(seed);
        for (int i = 0; i < predictors.Length; i++)
        {
            destination[i] = Draw(predictors[i], sizes.IsEmpty ? 1 : sizes[i], random);
        }
    }

    /// <summary>Returns E[x | η]; a likelihood of one's own need not say.</summary>
    /// <param name="predictor">The predictor η.</param>
    /// <param name="size">The trials or the exposure; 1 where there is neither.</param>
    /// <returns>The mean.</returns>
    protected virtual double EvaluateMean(double predictor, double size) => throw Unknown(nameof(EvaluateMean));

    /// <summary>Returns Var[x | η]; a likelihood of one's own need not say.</summary>
    /// <param name="predictor">The predictor η.</param>
    /// <param name="size">The trials or the exposure; 1 where there is neither.</param>
    /// <returns>The variance.</returns>
    protected virtual double EvaluateVariance(double predictor, double size) => throw Unknown(nameof(EvaluateVariance));

    /// <summary>Returns P(X ≤ x | η); a likelihood of one's own need not say.</summary>
    /// <param name="value">The value x.</param>
    /// <param name="predictor">The predictor η.</param>
    /// <param name="size">The trials or the exposure; 1 where there is neither.</param>
    /// <returns>The probability.</returns>
    protected virtual double EvaluateCumulative(double value, double predictor, double size) => throw Unknown(nameof(EvaluateCumulative));

    /// <summary>Returns the moments of x for η ~ N(η̄, w); by default, by quadrature over <see cref="EvaluateMean"/> and <see cref="EvaluateVariance"/>.</summary>
    /// <param name="mean">The predictor's mean η̄.</param>
    /// <param name="variance">The predictor's variance w.</param>
    /// <param name="size">The trials or the exposure; 1 where there is neither.</param>
    /// <returns>The mean and variance.</returns>
    protected virtual (double Mean, double Variance) EvaluatePredictiveMoments(double mean, double variance, double size)
    {
        double centre = DensityQuadrature.Average(new PredictorFunction(eta => EvaluateMean(eta, size)), mean, variance);
        double within = DensityQuadrature.Average(new PredictorFunction(eta => EvaluateVariance(eta, size)), mean, variance);
        double between = DensityQuadrature.Average(new PredictorFunction(eta => Square(EvaluateMean(eta, size) - centre)), mean, variance);
        return (centre, within + between);

        static double Square(double x) => x * x;
    }

    /// <summary>Draws a cell given its predictor; a likelihood of one's own need not say how.</summary>
    /// <param name="predictor">The predictor η.</param>
    /// <param name="size">The trials or the exposure; 1 where there is neither.</param>
    /// <param name="random">What to draw from, and nothing else.</param>
    /// <returns>The value x.</returns>
    protected virtual double Draw(double predictor, double size, RandomNumbers random) => throw Unknown(nameof(Draw));

    private static void CheckNumber(double value)
    {
        if (double.IsNaN(value))
        {
            throw new ArgumentException($"value is NaN; it must be a number.", nameof(value));
        }
    }

    private void CheckPredictor(double predictor, double size)
    {
        Guard.AllFinite([predictor], nameof(predictor));
        CheckSize(size);
    }
}
