namespace VariationalInference;

/// <summary>
/// Rows of more cells than latents, turned so that all that depends on the latents stands in as many cells as there are latents: of A = QR with
/// Q square, Qᵀx has the loadings R in its first J cells, and nothing but noise in the others.
/// </summary>
internal static class TurnedBlock
{
    /// <summary>Turns the rows of a block, whose loadings and offset are fixed and whose noise variances are one and the same.</summary>
    public static LearningBlock Of(LearningBlock block, LearningPoint point)
    {
        int size = block.Size, latents = point.Latents;
        var reduction = new OrthogonalReduction(size, latents);
        reduction.Begin(size);
        for (int j = 0; j < latents; j++)
        {
            Span<double> column = reduction.Pending;
            for (int i = 0; i < size; i++)
            {
                column[i] = block.LoadingsOf(i, point)[j];
            }

            reduction.Accept(reduction.Reduce());
        }

        double[] mean = [.. Enumerable.Range(0, size).Select(i => block.Mean[i] - point.Offset[block.Observed[i]])];
        double[] root = [.. block.Root];
        double noise = Turn(reduction, mean, latents);
        for (int row = 0; row < block.Rank; row++)
        {
            noise += Turn(reduction, root.AsSpan(row * size, size), latents);
        }

        var loadings = new double[latents * latents];
        for (int j = 0; j < latents; j++)
        {
            for (int i = 0; i <= j; i++)
            {
                loadings[(i * latents) + j] = reduction[i, j];
            }
        }

        return new LearningBlock
        {
            Observed = [.. block.Observed.Take(latents)],
            Count = block.Count,
            Mean = mean[..latents],
            Root = ShortRoot(root, size, latents),
            Loadings = loadings,
            NoiseSquares = block.Count * noise,
            NoiseCells = block.Count * (size - latents),
        };
    }

    /// <summary>Turns a row, and returns the square of its cells that are pure noise.</summary>
    private static double Turn(OrthogonalReduction reduction, Span<double> row, int latents)
    {
        reduction.Rotate(row);
        return ShortVectors.SquaredNorm(row[latents..]);
    }

    /// <summary>Returns a root of the first cells' cross products, of no more rows than cells.</summary>
    private static double[] ShortRoot(double[] root, int size, int latents)
    {
        int rank = root.Length / size;
        if (rank <= latents)
        {
            return [.. Enumerable.Range(0, rank).SelectMany(row => root[(row * size)..((row * size) + latents)])];
        }

        var reduction = new OrthogonalReduction(rank, latents);
        reduction.Begin(rank);
        for (int i = 0; i < latents; i++)
        {
            Span<double> column = reduction.Pending;
            for (int row = 0; row < rank; row++)
            {
                column[row] = root[(row * size) + i];
            }

            reduction.Accept(reduction.Reduce());
        }

        return [.. Enumerable.Range(0, latents * latents).Select(at => at / latents <= at % latents ? reduction[at / latents, at % latents] : 0)];
    }
}
