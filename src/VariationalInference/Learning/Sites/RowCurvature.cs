namespace VariationalInference;

/// <summary>Works out what a block of rows, at their optima, adds to the gradient and the second derivatives in θ.</summary>
/// <remarks>
/// <para>
/// By the envelope theorem the gradient holds q fixed: g μ − λ Σa for the loadings of a column, g for its offset. The second derivatives are those at fixed q plus
/// what q's own optimum adds, L_θθ − C H⁻¹ Cᵀ, with the second derivatives C in θ and q, and H in q alone. Of q the coordinates are d and E in μ + Ld and L(I + E)Lᵀ,
/// with LLᵀ = Σ; in them η̄ moves by c·d and w by cᵀEc, with c = Lᵀa.
/// </para>
/// <para>
/// They need the third and fourth derivatives of ℓ in η̄ too, since ∂ℓ/∂w = ½ ∂²ℓ/∂η̄². Those come from g and λ at three means (Hermite interpolation; errors of the
/// fourth order). They do not enter the gradient, so that the optimum keeps its digits.
/// </para>
/// </remarks>
internal sealed unsafe class RowCurvature
{
    /// <summary>How far apart the means are: likelihoods vary over distances of about 1, and rounding grows with the inverse cube.</summary>
    private const double MeanStep = 0.05;

    /// <summary>How far parameters of likelihoods are moved on their own scale.</summary>
    private const double ParameterStep = 1e-4;

    /// <summary>So many rows of the second derivatives are added at a time, up to their diagonal.</summary>
    private const int Panel = 32;

    private readonly SiteParameters _parameters;
    private readonly int _latents;
    private readonly int _triangle;
    private readonly int _width;
    private readonly RowCells _cells;
    private readonly AlignedBuffer<double> _shares;

    // Of each cell: g, λ, ∂²ℓ/∂η̄∂w and ∂²ℓ/∂w²; then the derivatives in η̄ and w of those in each parameter of the likelihood.
    private readonly double[] _sites;
    private readonly int[] _siteStarts;
    private readonly double[] _means;
    private readonly double[] _covariances;
    private readonly double[] _roots;
    private readonly double[] _moved = new double[6 * RowBlock.Rows];

    public RowCurvature(SiteParameters parameters, RowCells cells)
    {
        _parameters = parameters;
        _latents = parameters.Latents;
        _triangle = PackedSymmetric.Length(_latents);
        _width = _latents + _triangle;
        _cells = cells;
        _siteStarts = new int[parameters.Columns.Length];
        int next = 0;
        for (int k = 0; k < _siteStarts.Length; k++)
        {
            _siteStarts[k] = next;
            next += (4 + (2 * parameters.Columns[k].Learned.Length)) * RowBlock.Rows;
        }

        _sites = new double[next];
        _means = new double[_latents * RowBlock.Rows];
        _covariances = new double[_triangle * RowBlock.Rows];
        _roots = new double[_triangle * RowBlock.Rows];
        Stride = StrideOf(parameters);
        _shares = new AlignedBuffer<double>(checked(parameters.Count * Stride));
    }

    public int Stride { get; }

    /// <summary>Returns how far apart rows of second derivatives lie: wide enough for the shares of a block of rows, too.</summary>
    public static int StrideOf(SiteParameters parameters) =>
        (Math.Max(parameters.Count, (parameters.Latents + PackedSymmetric.Length(parameters.Latents)) * RowBlock.Rows) + 7) & ~7;

    /// <summary>Adds a block of rows.</summary>
    public void Add(SiteRows rows, SitePoint point, RowStates states, int first, int count, SiteCurvature sums)
    {
        Fetch(states, first, count);
        for (int k = 0; k < _parameters.Columns.Length; k++)
        {
            Differentiate(rows, point, k, first, count);
            AddAtFixedPosteriors(rows, point, k, first, count, sums);
        }

        _shares.Span.Clear();
        for (int row = 0; row < count; row++)
        {
            Share(point, row, Math.Sqrt(rows.Weights[first + row]));
        }

        int depth = _width * count;
        for (int start = 0; start < sums.Count; start += Panel)
        {
            int height = Math.Min(Panel, sums.Count - start);
            RowProducts.Add(
                _shares.Pointer + ((long)start * Stride), _shares.Pointer, sums.Information + ((long)start * Stride), height, start + height, depth, Stride, -1);
        }
    }

