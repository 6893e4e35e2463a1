using System.Numerics.Tensors;

namespace VariationalInference;

/// <summary>The largest ELBO of a mixed model of any likelihood, over Gaussians of full covariance, as a function of Λ and the likelihood's parameters, and of fixed effects unless these are found along with it.</summary>
/// <remarks>
/// Effects are whitened: b = Λu with u ~ N(0, I). A step goes to the precisions that cells have where the predictors are, with a Newton step in the means and fixed effects by the same
/// system; two steps tell by a secant where they would vanish (Anderson's mixing), and one that lowers the ELBO is halved. By the envelope theorem the gradient holds the posterior: g μ − λ Σa for what multiplies the effects, Xᵀg for fixed effects.
/// </remarks>
internal sealed class MixedSiteProfile
{
    private const double Tolerance = 1e-9;
    private const int MostSteps = 400;
    private const double ShortestStep = 1e-9;

    /// <summary>Expectations are good to 1e-11 of their values: a smaller fall of the ELBO is none.</summary>
    private const double Rounding = 1e-12;

    private readonly MixedSiteDesign _design;
    private readonly SiteColumn _column;
    private readonly MixedSiteSystem _system;
    private readonly double[][][] _loadings;
    private readonly double[] _means;
    private readonly double[] _variances;
    private readonly double[] _expectations;
    private readonly double[] _gradients;
    private readonly double[] _precisions;
    private readonly double[] _first;
    private readonly double[] _rest;
    private readonly double[] _effects;
    private readonly double[][][] _images;
    private Likelihood _likelihood;

    public MixedSiteProfile(MixedSiteDesign design, SiteColumn column, int maxThreads)
    {
        _design = design;
        _column = column;
        _likelihood = column.Likelihood;
        _system = new MixedSiteSystem(design, maxThreads);
        int rows = design.Rows.Length;
        _loadings = [.. design.Factors.Select(factor => factor.Effects.Select(_ => new double[rows]).ToArray())];
        _images = [.. design.Factors.Select(factor => factor.Effects.Select(_ => new double[rows]).ToArray())];
        _means = new double[rows];
        _variances = new double[rows];
        _expectations = new double[rows];
        _gradients = new double[rows];
        _precisions = new double[rows];
        _first = new double[design.Factors[0].Labels.Count * design.Factors[0].Width];
        _rest = new double[design.RestCount];
        _effects = new double[design.Fixed.Length];
        Elements = [.. design.Factors.SelectMany((factor, f) =>
            from i in Enumerable.Range(0, factor.Width) from j in Enumerable.Range(0, i + 1) where factor.IsFree(i, j) select (f, i, j))];
        State = new MixedSiteState(new double[rows], new double[_first.Length], new double[_rest.Length], new double[_effects.Length]);
        Start();
    }

    /// <summary>Gets the free elements (i, j) of each factor's Λ, in units of the effects' scales.</summary>
    public (int Factor, int Row, int Column)[] Elements { get; }

    /// <summary>Gets the number of variables: the elements of Λ, then the likelihood's parameters on scales without ends.</summary>
    public int VariableCount => Elements.Length + _column.Learned.Length;

    /// <summary>Gets where the last evaluation ended, and the next one begins.</summary>
    public MixedSiteState State { get; private set; }

    public MixedSiteSystem System => _system;

    public Likelihood Likelihood => _likelihood;

    public ReadOnlySpan<double> Means => _means;

    public ReadOnlySpan<double> Variances => _variances;

    public ReadOnlySpan<double> Precisions => _precisions;

    /// <summary>Gets the length of the last step that an evaluation would have taken, in posterior standard deviations.</summary>
    public double Distance { get; private set; }

    /// <summary>Sets a state to go on from.</summary>
    public void Begin(MixedSiteState state) => State = state.Copy();

