using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using Xunit;

namespace VariationalInference.Tests.Models;

/// <summary>A new structure of loadings takes one type and a model that names it; solvers, tables and learning work without a change.</summary>
public class LoadingStructureTests
{
    private static readonly double[] Scales = [0.5, -2, 3];
    private static readonly ChainModel Chain = new(Scales, noiseVariance: 0.3, GaussianPrior.Independent([1, 0, 2], [1, 4, 0.5]));
    private static readonly LinearGaussianModel Written = new(
        Matrix<double>.Build.DenseOfRowArrays([0.5, 0, 0], [-2, -2, 0], [3, 3, 3]), new double[3], [0.3, 0.3, 0.3], Chain.Prior);

    [Fact]
    public void Chain_OfEachRoute_IsTheGeneralModel()
    {
        Matrix<double> table = Written.Sample(40, seed: 1).Observations;
        table[3, 1] = double.NaN;
        table[7, 0] = double.NaN;

        CaviTable chain = new CaviSolver().Solve(Chain, table, CaviOutputs.All), written = new CaviSolver().Solve(Written, table, CaviOutputs.All);

        for (int n = 0; n < table.RowCount; n++)
        {
            double[] row = table.Row(n).ToArray();
            Chain.LogEvidence(row).Should().BeApproximately(Written.LogEvidence(row), 1e-12);
            chain.LogEvidences[n].Should().BeApproximately(written.LogEvidences[n], 1e-12);
            new CaviSolver().Solve(Chain, row).Elbo.Should().BeApproximately(written.Elbos[n], 1e-12);
            for (int j = 0; j < 3; j++)
            {
                chain.Means[n, j].Should().BeApproximately(written.Means[n, j], 1e-12);
            }
        }
    }

    [Fact]
    public void Chain_NoiseLearned_IsThatOfTheGeneralModel()
    {
        Matrix<double> table = Written.Sample(60, seed: 2).Observations;
        var em = new VariationalEm(new VariationalEmOptions { NoiseVariances = VarianceLearning.Shared });

        em.Learn(Chain, table).NoiseVariances[0].Should().BeApproximately(em.Learn(Written, table).NoiseVariances[0], 1e-10);
    }

    /// <summary>Observation k is the sum of the first k + 1 latents times a scale of its own.</summary>
    private sealed class ChainModel(double[] scales, double noiseVariance, GaussianPrior prior)
        : LinearGaussianModel(new ChainLoadings(scales, noiseVariance, prior), noiseVariance);

    private sealed class ChainLoadings : LoadingStructure
    {
        private readonly double[] _scales;
        private readonly double _noiseVariance;
        private readonly PatternCache _patterns;

        public ChainLoadings(double[] scales, double noiseVariance, GaussianPrior prior)
            : base(prior, scales.Length)
        {
            _scales = scales;
            _noiseVariance = noiseVariance;
            _patterns = new PatternCache(Respond, capacity: 16);
            Complete = Shape([.. Enumerable.Range(0, scales.Length)]);
        }

        public override SharedShape Complete { get; }

        public override RowReduction Reduction(CancellationToken cancellationToken) => new ColumnReduction(_patterns, Complete)
        {
            Gains = new PatternResponse(Complete, [.. Enumerable.Range(0, ObservationCount)], Deviations()).Prepare(cancellationToken).Gains,
            PredictionHigh = Prediction(),
            PredictionLow = new double[ObservationCount],
            Weights = [.. Deviations().Select(deviation => 1 / deviation)],
            ErrorBase = Complete.Response.ErrorBase,
            ErrorSlope = Complete.Response.ErrorSlope,
        };

        public override Matrix<double> Loadings() =>
            Matrix<double>.Build.Dense(ObservationCount, Prior.Count, (k, j) => j <= k ? _scales[k] : 0);

        public override SharedShape ShapeOf(MissingPattern pattern) => pattern.IsComplete ? Complete : _patterns[pattern].Shape;

        public override ConditionedRow Condition(ReadOnlySpan<double> row, Span<double> whitened)
        {
            double[] prediction = Prediction();
            int observed = 0;
            for (int k = 0; k < row.Length; k++)
            {
                if (!double.IsNaN(row[k]))
                {
                    whitened[observed++] = (row[k] - prediction[k]) / Math.Sqrt(_noiseVariance);
                }
            }

            return Conditioned(ShapeOf(MissingPattern.Of(row)), whitened, unexplained: 0);
        }

        public override void Predict(ReadOnlySpan<double> latents, Span<double> observations)
        {
            double sum = 0;
            for (int k = 0; k < observations.Length; k++)
            {
                sum += latents[k];
                observations[k] = _scales[k] * sum;
            }
        }

        private double[] Deviations() => [.. _scales.Select(_ => Math.Sqrt(_noiseVariance))];

        private double[] Prediction()
        {
            var prediction = new double[ObservationCount];
            Predict(Prior.Means.AsSpan(), prediction);
            return prediction;
        }

        private PatternResponse Respond(MissingPattern pattern)
        {
            int[] observed = [.. Enumerable.Range(0, ObservationCount).Where(k => !pattern.IsMissing(k))];
            return new PatternResponse(Shape(observed), observed, Deviations());
        }

        private SharedShape Shape(int[] observed)
        {
            Matrix<double> loadings = Loadings();
            double[] columns = [.. Enumerable.Range(0, Prior.Count).SelectMany(
                j => observed.Select(k => loadings[k, j] * Prior.Deviations[j] / Math.Sqrt(_noiseVariance)))];
            double logNormalizer = -0.5 * observed.Length * Math.Log(2 * Math.PI * _noiseVariance);
            return new SharedShape(new WhitenedLoadings(columns, observed.Length), Prior, observed.Length, logNormalizer);
        }
    }
}
