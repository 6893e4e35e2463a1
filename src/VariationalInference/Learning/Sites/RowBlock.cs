using System.Numerics.Tensors;

namespace VariationalInference;

/// <summary>Finds the best Gaussian posteriors of a block of rows of the same columns, all of them step by step together.</summary>
/// <remarks>
/// <para>
/// Of latents z ~ N(0, I) and predictors a_k·z + b_k, the ELBO of q = N(μ, Λ⁻¹) is largest where Λ = I + Σ λ_k a_k a_kᵀ and μ = Σ g_k a_k. A step goes
/// from (μ, Λ) to what the right sides say, F(μ, Λ), by way of a Newton step in μ; the change F(x) − x of this step and the one before tell by a secant where
/// it would vanish (Anderson's mixing of depth one). A step that lowers the ELBO is taken back: the secant first, then by halves of the step along the natural gradient.
/// </para>
/// <para>
/// Numbers of rows stand side by side, a quantity at a time, so that a column's cells are evaluated as one batch.
/// </para>
/// </remarks>
internal sealed class RowBlock
{
    /// <summary>The largest number of rows of a block.</summary>
    public const int Rows = 64;

    /// <summary>How far a posterior may be from what its sites say, in posterior standard deviations.</summary>
    private const double Tolerance = 1e-9;

    /// <summary>Expectations are good to 1e-11 of their values: a smaller fall of the ELBO is none.</summary>
    private const double Rounding = 1e-11;

    private const int MostSteps = 200;
    private const double ShortestStep = 1e-9;

    /// <summary>The precision from which a row begins anew where that of the prior has no finite ELBO; ten times as much, time after time.</summary>
    private const double LargestPrecision = 1e9;

    private readonly int _latents;
    private readonly int _width;
    private readonly int _triangle;
    private readonly RowCells _cells;

    // The accepted points x with F(x) − x, F(x) before, and what the accepted points were made of: a quantity of all rows side by side.
    private readonly double[] _points;
    private readonly double[] _changes;
    private readonly double[] _lastChanges;
    private readonly double[] _lastImages;
    private readonly double[] _covariances;
    private readonly double[] _pulls;
    private readonly double[] _elbos = new double[Rows];
    private readonly double[] _steps = new double[Rows];
    private readonly Attempt[] _attempts = new Attempt[Rows];
    private readonly bool[] _hasLast = new bool[Rows];
    private readonly double[] _errors = new double[Rows];

    // Of rows that are not done, in their order.
    private readonly int[] _active = new int[Rows];
    private readonly double[] _trials;
    private readonly double[] _trialCovariances;
    private readonly double[] _trialLogDeterminants = new double[Rows];
    private readonly double[] _trialElbos = new double[Rows];
    private readonly double[] _sums;

    private readonly double[] _scratch;

    public RowBlock(int latents, RowCells cells)
    {
        _latents = latents;
        _triangle = PackedSymmetric.Length(latents);
        _width = latents + _triangle;
        _cells = cells;
        _points = new double[_width * Rows];
        _changes = new double[_width * Rows];
        _lastChanges = new double[_width * Rows];
        _lastImages = new double[_width * Rows];
        _covariances = new double[_triangle * Rows];
        _pulls = new double[latents * Rows];
        _trials = new double[_width * Rows];
        _trialCovariances = new double[_triangle * Rows];
        _sums = new double[_width * Rows];
        _scratch = new double[8 * _width];
    }

    private enum Attempt
    {
        Start,
        Secant,
        Natural,
    }

    /// <summary>Solves rows from where they are.</summary>
    /// <returns>Σ of their ELBOs, each as often as the row occurs; −∞ where a row has no finite one.</returns>
    public double Solve(SiteRows rows, SitePoint point, RowStates states, int first, int count)
    {
        Begin(states, first, count);
        int active = count;
        for (int step = 0; active > 0 && step < MostSteps; step++)
        {
            Evaluate(rows, point, first, active);
            int left = 0;
            for (int i = 0; i < active; i++)
            {
                int row = _active[i];
                if (Judge(row, i) && Propose(row, left))
                {
                    _active[left++] = row;
                }
            }

            active = left;
        }

        double sum = 0;
        for (int row = 0; row < count; row++)
        {
            for (int q = 0; q < _width; q++)
            {
                states[q][first + row] = _points[(q * Rows) + row];
            }

            sum += rows.Weights[first + row] * _elbos[row];
        }

        return sum;
    }

    private void Begin(RowStates states, int first, int count)
    {
        Span<double> state = _scratch.AsSpan(0, _width);
        for (int row = 0; row < count; row++)
        {
            states.Read(first + row, state);
            _active[row] = row;
            _attempts[row] = Attempt.Start;
            _steps[row] = 0;
            _hasLast[row] = false;
            _elbos[row] = double.NegativeInfinity;
            Write(_points, row, state);
            if (!Try(row, state))
            {
                Restart(row, row, 1);
            }
        }
    }

