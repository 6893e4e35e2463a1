using System.Numerics.Tensors;

namespace VariationalInference;

/// <summary>Σ ELBO over rows of latents z ~ N(0, I) as a function of the parameters θ alone: at the best Gaussian posterior of each row.</summary>
internal sealed class SiteProfile : IDisposable
{
    /// <summary>The most sums of second derivatives that are worked out side by side, and the most numbers in all of them; neither depends on the threads.</summary>
    private const int MostShards = 16;
    private const int MostNumbers = 1 << 25;

    private readonly ThreadTeam _team;
    private readonly RowBlock?[] _solvers;
    private readonly RowCurvature?[] _curvatures;
    private readonly RowCells?[] _cells;
    private readonly double[] _blockElbos;

    public SiteProfile(SiteParameters parameters, SiteRows rows, int maxThreads)
    {
        Parameters = parameters;
        Rows = rows;
        BlockCount = (rows.Count + RowBlock.Rows - 1) / RowBlock.Rows;
        _blockElbos = new double[BlockCount];
        _team = new ThreadTeam(Math.Max(1, Math.Min(maxThreads, BlockCount)));
        _solvers = new RowBlock?[_team.Size];
        _curvatures = new RowCurvature?[_team.Size];
        _cells = new RowCells?[_team.Size];
    }

    public SiteParameters Parameters { get; }

    public SiteRows Rows { get; }

    private int BlockCount { get; }

    /// <summary>Returns Σ ELBO at its optima, which the states go to; −∞ where there is none.</summary>
    public double Evaluate(double[] theta, RowStates states)
    {
        if (Parameters.At(theta) is not SitePoint point)
        {
            return double.NegativeInfinity;
        }

        _team.Run(BlockCount, (member, block) =>
        {
            RowBlock solver = _solvers[member] ??= new RowBlock(Parameters.Latents, CellsOf(member));
            int first = block * RowBlock.Rows;
            _blockElbos[block] = solver.Solve(Rows, point, states, first, Math.Min(RowBlock.Rows, Rows.Count - first));
        });
        return TensorPrimitives.Sum<double>(_blockElbos);
    }

    /// <summary>Returns the gradient and minus the second derivatives in θ, with the states at their optima.</summary>
    public SiteCurvature Differentiate(double[] theta, RowStates states)
    {
        SitePoint point = Parameters.At(theta)!;
        int stride = RowCurvature.StrideOf(Parameters);
        int shards = Math.Clamp((int)(MostNumbers / ((long)Parameters.Count * stride)), 1, Math.Min(MostShards, BlockCount));
        var sums = new SiteCurvature[shards];
        _team.Run(shards, (member, shard) =>
        {
            RowCurvature curvature = _curvatures[member] ??= new RowCurvature(Parameters, CellsOf(member));
            var sum = new SiteCurvature(Parameters.Count, stride);
            int end = (int)((long)(shard + 1) * BlockCount / shards);
            for (int block = (int)((long)shard * BlockCount / shards); block < end; block++)
            {
                int first = block * RowBlock.Rows;
                curvature.Add(Rows, point, states, first, Math.Min(RowBlock.Rows, Rows.Count - first), sum);
            }

            sums[shard] = sum;
        });
        for (int shard = 1; shard < shards; shard++)
        {
            sums[0].Add(sums[shard]);
        }

        return sums[0];
    }

    public void Dispose() => _team.Dispose();

    private RowCells CellsOf(int member) => _cells[member] ??= new RowCells(Parameters.Latents, RowBlock.Rows);
}
