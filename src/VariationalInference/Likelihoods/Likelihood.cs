using System.Collections.Immutable;

namespace VariationalInference;

/// <summary>The distribution of a cell x given its predictor η.</summary>
/// <remarks>
/// <para>
/// All that inference asks of a likelihood is the <see cref="SiteExpectation"/> of a cell: ℓ(x, η̄, w) = E[log p(x | η)] for η ~ N(η̄, w), with
/// its derivatives. The likelihoods that are made here (<see cref="Bernoulli"/> and its like) know it in closed form, or to 1e-11 of its value, or to 1e-13 where that is less.
/// </para>
/// <para>
/// A likelihood of one's own needs <see cref="EvaluateLogDensity"/> only, finite and smooth in η. Its derivatives are then central differences of order eight
/// (errors of about 1e-12 of the log density's size for the first, 1e-9 for the second), and its expectations sums by a trapezoid rule whose step is halved until nothing
/// changes: errors of about 1e-12 of the log density's size for ℓ, and 1e-10 for g and λ, if it changes over no less than a hundredth of the predictor's standard deviation. Whoever
/// knows better overrides <see cref="EvaluateDerivatives"/> and <see cref="EvaluateExpectation"/>. LikelihoodConformance, of the package for tests, examines all of it.
/// </para>
/// <para>
/// A cell may have a second number, its size: the trials of a binomial cell, the exposure of a count. It is 1 where there is neither.
/// </para>
/// <threadsafety>Immutable, hence safe to share.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp"><![CDATA[
/// Likelihood laplace = new Laplace();
/// Console.WriteLine($"{laplace.Expect(value: 0.5, mean: 0, variance: 1).Value:F4}");   // -1.6098
///
/// // Like a Laplace distribution, and smooth: p(x | η) ∝ exp(−√(1 + (x − η)²)).
/// internal sealed class Laplace : Likelihood
/// {
///     private const double LogNormalizer = 0.18549523234919298;   // log 2K₁(1), K₁ of Bessel
///
///     public override bool IsLogConcave => true;
///
///     protected override double EvaluateLogDensity(double value, double predictor, double size) =>
///         -LogNormalizer - Math.Sqrt(1 + ((value - predictor) * (value - predictor)));
/// }
/// ]]></code>
/// </example>
public abstract partial class Likelihood
{
    /// <summary>Gets a value indicating whether log p(x | η) is concave in η for every cell, so that there is one optimum and no site has a negative precision.</summary>
    /// <value>The default is <see langword="false"/>: nothing is promised.</value>
    public virtual bool IsLogConcave => false;

    /// <summary>Gets the name of the kind in files, unlike those of other kinds; whoever loads one of its own hands in a likelihood of that kind.</summary>
    /// <value>The default is the name of the type.</value>
    public virtual string Kind => GetType().Name;

    /// <summary>Gets what the second number of a cell means.</summary>
    /// <value>The default is <see cref="CellSize.None"/>.</value>
    public virtual CellSize Size => CellSize.None;

    /// <summary>Gets which values are allowed, as it continues "it must be".</summary>
    /// <value>The default is <c>finite</c>.</value>
    public virtual string AllowedValues => "finite";

    /// <summary>Gets the numbers that can be learned.</summary>
    /// <value>The default is none.</value>
    public virtual ImmutableArray<LikelihoodParameter> Parameters => [];

    /// <summary>Gets the numbers by which files have the likelihood.</summary>
    internal virtual double[] FileNumbers => [.. Parameters.Select(parameter => parameter.Value)];

    /// <summary>Returns whether a cell may hold a value. Nobody asks about a missing cell (NaN).</summary>
    /// <param name="value">The value x.</param>
    /// <param name="size">The trials or the exposure; 1 where there is neither.</param>
    /// <returns>Whether x is possible.</returns>
    public virtual bool Accepts(double value, double size = 1) => double.IsFinite(value);

