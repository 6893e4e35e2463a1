namespace VariationalInference;

/// <summary>What is learned of columns with predictors a_k·z + b_k: where each loading, offset and parameter of a likelihood stands in one vector θ.</summary>
internal sealed class SiteParameters
{
    private readonly int[][] _places;

    private SiteParameters(SiteColumn[] columns, int latents, int[][] places, int count)
    {
        Columns = columns;
        Latents = latents;
        _places = places;
        Count = count;
    }

    public SiteColumn[] Columns { get; }

    /// <summary>Gets the number of latents J.</summary>
    public int Latents { get; }

    /// <summary>Gets the length of θ.</summary>
    public int Count { get; }

    /// <summary>Gets a value indicating whether all columns share the loadings of one.</summary>
    public bool SharesLoadings { get; private init; }

    /// <summary>Gets a value indicating whether all loadings are free, so that latents can be turned without a change to the rows.</summary>
    public bool CanTurn { get; private init; }

    /// <summary>Numbers the parameters column by column.</summary>
    /// <param name="columns">The columns.</param>
    /// <param name="latents">The number of latents.</param>
    /// <param name="shared">Whether all columns share the loadings of one.</param>
    public static SiteParameters Of(SiteColumn[] columns, int latents, bool shared)
    {
        int next = shared ? latents : 0;
        var places = new int[columns.Length][];
        for (int k = 0; k < columns.Length; k++)
        {
            places[k] = new int[latents + 1 + columns[k].Learned.Length];
            for (int slot = 0; slot < places[k].Length; slot++)
            {
                places[k][slot] = shared && slot < latents ? slot : next++;
            }
        }

        return new SiteParameters(columns, latents, places, next) { SharesLoadings = shared, CanTurn = latents > 1 && !shared };
    }

    /// <summary>Returns where the numbers of a column stand in θ: its loadings, its offset, and what its likelihood learns.</summary>
    public ReadOnlySpan<int> Places(int column) => _places[column];

    /// <summary>Returns the directions of length 1 in which θ moves as the latents turn, each in the plane of two of them.</summary>
    public IEnumerable<double[]> TurningDirections(double[] theta) => Planes().Select(plane =>
    {
        double[] direction = Moved(theta, plane, sign: -1);
        double length = Math.Sqrt(direction.Sum(value => value * value));
        return length == 0 ? direction : Array.ConvertAll(direction, value => value / length);
    });

    /// <summary>Returns the gradients of the products of each two columns of the loadings, which are 0 in principal axes.</summary>
    public IEnumerable<double[]> AxisConditions(double[] theta) => Planes().Select(plane => Moved(theta, plane, sign: 1));

    /// <summary>Returns θ in the terms of columns; null where a parameter is at an end of its range.</summary>
    public SitePoint? At(double[] theta)
    {
        if (Array.Exists(theta, value => !double.IsFinite(value)))
        {
            return null;
        }

        var point = new SitePoint(Columns.Length, Latents);
        for (int k = 0; k < Columns.Length; k++)
        {
            int[] places = _places[k];
            for (int j = 0; j < Latents; j++)
            {
                point.Loadings[(k * Latents) + j] = theta[places[j]];
            }

            point.Offsets[k] = theta[places[Latents]];
            double[] free = [.. places[(Latents + 1)..].Select(place => theta[place])];
            point.Free[k] = free;
            point.Slopes[k] = new double[free.Length];
            if (Columns[k].At(free, point.Slopes[k]) is not Likelihood likelihood)
            {
                return null;
            }

            point.Likelihoods[k] = likelihood;
        }

        return point;
    }

    private IEnumerable<(int I, int J)> Planes() =>
        from j in Enumerable.Range(0, CanTurn ? Latents : 0) from i in Enumerable.Range(0, j) select (i, j);

    private double[] Moved(double[] theta, (int I, int J) plane, double sign)
    {
        var moved = new double[Count];
        foreach (int[] places in _places)
        {
            moved[places[plane.I]] = sign * theta[places[plane.J]];
            moved[places[plane.J]] = theta[places[plane.I]];
        }

        return moved;
    }
}

/// <summary>Loadings, offsets and likelihoods of all columns.</summary>
internal sealed class SitePoint(int columns, int latents)
{
    /// <summary>Gets the loadings, those of a column side by side.</summary>
    public double[] Loadings { get; } = new double[columns * latents];

    public double[] Offsets { get; } = new double[columns];

    public Likelihood[] Likelihoods { get; } = new Likelihood[columns];

    /// <summary>Gets where the learned parameters of each likelihood are on their scales without ends.</summary>
    public double[][] Free { get; } = new double[columns][];

    /// <summary>Gets the slopes of the parameters there.</summary>
    public double[][] Slopes { get; } = new double[columns][];
}