    /// <summary>Puts a trial at the prior's mean with a precision.</summary>
    private void Restart(int row, int place, double precision)
    {
        Span<double> state = _scratch.AsSpan(0, _width);
        state.Clear();
        for (int j = 0; j < _latents; j++)
        {
            state[_latents + PackedSymmetric.At(j, j)] = precision;
        }

        Write(_points, row, state);
        _steps[row] = precision;
        Try(place, state);
    }

    /// <summary>Makes a point the trial at a place.</summary>
    /// <returns>Whether its precision is positive definite.</returns>
    private bool Try(int place, ReadOnlySpan<double> state)
    {
        Span<double> factor = _scratch.AsSpan(6 * _width, _triangle), covariance = _scratch.AsSpan(7 * _width, _triangle);
        state[_latents..].CopyTo(factor);
        for (int j = 0; j < _latents; j++)
        {
            if (!double.IsFinite(state[j]))
            {
                return false;
            }
        }

        if (!PackedSymmetric.TryFactor(_latents, factor))
        {
            return false;
        }

        _trialLogDeterminants[place] = PackedSymmetric.LogDeterminantOfFactored(_latents, factor);
        PackedSymmetric.InvertFactored(_latents, factor, covariance);
        Write(_trials, place, state);
        Write(_trialCovariances, place, covariance);
        return true;
    }

    /// <summary>Works out the ELBOs of all trials, Σ g a and Σ λ aaᵀ.</summary>
    private void Evaluate(SiteRows rows, SitePoint point, int first, int active)
    {
        Array.Clear(_sums);
        Span<double> elbos = _trialElbos.AsSpan(0, active);
        elbos.Clear();
        ReadOnlySpan<int> chosen = _active.AsSpan(0, active);
        for (int k = 0; k < point.Offsets.Length; k++)
        {
            ReadOnlySpan<double> loadings = point.Loadings.AsSpan(k * _latents, _latents);
            _cells.Fetch(rows, k, first, chosen);
            _cells.Predict(loadings, point.Offsets[k], _trials, _trialCovariances, Rows, active);
            _cells.Expect(point.Likelihoods[k], active);
            TensorPrimitives.Add(elbos, _cells.Expectations[..active], elbos);
            for (int j = 0; j < _latents; j++)
            {
                if (loadings[j] == 0)
                {
                    continue;
                }

                Span<double> pull = _sums.AsSpan(j * Rows, active);
                TensorPrimitives.MultiplyAdd(_cells.Gradients[..active], loadings[j], pull, pull);
                for (int l = 0; l <= j; l++)
                {
                    Span<double> precision = _sums.AsSpan((_latents + PackedSymmetric.At(j, l)) * Rows, active);
                    TensorPrimitives.MultiplyAdd(_cells.Precisions[..active], loadings[j] * loadings[l], precision, precision);
                }
            }
        }

        // Less the divergence from the prior, ½ (tr Σ + μᵀμ − J + log det Λ).
        for (int i = 0; i < active; i++)
        {
            double divergence = _trialLogDeterminants[i] - _latents;
            for (int j = 0; j < _latents; j++)
            {
                double mean = _trials[(j * Rows) + i];
                divergence += (mean * mean) + _trialCovariances[(PackedSymmetric.At(j, j) * Rows) + i];
            }

            elbos[i] -= 0.5 * divergence;
        }
    }

    /// <summary>Accepts a trial, or shortens the step.</summary>
    /// <returns>Whether the row is to go on.</returns>
    private bool Judge(int row, int place)
    {
        double elbo = _trialElbos[place], before = _elbos[row];
        if (double.IsFinite(elbo) && elbo >= before - (Rounding * (1 + Math.Abs(before))))
        {
            Accept(row, place);
            return _errors[row] > Tolerance;
        }

        if (before == double.NegativeInfinity)
        {
            // Here a step is the precision of the last start.
            _steps[row] = _steps[row] == 0 ? 1 : 10 * _steps[row];
            return _steps[row] < LargestPrecision;
        }

        if (_attempts[row] == Attempt.Secant)
        {
            _attempts[row] = Attempt.Natural;
            _steps[row] = 1;
            _hasLast[row] = false;
            return true;
        }

        _steps[row] /= 2;
        return _steps[row] >= ShortestStep;
    }

