using System.Collections.Immutable;
using FluentAssertions;
using VariationalInference.Testing;
using VariationalInference.Tests.Likelihoods;
using Xunit;

namespace VariationalInference.Tests.Testing;

public sealed class LikelihoodConformanceTests
{
    public static TheoryData<string, double[], double[]> Cells => new()
    {
        { "Gaussian (variance 0.3)", [-1.5, 0.25], [] },
        { "Bernoulli (logit)", [0, 1], [] },
        { "Bernoulli (probit)", [0, 1], [] },
        { "binomial (logit)", [0, 3, 12, 37, 700], [1, 10, 12, 1000, 1000] },
        { "Poisson (log)", [0, 7, 300], [1, 0.5, 4] },
        { "negative binomial (log, dispersion size 2.5)", [0, 7, 30], [1, 0.5, 4] },
        { "Student's t (scale 0.7, 4 degrees of freedom)", [-2, 0.3], [] },
        { "ordinal (logit, cutpoints [-1, 0.5, 2])", [0, 1, 2, 3], [] },
        { "gamma (log, shape 2.5)", [0.2, 3], [] },
        { "exponential (log)", [0.2, 3], [] },
    };

    [Theory]
    [MemberData(nameof(Cells))]
    public void LikelihoodOfTheLibrary_Conforms(string name, double[] values, double[] sizes) =>
        LikelihoodConformance.Check(LikelihoodCases.Named(name), values, sizes).Should().BeEmpty();

    [Fact]
    public void ShapeWithAnInfiniteDensityAtZero_Conforms() => LikelihoodConformance.Check(Likelihood.Gamma(0.3), [0.01, 2]).Should().BeEmpty();

    [Fact]
    public void TailsWithoutAVarianceOrAMean_Conform()
    {
        LikelihoodConformance.Check(Likelihood.StudentT(1, 1.5), [0.5]).Should().BeEmpty();
        LikelihoodConformance.Check(Likelihood.StudentT(1, 0.8), [0.5]).Should().BeEmpty();
    }

    [Fact]
    public void LogDensityAlone_Conforms() => LikelihoodConformance.Check(new OwnLikelihood { LogDensityOnly = true }, [-1, 2.5]).Should().BeEmpty();

    [Fact]
    public void WholeLikelihoodOfOnesOwn_Conforms() => LikelihoodConformance.Check(new OwnLikelihood(), [-1, 2.5]).Should().BeEmpty();

