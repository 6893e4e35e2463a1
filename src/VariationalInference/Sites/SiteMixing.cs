namespace VariationalInference;

/// <summary>
/// Anderson's mixing: of the last posteriors of an ascent, the combination whose natural gradients cancel best, and what that combination of their cells asks for
/// (Walker and Ni, 2011). It allocates nothing.
/// </summary>
/// <remarks>What cells ask for is linear in natural parameters. It is kept relative to the present posterior, as <see cref="SitePosterior"/> is.</remarks>
internal sealed class SiteMixing
{
    private const int Capacity = 6;

    /// <summary>A difference counts if so much of it is not along later ones: the square of what the inner products of doubles hold.</summary>
    private const double LeastShare = 1e-12;

    private const double HalfRoot = 0.70710678118654752440;

    private readonly bool _isFull;
    private readonly int _latents;
    private readonly Entry[] _entries = new Entry[Capacity];

    // Inner products of the entries' gradients, by place.
    private readonly double[] _products = new double[Capacity * Capacity];
    private readonly double[] _normal = new double[Capacity * Capacity];
    private readonly double[] _weights = new double[Capacity];
    private int _count;
    private int _newest;

    public SiteMixing(SiteCells cells)
    {
        _isFull = cells.Family == SiteFamily.FullCovariance;
        _latents = cells.LatentCount;
        for (int i = 0; i < Capacity; i++)
        {
            _entries[i] = new Entry(_latents, _isFull);
        }
    }

    /// <summary>Gets a value indicating whether there is anything to combine.</summary>
    public bool IsReady => _count > 1;

    /// <summary>Forgets what came before.</summary>
    public void Clear() => _count = 0;

    /// <summary>Adds the posterior to which all else is relative now.</summary>
    public void Add(SitePosterior posterior)
    {
        _newest = (_newest + 1) % Capacity;
        _count = Math.Min(_count + 1, Capacity);
        Entry entry = _entries[_newest];
        posterior.Slope.CopyTo(entry.Shift, 0);
        posterior.BestPrecisions.CopyTo(entry.Precisions, 0);
        posterior.Slope.CopyTo(entry.Gradient, 0);
        int next = _latents;
        for (int i = 0; i < _latents; i++)
        {
            for (int j = 0; j <= i; j++)
            {
                double element = posterior.Square[(i * _latents) + j];
                entry.Square[(i * _latents) + j] = entry.Square[(j * _latents) + i] = element;
                if (_isFull)
                {
                    entry.Gradient[next++] = i == j ? HalfRoot * (element - 1) : element;
                }
            }

            if (!_isFull)
            {
                entry.Gradient[next++] = HalfRoot * ((posterior.Variances[i] * posterior.BestPrecisions[i]) - 1);
            }
        }

        for (int age = 0; age < _count; age++)
        {
            int place = Place(age);
            _products[(_newest * Capacity) + place] = _products[(place * Capacity) + _newest] =
                LowerTriangles.Dot(entry.Gradient, _entries[place].Gradient);
        }
    }

    /// <summary>Makes all relative to a posterior with the precision F L Lᵀ Fᵀ whose means are F⁻ᵀd from those of the present one.</summary>
    /// <param name="change">L.</param>
    /// <param name="shift">d.</param>
    public void Move(ReadOnlySpan<double> change, ReadOnlySpan<double> shift)
    {
        for (int age = 0; age < Math.Min(_count, Capacity - 1); age++)
        {
            Entry entry = _entries[Place(age)];
            for (int i = 0; i < _latents; i++)
            {
                entry.Shift[i] -= LowerTriangles.Dot(entry.Square.AsSpan(i * _latents, _latents), shift);
            }

            LowerTriangles.Solve(change, entry.Shift);
            LowerTriangles.SolveLeft(change, entry.Square, _latents, isLower: false);
            LowerTriangles.SolveRight(change, entry.Square, _latents);
        }
    }

    /// <summary>Writes what the best combination asks for.</summary>
    public void Combine(Span<double> square, Span<double> shift, Span<double> precisions)
    {
        FindWeights();
        square.Clear();
        shift.Clear();
        precisions.Clear();
        for (int age = 0; age < _count; age++)
        {
            if (_weights[age] != 0)
            {
                Entry entry = _entries[Place(age)];
                LowerTriangles.AddScaled(entry.Square, _weights[age], square);
                LowerTriangles.AddScaled(entry.Shift, _weights[age], shift);
                LowerTriangles.AddScaled(entry.Precisions, _weights[age], precisions);
            }
        }
    }

    /// <summary>Finds weights with the sum 1, by the differences from the newest, later ones first.</summary>
    private void FindWeights()
    {
        int count = _count - 1;
        double newest = Product(0, 0);
        for (int i = 0; i < count; i++)
        {
            _weights[i + 1] = newest - Product(i + 1, 0);
            for (int j = 0; j <= i; j++)
            {
                _normal[(i * Capacity) + j] = (Product(i + 1, j + 1) - Product(i + 1, 0)) - (Product(j + 1, 0) - newest);
            }
        }

        // LDLᵀ, which leaves out what has no direction of its own.
        for (int j = 0; j < count; j++)
        {
            double whole = _normal[(j * Capacity) + j], pivot = whole;
            for (int k = 0; k < j; k++)
            {
                pivot -= _normal[(j * Capacity) + k] * _normal[(j * Capacity) + k] * _normal[(k * Capacity) + k];
            }

            bool counts = pivot > LeastShare * whole;
            _normal[(j * Capacity) + j] = counts ? pivot : 0;
            for (int i = j + 1; i < count; i++)
            {
                double element = _normal[(i * Capacity) + j];
                for (int k = 0; k < j; k++)
                {
                    element -= _normal[(i * Capacity) + k] * _normal[(j * Capacity) + k] * _normal[(k * Capacity) + k];
                }

                _normal[(i * Capacity) + j] = counts ? element / pivot : 0;
            }
        }

        for (int i = 0; i < count; i++)
        {
            for (int k = 0; k < i; k++)
            {
                _weights[i + 1] -= _normal[(i * Capacity) + k] * _weights[k + 1];
            }
        }

        double rest = 1;
        for (int i = count - 1; i >= 0; i--)
        {
            double pivot = _normal[(i * Capacity) + i], weight = pivot == 0 ? 0 : _weights[i + 1] / pivot;
            for (int k = i + 1; k < count; k++)
            {
                weight -= pivot == 0 ? 0 : _normal[(k * Capacity) + i] * _weights[k + 1];
            }

            _weights[i + 1] = weight;
            rest -= weight;
        }

        _weights[0] = rest;
    }

    private double Product(int age, int other) => _products[(Place(age) * Capacity) + Place(other)];

    private int Place(int age) => (_newest - age + Capacity) % Capacity;

    private sealed class Entry(int latents, bool isFull)
    {
        public readonly double[] Square = new double[latents * latents];
        public readonly double[] Shift = new double[latents];
        public readonly double[] Precisions = new double[latents];
        public readonly double[] Gradient = new double[latents + (isFull ? latents * (latents + 1) / 2 : latents)];
    }
}
