using MathNet.Numerics.Distributions;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference.Tests.Learning.MixedModels;

/// <summary>A random mixed model of some kind, and the same written out.</summary>
internal sealed class RandomDesign
{
    private readonly System.Random _random;
    private readonly List<(string Group, int[] Codes, int Levels, double[]?[] Effects)> _terms = [];

    public RandomDesign(int seed)
    {
        _random = new System.Random(seed);
        int rows = _random.Next(30, 70);
        double level = _random.Next(3) == 0 ? 1e3 : 0;
        Slope = [.. Enumerable.Range(0, rows).Select(_ => Normal.Sample(_random, level, 1))];
        Covariate = [.. Enumerable.Range(0, rows).Select(_ => (double)_random.Next(3))];
        Weights = _random.Next(3) == 0 ? [.. Enumerable.Range(0, rows).Select(_ => Math.Exp(Normal.Sample(_random, 0, 0.5)))] : [];
        HasIntercept = _random.Next(8) > 0;
        int kind = seed % 5;
        int[] first = Codes(rows, _random.Next(3, 8)), second = Codes(rows, _random.Next(2, 5));
        switch (kind)
        {
            case 0:
                _terms.Add(("a", first, first.Max() + 1, [null]));
                break;
            case 1:
                _terms.Add(("a", first, first.Max() + 1, [null, Slope]));
                break;
            case 2:
                _terms.Add(("a", first, first.Max() + 1, [null]));
                _terms.Add(("b", second, second.Max() + 1, [null]));
                break;
            case 3:
                // The groups of b contain those of a.
                _terms.Add(("a", first, first.Max() + 1, [null]));
                _terms.Add(("b", [.. first.Select(code => code % 3)], 3, [null]));
                break;
            default:
                _terms.Add(("a", first, first.Max() + 1, [null, Slope]));
                _terms.Add(("b", second, second.Max() + 1, [null, Covariate]));
                break;
        }

        double[] effects = [.. Enumerable.Range(0, 40).Select(_ => Normal.Sample(_random, 0, 1))];
        double size = Math.Exp(Normal.Sample(_random, 0, 1.5)), scale = Math.Pow(10, _random.Next(-3, 4));
        Response = [.. Enumerable.Range(0, rows).Select(i => scale * (level + Slope[i] - level
            + (size * effects[first[i]] * (1 + (kind is 1 or 4 ? 0.5 * (Slope[i] - level) : 0)))
            + (size * effects[20 + second[i]] * (kind is 2 or 4 ? 1 : 0)) + Normal.Sample(_random, 0, 1)))];
        if (_random.Next(3) == 0)
        {
            Response[0] = Response[rows / 2] = double.NaN;
        }

        Model = new MixedModel("y", Response, Weights).Fixed("slope", Slope).Fixed("covariate", Covariate);
        Model = HasIntercept ? Model : Model.WithoutIntercept();
        foreach ((string group, int[] codes, _, double[]?[] columns) in _terms)
        {
            Model = Model.Random(group, codes, slopes: columns.Length == 1 ? null : [(ReferenceEquals(columns[1], Slope) ? "slope" : "covariate", columns[1]!)]);
        }
    }

    public double[] Slope { get; }

    public double[] Covariate { get; }

    public double[] Weights { get; }

    public bool HasIntercept { get; }

    public double[] Response { get; }

    public MixedModel Model { get; }

    public int[] Present => [.. Enumerable.Range(0, Response.Length).Where(i => !double.IsNaN(Response[i]))];

    /// <summary>Returns the fixed columns of all rows.</summary>
    public Matrix<double> FixedColumns() => Matrix<double>.Build.DenseOfColumnArrays(
        ((double[]?[])[HasIntercept ? [.. Slope.Select(_ => 1.0)] : null, Slope, Covariate]).OfType<double[]>());

    /// <summary>Returns the random columns of all rows, term by term, level by level in the order of their first rows, effect by effect.</summary>
    public Matrix<double> RandomColumns(MixedModelFit fit)
    {
        Matrix<double> columns = Matrix<double>.Build.Dense(Response.Length, fit.RandomTerms.Sum(term => term.Levels.Length * term.Effects.Length));
        int offset = 0;
        for (int t = 0; t < _terms.Count; t++)
        {
            (_, int[] codes, _, double[]?[] effects) = _terms[t];
            RandomTerm term = fit.RandomTerms[t];
            for (int i = 0; i < codes.Length; i++)
            {
                int level = term.Levels.IndexOf($"{codes[i]}");
                for (int e = 0; e < effects.Length; e++)
                {
                    columns[i, offset + (level * effects.Length) + e] = effects[e]?[i] ?? 1;
                }
            }

            offset += term.Levels.Length * effects.Length;
        }

        return columns;
    }

    /// <summary>Writes the model at the fit's variances out.</summary>
    public DenseMixedModel Dense(MixedModelFit fit)
    {
        int[] rows = Present;
        Matrix<double> x = FixedColumns(), z = RandomColumns(fit);
        Matrix<double> g = Matrix<double>.Build.Dense(z.ColumnCount, z.ColumnCount);
        int offset = 0;
        foreach (RandomTerm term in fit.RandomTerms)
        {
            Matrix<double> covariance = term.Covariance();
            for (int level = 0; level < term.Levels.Length; level++)
            {
                g.SetSubMatrix(offset, offset, covariance);
                offset += term.Effects.Length;
            }
        }

        Matrix<double> Select(Matrix<double> all) => Matrix<double>.Build.DenseOfRowVectors(rows.Select(all.Row));
        return new DenseMixedModel(
            [.. rows.Select(i => Response[i])],
            Select(x),
            Select(z),
            g,
            [.. rows.Select(i => fit.ResidualVariance / (Weights.Length > 0 ? Weights[i] : 1))]);
    }

    private int[] Codes(int rows, int levels) => [.. Enumerable.Range(0, rows).Select(i => i < levels ? i : _random.Next(levels))];
}
