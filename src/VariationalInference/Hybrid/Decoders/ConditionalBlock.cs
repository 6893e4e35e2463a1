namespace VariationalInference;

/// <summary>
/// log p(x | z_A) = log N(e | 0, R + WWᵀ) of the residuals e = x − f − b − A m of many draws at once, its gradient in f, and the sums that give the
/// gradients in the linear part. Not thread-safe; nothing is allocated.
/// </summary>
/// <remarks>
/// The posterior of the whitened linear latents is N(u, M⁻¹), u = M⁻¹WᵀPe; what is left of e is ε = e − Wu, and
/// eᵀ(R + WWᵀ)⁻¹e = εᵀPε + uᵀu: a sum of squares, in which nothing cancels. The gradient in f is g = Pε, that in W is
/// g uᵀ − (R + WWᵀ)⁻¹W, and that in r_k is ½(g_k² − (R + WWᵀ)⁻¹_kk).
/// </remarks>
internal sealed unsafe class ConditionalBlock
{
    private readonly LinearPart _part;
    private readonly AlignedBuffer<double> _residuals;
    private readonly AlignedBuffer<double> _gradients;
    private readonly AlignedBuffer<double> _products;
    private readonly AlignedBuffer<double> _latents;
    private readonly AlignedBuffer<double> _rootSums;
    private readonly AlignedBuffer<double> _zeros;
    private readonly double[] _centreSums;
    private readonly double[] _noiseSums;
    private readonly int _stride;
    private readonly int _latentStride;

    /// <param name="part">The linear part.</param>
    /// <param name="capacity">The largest number of draws.</param>
    public ConditionalBlock(LinearPart part, int capacity)
    {
        _part = part;
        _stride = DenseKernels.Pad(part.Width);
        _latentStride = DenseKernels.Pad(Math.Max(part.Count, 1));
        _residuals = new AlignedBuffer<double>(checked(capacity * _stride));
        _gradients = new AlignedBuffer<double>(capacity * _stride);
        _products = new AlignedBuffer<double>(checked(capacity * _latentStride));
        _latents = new AlignedBuffer<double>(capacity * _latentStride);
        _rootSums = new AlignedBuffer<double>(part.Width * _latentStride);
        _zeros = new AlignedBuffer<double>(Math.Max(_stride, _latentStride));
        _centreSums = new double[part.Width];
        _noiseSums = new double[part.Width];
    }

    /// <summary>Gets the residual e of a draw, to be filled in; 0 where a cell is missing.</summary>
    public Span<double> Residual(int draw) => new(_residuals.Pointer + (draw * _stride), _part.Width);

    /// <summary>Gets the gradient in f of a draw.</summary>
    public ReadOnlySpan<double> Gradient(int draw) => new(_gradients.Pointer + (draw * _stride), _part.Width);

    /// <summary>Gets the posterior mean u of the whitened linear latents of a draw.</summary>
    public ReadOnlySpan<double> Latents(int draw) => new(_latents.Pointer + (draw * _latentStride), _part.Count);

    /// <summary>Forgets all sums.</summary>
    public void Clear()
    {
        _rootSums.Span.Clear();
        Array.Clear(_centreSums);
        Array.Clear(_noiseSums);
    }

    /// <summary>Evaluates some neighbouring draws of rows observed in the same cells.</summary>
    /// <param name="shape">What these cells share.</param>
    /// <param name="first">The first draw.</param>
    /// <param name="count">The number of draws.</param>
    /// <param name="values">Receives log p(x | z_A) of each.</param>
    public void Evaluate(ConditionalShape shape, int first, int count, Span<double> values)
    {
        double* residuals = _residuals.Pointer + (first * _stride);
        double* gradients = _gradients.Pointer + (first * _stride);
        double* latents = _latents.Pointer + (first * _latentStride);
        double* rest = residuals;
        if (_part.Count > 0)
        {
            Multiply(residuals, _stride, shape.WeightedRoots.Pointer, _latentStride, _part.Width, _zeros.Pointer, 0, _products.Pointer, _latentStride, count, _part.Count);
            Multiply(_products.Pointer, _latentStride, shape.Inverse.Pointer, _latentStride, _part.Count, _zeros.Pointer, 0, latents, _latentStride, count, _part.Count);
            Multiply(latents, _latentStride, shape.NegativeRoots.Pointer, _stride, _part.Count, residuals, _stride, gradients, _stride, count, _part.Width);
            rest = gradients;
        }

        double* precisions = shape.Precisions.Pointer;
        for (int n = 0; n < count; n++)
        {
            double square = 0;
            for (int j = 0; j < _part.Count; j++)
            {
                double latent = latents[(n * _latentStride) + j];
                square = Math.FusedMultiplyAdd(latent, latent, square);
            }

            values[n] = shape.Constant - (0.5 * (square + Weigh(rest + (n * _stride), precisions, gradients + (n * _stride))));
        }
    }

