using System.Numerics.Tensors;

namespace VariationalInference;

/// <summary>
/// The deviance −2 log L less its constants, with σ² at its best for each θ: log det M + n log r², for REML log det M + log det XᵀV⁻¹X +
/// (n − p) log r². Each instance has memory of its own and belongs to one thread.
/// </summary>
internal sealed class MixedObjective
{
    /// <summary>Where variances differ by more than this, squared, a double has no digits left for the smaller one.</summary>
    private const double Beyond = 1e17;

    /// <summary>From this order of a block on, an evaluation takes milliseconds.</summary>
    private const int CostlyOrder = 200;

    private readonly double[][] _lambda;

    public MixedObjective(MixedParameters parameters, MixedReduction reduction, bool restricted, int maxThreads)
    {
        Parameters = parameters;
        MaxThreads = maxThreads;
        Criterion = new MixedCriterion(reduction, restricted, maxThreads);
        Freedom = reduction.RowCount - (restricted ? reduction.ColumnCount - 1 : 0);
        _lambda = parameters.CreateLambda();
    }

    public MixedParameters Parameters { get; }

    public int MaxThreads { get; }

    /// <summary>Gets a value indicating whether evaluations are to be spared.</summary>
    public bool IsCostly => Criterion.Reduction.Rest?.BlockOrders.Max() >= CostlyOrder;

    public MixedCriterion Criterion { get; }

    /// <summary>Gets n, for REML n − p.</summary>
    public double Freedom { get; }

    /// <summary>Gets what rounding does to the deviance, about.</summary>
    public double Rounding => (1e-13 * Freedom) + (DoublePrecision.UnitRoundoff * (Criterion.Amplification + (10 * Math.Abs(Criterion.LogDeterminant))));

    /// <summary>Gets the factors Λ of the last evaluation.</summary>
    public double[][] Lambda => _lambda;

    /// <summary>Gets the best point evaluated so far; null before any.</summary>
    public double[]? BestTheta { get; private set; }

    public double BestValue { get; private set; } = double.PositiveInfinity;

    /// <summary>Gets the derivatives of log det M (and log det XᵀV⁻¹X) and of r², at the last evaluation with a gradient.</summary>
    public (double[] Log, double[] Squares) Parts { get; private set; } = ([], []);

    /// <summary>Returns another instance of the same, for another thread.</summary>
    public MixedObjective Another() => new(Parameters, Criterion.Reduction, Criterion.IsRestricted, maxThreads: 1);

    /// <summary>Returns the deviance; +∞ where it is not finite, −∞ where r² is zero.</summary>
    public double Value(ReadOnlySpan<double> theta) => Evaluate(theta, withGradient: false);

    /// <summary>Returns the deviance and writes its derivatives by θ.</summary>
    public double Value(double[] theta, double[] gradient)
    {
        double value = Evaluate(theta, withGradient: true);
        if (!double.IsFinite(value))
        {
            return value;
        }

        (double[] log, double[] squares) = (new double[theta.Length], new double[theta.Length]);
        Parameters.Gather(Criterion.LogGradient, log);
        Parameters.Gather(Criterion.SquaresGradient, squares);
        Parts = (log, squares);
        for (int i = 0; i < gradient.Length; i++)
        {
            gradient[i] = log[i] + (Freedom / Criterion.ResidualSquares * squares[i]);
        }

        return value;
    }

    private double Evaluate(ReadOnlySpan<double> theta, bool withGradient)
    {
        Parameters.Unpack(theta, _lambda);
        if (TensorPrimitives.MaxMagnitude(theta) is > Beyond or < -Beyond || !Criterion.Evaluate(_lambda, withGradient))
        {
            return double.PositiveInfinity;
        }

        double fixedPart = Criterion.IsRestricted ? Criterion.LogFixedDeterminant : 0;
        double value = Criterion.LogDeterminant + fixedPart + (Freedom * Math.Log(Criterion.ResidualSquares));
        if (value < BestValue)
        {
            BestValue = value;
            BestTheta = theta.ToArray();
        }

        return value;
    }
}