    /// <summary>Works out all that belongs to a state as it is, with no step on from there; returns its ELBO, NaN where it has none.</summary>
    public double Restore(double[] variables, MixedSiteState state)
    {
        if (_column.At(variables.AsSpan(Elements.Length), new double[_column.Learned.Length]) is not Likelihood likelihood)
        {
            return double.NaN;
        }

        _likelihood = likelihood;
        Load(variables);
        Begin(state);
        return Elbo(State);
    }

    /// <summary>Returns minus the largest ELBO, with its gradient; fixed effects are found along with it.</summary>
    public double Value(double[] variables, double[] gradient) => Evaluate(variables, holdsEffects: false, gradient);

    /// <summary>Returns minus the largest ELBO, with its gradient, where the first variables are the fixed effects.</summary>
    public double ValueWithEffects(double[] variables, double[] gradient)
    {
        int count = _effects.Length;
        variables.AsSpan(0, count).CopyTo(State.Effects);
        var own = new double[VariableCount];
        double value = Evaluate(variables[count..], holdsEffects: true, own);
        for (int j = 0; j < count; j++)
        {
            gradient[j] = -TensorPrimitives.Dot<double>(_design.Fixed[j], _gradients);
        }

        own.CopyTo(gradient, count);
        return value;
    }

    /// <summary>Starts where cells are likely on average, with the effects at their prior.</summary>
    private void Start()
    {
        if (_design.Intercept < 0)
        {
            return;
        }

        double sum = 0;
        for (int i = 0; i < _means.Length; i++)
        {
            sum += _likelihood.StartingPredictor(_design.Responses[i], _design.SizeOf(i));
        }

        State.Effects[_design.Intercept] = sum / _means.Length;
    }

    private double Evaluate(double[] variables, bool holdsEffects, double[] gradient)
    {
        Array.Fill(gradient, double.NaN);
        double[] slopes = new double[_column.Learned.Length];
        if (Array.Exists(variables, value => !double.IsFinite(value))
            || _column.At(variables.AsSpan(Elements.Length), slopes) is not Likelihood likelihood)
        {
            return double.PositiveInfinity;
        }

        _likelihood = likelihood;
        Load(variables);
        MixedSiteState before = State.Copy();
        double elbo = Ascend(holdsEffects);
        if (!double.IsFinite(elbo))
        {
            State = before;
            return double.PositiveInfinity;
        }

        Differentiate(slopes, gradient);
        return -elbo;
    }

    /// <summary>Works out Λᵀz of all rows.</summary>
    private void Load(double[] variables)
    {
        foreach (double[][] factor in _loadings)
        {
            foreach (double[] effect in factor)
            {
                Array.Clear(effect);
            }
        }

        for (int v = 0; v < Elements.Length; v++)
        {
            (int f, int i, int j) = Elements[v];
            double weight = variables[v] / _design.Scales[f][i];
            double[] destination = _loadings[f][j];
            if (_design.Factors[f].Effects[i].Values is double[] values)
            {
                TensorPrimitives.MultiplyAdd(values, weight, destination, destination);
            }
            else
            {
                TensorPrimitives.Add(destination, weight, destination);
            }
        }
    }

    private double Ascend(bool holdsEffects)
    {
        double elbo = Elbo(State);
        for (double precision = 1e-3; !double.IsFinite(elbo) && precision < 1e12; precision *= 10)
        {
            // Effects that vary so much that expectations overflow: begin with less of it.
            TensorPrimitives.Max(State.Precisions, precision, State.Precisions);
            Array.Clear(State.First);
            Array.Clear(State.Rest);
            elbo = Elbo(State);
        }

        MixedSiteState trial = State.Copy(), change = State.Copy();
        var secant = new MixedSiteSecant(State);
        for (int step = 0; step < MostSteps && double.IsFinite(elbo); step++)
        {
            if (!TryStep(change, holdsEffects))
            {
                return double.NaN;
            }

            if (Distance <= Tolerance)
            {
                // The system is to be that of the state when it is asked for covariances.
                Elbo(State);
                return elbo;
            }

            bool isAccepted = false;
            if (secant.Next(State, change, _variances, trial))
            {
                isAccepted = TryAccept(trial, ref elbo);
            }

            for (double length = 1; !isAccepted && length >= ShortestStep; length /= 2)
            {
                trial.MoveFrom(State, change, length);
                isAccepted = TryAccept(trial, ref elbo);
            }

            if (!isAccepted)
            {
                return Elbo(State);
            }
        }

        return elbo;
    }