    /// <summary>Returns the same likelihood with other parameters.</summary>
    /// <param name="values">The values, in the order of <see cref="Parameters"/>.</param>
    /// <returns>The likelihood.</returns>
    /// <exception cref="ArgumentException">There are more or fewer values than parameters, or one is outside its range.</exception>
    public Likelihood WithParameters(ReadOnlySpan<double> values)
    {
        ImmutableArray<LikelihoodParameter> parameters = Parameters;
        Guard.Length(values.Length, parameters.Length, nameof(values), "one for each parameter");
        for (int i = 0; i < values.Length; i++)
        {
            LikelihoodParameter parameter = parameters[i];
            if (!(values[i] > parameter.Lower && values[i] < parameter.Upper))
            {
                throw new ArgumentException(
                    Guard.Text(
                        $"values[{i}], the {parameter.Name}, is {values[i]}; it must be greater than {parameter.Lower} and less than {parameter.Upper}."),
                    nameof(values));
            }
        }

        return values.IsEmpty ? this : Replace(values);
    }

    /// <summary>Returns log p(x | η) in nats, with every constant.</summary>
    /// <param name="value">The value x.</param>
    /// <param name="predictor">The predictor η.</param>
    /// <param name="size">The trials or the exposure; 1 where there is neither.</param>
    /// <returns>The log density; −∞ where it is beyond double precision.</returns>
    /// <exception cref="ArgumentException">The cell is not allowed, or the predictor not finite.</exception>
    public double LogDensity(double value, double predictor, double size = 1)
    {
        CheckCell(value, size);
        Guard.AllFinite([predictor], nameof(predictor));
        return EvaluateLogDensity(value, predictor, size);
    }

    /// <summary>Returns the first and second derivatives of log p(x | η) in η.</summary>
    /// <param name="value">The value x.</param>
    /// <param name="predictor">The predictor η.</param>
    /// <param name="size">The trials or the exposure; 1 where there is neither.</param>
    /// <returns>The derivatives.</returns>
    /// <exception cref="ArgumentException">The cell is not allowed, or the predictor not finite.</exception>
    public (double First, double Second) Derivatives(double value, double predictor, double size = 1)
    {
        CheckCell(value, size);
        Guard.AllFinite([predictor], nameof(predictor));
        return EvaluateDerivatives(value, predictor, size);
    }

    /// <summary>Returns the expectation of log p(x | η) for η ~ N(η̄, w), with its derivatives.</summary>
    /// <param name="value">The value x.</param>
    /// <param name="mean">The predictor's mean η̄.</param>
    /// <param name="variance">The predictor's variance w. Range: at least 0.</param>
    /// <param name="size">The trials or the exposure; 1 where there is neither.</param>
    /// <returns>The expectation.</returns>
    /// <exception cref="ArgumentException">The cell is not allowed, the mean not finite, or the variance outside its range.</exception>
    public SiteExpectation Expect(double value, double mean, double variance, double size = 1)
    {
        CheckCell(value, size);
        Guard.AllFinite([mean], nameof(mean));
        Guard.NonNegative(variance, nameof(variance));
        return EvaluateExpectation(value, mean, variance, size);
    }