    /// <summary>Adds what some draws say of the linear part, each with a weight.</summary>
    /// <param name="shape">What their rows share.</param>
    /// <param name="first">The first draw.</param>
    /// <param name="weights">The weight of each draw.</param>
    public void Accumulate(ConditionalShape shape, int first, ReadOnlySpan<double> weights)
    {
        double total = 0;
        int count = _part.Count, width = _part.Width;
        for (int n = 0; n < weights.Length; n++)
        {
            double weight = weights[n];
            total += weight;
            double* gradient = _gradients.Pointer + ((first + n) * _stride);
            for (int k = 0; k < width; k++)
            {
                _centreSums[k] += weight * gradient[k];
                _noiseSums[k] += 0.5 * weight * gradient[k] * gradient[k];
            }

            for (int j = 0; j < count; j++)
            {
                _products.Pointer[(n * _latentStride) + j] = weight * _latents.Pointer[((first + n) * _latentStride) + j];
            }
        }

        for (int k = 0; k < width; k++)
        {
            _noiseSums[k] -= 0.5 * total * shape.InverseDiagonal[k];
        }

        if (count == 0)
        {
            return;
        }

        var product = new MatrixProduct<double>(
            _gradients.Pointer + (first * _stride), 1, _stride, _products.Pointer, _latentStride, weights.Length)
        {
            Start = _rootSums.Pointer,
            StartRow = _latentStride,
            C = _rootSums.Pointer,
            CRow = _latentStride,
        };
        DenseProducts.Multiply(product, width, count);
        for (int k = 0; k < width; k++)
        {
            for (int j = 0; j < count; j++)
            {
                _rootSums.Pointer[(k * _latentStride) + j] -= total * shape.InverseRoots[(k * count) + j];
            }
        }
    }

    /// <summary>Adds the gradient in the parameters of the linear part.</summary>
    public void AddGradient(Span<double> gradient) =>
        _part.AddGradient(_rootSums.Span, _latentStride, _centreSums, _noiseSums, gradient);

    private static void Multiply(
        double* a, int aRow, double* b, int bStep, int inner, double* start, int startRow, double* c, int cRow, int rows, int columns)
    {
        var product = new MatrixProduct<double>(a, aRow, 1, b, bStep, inner) { Start = start, StartRow = startRow, C = c, CRow = cRow };
        DenseProducts.Multiply(product, rows, columns);
    }

    /// <summary>Writes g = Pε and returns εᵀPε, in four sums that keep the processor busy.</summary>
    private double Weigh(double* rest, double* precisions, double* gradient)
    {
        double a = 0, b = 0, c = 0, d = 0;
        int k = 0;
        for (; k + 4 <= _part.Width; k += 4)
        {
            double r0 = rest[k], r1 = rest[k + 1], r2 = rest[k + 2], r3 = rest[k + 3];
            double g0 = precisions[k] * r0, g1 = precisions[k + 1] * r1, g2 = precisions[k + 2] * r2, g3 = precisions[k + 3] * r3;
            a = Math.FusedMultiplyAdd(r0, g0, a);
            b = Math.FusedMultiplyAdd(r1, g1, b);
            c = Math.FusedMultiplyAdd(r2, g2, c);
            d = Math.FusedMultiplyAdd(r3, g3, d);
            (gradient[k], gradient[k + 1], gradient[k + 2], gradient[k + 3]) = (g0, g1, g2, g3);
        }

        for (; k < _part.Width; k++)
        {
            double left = rest[k];
            gradient[k] = precisions[k] * left;
            a = Math.FusedMultiplyAdd(left, gradient[k], a);
        }

        return a + b + (c + d);
    }
}
