using System.Collections.Immutable;

namespace VariationalInference.Testing;

/// <summary>One examination of a likelihood: stages that each report what they find; what rests on a violated one is left out.</summary>
internal sealed partial class LikelihoodRun(Likelihood likelihood, double[] values, double[] sizes, LikelihoodConformanceOptions options)
{
    // Predictors around the one that the likelihood would start from: near, and where tails count.
    private static readonly double[] Shifts = [0, -0.4, 1.1, -3.5, 4.25];

    // Standard deviations of the predictor: narrow, ordinary, wide.
    private static readonly double[] Deviations = [0.15, 1, 3];

    private readonly ImmutableArray<string>.Builder _violations = ImmutableArray.CreateBuilder<string>();

    // What the likelihood is doing, for the report when it throws.
    private string _call = string.Empty;

    public ImmutableArray<string> Run()
    {
        if (Passes(CheckCells) && Passes(CheckLogDensity))
        {
            Passes(CheckDerivatives);
            Passes(CheckExpectation);
            Passes(CheckBatch);
            Passes(CheckConcavity);
            if (Passes(CheckParameters))
            {
                Passes(CheckParameterGradient);
            }

            if (Passes(CheckNormalisation))
            {
                Passes(CheckMoments);
                Passes(CheckCumulative);
                Passes(CheckPredictiveMoments);
                Passes(CheckDraws);
            }
        }

        return _violations.ToImmutable();
    }

    /// <summary>Runs a stage, and reports an exception as a violation.</summary>
    private bool Passes(Action stage)
    {
        int before = _violations.Count;
        try
        {
            stage();
        }
        catch (Exception exception)
        {
            Report($"{_call} threw {exception.GetType().Name} ({exception.Message}); it must not throw.");
        }

        return _violations.Count == before;
    }

    private void Report(FormattableString violation) => _violations.Add(FormattableString.Invariant(violation));

    private double SizeOf(int cell) => sizes.Length == 0 ? 1 : sizes[cell];

    /// <summary>Describes a cell in reports.</summary>
    private FormattableString Cell(int cell) => sizes.Length == 0 ? (FormattableString)$"x = {values[cell]}" : $"x = {values[cell]} of size {sizes[cell]}";

    private string CellText(int cell) => FormattableString.Invariant(Cell(cell));

    private double LogDensity(int cell, double predictor)
    {
        _call = FormattableString.Invariant($"LogDensity of {CellText(cell)} at {predictor}");
        return likelihood.LogDensity(values[cell], predictor, SizeOf(cell));
    }

    private double Start(int cell)
    {
        _call = $"StartingPredictor of {CellText(cell)}";
        return likelihood.StartingPredictor(values[cell], SizeOf(cell));
    }

    private void CheckCells()
    {
        _call = "Accepts";
        for (int i = 0; i < values.Length; i++)
        {
            if (!likelihood.Accepts(values[i], SizeOf(i)))
            {
                Report($"Accepts refuses {Cell(i)}, which is to be examined; the allowed values are said to be {likelihood.AllowedValues}.");
            }

            if (likelihood.Accepts(double.PositiveInfinity, SizeOf(i)) || likelihood.Accepts(double.NegativeInfinity, SizeOf(i)))
            {
                Report($"Accepts takes an infinite value; a cell must be finite.");
                return;
            }
        }

        if (string.IsNullOrWhiteSpace(likelihood.AllowedValues))
        {
            Report($"AllowedValues is empty; it must say which values are allowed.");
        }
    }

    private void CheckLogDensity()
    {
        for (int i = 0; i < values.Length; i++)
        {
            double start = Start(i);
            if (!double.IsFinite(start))
            {
                Report($"StartingPredictor of {Cell(i)} is {start}; it must be finite.");
                return;
            }

            foreach (double shift in (double[])[.. Shifts, -40, 40])
            {
                double density = LogDensity(i, start + shift);
                if (!(density < double.PositiveInfinity))
                {
                    Report($"{_call} is {density}; it must be a number, or −∞ where it is beyond double precision.");
                    return;
                }
            }
        }
    }

