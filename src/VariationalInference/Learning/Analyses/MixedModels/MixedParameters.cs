namespace VariationalInference;

/// <summary>
/// The free elements θ of the factors Λ, one vector for all, in units in which 1 makes an effect's variance as large as the noise in its estimate
/// from an average level.
/// </summary>
internal sealed class MixedParameters
{
    private readonly (int Factor, int Row, int Column, double Unit)[] _elements;
    private readonly int[] _widths;
    private readonly int[][] _rows;

    public MixedParameters(MixedDesign design, MixedReduction reduction)
    {
        _widths = [.. design.Factors.Select(factor => factor.Width)];
        var elements = new List<(int, int, int, double)>();
        for (int f = 0; f < design.Factors.Count; f++)
        {
            GroupingFactor factor = design.Factors[f];
            for (int i = 0; i < factor.Width; i++)
            {
                double square = f == 0 ? reduction.EffectSquares[i] : SquareOf(reduction.Rest!, f, i);
                double unit = square > 0 ? Math.Sqrt(design.Codes[f].Distinct().Count() / square) : 1;
                for (int j = 0; j <= i; j++)
                {
                    if (factor.IsFree(i, j))
                    {
                        elements.Add((f, i, j, unit));
                    }
                }
            }
        }

        _elements = [.. elements];
        Terms = [.. TermsOf(design)];
        _rows = [.. _elements.Select(element => Enumerable.Range(0, _elements.Length)
            .Where(i => _elements[i].Factor == element.Factor && _elements[i].Row == element.Row).ToArray())];
    }

    public int Count => _elements.Length;

    /// <summary>Gets the random terms, whose covariances are blocks.</summary>
    public IReadOnlyList<MixedTerm> Terms { get; }

    /// <summary>Returns the parameters that have a slope: those of columns that are not zero.</summary>
    public int[] ActiveAt(double[] theta) => [.. Terms.SelectMany(term => Enumerable.Range(0, term.Effects.Length)
        .Where(column => !term.IsZero(theta, column))
        .SelectMany(column => Enumerable.Range(column, term.Effects.Length - column).Select(row => term.Place(row, column)))).Order()];

    /// <summary>Gets the parameters on the diagonals, which set variances.</summary>
    public IEnumerable<int> Diagonals => Enumerable.Range(0, Count).Where(IsDiagonal);

    public (int Factor, int Row, int Column) this[int parameter] =>
        (_elements[parameter].Factor, _elements[parameter].Row, _elements[parameter].Column);

    public bool IsDiagonal(int parameter) => _elements[parameter].Row == _elements[parameter].Column;

    /// <summary>Returns on which scale a parameter moves: the length of its row of Λ, at least one unit.</summary>
    public double ScaleOf(double[] theta, int parameter)
    {
        double square = 0;
        foreach (int place in _rows[parameter])
        {
            square += theta[place] * theta[place];
        }

        return Math.Max(1, Math.Sqrt(square));
    }

    /// <summary>Returns the unit of a parameter.</summary>
    public double UnitOf(int parameter) => _elements[parameter].Unit;

    /// <summary>Returns the parameters of the row of Λ that a parameter stands in.</summary>
    public int[] RowOf(int parameter) => _rows[parameter];

    public double[][] CreateLambda() => [.. _widths.Select(width => new double[width * width])];

    /// <summary>Writes θ into the factors Λ.</summary>
    public void Unpack(ReadOnlySpan<double> theta, double[][] lambda)
    {
        for (int i = 0; i < _elements.Length; i++)
        {
            (int f, int row, int column, double unit) = _elements[i];
            lambda[f][(row * _widths[f]) + column] = theta[i] * unit;
        }
    }

    /// <summary>Gathers derivatives by Λ into those by θ.</summary>
    public void Gather(double[][] byLambda, Span<double> sum)
    {
        for (int i = 0; i < _elements.Length; i++)
        {
            (int f, int row, int column, double unit) = _elements[i];
            sum[i] += unit * byLambda[f][(row * _widths[f]) + column];
        }
    }

    private IEnumerable<MixedTerm> TermsOf(MixedDesign design)
    {
        for (int f = 0; f < design.Factors.Count; f++)
        {
            foreach (IGrouping<int, int> term in Enumerable.Range(0, design.Factors[f].Width).GroupBy(e => design.Factors[f].Effects[e].Term))
            {
                int[] effects = [.. term];
                yield return new MixedTerm(effects, [.. Enumerable.Range(0, Count).Where(
                    i => _elements[i].Factor == f && effects.Contains(_elements[i].Row))]);
            }
        }
    }

    private static double SquareOf(RestColumns rest, int factor, int effect)
    {
        double sum = 0;
        for (int column = rest.Offsets[factor] + effect; column < rest.Offsets[factor + 1]; column += rest.Widths[factor])
        {
            sum += rest.Squares[column];
        }

        return sum;
    }
}