    private bool TryAccept(MixedSiteState trial, ref double elbo)
    {
        double next = Elbo(trial);
        if (!(double.IsFinite(next) && next >= elbo - (Rounding * (1 + Math.Abs(elbo)))))
        {
            return false;
        }

        elbo = next;
        trial.CopyTo(State);
        return true;
    }

    /// <summary>Works out the change from the state to the precisions that cells have there, with a Newton step in means and fixed effects by their system.</summary>
    private bool TryStep(MixedSiteState change, bool holdsEffects)
    {
        if (!_system.Factor(_loadings, _precisions))
        {
            return false;
        }

        Pull(State, holdsEffects);
        TensorPrimitives.Subtract(_precisions, State.Precisions, change.Precisions);
        _first.CopyTo(change.First, 0);
        _rest.CopyTo(change.Rest, 0);
        Span<double> effects = change.Effects.AsSpan(0, holdsEffects ? 0 : change.Effects.Length);
        Array.Clear(change.Effects);
        _effects.AsSpan(0, effects.Length).CopyTo(effects);
        _system.Solve(change.First, change.Rest, effects);
        double squared = TensorPrimitives.Dot<double>(_first, change.First) + TensorPrimitives.Dot<double>(_rest, change.Rest)
            + TensorPrimitives.Dot<double>(_effects.AsSpan(0, effects.Length), effects);
        for (int i = 0; i < _variances.Length; i++)
        {
            double turn = change.Precisions[i] * _variances[i];
            squared += 0.5 * turn * turn;
        }

        Distance = Math.Sqrt(Math.Max(squared, 0));
        return true;
    }

    /// <summary>Writes the gradient of the ELBO in means and fixed effects: Aᵀg − μ and Xᵀg.</summary>
    private void Pull(MixedSiteState state, bool holdsEffects)
    {
        TensorPrimitives.Negate(state.First, _first);
        TensorPrimitives.Negate(state.Rest, _rest);
        for (int f = 0; f < _design.Factors.Length; f++)
        {
            GroupingFactor factor = _design.Factors[f];
            double[] destination = f == 0 ? _first : _rest;
            for (int e = 0; e < factor.Width; e++)
            {
                double[] loadings = _loadings[f][e];
                int start = (f == 0 ? 0 : _design.Starts[f]) + e;
                for (int i = 0; i < loadings.Length; i++)
                {
                    destination[start + (factor.Codes[i] * factor.Width)] += _gradients[i] * loadings[i];
                }
            }
        }

        for (int j = 0; j < _effects.Length && !holdsEffects; j++)
        {
            _effects[j] = TensorPrimitives.Dot<double>(_design.Fixed[j], _gradients);
        }
    }

    /// <summary>Evaluates the ELBO of a state, with g and the λ that cells have there.</summary>
    private double Elbo(MixedSiteState state)
    {
        if (!_system.Factor(_loadings, state.Precisions))
        {
            return double.NaN;
        }

        _system.Invert();
        Predict(state);
        for (int i = 0; i < _means.Length; i++)
        {
            if (!double.IsFinite(_means[i]) || !double.IsFinite(_variances[i]))
            {
                return double.NaN;
            }
        }

        _likelihood.Expect(_design.Responses, _design.Sizes, _means, _variances, _expectations, _gradients, _precisions);
        double divergence = _system.Trace + TensorPrimitives.SumOfSquares<double>(state.First) + TensorPrimitives.SumOfSquares<double>(state.Rest)
            - _first.Length - _rest.Length + _system.LogDeterminant;
        return TensorPrimitives.Sum<double>(_expectations) - (0.5 * divergence);
    }

