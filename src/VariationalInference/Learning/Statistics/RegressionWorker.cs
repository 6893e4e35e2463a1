namespace VariationalInference;

/// <summary>Reduces shards of [A x], one at a time. A row whose x is missing is left out.</summary>
internal sealed class RegressionWorker(int latents, NameList latentNames) : IShardWorker<RegressionStatistics>
{
    private const string Allowed = "finite where the observation is there";

    private readonly TriangleWorker _worker = new(latents + 1);

    public RegressionStatistics Summarise(in RowView source, long first, int rows)
    {
        long missing = 0;
        _worker.Begin();
        for (int start = 0; start < rows; start += TriangleKernels.TileRows)
        {
            int count = Math.Min(TriangleKernels.TileRows, rows - start);
            source.CopyColumns(first + start, count, latents + 1, _worker);
            missing += LeaveOut(count);
            if (_worker.FirstNonFinite(count) >= 0)
            {
                RequireCells(source, first + start, count);
            }

            _worker.Reduce(count);
        }

        return new RegressionStatistics(_worker.End(), rows - missing, missing, latentNames);
    }

    public void RequireCells(in RowView source, long first, int rows)
    {
        for (long n = first; n < first + rows; n++)
        {
            double observation = source[n, latents];
            if (double.IsInfinity(observation))
            {
                throw source.Refuse(n, latents, "finite, or NaN when it is missing");
            }

            for (int j = 0; j < latents && !double.IsNaN(observation); j++)
            {
                if (!double.IsFinite(source[n, j]))
                {
                    throw source.Refuse(n, j, Allowed);
                }
            }
        }
    }

    /// <summary>Replaces the rows without an observation by zeros, which add nothing, and counts them.</summary>
    private long LeaveOut(int rows)
    {
        long missing = 0;
        Span<double> observations = _worker.Column(latents);
        for (int n = 0; n < rows; n++)
        {
            if (double.IsNaN(observations[n]))
            {
                missing++;
                for (int k = 0; k <= latents; k++)
                {
                    _worker.Column(k)[n] = 0;
                }
            }
        }

        return missing;
    }
}
