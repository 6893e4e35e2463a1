using System.Collections.Immutable;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>Loadings A without structure.</summary>
internal sealed class DenseLoadings : LoadingStructure
{
    /// <summary>How many doubles the responses of incomplete rows may take together, 64 MB; factors and covariances come on top.</summary>
    private const int CacheSize = 1 << 23;

    private readonly Matrix<double> _loadings;
    private readonly double[] _noiseDeviations;
    private readonly double[] _logNormalizers;
    private readonly double[] _whitened;
    private readonly double[] _whitenedLow;
    private readonly (double High, double Low)[] _prediction;
    private readonly PatternCache _patterns;
    private readonly CancellableLazy<RowReduction> _reduction;

    public DenseLoadings(Matrix<double> loadings, ImmutableArray<double> offset, ImmutableArray<double> noiseVariances, GaussianPrior prior)
        : base(prior, loadings.RowCount)
    {
        _loadings = Matrix<double>.Build.DenseOfMatrix(loadings);
        _noiseDeviations = [.. noiseVariances.Select(Math.Sqrt)];
        _logNormalizers = [.. noiseVariances.Select(r => -0.5 * Math.Log(2 * Math.PI * r))];
        _prediction = [.. Enumerable.Range(0, ObservationCount).Select(
            k => Compensated.Dot(offset[k], _loadings.Row(k).ToArray(), prior.Means.AsSpan()))];
        _whitened = new double[ObservationCount * prior.Count];
        _whitenedLow = new double[_whitened.Length];
        for (int j = 0; j < prior.Count; j++)
        {
            for (int k = 0; k < ObservationCount; k++)
            {
                (_whitened[(j * ObservationCount) + k], _whitenedLow[(j * ObservationCount) + k]) = prior.IsAlone(j)
                    ? Compensated.ProductOver(_loadings[k, j], prior.Deviations[j], _noiseDeviations[k])
                    : Compensated.Over(WithRoot(k, j), _noiseDeviations[k]);
            }
        }

        RequireFinite(_whitened);
        RequireFinitePredictions(_prediction);
        Complete = new SharedShape(
            new WhitenedLoadings(_whitened, ObservationCount, _whitenedLow), prior, ObservationCount, _logNormalizers.Sum());
        _patterns = new PatternCache(CreatePattern, Math.Max(16, CacheSize / (4 * _whitened.Length)));
        _reduction = new CancellableLazy<RowReduction>(CreateReduction);
    }

    public override SharedShape Complete { get; }

    public override RowReduction Reduction(CancellationToken cancellationToken) => _reduction.Get(cancellationToken);

    public override Matrix<double> Loadings() => _loadings.Clone();

    public override SharedShape ShapeOf(MissingPattern pattern) => pattern.IsComplete ? Complete : _patterns[pattern].Shape;

    public override ConditionedRow Condition(ReadOnlySpan<double> row, Span<double> whitened)
    {
        int observed = 0;
        for (int k = 0; k < row.Length; k++)
        {
            if (!double.IsNaN(row[k]))
            {
                whitened[observed++] = (row[k] - _prediction[k].High - _prediction[k].Low) / _noiseDeviations[k];
            }
        }

        if (observed == 0)
        {
            whitened[0] = 0;
        }

        SharedShape shape = observed == ObservationCount ? Complete : _patterns[MissingPattern.OfTransient(row)].Shape;
        if (shape.IsExtended && whitened.Length >= shape.WhitenedLength)
        {
            WriteLowDigits(row, whitened[..shape.Rank], whitened.Slice(shape.Rank, shape.Rank));
        }

        return Conditioned(shape, whitened, unexplained: 0);
    }

    public override void Predict(ReadOnlySpan<double> latents, Span<double> observations)
    {
        for (int k = 0; k < observations.Length; k++)
        {
            double sum = 0;
            for (int j = 0; j < latents.Length; j++)
            {
                sum += _loadings[k, j] * latents[j];
            }

            observations[k] = sum;
        }
    }

    /// <summary>Writes what rounding took off w.</summary>
    private void WriteLowDigits(ReadOnlySpan<double> row, ReadOnlySpan<double> whitened, Span<double> low)
    {
        low.Clear();
        int next = 0;
        for (int k = 0; k < row.Length; k++)
        {
            if (!double.IsNaN(row[k]))
            {
                (double high, double rest) = Compensated.Difference(row[k], _prediction[k]);
                low[next] = (Math.FusedMultiplyAdd(-whitened[next], _noiseDeviations[k], high) + rest) / _noiseDeviations[k];
                next++;
            }
        }
    }

    /// <summary>Returns (AL)_kj.</summary>
    private (double High, double Low) WithRoot(int observation, int latent)
    {
        PriorBlock block = Prior.BlockOf(latent);
        int column = latent - block.First;
        double[] root = [.. Enumerable.Range(column, block.Size - column).Select(i => block.Factor.Root(i, column))];
        double[] loadings = [.. Enumerable.Range(latent, root.Length).Select(j => _loadings[observation, j])];
        return Compensated.Dot(0, loadings, root);
    }

    /// <summary>Drops the missing rows of B; a row without observations keeps one row of zeros.</summary>
    private PatternResponse CreatePattern(MissingPattern pattern)
    {
        int[] observed = [.. Enumerable.Range(0, ObservationCount).Where(k => !pattern.IsMissing(k))];
        int rank = Math.Max(observed.Length, 1);
        var loadings = new double[rank * Prior.Count];
        var low = new double[loadings.Length];
        for (int j = 0; j < Prior.Count; j++)
        {
            for (int i = 0; i < observed.Length; i++)
            {
                loadings[(j * rank) + i] = _whitened[(j * ObservationCount) + observed[i]];
                low[(j * rank) + i] = _whitenedLow[(j * ObservationCount) + observed[i]];
            }
        }

        var shape = new SharedShape(
            new WhitenedLoadings(loadings, rank, low), Prior, observed.Length, observed.Sum(k => _logNormalizers[k]));
        return new PatternResponse(shape, observed, _noiseDeviations);
    }

    private ColumnReduction CreateReduction(CancellationToken cancellationToken) => new(_patterns, Complete)
    {
        Gains = new PatternResponse(Complete, [.. Enumerable.Range(0, ObservationCount)], _noiseDeviations).Prepare(cancellationToken).Gains,
        PredictionHigh = [.. _prediction.Select(p => p.High)],
        PredictionLow = [.. _prediction.Select(p => p.Low)],
        Weights = [.. _noiseDeviations.Select(deviation => 1 / deviation)],
        ErrorBase = Complete.Response.ErrorBase,
        ErrorSlope = Complete.Response.ErrorSlope,
    };
}