    private void Fetch(RowStates states, int first, int count)
    {
        Span<double> state = stackalloc double[_width], factor = stackalloc double[_triangle], covariance = stackalloc double[_triangle];
        for (int row = 0; row < count; row++)
        {
            states.Read(first + row, state);
            state[_latents..].CopyTo(factor);
            PackedSymmetric.TryFactor(_latents, factor);
            PackedSymmetric.InvertFactored(_latents, factor, covariance);
            for (int j = 0; j < _latents; j++)
            {
                _means[(j * RowBlock.Rows) + row] = state[j];
            }

            for (int t = 0; t < _triangle; t++)
            {
                _covariances[(t * RowBlock.Rows) + row] = covariance[t];
            }

            PackedSymmetric.TryFactor(_latents, covariance);
            for (int t = 0; t < _triangle; t++)
            {
                _roots[(t * RowBlock.Rows) + row] = covariance[t];
            }
        }
    }

    /// <summary>Works out the derivatives of a column's cells.</summary>
    private void Differentiate(SiteRows rows, SitePoint point, int k, int first, int count)
    {
        _cells.Fetch(rows, k, first, count);
        Span<double> means = _cells.Means[..count], centres = _moved.AsSpan(0, count);
        _cells.Predict(point.Loadings.AsSpan(k * _latents, _latents), point.Offsets[k], _means, _covariances, RowBlock.Rows, count);
        means.CopyTo(centres);
        Span<double> sites = _sites.AsSpan(_siteStarts[k]);
        Span<double> lowG = _moved.AsSpan(RowBlock.Rows, count), lowL = _moved.AsSpan(2 * RowBlock.Rows, count);
        Move(-MeanStep, lowG, lowL);
        Span<double> highG = _moved.AsSpan(3 * RowBlock.Rows, count), highL = _moved.AsSpan(4 * RowBlock.Rows, count);
        Move(MeanStep, highG, highL);
        centres.CopyTo(means);
        _cells.Expect(point.Likelihoods[k], count);
        for (int i = 0; i < count; i++)
        {
            double g = _cells.Gradients[i], l = _cells.Precisions[i];
            double second = (2 * (highG[i] - (2 * g) + lowG[i]) / (MeanStep * MeanStep)) + ((highL[i] - lowL[i]) / (2 * MeanStep));
            double third = (7.5 * (highG[i] - lowG[i]) / (MeanStep * MeanStep * MeanStep)) + (1.5 * (highL[i] + (8 * l) + lowL[i]) / (MeanStep * MeanStep));
            sites[i] = g;
            sites[RowBlock.Rows + i] = l;
            sites[(2 * RowBlock.Rows) + i] = 0.5 * second;
            sites[(3 * RowBlock.Rows) + i] = 0.25 * third;
        }

        double[] free = point.Free[k];
        for (int d = 0; d < free.Length; d++)
        {
            Vary(k, free, d, -ParameterStep, lowG, lowL);
            Vary(k, free, d, ParameterStep, highG, highL);
            Span<double> mixed = sites[((4 + (2 * d)) * RowBlock.Rows)..];
            for (int i = 0; i < count; i++)
            {
                mixed[i] = (highG[i] - lowG[i]) / (2 * ParameterStep);
                mixed[RowBlock.Rows + i] = -0.5 * (highL[i] - lowL[i]) / (2 * ParameterStep);
            }
        }

        void Move(double step, Span<double> gradients, Span<double> precisions)
        {
            Span<double> from = _moved.AsSpan(0, count), to = _cells.Means[..count];
            for (int i = 0; i < count; i++)
            {
                to[i] = from[i] + step;
            }

            _cells.Expect(point.Likelihoods[k], count);
            _cells.Gradients[..count].CopyTo(gradients);
            _cells.Precisions[..count].CopyTo(precisions);
        }

        void Vary(int column, double[] from, int d, double step, Span<double> gradients, Span<double> precisions)
        {
            _cells.Expect(Varied(column, from, d, step, out _), count);
            _cells.Gradients[..count].CopyTo(gradients);
            _cells.Precisions[..count].CopyTo(precisions);
        }
    }

