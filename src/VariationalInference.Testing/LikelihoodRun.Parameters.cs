using System.Collections.Immutable;

namespace VariationalInference.Testing;

/// <content>Parameters: names, ranges, replacement and derivatives.</content>
internal sealed partial class LikelihoodRun
{
    // How far a parameter moves, relatively, for a difference.
    private const double ParameterStep = 1e-3;

    private void CheckParameters()
    {
        _call = "Parameters";
        ImmutableArray<LikelihoodParameter> parameters = likelihood.Parameters;
        foreach (LikelihoodParameter parameter in parameters)
        {
            if (string.IsNullOrWhiteSpace(parameter.Name) || parameters.Count(other => other.Name == parameter.Name) > 1)
            {
                Report($"Parameters has the name \"{parameter.Name}\" empty or more than once; each must have a name of its own.");
            }

            if (!(parameter.Value > parameter.Lower && parameter.Value < parameter.Upper))
            {
                Report($"Parameters has {parameter.Name} = {parameter.Value}; it must be greater than {parameter.Lower} and less than {parameter.Upper}.");
            }
        }

        if (_violations.Count > 0 || parameters.IsEmpty)
        {
            return;
        }

        double[] moved = [.. parameters.Select(parameter => Moved(parameter, ParameterStep))];
        _call = "WithParameters";
        ImmutableArray<LikelihoodParameter> replaced = likelihood.WithParameters(moved).Parameters;
        for (int j = 0; j < moved.Length; j++)
        {
            if (replaced.Length != moved.Length || IsFar(replaced[j].Value, moved[j], Math.Abs(moved[j]), 0))
            {
                Report($"WithParameters, given {moved[j]} for {parameters[j].Name}, made it {(replaced.Length == moved.Length ? replaced[j].Value : double.NaN)}; it must have the value given.");
                return;
            }
        }

        CheckThatTheSameParametersChangeNothing(parameters);
    }

    private void CheckThatTheSameParametersChangeNothing(ImmutableArray<LikelihoodParameter> parameters)
    {
        Likelihood same = likelihood.WithParameters([.. parameters.Select(parameter => parameter.Value)]);
        for (int i = 0; i < values.Length; i++)
        {
            double predictor = Start(i) + Shifts[1], expected = LogDensity(i, predictor);
            double actual = same.LogDensity(values[i], predictor, SizeOf(i));
            if (IsFar(actual, expected, 1 + Math.Abs(expected), 0))
            {
                Report($"WithParameters, given the same parameters, made {_call} {actual}; it must stay {expected}.");
                return;
            }
        }
    }

    private void CheckParameterGradient()
    {
        ImmutableArray<LikelihoodParameter> parameters = likelihood.Parameters;
        double[] theta = [.. parameters.Select(parameter => parameter.Value)];
        for (int i = 0; i < values.Length && theta.Length > 0; i++)
        {
            double mean = Start(i) + Shifts[2], variance = 0.6, size = SizeOf(i);
            double[] gradient = [.. theta.Select(_ => 2.0)];
            _call = $"AddParameterGradient of {CellText(i)}";
            likelihood.AddParameterGradient([values[i], double.NaN], [size, size], [mean, mean], [variance, variance], gradient);
            for (int j = 0; j < theta.Length; j++)
            {
                double actual = gradient[j] - 2, value = values[i];
                (double expected, double error) = ParameterDifference(parameters[j], j, theta, moved => moved.Expect(value, mean, variance, size).Value);
                if (IsFar(actual, expected, Math.Abs(expected) + (1 / Math.Max(1, Math.Abs(theta[j]))), error))
                {
                    Report($"{_call} added {actual} for {parameters[j].Name}; differences of Expect give {expected}.");
                    return;
                }
            }
        }
    }

    /// <summary>Differences of two steps, extrapolated, with what they differ by.</summary>
    private (double Value, double Error) ParameterDifference(LikelihoodParameter parameter, int index, double[] theta, Func<Likelihood, double> function)
    {
        double At(double factor)
        {
            double[] moved = [.. theta];
            moved[index] = Moved(parameter, factor * ParameterStep);
            return function(likelihood.WithParameters(moved));
        }

        double step = Moved(parameter, ParameterStep) - parameter.Value;
        double coarse = (At(1) - At(-1)) / (2 * step), fine = (At(0.5) - At(-0.5)) / step;
        double rounding = 1e-15 * Math.Abs(At(1)) / Math.Abs(step);
        return (fine + ((fine - coarse) / 3), (0.01 * Math.Abs(fine - coarse)) + rounding);
    }

    /// <summary>Moves a parameter by a part of its size, or of its distance from a bound.</summary>
    private static double Moved(LikelihoodParameter parameter, double part)
    {
        double room = Math.Min(parameter.Value - parameter.Lower, parameter.Upper - parameter.Value);
        return parameter.Value + (part * Math.Min(room, Math.Max(1, Math.Abs(parameter.Value))));
    }
}
