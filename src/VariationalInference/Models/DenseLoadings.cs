using System.Collections.Immutable;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>Loadings A without structure.</summary>
internal sealed class DenseLoadings : LoadingStructure
{
    private readonly Matrix<double> _loadings;
    private readonly ImmutableArray<double> _noiseVariances;
    private readonly double[] _noiseDeviations;
    private readonly double[] _whitened;
    private readonly (double High, double Low)[] _prediction;

    public DenseLoadings(Matrix<double> loadings, ImmutableArray<double> offset, ImmutableArray<double> noiseVariances, LatentPrior prior)
        : base(prior, loadings.RowCount)
    {
        _loadings = Matrix<double>.Build.DenseOfMatrix(loadings);
        _noiseVariances = noiseVariances;
        _noiseDeviations = [.. noiseVariances.Select(Math.Sqrt)];
        _prediction = [.. Enumerable.Range(0, ObservationCount).Select(
            k => Compensated.Dot(offset[k], _loadings.Row(k).ToArray(), prior.Means.AsSpan()))];
        _whitened = new double[ObservationCount * prior.Count];
        for (int j = 0; j < prior.Count; j++)
        {
            for (int k = 0; k < ObservationCount; k++)
            {
                _whitened[(j * ObservationCount) + k] = _loadings[k, j] * prior.Deviations[j] / _noiseDeviations[k];
            }
        }

        RequireFinite(_whitened);
        Complete = new PosteriorShape(_whitened, ObservationCount, prior);
    }

    public override PosteriorShape Complete { get; }

    public override Matrix<double> Loadings() => _loadings.Clone();

    public override QuadraticLogJoint Condition(ReadOnlySpan<double> row)
    {
        int observed = 0;
        var w = new double[ObservationCount];
        double logNormalizer = 0;
        for (int k = 0; k < row.Length; k++)
        {
            if (!double.IsNaN(row[k]))
            {
                w[observed++] = (row[k] - _prediction[k].High - _prediction[k].Low) / _noiseDeviations[k];
                logNormalizer -= 0.5 * Math.Log(2 * Math.PI * _noiseVariances[k]);
            }
        }

        PosteriorShape shape = observed == ObservationCount ? Complete : ShapeOf(row, observed);
        return new QuadraticLogJoint(shape, w[..shape.Rank], observed, logNormalizer, unexplained: 0);
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

    /// <summary>Drops the missing rows of B; a row without observations keeps one row of zeros.</summary>
    private PosteriorShape ShapeOf(ReadOnlySpan<double> row, int observed)
    {
        int rank = Math.Max(observed, 1);
        var loadings = new double[rank * Prior.Count];
        for (int j = 0; j < Prior.Count; j++)
        {
            int next = j * rank;
            for (int k = 0; k < row.Length; k++)
            {
                if (!double.IsNaN(row[k]))
                {
                    loadings[next++] = _whitened[(j * ObservationCount) + k];
                }
            }
        }

        return new PosteriorShape(loadings, rank, Prior);
    }
}
