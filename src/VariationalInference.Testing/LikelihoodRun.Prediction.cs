namespace VariationalInference.Testing;

/// <content>Values as they may come out: normalisation, moments, probabilities and draws.</content>
internal sealed partial class LikelihoodRun
{
    // A fair sampler differs by more in one of a billion comparisons.
    private const double StandardErrors = 6;

    // The values and their probabilities at each predictor examined, summed or integrated once.
    private readonly List<(int Cell, double Predictor, Outcomes Outcomes)> _outcomes = [];

    private void CheckNormalisation()
    {
        for (int i = 0; i < values.Length; i++)
        {
            foreach (double shift in Shifts[..3])
            {
                double predictor = Start(i) + shift, size = SizeOf(i);
                _call = FormattableString.Invariant($"LogDensity of all values at {predictor}");
                var outcomes = Outcomes.Of(
                    x => likelihood.Accepts(x, size), x => likelihood.LogDensity(x, predictor, size), values[i]);
                if (IsFar(outcomes.Total, 1, 1, outcomes.Error))
                {
                    Report($"LogDensity at {predictor}{SizeText(size)}, over all values that are accepted, {outcomes.Verb} to {outcomes.Total}; it must to 1.");
                    return;
                }

                _outcomes.Add((i, predictor, outcomes));
            }
        }
    }

    private void CheckMoments()
    {
        foreach ((int cell, double predictor, Outcomes outcomes) in _outcomes)
        {
            _call = FormattableString.Invariant($"Mean at {predictor}");
            if (!IsSaid(() => likelihood.Mean(predictor, SizeOf(cell)), out double mean))
            {
                return;
            }

            if (double.IsFinite(outcomes.Mean) && IsFar(mean, outcomes.Mean, outcomes.Deviation + Math.Abs(outcomes.Mean), outcomes.MeanError))
            {
                Report($"{_call}{SizeText(SizeOf(cell))} is {mean}; the density has {outcomes.Mean}.");
                return;
            }

            _call = FormattableString.Invariant($"Variance at {predictor}");
            if (IsSaid(() => likelihood.Variance(predictor, SizeOf(cell)), out double variance)
                && double.IsFinite(outcomes.Variance) && IsFar(variance, outcomes.Variance, outcomes.Variance, outcomes.VarianceError))
            {
                Report($"{_call}{SizeText(SizeOf(cell))} is {variance}; the density has {outcomes.Variance}.");
                return;
            }
        }
    }

    private void CheckCumulative()
    {
        foreach ((int cell, double predictor, Outcomes outcomes) in _outcomes)
        {
            _call = FormattableString.Invariant($"Cumulative of {CellText(cell)} at {predictor}");
            if (!IsSaid(() => likelihood.Cumulative(values[cell], predictor, SizeOf(cell)), out double cumulative))
            {
                return;
            }

            if (IsFar(cumulative, outcomes.UpToValue, 1, outcomes.Error))
            {
                Report($"{_call} is {cumulative}; the density has {outcomes.UpToValue} up to there.");
                return;
            }
        }
    }

    /// <summary>Compares moments under an uncertain predictor with quadrature over those given it.</summary>
    private void CheckPredictiveMoments()
    {
        foreach ((int cell, double predictor, _) in _outcomes)
        {
            double size = SizeOf(cell), variance = 0.4;
            _call = FormattableString.Invariant($"PredictiveMoments at N({predictor}, {variance})");
            if (!IsSaid(() => likelihood.Mean(predictor, size) + likelihood.Variance(predictor, size), out double moments) || !double.IsFinite(moments))
            {
                return;
            }

            double mean = GaussianIntegral.Of(eta => likelihood.Mean(eta, size), predictor, Math.Sqrt(variance)).Value;
            double spread = GaussianIntegral.Of(
                eta => likelihood.Variance(eta, size) + Math.Pow(likelihood.Mean(eta, size) - mean, 2), predictor, Math.Sqrt(variance)).Value;
            (double actualMean, double actualVariance) = likelihood.PredictiveMoments(new Gaussian(predictor, variance), size);
            if (IsFar(actualMean, mean, Math.Abs(mean) + Math.Sqrt(spread), 0) || IsFar(actualVariance, spread, spread, 0))
            {
                Report($"{_call} are {(actualMean, actualVariance)}; quadrature of Mean and Variance gives {(mean, spread)}.");
                return;
            }
        }
    }

    private void CheckDraws()
    {
        foreach ((int cell, double predictor, Outcomes outcomes) in _outcomes)
        {
            double[] predictors = [.. Enumerable.Repeat(predictor, options.DrawCount)];
            double[] drawSizes = [.. Enumerable.Repeat(SizeOf(cell), options.DrawCount)], draws = new double[predictors.Length], again = new double[predictors.Length];
            _call = FormattableString.Invariant($"Sample at {predictor}");
            try
            {
                likelihood.Sample(predictors, drawSizes, options.Seed, draws);
            }
            catch (NotSupportedException)
            {
                return;
            }

            likelihood.Sample(predictors, drawSizes, options.Seed, again);
            if (!draws.AsSpan().SequenceEqual(again))
            {
                Report($"{_call}, repeated with the same seed, gave other draws; they must be the same.");
                return;
            }

            int refused = Array.FindIndex(draws, draw => !likelihood.Accepts(draw, SizeOf(cell)));
            if (refused >= 0)
            {
                Report($"{_call} drew {draws[refused]}, which Accepts refuses.");
                return;
            }

            if (!CheckFrequencies(cell, draws, outcomes))
            {
                return;
            }
        }
    }

    /// <summary>Compares the share of draws up to the cell's value, and their mean and spread, with the density's.</summary>
    private bool CheckFrequencies(int cell, double[] draws, Outcomes outcomes)
    {
        double count = draws.Length, expected = outcomes.UpToValue, share = draws.Count(draw => draw <= values[cell]) / count;
        if (Math.Abs(share - expected) > (StandardErrors * Math.Sqrt(expected * Math.Abs(1 - expected) / count)) + (StandardErrors / count))
        {
            Report($"{_call} gave a share of {share} up to {values[cell]}; the density has {expected}.");
            return false;
        }

        if (!double.IsFinite(outcomes.Kurtosis))
        {
            return true;
        }

        double mean = draws.Average(), variance = draws.Average(draw => (draw - outcomes.Mean) * (draw - outcomes.Mean));
        if (Math.Abs(mean - outcomes.Mean) > (StandardErrors * outcomes.Deviation / Math.Sqrt(count)) + (outcomes.Range * StandardErrors / count))
        {
            Report($"{_call} gave a mean of {mean}; the density has {outcomes.Mean}.");
            return false;
        }

        double error = outcomes.Variance * Math.Sqrt(outcomes.Kurtosis / count);
        if (Math.Abs(variance - outcomes.Variance) > (StandardErrors * error) + (outcomes.Variance * outcomes.Kurtosis * StandardErrors / count))
        {
            Report($"{_call} gave a variance of {variance}; the density has {outcomes.Variance}.");
            return false;
        }

        return true;
    }

    /// <summary>Returns what a likelihood says, and false where it does not say.</summary>
    private static bool IsSaid(Func<double> method, out double value)
    {
        try
        {
            value = method();
            return true;
        }
        catch (NotSupportedException)
        {
            value = double.NaN;
            return false;
        }
    }

    private static string SizeText(double size) => size == 1 ? string.Empty : FormattableString.Invariant($" and size {size}");
}