    private Likelihood Varied(int k, double[] free, int d, double step, out double[] slopes)
    {
        double[] moved = [.. free];
        moved[d] += step;
        slopes = new double[free.Length];
        return _parameters.Columns[k].At(moved, slopes)
            ?? throw new NonFiniteValueException(_parameters.Columns[k].Parameters[_parameters.Columns[k].Learned[d]].Name, double.NaN, row: k, iteration: 0);
    }

    /// <summary>Adds the gradient, and minus the second derivatives in the parameters of one column with posteriors as they are.</summary>
    private void AddAtFixedPosteriors(SiteRows rows, SitePoint point, int k, int first, int count, SiteCurvature sums)
    {
        ReadOnlySpan<int> places = _parameters.Places(k);
        int slots = places.Length;
        Span<double> gradient = stackalloc double[slots], inMean = stackalloc double[slots], inVariance = stackalloc double[slots];
        Span<double> second = new double[slots * slots];
        gradient.Clear();
        ReadOnlySpan<double> sites = _sites.AsSpan(_siteStarts[k]), loadings = point.Loadings.AsSpan(k * _latents, _latents);
        for (int row = 0; row < count; row++)
        {
            double weight = rows.Weights[first + row], g = sites[row], l = sites[RowBlock.Rows + row];
            double mixed = sites[(2 * RowBlock.Rows) + row], square = sites[(3 * RowBlock.Rows) + row];
            for (int j = 0; j < _latents; j++)
            {
                double image = 0;
                for (int i = 0; i < _latents; i++)
                {
                    image += _covariances[(PackedSymmetric.At(i, j) * RowBlock.Rows) + row] * loadings[i];
                }

                inMean[j] = _means[(j * RowBlock.Rows) + row];
                inVariance[j] = 2 * image;
                gradient[j] += weight * ((g * inMean[j]) - (l * image));
            }

            inMean[_latents] = 1;
            inVariance[_latents] = 0;
            gradient[_latents] += weight * g;
            for (int i = 0; i <= _latents; i++)
            {
                for (int j = 0; j <= i; j++)
                {
                    double covariance = i < _latents ? _covariances[(PackedSymmetric.At(i, j) * RowBlock.Rows) + row] : 0;
                    second[(i * slots) + j] += weight * ((-l * inMean[i] * inMean[j]) + (mixed * ((inMean[i] * inVariance[j]) + (inVariance[i] * inMean[j])))
                        + (square * inVariance[i] * inVariance[j]) - (l * covariance));
                }
            }

            for (int i = _latents + 1; i < slots; i++)
            {
                int at = ((4 + (2 * (i - _latents - 1))) * RowBlock.Rows) + row;
                for (int j = 0; j <= _latents; j++)
                {
                    second[(i * slots) + j] += weight * ((sites[at] * inMean[j]) + (sites[at + RowBlock.Rows] * inVariance[j]));
                }
            }
        }

        if (slots > _latents + 1)
        {
            AddLikelihoodParameters(rows, point, k, first, count, gradient[(_latents + 1)..], second);
        }

        for (int i = 0; i < slots; i++)
        {
            sums.Gradient[places[i]] += gradient[i];
            for (int j = 0; j <= i; j++)
            {
                sums.Add(places[i], places[j], -second[(i * slots) + j]);
            }
        }
    }