    private void Accept(int row, int place)
    {
        Span<double> point = _scratch.AsSpan(0, _width), image = _scratch.AsSpan(_width, _width), change = _scratch.AsSpan(2 * _width, _width);
        Span<double> covariance = _scratch.AsSpan(3 * _width, _triangle), factor = _scratch.AsSpan(6 * _width, _triangle);
        _hasLast[row] = _attempts[row] != Attempt.Start && _steps[row] == 1;
        for (int q = 0; q < _width; q++)
        {
            if (_hasLast[row])
            {
                _lastChanges[(q * Rows) + row] = _changes[(q * Rows) + row];
                _lastImages[(q * Rows) + row] = _points[(q * Rows) + row] + _changes[(q * Rows) + row];
            }

            point[q] = _trials[(q * Rows) + place];
            image[q] = _sums[(q * Rows) + place];
        }

        Read(_trialCovariances, place, covariance);
        Write(_covariances, row, covariance);
        Write(_points, row, point);
        _elbos[row] = _trialElbos[place];

        // F: the precision I + Σ λaaᵀ, and a Newton step in the mean by it; by the precision as it is, where the other is not positive definite.
        for (int j = 0; j < _latents; j++)
        {
            image[_latents + PackedSymmetric.At(j, j)] += 1;
            image[j] -= point[j];
        }

        Write(_pulls, row, image[.._latents]);
        double squared = PackedSymmetric.Product(_latents, covariance, image[.._latents], image[.._latents]);
        image[_latents..].CopyTo(factor);
        if (!PackedSymmetric.TryFactor(_latents, factor))
        {
            point[_latents..].CopyTo(factor);
            PackedSymmetric.TryFactor(_latents, factor);
        }

        PackedSymmetric.Solve(_latents, factor, image[.._latents]);
        image[.._latents].CopyTo(change);
        TensorPrimitives.Subtract<double>(image[_latents..], point[_latents..], change[_latents..]);
        squared += 0.5 * PackedSymmetric.Trace(_latents, covariance, change[_latents..], change[_latents..]);
        Write(_changes, row, change);
        _errors[row] = Math.Sqrt(Math.Max(squared, 0));
        _attempts[row] = Attempt.Secant;
        _steps[row] = 1;
    }

    /// <summary>Makes the next trial of a row.</summary>
    /// <returns>Whether there is one.</returns>
    private bool Propose(int row, int place)
    {
        if (_elbos[row] == double.NegativeInfinity)
        {
            Restart(row, place, _steps[row]);
            return true;
        }

        Span<double> next = _scratch.AsSpan(4 * _width, _width);
        if (_attempts[row] == Attempt.Secant)
        {
            Secant(row, next);
            if (Try(place, next))
            {
                return true;
            }

            _attempts[row] = Attempt.Natural;
        }

        for (; _steps[row] >= ShortestStep; _steps[row] /= 2)
        {
            Natural(row, _steps[row], next);
            if (Try(place, next))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Goes where the last two changes, F(x) − x, would combine to the smallest; as far as F(x) where there is but one.</summary>
    private void Secant(int row, Span<double> next)
    {
        Span<double> change = _scratch.AsSpan(0, _width), difference = _scratch.AsSpan(_width, _width);
        Span<double> precision = _scratch.AsSpan(2 * _width, _triangle), covariance = _scratch.AsSpan(3 * _width, _triangle);
        for (int q = 0; q < _width; q++)
        {
            change[q] = _changes[(q * Rows) + row];
            difference[q] = change[q] - _lastChanges[(q * Rows) + row];
            next[q] = _points[(q * Rows) + row] + change[q];
        }

        if (!_hasLast[row])
        {
            return;
        }

        for (int t = 0; t < _triangle; t++)
        {
            precision[t] = _points[((_latents + t) * Rows) + row];
        }

        Read(_covariances, row, covariance);
        double length = Inner(difference, difference, precision, covariance);
        double weight = length > 0 ? Inner(difference, change, precision, covariance) / length : 0;
        for (int q = 0; q < _width; q++)
        {
            double image = next[q];
            next[q] = image - (weight * (image - _lastImages[(q * Rows) + row]));
        }
    }

    /// <summary>Goes along the natural gradient: Λ ← (1 − ρ)Λ + ρT, and Λμ likewise.</summary>
    private void Natural(int row, double step, Span<double> next)
    {
        Span<double> pull = _scratch.AsSpan(0, _latents), factor = _scratch.AsSpan(2 * _width, _triangle);
        Read(_pulls, row, pull);
        for (int t = 0; t < _triangle; t++)
        {
            int at = ((_latents + t) * Rows) + row;
            next[_latents + t] = _points[at] + (step * _changes[at]);
        }

        next[_latents..].CopyTo(factor);
        if (PackedSymmetric.TryFactor(_latents, factor))
        {
            PackedSymmetric.Solve(_latents, factor, pull);
        }

        for (int j = 0; j < _latents; j++)
        {
            next[j] = _points[(j * Rows) + row] + (step * pull[j]);
        }
    }

    /// <summary>Returns the product of two changes in posterior standard deviations.</summary>
    private double Inner(ReadOnlySpan<double> x, ReadOnlySpan<double> y, ReadOnlySpan<double> precision, ReadOnlySpan<double> covariance) =>
        PackedSymmetric.Product(_latents, precision, x[.._latents], y[.._latents])
        + (0.5 * PackedSymmetric.Trace(_latents, covariance, x[_latents..], y[_latents..]));

    private static void Write(double[] numbers, int place, ReadOnlySpan<double> values)
    {
        for (int q = 0; q < values.Length; q++)
        {
            numbers[(q * Rows) + place] = values[q];
        }
    }

    private static void Read(double[] numbers, int place, Span<double> values)
    {
        for (int q = 0; q < values.Length; q++)
        {
            values[q] = numbers[(q * Rows) + place];
        }
    }
}
