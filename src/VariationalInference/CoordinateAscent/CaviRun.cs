namespace VariationalInference;

/// <summary>The state of coordinate ascent on one row, in whitened coordinates t = D⁻¹(μ − m).</summary>
/// <remarks>
/// Update (4-1) of latent j is t_j ← t_j + (B_jᵀe − t_j)/(1 + ‖B_j‖²) with the residual e = w − Bt kept up to date, O(Rank) a latent.
/// After each sweep e is computed afresh, so that rounding does not pile up over sweeps. With g the gradient there, ‖g‖ ≥ ‖t − t*‖
/// because DΛD = I + BᵀB ⪰ I; in the norm of DΛD even (t − t*)ᵀDΛD(t − t*) = gᵀ(DΛD)⁻¹g ≤ ‖g‖², which by Cauchy and Schwarz bounds the
/// error of every mean by ‖g‖ exact posterior standard deviations, and the ELBO's shortfall by ½‖g‖².
/// </remarks>
internal sealed class CaviRun
{
    private readonly QuadraticLogJoint _joint;
    private readonly double[] _t;
    private readonly double[] _residual;
    private readonly double[] _gradient;
    private double _gradientNorm = double.PositiveInfinity;

    public CaviRun(QuadraticLogJoint joint, ReadOnlySpan<double> start)
    {
        _joint = joint;
        _t = new double[joint.LatentCount];
        _residual = new double[joint.Shape.Rank];
        _gradient = new double[joint.LatentCount];
        joint.Shape.Prior.Whiten(start, _t);
        Assess();
    }

    public double Elbo { get; private set; }

    /// <summary>Gets the bound on the error of the means in posterior standard deviations, rounding included.</summary>
    public double ErrorBound { get; private set; }

    /// <summary>Gets a value indicating whether the gradient is no larger than its rounding error may be, and falls no more.</summary>
    public bool AtRoundingFloor { get; private set; }

    /// <summary>Gets the largest change of a mean in the last sweep, in mean-field standard deviations.</summary>
    public double MeanChange { get; private set; }

    /// <summary>Updates every latent once, in order: equation (4-1).</summary>
    public void Sweep()
    {
        PosteriorShape shape = _joint.Shape;
        double largest = 0;
        for (int j = 0; j < _t.Length; j++)
        {
            double precision = shape.ScaledPrecision[j];
            double step = (PosteriorShape.Dot(shape.Column(j), _residual) - _t[j]) / precision;
            _t[j] += step;
            PosteriorShape.Subtract(shape.Column(j), step, _residual);
            largest = Math.Max(largest, Math.Abs(step) * Math.Sqrt(precision));
        }

        MeanChange = largest;
        Assess();
    }

    public MeanFieldGaussian Posterior()
    {
        var means = new double[_t.Length];
        _joint.Shape.Prior.Unwhiten(_t, means);
        return MeanFieldGaussian.Adopt(means, _joint.Shape.MeanFieldVariances);
    }

    private void Assess()
    {
        PosteriorShape shape = _joint.Shape;
        shape.Residual(_joint.Whitened, _t, _residual);
        shape.Gradient(_t, _residual, _gradient);
        double squaredResidual = PosteriorShape.SquaredNorm(_residual);
        double squaredNorm = PosteriorShape.SquaredNorm(_t);
        double gradientNorm = Math.Sqrt(PosteriorShape.SquaredNorm(_gradient));
        (double gradientRounding, double errorRounding) = shape.RoundingBounds(
            _joint, _t, Math.Sqrt(squaredNorm), Math.Sqrt(squaredResidual));
        double meanRounding = shape.MeanRoundingBound(_t);
        Elbo = _joint.LogLikelihoodBase - (0.5 * (squaredResidual + squaredNorm + shape.LogScaledPrecisionSum));
        ErrorBound = gradientNorm + errorRounding + meanRounding;
        AtRoundingFloor = gradientNorm <= gradientRounding + meanRounding && gradientNorm >= _gradientNorm;
        _gradientNorm = gradientNorm;
    }
}