    /// <summary>Adds derivatives in the likelihood's parameters on their scales without ends: the gradient as it is, second derivatives by its differences.</summary>
    private void AddLikelihoodParameters(
        SiteRows rows, SitePoint point, int k, int first, int count, Span<double> gradient, Span<double> second)
    {
        double[] free = point.Free[k];
        int slots = _latents + 1 + free.Length;
        Span<double> low = stackalloc double[free.Length], high = stackalloc double[free.Length];
        _cells.Fetch(rows, k, first, count);
        _cells.Predict(point.Loadings.AsSpan(k * _latents, _latents), point.Offsets[k], _means, _covariances, RowBlock.Rows, count);
        ParameterGradient(point.Likelihoods[k], point.Slopes[k], gradient);
        for (int d = 0; d < free.Length; d++)
        {
            ParameterGradient(Varied(k, free, d, -ParameterStep, out double[] slopes), slopes, low);
            ParameterGradient(Varied(k, free, d, ParameterStep, out slopes), slopes, high);
            for (int e = 0; e <= d; e++)
            {
                second[((_latents + 1 + d) * slots) + _latents + 1 + e] += (high[e] - low[e]) / (2 * ParameterStep);
            }
        }

        void ParameterGradient(Likelihood likelihood, double[] slopes, Span<double> destination)
        {
            Span<double> all = stackalloc double[_parameters.Columns[k].Parameters.Length], one = stackalloc double[all.Length];
            all.Clear();
            likelihood.AddParameterGradient(_cells.Values[..count], _cells.Sizes(0, count), _cells.Means[..count], _cells.Variances[..count], all);
            for (int i = 0; i < count; i++)
            {
                // Rows that occur more than once: the other times.
                if (rows.Weights[first + i] == 1)
                {
                    continue;
                }

                one.Clear();
                likelihood.AddParameterGradient(
                    _cells.Values.Slice(i, 1), _cells.Sizes(i, 1), _cells.Means.Slice(i, 1), _cells.Variances.Slice(i, 1), one);
                for (int d = 0; d < all.Length; d++)
                {
                    all[d] += (rows.Weights[first + i] - 1) * one[d];
                }
            }

            for (int d = 0; d < slopes.Length; d++)
            {
                destination[d] = all[_parameters.Columns[k].Learned[d]] * slopes[d];
            }
        }
    }

    /// <summary>Writes the share of a row in C H⁻¹ Cᵀ: the rows of C R⁻ᵀ, with minus H = RRᵀ, for each parameter.</summary>
    private void Share(SitePoint point, int row, double weight)
    {
        int order = PackedSymmetric.Length(_width);
        Span<double> root = stackalloc double[_triangle], curvature = stackalloc double[order];
        Span<double> c = stackalloc double[_latents], u = stackalloc double[_triangle], line = stackalloc double[_width];
        for (int t = 0; t < _triangle; t++)
        {
            root[t] = _roots[(t * RowBlock.Rows) + row];
        }

        Curve(point, row, root, curvature, c, u);
        if (!PackedSymmetric.TryFactor(_width, curvature))
        {
            // Not an optimum in q: a likelihood that is not log-concave. The step is one at fixed q, then.
            return;
        }

        for (int k = 0; k < _parameters.Columns.Length; k++)
        {
            ReadOnlySpan<double> sites = _sites.AsSpan(_siteStarts[k]);
            double g = sites[row], l = sites[RowBlock.Rows + row], mixed = sites[(2 * RowBlock.Rows) + row], square = sites[(3 * RowBlock.Rows) + row];
            if (g == 0 && l == 0)
            {
                continue;
            }

            ReadOnlySpan<double> loadings = point.Loadings.AsSpan(k * _latents, _latents);
            Direct(root, loadings, c, u);
            ReadOnlySpan<int> places = _parameters.Places(k);
            for (int slot = 0; slot < places.Length; slot++)
            {
                double inMean, inVariance;
                if (slot < _latents)
                {
                    double image = 0;
                    for (int i = 0; i < _latents; i++)
                    {
                        image += _covariances[(PackedSymmetric.At(i, slot) * RowBlock.Rows) + row] * loadings[i];
                    }

                    double mean = _means[(slot * RowBlock.Rows) + row];
                    (inMean, inVariance) = ((-l * mean) + (2 * mixed * image), (mixed * mean) + (2 * square * image));
                }
                else if (slot == _latents)
                {
                    (inMean, inVariance) = (-l, mixed);
                }
                else
                {
                    int at = ((4 + (2 * (slot - _latents - 1))) * RowBlock.Rows) + row;
                    (inMean, inVariance) = (sites[at], sites[at + RowBlock.Rows]);
                }

                for (int j = 0; j < _latents; j++)
                {
                    line[j] = inMean * c[j];
                }

                for (int t = 0; t < _triangle; t++)
                {
                    line[_latents + t] = inVariance * u[t];
                }

                if (slot < _latents)
                {
                    AddMixed(root, slot, g, l, c, line);
                }

                PackedSymmetric.SolveLower(_width, curvature, line);
                double* share = _shares.Pointer + ((long)places[slot] * Stride) + (row * _width);
                for (int q = 0; q < _width; q++)
                {
                    share[q] += weight * line[q];
                }
            }
        }
    }

