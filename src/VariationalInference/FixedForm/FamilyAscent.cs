using System.Collections.Immutable;
using System.Numerics.Tensors;

namespace VariationalInference;

/// <summary>One ascent over the parameters of any family, each divided by its natural size at the start.</summary>
/// <remarks>
/// Limited-memory BFGS with backtracking. Near the top the ELBO says no more than its rounding; a step is then judged by the slope along it
/// (Hager and Zhang, 2005: the approximate Wolfe condition).
/// </remarks>
internal sealed class FamilyAscent<TPosterior>
    where TPosterior : GaussianPosterior
{
    private const double SufficientIncrease = 1e-4;
    private const double Rounding = 1e-14;
    private const double ShortestStep = 1e-12;

    private readonly FixedFormElbo _elbo;
    private readonly GradientAscentOptions _options;
    private readonly double[] _sizes;
    private readonly CurvatureMemory _memory = new();

    public FamilyAscent(FixedFormElbo elbo, GradientAscentOptions options, TPosterior start)
    {
        _elbo = elbo;
        _options = options;
        _sizes = new double[start.ParameterCount];
        start.CopyScales(_sizes);
    }

    public FixedFormResult<TPosterior> Run(TPosterior start, CancellationToken cancellationToken)
    {
        Point current = Assess(start);
        Point best = current;
        var trace = ImmutableArray.CreateBuilder<double>();
        var path = ImmutableArray.CreateBuilder<TPosterior>();
        trace.Add(current.Elbo);
        path.Add(start);
        StopReason? reason = current.IsFinite ? Stop(current, steps: 0, cancellationToken) : StopReason.Diverged;
        while (reason is null)
        {
            Point? next = Next(current);
            if (next is null || !next.IsFinite)
            {
                reason = _options.StepSize is null ? StopReason.RoundingFloor : StopReason.Diverged;
                break;
            }

            current = next;
            trace.Add(current.Elbo);
            if (path.Count < _options.PathLimit)
            {
                path.Add(current.Posterior);
            }

            reason = Stop(current, trace.Count - 1, cancellationToken);
            best = current.Elbo >= best.Elbo || reason is StopReason.CertificateMet ? current : best;
        }

        return new FixedFormResult<TPosterior>(best.Posterior, best.Evaluation)
        {
            GradientNorm = best.GradientNorm,
            ElboTrace = trace.ToImmutable(),
            Path = path.ToImmutable(),
            StopReason = reason.Value,
            Converged = best.GradientNorm <= _options.Tolerance,
        };
    }

    private StopReason? Stop(Point point, int steps, CancellationToken cancellationToken) => point switch
    {
        _ when point.GradientNorm <= _options.Tolerance => StopReason.CertificateMet,
        _ when steps >= _options.MaxSteps => StopReason.IterationLimit,
        _ when cancellationToken.IsCancellationRequested => StopReason.Cancelled,
        _ => null,
    };

    private Point? Next(Point current)
    {
        if (_options.StepSize is double step)
        {
            return Move(current, current.Gradient, step);
        }

        double[] direction = _memory.Direction(current.Gradient);
        double scale = _memory.IsEmpty ? 1 / Math.Max(1, TensorPrimitives.Norm<double>(direction)) : 1;
        Point? next = Search(current, direction, scale);
        if (next is null && !_memory.IsEmpty)
        {
            _memory.Clear();
            next = Search(current, current.Gradient, 1 / Math.Max(1, TensorPrimitives.Norm<double>(current.Gradient)));
        }

        if (next is not null)
        {
            _memory.Add(current.Coordinates, next.Coordinates, current.Gradient, next.Gradient);
        }

        return next;
    }

    private Point? Search(Point current, double[] direction, double step)
    {
        double slope = TensorPrimitives.Dot<double>(current.Gradient, direction);
        double rounding = Rounding * (1 + Math.Abs(current.Elbo) + Math.Abs(current.Evaluation.Entropy));
        for (; step >= ShortestStep; step /= 2)
        {
            Point? next = Move(current, direction, step);
            if (next is not { IsFinite: true })
            {
                continue;
            }

            double gain = next.Elbo - current.Elbo;
            double left = TensorPrimitives.Dot<double>(next.Gradient, direction);
            bool rises = gain >= SufficientIncrease * step * slope && gain > rounding;
            bool levels = gain >= -rounding && Math.Abs(left) <= 0.9 * slope;
            if (rises || levels)
            {
                return next;
            }
        }

        return null;
    }

    private Point? Move(Point current, double[] direction, double step)
    {
        var parameters = new double[_sizes.Length];
        for (int i = 0; i < parameters.Length; i++)
        {
            parameters[i] = _sizes[i] * (current.Coordinates[i] + (step * direction[i]));
        }

        return current.Posterior.TryWithParameters(parameters, out GaussianPosterior? posterior) ? Assess((TPosterior)posterior) : null;
    }

    private Point Assess(TPosterior posterior)
    {
        ElboEvaluation evaluation = _elbo.Evaluate(posterior);
        var coordinates = new double[_sizes.Length];
        var gradient = new double[_sizes.Length];
        var sizes = new double[_sizes.Length];
        posterior.CopyParameters(coordinates);
        posterior.CopyScales(sizes);
        double norm = 0;
        for (int i = 0; i < gradient.Length; i++)
        {
            coordinates[i] /= _sizes[i];
            gradient[i] = evaluation.Gradient[i] * _sizes[i];
            norm = Math.Max(norm, Math.Abs(evaluation.Gradient[i] * sizes[i]));
        }

        return new Point(posterior, evaluation, coordinates, gradient, norm);
    }

    private sealed record Point(
        TPosterior Posterior, ElboEvaluation Evaluation, double[] Coordinates, double[] Gradient, double GradientNorm)
    {
        public double Elbo => Evaluation.Elbo;

        public bool IsFinite => double.IsFinite(Elbo) && double.IsFinite(GradientNorm);
    }
}