    /// <summary>Works out the moments of predictors, and Σa of each row's own effects.</summary>
    private void Predict(MixedSiteState state)
    {
        GroupingFactor largest = _design.Factors[0];
        int width = largest.Width, triangle = PackedSymmetric.Length(width), rest = _design.RestCount;
        Array.Clear(_means);
        for (int j = 0; j < _effects.Length; j++)
        {
            TensorPrimitives.MultiplyAdd(_design.Fixed[j], state.Effects[j], _means, _means);
        }

        for (int i = 0; i < _means.Length; i++)
        {
            int level = largest.Codes[i], crossed = level * width * rest;
            double mean = 0, variance = 0;
            for (int e = 0; e < width; e++)
            {
                double image = 0;
                for (int d = 0; d < width; d++)
                {
                    image += _system.Within[(level * triangle) + PackedSymmetric.At(e, d)] * _loadings[0][d][i];
                }

                for (int f = 1; f < _design.Factors.Length; f++)
                {
                    GroupingFactor factor = _design.Factors[f];
                    int start = crossed + (e * rest) + _design.Starts[f] + (factor.Codes[i] * factor.Width);
                    for (int d = 0; d < factor.Width; d++)
                    {
                        image -= _system.Crossed[start + d] * _loadings[f][d][i];
                    }
                }

                _images[0][e][i] = image;
                variance += image * _loadings[0][e][i];
                mean += state.First[(level * width) + e] * _loadings[0][e][i];
            }

            for (int f = 1; f < _design.Factors.Length; f++)
            {
                GroupingFactor factor = _design.Factors[f];
                int start = _design.Starts[f] + (factor.Codes[i] * factor.Width);
                for (int e = 0; e < factor.Width; e++)
                {
                    double image = 0;
                    for (int d = 0; d < width; d++)
                    {
                        image -= _system.Crossed[crossed + (d * rest) + start + e] * _loadings[0][d][i];
                    }

                    for (int h = 1; h < _design.Factors.Length; h++)
                    {
                        GroupingFactor other = _design.Factors[h];
                        int begin = _design.Starts[h] + (other.Codes[i] * other.Width);
                        for (int d = 0; d < other.Width; d++)
                        {
                            image += _system.RestCovariance(start + e, begin + d) * _loadings[h][d][i];
                        }
                    }

                    _images[f][e][i] = image;
                    variance += image * _loadings[f][e][i];
                    mean += state.Rest[start + e] * _loadings[f][e][i];
                }
            }

            _means[i] += mean;
            _variances[i] = Math.Max(variance, 0);
        }
    }

    private void Differentiate(double[] slopes, double[] gradient)
    {
        for (int v = 0; v < Elements.Length; v++)
        {
            (int f, int row, int column) = Elements[v];
            GroupingFactor factor = _design.Factors[f];
            double[] means = f == 0 ? State.First : State.Rest, images = _images[f][column];
            int start = (f == 0 ? 0 : _design.Starts[f]) + column;
            double sum = 0;
            for (int i = 0; i < images.Length; i++)
            {
                double z = factor.Effects[row].Values is double[] values ? values[i] : 1;
                sum += z * ((_gradients[i] * means[start + (factor.Codes[i] * factor.Width)]) - (_precisions[i] * images[i]));
            }

            gradient[v] = -sum / _design.Scales[f][row];
        }

        if (slopes.Length > 0)
        {
            var all = new double[_column.Parameters.Length];
            _likelihood.AddParameterGradient(_design.Responses, _design.Sizes, _means, _variances, all);
            for (int d = 0; d < slopes.Length; d++)
            {
                gradient[Elements.Length + d] = -all[_column.Learned[d]] * slopes[d];
            }
        }
    }
}
