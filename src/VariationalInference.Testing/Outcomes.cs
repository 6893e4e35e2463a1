namespace VariationalInference.Testing;

/// <summary>All values that a cell may have given its predictor, with their probabilities: a sum over whole numbers, or an integral as a sum.</summary>
/// <remarks>
/// From the cell's value on, upwards and downwards. An end is found by bisection; towards infinity, x moves away from the value by e^y, and towards a finite end it nears it as e^y, so that
/// a trapezoid rule in y meets densities of any width there, and tails of any power.
/// </remarks>
internal sealed class Outcomes
{
    private const double Far = 1e300;
    private const int MostCounts = 2_000_000;
    private const int FewestCounts = 2_000;
    private const double NegligibleProbability = 1e-18;
    private const double FirstStep = 0.25;
    private const int Refinements = 7;
    private const double Steady = 1e-10;

    // e^−45 is beneath rounding; a density that is infinite at a finite end may have mass down to e^−700, and a heavy tail up to e^80.
    private const double Near = -45;
    private const double Tail = 80;
    private const double Nearest = -700;

    // A moment of which the last terms are more than this share does not end.
    private const double Endless = 1e-9;

    private readonly List<(double Value, double Probability)> _terms;

    private Outcomes(List<(double Value, double Probability)> terms, double value, bool isDiscrete)
    {
        _terms = terms;
        Verb = isDiscrete ? "sums" : "integrates";
        Total = terms.Sum(term => term.Probability);
        UpToValue = terms.Where(term => isDiscrete ? term.Value <= value : term.Value < value).Sum(term => term.Probability);
        double shift = Moment(x => x - value);
        Mean = value + shift;
        Variance = Moment(x => Math.Pow(x - Mean, 2));
        Kurtosis = Moment(x => Math.Pow((x - Mean) / Deviation, 4));
        Range = isDiscrete ? terms.Where(term => term.Probability > Endless).Max(term => Math.Abs(term.Value - Mean)) : 8 * Deviation;
    }

    public string Verb { get; }

    public double Total { get; }

    public double UpToValue { get; }

    /// <summary>Gets the mean; infinite where its integral does not end.</summary>
    public double Mean { get; }

    public double Variance { get; }

    public double Deviation => Math.Sqrt(Variance);

    /// <summary>Gets the fourth central moment in units of the squared variance.</summary>
    public double Kurtosis { get; }

    /// <summary>Gets how far from the mean values of any weight lie.</summary>
    public double Range { get; }

    /// <summary>Gets by how much the last refinement changed the total and what is up to the value.</summary>
    public double Error { get; private init; }

    public double MeanError { get; private init; }

    public double VarianceError { get; private init; }

    public static Outcomes Of(Predicate<double> accepts, Func<double, double> logDensity, double value)
    {
        double Density(double x) => accepts(x) ? Math.Exp(logDensity(x)) : 0;
        bool isDiscrete = Math.Floor(value) == value && !accepts(value + 0.5) && !accepts(value - 0.5);
        if (isDiscrete)
        {
            List<(double, double)> terms = [(value, Density(value))];
            AddCounts(terms, accepts, Density, value, 1);
            AddCounts(terms, accepts, Density, value, -1);
            return new Outcomes(terms, value, isDiscrete);
        }

        double lower = End(accepts, value, -Far), upper = End(accepts, value, Far);
        Outcomes before = Integrate(Density, value, lower, upper, FirstStep);
        for (int i = 1; i <= Refinements; i++)
        {
            Outcomes now = Integrate(Density, value, lower, upper, Math.ScaleB(FirstStep, -i));
            double error = Math.Max(Math.Abs(now.Total - before.Total), Math.Abs(now.UpToValue - before.UpToValue));
            before = new Outcomes(now._terms, value, isDiscrete)
            {
                Error = error,
                MeanError = Math.Abs(now.Mean - before.Mean),
                VarianceError = Math.Abs(now.Variance - before.Variance),
            };
            if (error <= Steady)
            {
                break;
            }
        }

        return before;
    }

    private static void AddCounts(
        List<(double Value, double Probability)> terms, Predicate<double> accepts, Func<double, double> density, double value, int direction)
    {
        double before = terms[0].Probability;
        for (int k = 1; k <= MostCounts && accepts(value + (direction * k)); k++)
        {
            double probability = density(value + (direction * k));
            terms.Add((value + (direction * k), probability));
            if (k > FewestCounts && probability <= before && probability < NegligibleProbability)
            {
                return;
            }

            before = probability;
        }
    }

    /// <summary>Returns where values stop to be accepted: infinite where they are as far as doubles go.</summary>
    private static double End(Predicate<double> accepts, double accepted, double far)
    {
        if (accepts(far))
        {
            return far < 0 ? double.NegativeInfinity : double.PositiveInfinity;
        }

        double inside = accepted, outside = far;
        while (true)
        {
            double middle = (0.5 * inside) + (0.5 * outside);
            if (middle == inside || middle == outside)
            {
                return outside;
            }

            (inside, outside) = accepts(middle) ? (middle, outside) : (inside, middle);
        }
    }

    private static Outcomes Integrate(Func<double, double> density, double value, double lower, double upper, double step)
    {
        List<(double, double)> terms = [];
        AddSide(terms, density, value, lower, step, -1);
        AddSide(terms, density, value, upper, step, 1);
        return new Outcomes(terms, value, isDiscrete: false);
    }

    /// <summary>Adds the terms from the value to an end, the farthest last.</summary>
    private static void AddSide(List<(double, double)> terms, Func<double, double> density, double value, double end, double step, int direction)
    {
        bool isInfinite = double.IsInfinity(end);
        double from = isInfinite ? Near : Nearest, to = isInfinite ? Tail : -Near;
        for (int i = 0; from + (i * step) <= to; i++)
        {
            // Towards a finite end, from the value at y = 45 to the end at y = −700.
            double y = isInfinite ? from + (i * step) : to - (i * step), power = Math.Exp(-Math.Abs(y)), share = (y < 0 ? power : 1) / (1 + power);
            double distance = isInfinite ? Math.Exp(y) : Math.Abs(end - value) * share;
            double x = isInfinite ? value + (direction * distance) : end - (direction * distance);
            double slope = isInfinite ? distance : distance * (1 - share);
            slope = isInfinite || y < 0 ? slope : Math.Abs(end - value) * power / ((1 + power) * (1 + power));
            terms.Add((x, step * slope * density(x)));
        }
    }

    /// <summary>Returns an expectation; infinite where its terms do not come to an end.</summary>
    private double Moment(Func<double, double> f)
    {
        double sum = 0, size = 0, last = 0;
        for (int i = 0; i < _terms.Count; i++)
        {
            double term = _terms[i].Probability == 0 ? 0 : _terms[i].Probability * f(_terms[i].Value);
            sum += term;
            size += Math.Abs(term);
            last = i == _terms.Count - 1 || IsTurn(i) ? Math.Max(last, Math.Abs(term)) : last;
        }

        return last > Endless * size ? double.PositiveInfinity : sum / Total;
    }

    /// <summary>Returns whether the sum goes on upwards after this term, its farthest downwards.</summary>
    private bool IsTurn(int i) => i + 1 < _terms.Count && _terms[i + 1].Value > _terms[i].Value && (i == 0 || _terms[i].Value < _terms[i - 1].Value);
}