    public static TheoryData<string, string> Faults => new()
    {
        { "Density", "over all values that are accepted, integrates to 1.1051709180756" },
        { "NaN", "is NaN; it must be a number, or −∞" },
        { "First", "gave a first derivative of" },
        { "Second", "gave a second derivative of" },
        { "Value", "gave a value of" },
        { "Gradient", "gave a gradient of" },
        { "Precision", "gave a precision of" },
        { "Concave", "IsLogConcave is true, and the second derivative of" },
        { "Mean", "Mean at" },
        { "Variance", "Variance at" },
        { "Cumulative", "Cumulative of" },
        { "Predictive", "PredictiveMoments at" },
        { "DrawMean", "gave a mean of" },
        { "DrawSpread", "gave a variance of" },
        { "DrawRefused", "which Accepts refuses" },
        { "DrawState", "repeated with the same seed, gave other draws" },
        { "Start", "StartingPredictor of x = -1 is NaN; it must be finite." },
        { "Infinite", "Accepts takes an infinite value; a cell must be finite." },
        { "Refuses", "Accepts refuses x = -1, which is to be examined; the allowed values are said to be finite." },
        { "Allowed", "AllowedValues is empty" },
        { "Replace", "WithParameters, given 0.7007 for scale, made it 0.7; it must have the value given." },
        { "Scaled", "WithParameters, given the same parameters, made LogDensity" },
        { "ParameterGradient", "for scale; differences of Expect give" },
        { "Range", "Parameters has scale = 0.7; it must be greater than 1 and less than Infinity." },
        { "Name", "Parameters has the name \"\" empty or more than once" },
        { "Throws", "threw InvalidOperationException (no); it must not throw." },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public void Fault_IsNamed(string fault, string message)
    {
        ImmutableArray<string> violations = LikelihoodConformance.Check(new OwnLikelihood { Fault = fault }, [-1, 2.5]);

        violations.Should().Contain(violation => violation.Contains(message));
    }

    // A count whose probabilities are those of a Poisson distribution, but for a factor.
    [Fact]
    public void CountsThatDoNotSumToOne_AreNamed() =>
        LikelihoodConformance.Check(new CountLikelihood(), [3]).Should().ContainSingle().Which.Should().Contain("sums to 1.0512710963760");

    [Fact]
    public void BadArguments_AreRefusedByName()
    {
        Likelihood likelihood = Likelihood.Poisson();

        ((Action)(() => LikelihoodConformance.Check(null!, [1]))).Should().ThrowExactly<ArgumentNullException>().WithParameterName("likelihood");
        Refusal.Of<ArgumentException>(() => LikelihoodConformance.Check(likelihood, []), "values", "values has 0 elements; it must have at least 1.");
        Refusal.Of<ArgumentException>(() => LikelihoodConformance.Check(likelihood, [1, double.NaN]), "values", "values[1] is NaN; it must be finite.");
        Refusal.Of<ArgumentException>(
            () => LikelihoodConformance.Check(likelihood, [1, 2], [1]), "sizes", "sizes has 1 elements; it must have 2, one for each value, or none.");
        Refusal.Of<ArgumentOutOfRangeException>(
            () => _ = new LikelihoodConformanceOptions { Tolerance = 0 }, "Tolerance", "Tolerance is 0; it must be positive and finite.");
        Refusal.Of<ArgumentOutOfRangeException>(
            () => _ = new LikelihoodConformanceOptions { DrawCount = 99 }, "DrawCount", "DrawCount is 99; it must be at least 100.");
    }

    /// <summary>A logistic distribution of location η and scale s, with a fault by name.</summary>
    private sealed class OwnLikelihood : Likelihood
    {
        private int _calls;

        public string Fault { get; init; } = string.Empty;

        public bool LogDensityOnly { get; init; }

        public double Scale { get; init; } = 0.7;

        public override bool IsLogConcave => true;

        public override string AllowedValues => Fault == "Allowed" ? " " : base.AllowedValues;

        public override ImmutableArray<LikelihoodParameter> Parameters => LogDensityOnly
            ? []
            : [new(Fault == "Name" ? string.Empty : "scale", Scale, Fault == "Range" ? 1 : 0, double.PositiveInfinity)];

        private double Spread => Scale * Scale * Math.PI * Math.PI / 3;

        public override bool Accepts(double value, double size = 1) => Fault switch
        {
            "Infinite" => !double.IsNaN(value),
            "Refuses" => double.IsFinite(value) && value > 0,
            "DrawRefused" => double.IsFinite(value) && Math.Abs(value) != 0.125,
            _ => base.Accepts(value, size),
        };

        protected override double EvaluateLogDensity(double value, double predictor, double size)
        {
            double z = Math.Abs(value - predictor) / Scale;
            double density = -z - Math.Log(Scale) - (2 * Math.Log(1 + Math.Exp(-z)));
            return Fault switch
            {
                "Density" => density + 0.1,
                "NaN" => double.NaN,
                "Concave" => density - (0.5 * Math.Cos(predictor - value)),
                "Throws" => throw new InvalidOperationException("no"),
                _ => density,
            };
        }

        protected override (double First, double Second) EvaluateDerivatives(double value, double predictor, double size)
        {
            if (LogDensityOnly || Fault == "Concave")
            {
                return base.EvaluateDerivatives(value, predictor, size);
            }

            double half = Math.Tanh(0.5 * (value - predictor) / Scale);
            return ((half / Scale) * (Fault == "First" ? 1.0001 : 1), -0.5 * (1 - (half * half)) / Scale / Scale * (Fault == "Second" ? -1 : 1));
        }

        protected override SiteExpectation EvaluateExpectation(double value, double mean, double variance, double size)
        {
            SiteExpectation site = base.EvaluateExpectation(value, mean, variance, size);
            return Fault switch
            {
                "Value" => site with { Value = site.Value + 1e-3 },
                "Gradient" => site with { Gradient = site.Gradient * 1.001 },
                "Precision" => site with { Precision = site.Precision * 2 },
                _ => site,
            };
        }

        // ∂ log p/∂s = (z tanh(z/2) − 1)/s, averaged over the predictor by three Gauss–Hermite nodes would not do: by differences of the expectation.
        protected override void AddToParameterGradient(double value, double mean, double variance, double size, Span<double> gradient)
        {
            const double H = 1e-3;
            double At(double scale) => new OwnLikelihood { Scale = scale }.Expect(value, mean, variance).Value;
            double difference = ((8 * (At(Scale + H) - At(Scale - H))) - (At(Scale + (2 * H)) - At(Scale - (2 * H)))) / (12 * H);
            gradient[0] += difference * (Fault == "ParameterGradient" ? 1.01 : 1);
        }

        protected override Likelihood Replace(ReadOnlySpan<double> values) => Fault switch
        {
            "Replace" => this,
            "Scaled" => new OwnLikelihood { Scale = values[0], Fault = "Density" },
            _ => new OwnLikelihood { Scale = values[0], Fault = Fault },
        };

        protected override double Start(double value, double size) => Fault == "Start" ? double.NaN : value;

        protected override double EvaluateMean(double predictor, double size) =>
            LogDensityOnly ? base.EvaluateMean(predictor, size) : predictor + (Fault == "Mean" ? 0.01 : 0);

        protected override double EvaluateVariance(double predictor, double size) =>
            LogDensityOnly ? base.EvaluateVariance(predictor, size) : Spread * (Fault == "Variance" ? 1.001 : 1);

        protected override double EvaluateCumulative(double value, double predictor, double size) => LogDensityOnly
            ? base.EvaluateCumulative(value, predictor, size)
            : (1 / (1 + Math.Exp((predictor - value) / Scale))) + (Fault == "Cumulative" ? 1e-3 : 0);

        protected override (double Mean, double Variance) EvaluatePredictiveMoments(double mean, double variance, double size) =>
            (mean, Spread + variance + (Fault == "Predictive" ? variance : 0));

        protected override double Draw(double predictor, double size, RandomNumbers random)
        {
            if (LogDensityOnly)
            {
                return base.Draw(predictor, size, random);
            }

            double uniform = 1 - (0.9999999 * random.NextUniform());
            double draw = predictor + (Scale * Math.Log(uniform / (1 - uniform)) * (Fault == "DrawSpread" ? 1.1 : 1));
            return Fault switch
            {
                "DrawMean" => draw > -1 ? draw + 0.2 : draw,
                "DrawRefused" => 0.125,
                "DrawState" => draw + (1e-9 * _calls++),
                _ => draw,
            };
        }
    }

    private sealed class CountLikelihood : Likelihood
    {
        public override bool Accepts(double value, double size = 1) => value >= 0 && double.IsFinite(value) && Math.Floor(value) == value;

        protected override double EvaluateLogDensity(double value, double predictor, double size) =>
            Likelihood.Poisson().LogDensity(value, predictor) + 0.05;
    }
}