    private void CheckDerivatives()
    {
        for (int i = 0; i < values.Length; i++)
        {
            foreach (double shift in Shifts)
            {
                double predictor = Start(i) + shift;
                _call = FormattableString.Invariant($"Derivatives of {CellText(i)} at {predictor}");
                (double first, double second) = likelihood.Derivatives(values[i], predictor, SizeOf(i));
                int cell = i;
                Difference slope = Difference.First(eta => LogDensity(cell, eta), predictor), curvature = Difference.Second(eta => LogDensity(cell, eta), predictor);
                if (IsFar(first, slope.Value, Math.Abs(slope.Value), slope.Error))
                {
                    Report($"Derivatives of {Cell(i)} at {predictor} gave a first derivative of {first}; differences of LogDensity give {slope.Value}.");
                    return;
                }

                if (IsFar(second, curvature.Value, Math.Abs(curvature.Value), curvature.Error))
                {
                    Report($"Derivatives of {Cell(i)} at {predictor} gave a second derivative of {second}; differences of LogDensity give {curvature.Value}.");
                    return;
                }
            }
        }
    }

    private void CheckExpectation()
    {
        for (int i = 0; i < values.Length; i++)
        {
            foreach (double shift in Shifts[..3])
            {
                foreach (double deviation in Deviations)
                {
                    double mean = Start(i) + shift;
                    int cell = i;
                    GaussianIntegral expected = GaussianIntegral.Of(eta => LogDensity(cell, eta), mean, deviation);
                    _call = FormattableString.Invariant($"Expect of {CellText(i)} at N({mean}, {deviation * deviation})");
                    SiteExpectation site = likelihood.Expect(values[i], mean, deviation * deviation, SizeOf(i));
                    (string Name, double Actual, double Expected, double Scale)[] parts =
                    [
                        ("value", site.Value, expected.Value, expected.Size), ("gradient", site.Gradient, expected.First, expected.Size / deviation),
                        ("precision", site.Precision, -expected.Second, expected.Size / (deviation * deviation)),
                    ];
                    foreach ((string name, double actual, double value, double scale) in parts)
                    {
                        if (IsFar(actual, value, Math.Max(Math.Abs(value), scale), 0))
                        {
                            Report($"{_call} gave a {name} of {actual}; quadrature of LogDensity gives {value}.");
                            return;
                        }
                    }
                }
            }
        }
    }

    /// <summary>Compares many cells at once, one of them missing, with each by itself.</summary>
    private void CheckBatch()
    {
        int count = values.Length + 1;
        double[] cells = [.. values, double.NaN], batchSizes = sizes.Length == 0 ? [] : [.. sizes, sizes[0]];
        double[] means = [.. Enumerable.Range(0, count).Select(i => 0.5 + (i % 3))], variances = [.. means.Select(mean => mean * mean)];
        double[] expectations = new double[count], gradients = new double[count], precisions = new double[count];
        _call = "Expect of many cells";
        likelihood.Expect(cells, batchSizes, means, variances, expectations, gradients, precisions);
        for (int i = 0; i < values.Length; i++)
        {
            var site = new SiteExpectation(expectations[i], gradients[i], precisions[i]);
            SiteExpectation alone = likelihood.Expect(values[i], means[i], variances[i], SizeOf(i));
            if (!site.Equals(alone))
            {
                Report($"Expect of many cells gave {site} for {Cell(i)} and {alone} for it by itself; they must have the same bits.");
                return;
            }
        }
    }

    private void CheckConcavity()
    {
        if (!likelihood.IsLogConcave)
        {
            return;
        }

        for (int i = 0; i < values.Length; i++)
        {
            foreach (double shift in (double[])[.. Shifts, -12, 12])
            {
                int cell = i;
                double predictor = Start(i) + shift;
                Difference curvature = Difference.Second(eta => LogDensity(cell, eta), predictor);
                if (curvature.Value > (options.Tolerance * (1 + Math.Abs(LogDensity(i, predictor)))) + curvature.Error)
                {
                    Report($"IsLogConcave is true, and the second derivative of {_call} is {curvature.Value}; it must be at most 0 everywhere.");
                    return;
                }
            }
        }
    }

    /// <summary>Returns whether two numbers that should be the same differ by more than the tolerance of their size and a known error; what is beyond double precision is not compared.</summary>
    private bool IsFar(double actual, double expected, double size, double error) =>
        double.IsFinite(expected) && !(Math.Abs(actual - expected) <= (options.Tolerance * size) + (10 * error) + 1e-300);
}
