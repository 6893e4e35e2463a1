using System.Collections.Immutable;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>The variance components of a fit and their standard errors, by the information of θ and log σ² together.</summary>
/// <remarks>
/// With σ² at its best for each θ, log σ² moves with θ by c = ∂ log r²/∂θ: the joint covariance has cov(θ) = 2H⁻¹ for the deviance's second
/// derivatives H, cov(θ, log σ²) = cov(θ)c and var(log σ²) = 2/n + cᵀcov(θ)c.
/// </remarks>
internal static class MixedComponents
{
    /// <summary>A parameter that moves log σ² by less than this has nothing to do with it.</summary>
    private const double Apart = 1e-6;

    public static ImmutableArray<VarianceComponent> Of(MixedModelFit fit, MixedEstimate estimate)
    {
        var components = ImmutableArray.CreateBuilder<VarianceComponent>();
        var errors = new Errors(estimate, fit.Units);
        for (int t = 0; t < fit.Model.Terms.Length; t++)
        {
            RandomTermSpec term = fit.Model.Terms[t];
            (int factor, int[] effects) = RandomTerm.PlaceOf(estimate.Design, term.Group, t);
            for (int a = 0; a < effects.Length; a++)
            {
                double variance = fit.Units.Covariance(factor, effects[a], effects[a]);
                components.Add(new VarianceComponent
                {
                    Group = term.Group,
                    Effect = term.Effects[a].Name,
                    Value = variance,
                    StandardError = errors.Of(factor, effects[a], effects[a]),
                    SdOrCorrelation = Math.Sqrt(variance),
                });
            }

            for (int a = 0; a < effects.Length; a++)
            {
                for (int b = 0; b < a; b++)
                {
                    double covariance = fit.Units.Covariance(factor, effects[a], effects[b]);
                    double correlation = covariance / Math.Sqrt(fit.Units.Covariance(factor, effects[a], effects[a]))
                        / Math.Sqrt(fit.Units.Covariance(factor, effects[b], effects[b]));
                    components.Add(new VarianceComponent
                    {
                        Group = term.Group,
                        Effect = term.Effects[b].Name,
                        OtherEffect = term.Effects[a].Name,
                        Value = covariance,
                        StandardError = errors.Of(factor, effects[a], effects[b]),
                        SdOrCorrelation = Math.Clamp(correlation, -1, 1),
                    });
                }
            }
        }

        components.Add(new VarianceComponent
        {
            Group = "Residual",
            Effect = string.Empty,
            Value = fit.ResidualVariance,
            StandardError = errors.OfResidual(),
            SdOrCorrelation = Math.Sqrt(fit.ResidualVariance),
        });
        return components.ToImmutable();
    }

    private sealed class Errors
    {
        private readonly MixedEstimate _estimate;
        private readonly MixedUnits _units;
        private readonly MixedParameters _parameters;
        private readonly MixedOptimum _optimum;
        private readonly Matrix<double>? _covariance;
        private readonly Vector<double>? _along;

        public Errors(MixedEstimate estimate, MixedUnits units)
        {
            _estimate = estimate;
            _units = units;
            _parameters = estimate.Objective.Parameters;
            _optimum = estimate.Optimum;
            _covariance = _optimum.Curvature?.Covariance;
            _along = _covariance is null || !IsUsable ? null : Vector<double>.Build.Dense(_optimum.Active.Length, i =>
                estimate.Objective.Parts.Squares[_optimum.Active[i]] * _optimum.Scales[i] / estimate.Objective.Criterion.ResidualSquares);
        }

        public double OfResidual()
        {
            bool isFlat = _along is not null && Enumerable.Range(0, _optimum.Active.Length).Any(
                i => _optimum.Curvature!.IsFlat[i] && Math.Abs(_along[i]) > Apart);
            return !IsUsable || isFlat || _estimate.Flat.Any(item => item.MovesResidual)
                ? double.NaN
                : _units.Variance * Math.Sqrt(ResidualShare);
        }

        /// <summary>Returns the standard error of the covariance of two effects, the product of their rows of Λ times σ².</summary>
        public double Of(int factor, int a, int b)
        {
            double[] first = _units.RowOf(factor, a), second = _units.RowOf(factor, b);
            double[] firstWeights = _units.WeightsOf(factor, a), secondWeights = _units.WeightsOf(factor, b);
            var gradient = Vector<double>.Build.Dense(_optimum.Active.Length);
            for (int i = 0; i < gradient.Count; i++)
            {
                (int f, int row, int column) = _parameters[_optimum.Active[i]];
                if (f == factor)
                {
                    double slope = (firstWeights[row] * second[column]) + (secondWeights[row] * first[column]);
                    gradient[i] = _units.Variance * slope * _parameters.UnitOf(_optimum.Active[i]) * _optimum.Scales[i];
                    if (slope != 0 && _optimum.Curvature?.IsFlat[i] == true)
                    {
                        return double.NaN;
                    }
                }
            }

            if (!IsUsable || _covariance is null || !first.Any(value => value != 0) || !second.Any(value => value != 0))
            {
                return double.NaN;
            }

            double value = _units.Variance * ShortVectors.Dot(first, second);
            double square = gradient.DotProduct(_covariance * gradient) + (2 * value * gradient.DotProduct(_covariance * _along!))
                + (value * value * ResidualShare);
            return Math.Sqrt(square);
        }

        private bool IsUsable => !_optimum.IsUnbounded && double.IsFinite(_optimum.Missing);

        private double ResidualShare => (2 / _estimate.Objective.Freedom) + (_along is null ? 0 : _along.DotProduct(_covariance! * _along));
    }
}