    /// <summary>Writes minus the second derivatives of the row's ELBO in d and E.</summary>
    private void Curve(SitePoint point, int row, ReadOnlySpan<double> root, Span<double> curvature, Span<double> c, Span<double> u)
    {
        curvature.Clear();
        for (int i = 0; i < _latents; i++)
        {
            for (int j = 0; j <= i; j++)
            {
                double product = 0;
                for (int k = i; k < _latents; k++)
                {
                    product += root[PackedSymmetric.At(k, i)] * root[PackedSymmetric.At(k, j)];
                }

                curvature[PackedSymmetric.At(i, j)] = product;
            }
        }

        for (int t = 0; t < _triangle; t++)
        {
            curvature[PackedSymmetric.At(_latents + t, _latents + t)] = 0.5;
        }

        for (int k = 0; k < _parameters.Columns.Length; k++)
        {
            ReadOnlySpan<double> sites = _sites.AsSpan(_siteStarts[k]);
            double l = sites[RowBlock.Rows + row], mixed = sites[(2 * RowBlock.Rows) + row], square = sites[(3 * RowBlock.Rows) + row];
            Direct(root, point.Loadings.AsSpan(k * _latents, _latents), c, u);
            for (int i = 0; i < _latents; i++)
            {
                for (int j = 0; j <= i; j++)
                {
                    curvature[PackedSymmetric.At(i, j)] += l * c[i] * c[j];
                }
            }

            for (int t = 0; t < _triangle; t++)
            {
                int line = PackedSymmetric.At(_latents + t, 0);
                for (int j = 0; j < _latents; j++)
                {
                    curvature[line + j] -= mixed * u[t] * c[j];
                }

                for (int s = 0; s <= t; s++)
                {
                    curvature[line + _latents + s] -= square * u[t] * u[s];
                }
            }
        }
    }

    /// <summary>Writes how a predictor's mean and variance move with d and E: c = Lᵀa, and cᵀBc for each B of an orthonormal basis of symmetric matrices.</summary>
    private void Direct(ReadOnlySpan<double> root, ReadOnlySpan<double> loadings, Span<double> c, Span<double> u)
    {
        for (int j = 0; j < _latents; j++)
        {
            c[j] = 0;
            for (int i = j; i < _latents; i++)
            {
                c[j] += root[PackedSymmetric.At(i, j)] * loadings[i];
            }
        }

        for (int i = 0; i < _latents; i++)
        {
            for (int j = 0; j < i; j++)
            {
                u[PackedSymmetric.At(i, j)] = Math.Sqrt(2) * c[i] * c[j];
            }

            u[PackedSymmetric.At(i, i)] = c[i] * c[i];
        }
    }

    /// <summary>Adds what the loading of a latent has with q beyond the moments of its predictor: g L and −λ L B c.</summary>
    private void AddMixed(ReadOnlySpan<double> root, int latent, double g, double l, ReadOnlySpan<double> c, Span<double> line)
    {
        for (int j = 0; j <= latent; j++)
        {
            line[j] += g * root[PackedSymmetric.At(latent, j)];
        }

        for (int i = 0; i < _latents; i++)
        {
            double li = i <= latent ? root[PackedSymmetric.At(latent, i)] : 0;
            for (int j = 0; j < i; j++)
            {
                double lj = j <= latent ? root[PackedSymmetric.At(latent, j)] : 0;
                line[_latents + PackedSymmetric.At(i, j)] -= l * ((c[j] * li) + (c[i] * lj)) / Math.Sqrt(2);
            }

            line[_latents + PackedSymmetric.At(i, i)] -= l * c[i] * li;
        }
    }
}