    /// <summary>Does the same for many cells, to the same bits, without allocating.</summary>
    /// <remarks>Cells are not checked one by one: <see cref="CheckCells"/> does so, once. A missing cell (NaN) has expectation, gradient and precision 0.</remarks>
    /// <param name="values">The values x, all of them allowed, or NaN where missing.</param>
    /// <param name="sizes">Their trials or exposures; empty for 1 each.</param>
    /// <param name="means">The predictors' means η̄, finite.</param>
    /// <param name="variances">The predictors' variances w, finite. Range: at least 0.</param>
    /// <param name="expectations">Receives ℓ.</param>
    /// <param name="gradients">Receives g.</param>
    /// <param name="precisions">Receives λ.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public void Expect(
        ReadOnlySpan<double> values,
        ReadOnlySpan<double> sizes,
        ReadOnlySpan<double> means,
        ReadOnlySpan<double> variances,
        Span<double> expectations,
        Span<double> gradients,
        Span<double> precisions)
    {
        RequireCells(values, sizes, means, variances);
        Guard.Length(expectations.Length, values.Length, nameof(expectations), "one for each value");
        Guard.Length(gradients.Length, values.Length, nameof(gradients), "one for each value");
        Guard.Length(precisions.Length, values.Length, nameof(precisions), "one for each value");
        Expect(new SiteBatch
        {
            Values = values,
            Sizes = sizes,
            Means = means,
            Variances = variances,
            Expectations = expectations,
            Gradients = gradients,
            Precisions = precisions,
        });
    }

    /// <summary>Adds the derivatives of Σ ℓ(x, η̄, w) over cells, in the parameters, to a gradient.</summary>
    /// <remarks>Cells are not checked one by one: <see cref="CheckCells"/> does so, once. Missing cells (NaN) add nothing.</remarks>
    /// <param name="values">The values x, all of them allowed, or NaN where missing.</param>
    /// <param name="sizes">Their trials or exposures; empty for 1 each.</param>
    /// <param name="means">The predictors' means η̄, finite.</param>
    /// <param name="variances">The predictors' variances w, finite. Range: at least 0.</param>
    /// <param name="gradient">What is added to, in the order of <see cref="Parameters"/>.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    /// <exception cref="NotSupportedException">A likelihood of one's own has parameters, and no derivatives in them.</exception>
    public void AddParameterGradient(
        ReadOnlySpan<double> values, ReadOnlySpan<double> sizes, ReadOnlySpan<double> means, ReadOnlySpan<double> variances, Span<double> gradient)
    {
        RequireCells(values, sizes, means, variances);
        Guard.Length(gradient.Length, Parameters.Length, nameof(gradient), "one for each parameter");
        if (gradient.IsEmpty)
        {
            return;
        }

        for (int i = 0; i < values.Length; i++)
        {
            if (!double.IsNaN(values[i]))
            {
                AddToParameterGradient(values[i], means[i], variances[i], sizes.IsEmpty ? 1 : sizes[i], gradient);
            }
        }
    }

    /// <summary>Returns a predictor under which a value is likely, to start from.</summary>
    /// <param name="value">The value x.</param>
    /// <param name="size">The trials or the exposure; 1 where there is neither.</param>
    /// <returns>The predictor, which is finite.</returns>
    /// <exception cref="ArgumentException">The cell is not allowed.</exception>
    public double StartingPredictor(double value, double size = 1)
    {
        CheckCell(value, size);
        return Start(value, size);
    }

    /// <summary>Refuses cells that are not allowed. Missing ones (NaN) are.</summary>
    /// <param name="values">The values.</param>
    /// <param name="sizes">Their trials or exposures; empty for 1 each.</param>
    /// <exception cref="ArgumentException">A cell is not allowed; the message names its place, the value and what would be allowed.</exception>
    public void CheckCells(ReadOnlySpan<double> values, ReadOnlySpan<double> sizes)
    {
        if (!sizes.IsEmpty)
        {
            Guard.Length(sizes.Length, values.Length, nameof(sizes), "one for each value");
        }

        for (int i = 0; i < values.Length; i++)
        {
            double size = sizes.IsEmpty ? 1 : sizes[i];
            if (!double.IsNaN(values[i]) && !Allows(values[i], size))
            {
                string? refusal = RefusalOfSize(size, Guard.Text($"sizes[{i}]"));
                throw new ArgumentException(
                    refusal ?? RefusalOfValue(values[i], Guard.Text($"values[{i}]")), refusal is null ? nameof(values) : nameof(sizes));
            }
        }
    }

    /// <summary>Returns log p(x | η) of an allowed cell, with every constant.</summary>
    /// <param name="value">The value x.</param>
    /// <param name="predictor">The predictor η.</param>
    /// <param name="size">The trials or the exposure; 1 where there is neither.</param>
    /// <returns>The log density.</returns>
    protected abstract double EvaluateLogDensity(double value, double predictor, double size);

    /// <summary>Returns the derivatives of <see cref="EvaluateLogDensity"/> in η; by default, by central differences.</summary>
    /// <param name="value">The value x.</param>
    /// <param name="predictor">The predictor η.</param>
    /// <param name="size">The trials or the exposure; 1 where there is neither.</param>
    /// <returns>The derivatives.</returns>
    protected virtual (double First, double Second) EvaluateDerivatives(double value, double predictor, double size) =>
        DensityDifferences.At(new CellDensity(this, value, size), predictor);

    /// <summary>Returns the expectation of <see cref="EvaluateLogDensity"/> with its derivatives; by default, by quadrature.</summary>
    /// <param name="value">The value x.</param>
    /// <param name="mean">The predictor's mean η̄.</param>
    /// <param name="variance">The predictor's variance w. Range: at least 0.</param>
    /// <param name="size">The trials or the exposure; 1 where there is neither.</param>
    /// <returns>The expectation.</returns>
    protected virtual SiteExpectation EvaluateExpectation(double value, double mean, double variance, double size) =>
        DensityQuadrature.Expect(new CellDensity(this, value, size), mean, variance);

    /// <summary>Adds the derivatives of ℓ in the parameters to a gradient; a likelihood without parameters is not asked.</summary>
    /// <param name="value">The value x.</param>
    /// <param name="mean">The predictor's mean η̄.</param>
    /// <param name="variance">The predictor's variance w. Range: at least 0.</param>
    /// <param name="size">The trials or the exposure; 1 where there is neither.</param>
    /// <param name="gradient">What is added to, in the order of <see cref="Parameters"/>.</param>
    protected virtual void AddToParameterGradient(double value, double mean, double variance, double size, Span<double> gradient) =>
        throw Unknown(nameof(AddToParameterGradient));

    /// <summary>Returns the same likelihood with other parameters, which are in their ranges; a likelihood without parameters is not asked.</summary>
    /// <param name="values">The values, in the order of <see cref="Parameters"/>.</param>
    /// <returns>The likelihood.</returns>
    protected virtual Likelihood Replace(ReadOnlySpan<double> values) => throw Unknown(nameof(Replace));

    /// <summary>Returns a predictor under which a value is likely; by default 0.</summary>
    /// <param name="value">The value x.</param>
    /// <param name="size">The trials or the exposure; 1 where there is neither.</param>
    /// <returns>The predictor.</returns>
    protected virtual double Start(double value, double size) => 0;

    /// <summary>Evaluates many cells, missing ones among them, to the same bits as one by one.</summary>
    private protected virtual void EvaluateBatch(in SiteBatch batch)
    {
        for (int i = 0; i < batch.Count; i++)
        {
            batch.Write(
                i,
                double.IsNaN(batch.Values[i])
                    ? default
                    : EvaluateExpectation(batch.Values[i], batch.Means[i], batch.Variances[i], batch.SizeOf(i)));
        }
    }

    /// <summary>Tells whether a cell that is not missing is allowed.</summary>
    internal bool Allows(double value, double size) => IsSize(size) && Accepts(value, size);

    /// <summary>Evaluates cells that have been checked.</summary>
    internal void Expect(in SiteBatch batch) => EvaluateBatch(batch);

    /// <summary>Returns <see cref="StartingPredictor"/> of a cell that has been checked.</summary>
    internal double StartOf(double value, double size) => Start(value, size);

    private static void RequireCells(
        ReadOnlySpan<double> values, ReadOnlySpan<double> sizes, ReadOnlySpan<double> means, ReadOnlySpan<double> variances)
    {
        Guard.Length(means.Length, values.Length, nameof(means), "one for each value");
        Guard.Length(variances.Length, values.Length, nameof(variances), "one for each value");
        if (!sizes.IsEmpty)
        {
            Guard.Length(sizes.Length, values.Length, nameof(sizes), "one for each value");
        }
    }

    private void CheckCell(double value, double size)
    {
        CheckSize(size);
        if (!Accepts(value, size))
        {
            throw new ArgumentException(RefusalOfValue(value, nameof(value)), nameof(value));
        }
    }

    private void CheckSize(double size)
    {
        if (RefusalOfSize(size, nameof(size)) is string refusal)
        {
            throw new ArgumentException(refusal, nameof(size));
        }
    }

    private bool IsSize(double size) => Size switch
    {
        CellSize.Trials => size >= 1 && Counts.Includes(size),
        CellSize.Exposure => size > 0 && double.IsFinite(size),
        _ => size == 1,
    };

    internal string RefusalOfValue(double value, string name) => Guard.Text($"{name} is {value}; it must be {AllowedValues}.");

    internal string? RefusalOfSize(double size, string name) => IsSize(size)
        ? null
        : Size switch
        {
            CellSize.Trials => Guard.Text($"{name} is {size}; it must be a whole number of trials from 1 to {Counts.Largest}."),
            CellSize.Exposure => Guard.Text($"{name} is {size}; it must be an exposure, positive and finite."),
            _ => Guard.Text($"{name} is {size}; it must be 1, since these cells have neither trials nor an exposure."),
        };

    private NotSupportedException Unknown(string method) => new($"{GetType().Name} does not override {method}.");

    /// <summary>The log density of a cell as a function of its predictor alone.</summary>
    internal readonly struct CellDensity(Likelihood likelihood, double value, double size) : IPredictorFunction
    {
        public double At(double predictor) => likelihood.EvaluateLogDensity(value, predictor, size);
    }
}
