using System.Numerics;

namespace VariationalInference;

/// <summary>The gradient of rows' ELBO in the encoder's outputs (μ, ρ), by one of the three estimators. Not thread-safe.</summary>
/// <remarks>
/// A draw z = μ + σε moves t_A by δ = σε/s and the residual by −B_A δ, so that its gradient is B_Aᵀ(e − B_A δ) − t_A − δ. The coordinate means
/// stay where the last coordinate step left them.
/// </remarks>
internal sealed class OutputGradient
{
    private readonly GradientEstimator _estimator;
    private readonly bool _natural;
    private readonly Vector<double>[] _shifted;
    private readonly Vector<double>[] _position;
    private readonly Vector<double>[] _drawGradient;
    private readonly Vector<double>[] _sum;
    private readonly Vector<double>[] _deviations;
    private AmortizedBlock _block;

    /// <param name="complete">The block of complete rows.</param>
    /// <param name="estimator">The estimator.</param>
    /// <param name="natural">Whether gradients in the means are multiplied by diag(P)P⁻¹.</param>
    public OutputGradient(AmortizedBlock complete, GradientEstimator estimator, bool natural)
    {
        _block = complete;
        _estimator = estimator;
        _natural = natural;
        _shifted = new Vector<double>[complete.Shape.Rank];
        _position = new Vector<double>[complete.Count];
        _drawGradient = new Vector<double>[complete.Count];
        _sum = new Vector<double>[complete.Count];
        _deviations = new Vector<double>[complete.Count];
    }

    /// <summary>Evaluates the gradient of as many rows as there are lanes.</summary>
    /// <param name="block">The split of the row's latents.</param>
    /// <param name="amortized">t_A.</param>
    /// <param name="residual">e, after the coordinate step.</param>
    /// <param name="varianceRatios">q = Λ_aa σ_a².</param>
    /// <param name="noise">ε, L × A; not read by the analytic estimator.</param>
    /// <param name="meanGradient">Receives ∂/∂μ.</param>
    /// <param name="logVarianceGradient">Receives ∂/∂ρ.</param>
    public void Evaluate(
        AmortizedBlock block,
        ReadOnlySpan<Vector<double>> amortized,
        ReadOnlySpan<Vector<double>> residual,
        ReadOnlySpan<Vector<double>> varianceRatios,
        ReadOnlySpan<Vector<double>> noise,
        Span<Vector<double>> meanGradient,
        Span<Vector<double>> logVarianceGradient)
    {
        _block = block;
        if (_estimator == GradientEstimator.Analytic)
        {
            _block.Gradient(amortized, residual, _sum);
            for (int i = 0; i < _sum.Length; i++)
            {
                logVarianceGradient[i] = 0.5 * (Vector<double>.One - varianceRatios[i]);
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
            meanGradient[i] /= new Vector<double>(Deviation(i));
        }
    }

    /// <summary>Averages over draws: the gradient in t_A into the sum, that in ρ into its destination.</summary>
    private void AverageDraws(
        ReadOnlySpan<Vector<double>> amortized,
        ReadOnlySpan<Vector<double>> residual,
        ReadOnlySpan<Vector<double>> varianceRatios,
        ReadOnlySpan<Vector<double>> noise,
        Span<Vector<double>> logVarianceGradient)
    {
        int count = amortized.Length;
        for (int i = 0; i < count; i++)
        {
            // σ/s, of a variance that is q times s²/(DΛD)_aa.
            _deviations[i] = Vector.SquareRoot(varianceRatios[i] / new Vector<double>(_block.Shape.ScaledPrecision[_block.Amortized[i]]));
        }

        int draws = noise.Length / count;
        double share = 1.0 / draws;
        bool path = _estimator == GradientEstimator.StickingTheLanding;
        _sum.AsSpan().Clear();
        logVarianceGradient.Clear();
        for (int draw = 0; draw < draws; draw++)
        {
            ReadOnlySpan<Vector<double>> epsilon = noise.Slice(draw * count, count);
            Span<Vector<double>> shifted = _shifted.AsSpan(0, residual.Length);
            residual.CopyTo(shifted);
            for (int i = 0; i < count; i++)
            {
                Vector<double> shift = _deviations[i] * epsilon[i];
                _position[i] = amortized[i] + shift;
                ShortVectors.Subtract(_block.Shape.Loadings.Column(_block.Amortized[i]), shift, shifted);
            }

            _block.Gradient(_position, shifted, _drawGradient);
            for (int i = 0; i < count; i++)
            {
                Vector<double> deviation = _deviations[i];
                Vector<double> gradient = path ? _drawGradient[i] + (epsilon[i] / deviation) : _drawGradient[i];
                _sum[i] += gradient * share;
                logVarianceGradient[i] += 0.5 * deviation * epsilon[i] * gradient * share;
            }
        }

        if (!path)
        {
            for (int i = 0; i < count; i++)
            {
                logVarianceGradient[i] += new Vector<double>(0.5);
            }
        }
    }

    private double Deviation(int index) => _block.Shape.Prior.Deviations[_block.Amortized[index]];
}
