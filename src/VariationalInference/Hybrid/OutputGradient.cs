namespace VariationalInference;

/// <summary>The gradient of one row's ELBO in the encoder's outputs (μ, ρ), by one of the three estimators. Not thread-safe.</summary>
/// <remarks>
/// A draw z = μ + σε moves t_A by δ = σε/s and the residual by −B_A δ, so that its gradient is B_Aᵀ(e − B_A δ) − t_A − δ. The coordinate means
/// stay where the last coordinate step left them.
/// </remarks>
internal sealed class OutputGradient
{
    private readonly GradientEstimator _estimator;
    private readonly bool _natural;
    private readonly double[] _shifted;
    private readonly double[] _position;
    private readonly double[] _drawGradient;
    private readonly double[] _sum;
    private readonly double[] _deviations;
    private AmortizedBlock _block;

    /// <param name="complete">The block of complete rows.</param>
    /// <param name="estimator">The estimator.</param>
    /// <param name="natural">Whether gradients in the means are multiplied by diag(P)P⁻¹.</param>
    public OutputGradient(AmortizedBlock complete, GradientEstimator estimator, bool natural)
    {
        _block = complete;
        _estimator = estimator;
        _natural = natural;
        _shifted = new double[complete.Shape.Rank];
        _position = new double[complete.Count];
        _drawGradient = new double[complete.Count];
        _sum = new double[complete.Count];
        _deviations = new double[complete.Count];
    }

    /// <summary>Evaluates the gradient of one row.</summary>
    /// <param name="block">The split of the row's latents.</param>
    /// <param name="amortized">t_A.</param>
    /// <param name="residual">e, after the coordinate step.</param>
    /// <param name="varianceRatios">q = Λ_aa σ_a².</param>
    /// <param name="noise">ε, L × A; not read by the analytic estimator.</param>
    /// <param name="meanGradient">Receives ∂/∂μ.</param>
    /// <param name="logVarianceGradient">Receives ∂/∂ρ.</param>
    public void Evaluate(
        AmortizedBlock block,
        ReadOnlySpan<double> amortized,
        ReadOnlySpan<double> residual,
        ReadOnlySpan<double> varianceRatios,
        ReadOnlySpan<double> noise,
        Span<double> meanGradient,
        Span<double> logVarianceGradient)
    {
        _block = block;
        if (_estimator == GradientEstimator.Analytic)
        {
            _block.Gradient(amortized, residual, _sum);
            for (int i = 0; i < _sum.Length; i++)
            {
                logVarianceGradient[i] = 0.5 * (1 - varianceRatios[i]);
            }
        }
        else
        {
            AverageDraws(amortized, residual, varianceRatios, noise, logVarianceGradient);
        }

        if (_natural)
        {
            _block.Precondition(_sum, meanGradient);
        }
        else
        {
            _sum.CopyTo(meanGradient);
        }

        for (int i = 0; i < meanGradient.Length; i++)
        {
            meanGradient[i] /= Deviation(i);
        }
    }

    /// <summary>Averages over draws: the gradient in t_A into the sum, that in ρ into its destination.</summary>
    private void AverageDraws(
        ReadOnlySpan<double> amortized,
        ReadOnlySpan<double> residual,
        ReadOnlySpan<double> varianceRatios,
        ReadOnlySpan<double> noise,
        Span<double> logVarianceGradient)
    {
        int count = amortized.Length;
        for (int i = 0; i < count; i++)
        {
            // σ/s, of a variance that is q times s²/(DΛD)_aa.
            _deviations[i] = Math.Sqrt(varianceRatios[i] / _block.Shape.ScaledPrecision[_block.Amortized[i]]);
        }

        int draws = noise.Length / count;
        bool path = _estimator == GradientEstimator.StickingTheLanding;
        _sum.AsSpan().Clear();
        logVarianceGradient.Clear();
        for (int draw = 0; draw < draws; draw++)
        {
            ReadOnlySpan<double> epsilon = noise.Slice(draw * count, count);
            Span<double> shifted = _shifted.AsSpan(0, residual.Length);
            residual.CopyTo(shifted);
            for (int i = 0; i < count; i++)
            {
                double shift = _deviations[i] * epsilon[i];
                _position[i] = amortized[i] + shift;
                ShortVectors.Subtract(_block.Shape.Loadings.Column(_block.Amortized[i]), shift, shifted);
            }

            _block.Gradient(_position, shifted, _drawGradient);
            for (int i = 0; i < count; i++)
            {
                double deviation = _deviations[i];
                double gradient = _drawGradient[i] + (path ? epsilon[i] / deviation : 0);
                _sum[i] += gradient / draws;
                logVarianceGradient[i] += 0.5 * deviation * epsilon[i] * gradient / draws;
            }
        }

        if (!path)
        {
            for (int i = 0; i < count; i++)
            {
                logVarianceGradient[i] += 0.5;
            }
        }
    }

    private double Deviation(int index) => _block.Shape.Prior.Deviations[_block.Amortized[index]];
}
