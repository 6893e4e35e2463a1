using System.Collections.Immutable;

namespace VariationalInference;

/// <summary>Classes x = 0, …, C − 1 with P(X ≤ k) = σ(c_k − η).</summary>
/// <remarks>
/// A class between two cutpoints has log p = log(1 − e^(c_{x−1} − c_x)) + log σ(c_x − η) + log σ(η − c_{x−1}): a failure at one cutpoint, a success at the other. Their
/// gaps are learned instead of the cutpoints, so that each parameter has a range of its own.
/// </remarks>
internal sealed class OrdinalLikelihood : KernelLikelihood
{
    private readonly ImmutableArray<double> _cutpoints;

    // log(1 − e^−gap) for each class between two cutpoints; 0 for the outer ones.
    private readonly double[] _constants;

    private OrdinalLikelihood(ImmutableArray<double> cutpoints)
        : base(SoftplusKernel.Instance)
    {
        _cutpoints = cutpoints;
        _constants = new double[cutpoints.Length + 1];
        for (int k = 1; k < cutpoints.Length; k++)
        {
            _constants[k] = RepeatableFunctions.LogOneMinusExp(cutpoints[k] - cutpoints[k - 1]);
        }
    }

    public override string Kind => "ordinal";

    public override bool IsLogConcave => true;

    public override string AllowedValues => Guard.Text($"a whole number from 0 to {Highest}");

    public override ImmutableArray<LikelihoodParameter> Parameters =>
    [
        new("first cutpoint", _cutpoints[0], double.NegativeInfinity, double.PositiveInfinity),
        .. Enumerable.Range(1, Highest - 1)
            .Select(k => new LikelihoodParameter(Guard.Text($"gap {k}"), _cutpoints[k] - _cutpoints[k - 1], 0, double.PositiveInfinity)),
    ];

    // Gaps would lose the last digits of cutpoints.
    internal override double[] FileNumbers => [.. _cutpoints];

    /// <summary>Gets the highest class.</summary>
    private int Highest => _cutpoints.Length;

    // A success and a failure.
    protected override int Parts => 2;

    /// <exception cref="ArgumentException">There is no cutpoint, one is not finite, or they do not ascend.</exception>
    public static OrdinalLikelihood Create(ReadOnlySpan<double> cutpoints)
    {
        if (cutpoints.IsEmpty)
        {
            throw new ArgumentException("cutpoints has 0 elements; it must have at least 1.", nameof(cutpoints));
        }

        Guard.AllFinite(cutpoints, nameof(cutpoints));
        for (int i = 1; i < cutpoints.Length; i++)
        {
            if (!(cutpoints[i] > cutpoints[i - 1]))
            {
                throw new ArgumentException(
                    Guard.Text($"cutpoints[{i}] is {cutpoints[i]}; it must be greater than the one before, {cutpoints[i - 1]}."), nameof(cutpoints));
            }
        }

        return new OrdinalLikelihood([.. cutpoints]);
    }

    public override bool Accepts(double value, double size = 1) => Counts.Includes(value) && value <= Highest;

    public override string ToString() => $"ordinal (logit, cutpoints {Wording.List(_cutpoints)})";

    protected override void Arguments(in SiteBatch cells, int stride, Span<double> means, Span<double> variances)
    {
        for (int i = 0; i < cells.Count; i++)
        {
            if (double.IsNaN(cells.Values[i]))
            {
                continue;
            }

            int x = (int)cells.Values[i];
            if (x < Highest)
            {
                means[i] = LogisticSite.Folded(cells.Means[i] - _cutpoints[x]);
                variances[i] = cells.Variances[i];
            }

            if (x > 0)
            {
                means[stride + i] = LogisticSite.Folded(cells.Means[i] - _cutpoints[x - 1]);
                variances[stride + i] = cells.Variances[i];
            }
        }
    }

    protected override void Sites(
        in SiteBatch cells, int stride, ReadOnlySpan<double> values, ReadOnlySpan<double> firsts, ReadOnlySpan<double> seconds)
    {
        for (int i = 0; i < cells.Count; i++)
        {
            if (double.IsNaN(cells.Values[i]))
            {
                cells.Write(i, default);
                continue;
            }

            int x = (int)cells.Values[i], j = stride + i;
            SiteExpectation failure = x < Highest
                ? LogisticSite.Of(0, 1, cells.Means[i] - _cutpoints[x], values[i], firsts[i], seconds[i])
                : default;
            SiteExpectation success = x > 0
                ? LogisticSite.Of(1, 0, cells.Means[i] - _cutpoints[x - 1], values[j], firsts[j], seconds[j])
                : default;
            cells.Write(
                i,
                new SiteExpectation(
                    _constants[x] + failure.Value + success.Value, failure.Gradient + success.Gradient, failure.Precision + success.Precision));
        }
    }

    protected override void AddToParameterGradient(double value, double mean, double variance, double size, Span<double> gradient)
    {
        int x = (int)value;
        double failure = x < Highest ? Gradient(0, 1, mean - _cutpoints[x], variance) : 0;
        double success = x > 0 ? Gradient(1, 0, mean - _cutpoints[x - 1], variance) : 0;

        // The first k gaps move cutpoint k, which moves the predictor the other way.
        for (int k = 0; k < Highest; k++)
        {
            gradient[k] -= (k <= x ? failure : 0) + (k < x ? success : 0);
        }

        if (x > 0 && x < Highest)
        {
            gradient[x] += 1 / RepeatableFunctions.ExpMinusOne(_cutpoints[x] - _cutpoints[x - 1]);
        }
    }

    protected override Likelihood Replace(ReadOnlySpan<double> values)
    {
        double[] cutpoints = values.ToArray();
        for (int k = 1; k < cutpoints.Length; k++)
        {
            cutpoints[k] += cutpoints[k - 1];
        }

        return Create(cutpoints);
    }

    protected override double Start(double value, double size)
    {
        int x = (int)value;
        return x == 0 ? _cutpoints[0] - 1
            : x == Highest ? _cutpoints[^1] + 1
            : (0.5 * _cutpoints[x - 1]) + (0.5 * _cutpoints[x]);
    }

    protected override double EvaluateMean(double predictor, double size)
    {
        double mean = 0;
        foreach (double cutpoint in _cutpoints)
        {
            mean += SoftplusKernel.Logistic(predictor - cutpoint);
        }

        return mean;
    }

    protected override double EvaluateVariance(double predictor, double size)
    {
        double mean = EvaluateMean(predictor, size), variance = 0;
        for (int k = 0; k <= Highest; k++)
        {
            variance += RepeatableFunctions.Exp(EvaluateLogDensity(k, predictor, 1)) * (k - mean) * (k - mean);
        }

        return variance;
    }

    protected override double EvaluateCumulative(double value, double predictor, double size) =>
        value < 0 ? 0 : value >= Highest ? 1 : SoftplusKernel.Logistic(_cutpoints[(int)value] - predictor);

    protected override double Draw(double predictor, double size, RandomNumbers random)
    {
        double uniform = random.NextUniform();
        int x = 0;
        while (x < Highest && uniform > SoftplusKernel.Logistic(_cutpoints[x] - predictor))
        {
            x++;
        }

        return x;
    }

    private static double Gradient(double successes, double failures, double mean, double variance)
    {
        (double value, double first, double second) = SoftplusKernel.Instance.Expect(LogisticSite.Folded(mean), variance);
        return LogisticSite.Of(successes, failures, mean, value, first, second).Gradient;
    }
}
