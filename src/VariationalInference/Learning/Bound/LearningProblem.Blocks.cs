using System.Numerics.Tensors;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <content>The blocks.</content>
internal sealed partial class LearningProblem
{
    /// <summary>Where less than this part of a column's variance is its own, cross products lose more digits than rows do.</summary>
    private const double SoundPart = 1e-2;

    /// <summary>Gets a value indicating whether rows can be turned: nothing but the latents' priors and one noise variance changes.</summary>
    private bool TurnsRows => _options is { Loadings: false, Offset: false, NoiseVariances: VarianceLearning.Shared };

    /// <summary>Returns a block for each pattern that has cells of the problem, or, of a sum, for each number of cells.</summary>
    private LearningBlock[] CreateBlocks(SufficientStatistics statistics, Matrix<double>? table)
    {
        PatternStatistics[] patterns = [.. statistics.Patterns.Where(pattern => pattern.Observed.Any(k => _places[k] >= 0))];
        double[][] roots = Roots(patterns, table);
        return IsSum ? SumBlocks(patterns, roots) : [.. patterns.Select((pattern, i) => Block(pattern, roots[i]))];
    }

    /// <summary>Returns roots of the patterns' cross products over n in standard units, from the rows where these are there and needed.</summary>
    private double[][] Roots(PatternStatistics[] patterns, Matrix<double>? table)
    {
        var roots = new double[patterns.Length][];
        var rows = new RowRoots();
        for (int i = 0; i < patterns.Length; i++)
        {
            PatternStatistics pattern = patterns[i];
            int[] cells = CellsOf(pattern);
            double[] scales = [.. cells.Select(cell => Units.Scales[pattern.Observed[cell]])];
            double Product(int a, int b) => pattern.Moments.Product(cells[a], cells[b]) / pattern.RowCount / (scales[a] * scales[b]);
            roots[i] = ScatterRoot.Of(Product, cells.Length, pattern.RowCount - 1, out double least);
            if (least < SoundPart && table is not null)
            {
                rows.Expect(pattern, cells, scales);
            }
        }

        if (table is not null)
        {
            rows.Read(table);
        }

        return [.. patterns.Select((pattern, i) => rows.RootOf(pattern) ?? roots[i])];
    }

    private int[] CellsOf(PatternStatistics pattern) =>
        [.. Enumerable.Range(0, pattern.Observed.Length).Where(cell => _places[pattern.Observed[cell]] >= 0)];

    private LearningBlock Block(PatternStatistics pattern, double[] root)
    {
        int[] cells = CellsOf(pattern);
        var block = new LearningBlock
        {
            Observed = [.. cells.Select(cell => _places[pattern.Observed[cell]])],
            Count = pattern.RowCount,
            Mean = [.. cells.Select(cell => StandardMean(pattern, cell))],
            Root = root,
        };
        return TurnsRows && block.Size > _given.Latents ? TurnedBlock.Of(block, _given) : block;
    }

    private double StandardMean(PatternStatistics pattern, int cell)
    {
        int k = pattern.Observed[cell];
        return pattern.Moments.MeanFrom(cell, Units.Origin[k]) / Units.Scales[k];
    }

    /// <summary>Reduces the patterns of a sum to one cell a row; those with as many cells are one block.</summary>
    private LearningBlock[] SumBlocks(PatternStatistics[] patterns, double[][] roots)
    {
        var sums = new SortedDictionary<int, (Moments Sums, double NoiseSquares)>();
        for (int p = 0; p < patterns.Length; p++)
        {
            PatternStatistics pattern = patterns[p];
            int cells = pattern.Observed.Length;

            // Cells may be far from their prediction and near to each other.
            (double, double) first = (pattern.Moments.High[0], pattern.Moments.Low[0]);
            double[] means = [.. Enumerable.Range(0, cells).Select(cell => pattern.Moments.MeanFrom(cell, first) / Units.Scales[0])];
            (double sum, double within) = Centre(means);
            sum += Math.Sqrt(cells) * StandardMean(pattern, 0);
            double between = 0;
            for (int row = 0; row < roots[p].Length; row += cells)
            {
                (double deviation, double rest) = Centre(roots[p].AsSpan(row, cells));
                between += deviation * deviation;
                within += rest;
            }

            var moments = new Moments(pattern.RowCount, [sum], [0], [pattern.RowCount * between]);
            within *= pattern.RowCount;
            sums[cells] = sums.TryGetValue(cells, out (Moments Sums, double NoiseSquares) known)
                ? (known.Sums.Merge(moments), known.NoiseSquares + within)
                : (moments, within);
        }

        return [.. sums.Select(item => SumBlock(item.Key, item.Value.Sums, item.Value.NoiseSquares))];
    }

    /// <summary>Returns the sum of a row's cells over the root of their number, and their squares about their mean.</summary>
    private static (double Sum, double Within) Centre(ReadOnlySpan<double> row)
    {
        double mean = TensorPrimitives.Sum(row) / row.Length, within = 0;
        foreach (double value in row)
        {
            within += (value - mean) * (value - mean);
        }

        return (Math.Sqrt(row.Length) * mean, within);
    }

    private static LearningBlock SumBlock(int cells, Moments sums, double noiseSquares) => new()
    {
        Observed = [0],
        Count = sums.Count,
        Mean = [sums.Mean(0)],
        Root = sums.Product(0, 0) > 0 ? [Math.Sqrt(sums.Product(0, 0) / sums.Count)] : [],
        Weight = Math.Sqrt(cells),
        NoiseSquares = noiseSquares,
        NoiseCells = (double)sums.Count * (cells - 1),
    };
}
