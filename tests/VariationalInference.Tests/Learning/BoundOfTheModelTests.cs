using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using VariationalInference.Tests.Reference;
using Xunit;

namespace VariationalInference.Tests.Learning;

/// <summary>
/// The bound that is reported against that of the returned parameters in exact arithmetic: over every option, units from 1e-8 to 1e8, and data
/// whose spread is up to a million times the noise.
/// </summary>
public class BoundOfTheModelTests
{
    private const int Problems = 1500;

    /// <summary>From here on the rounding of the parameters themselves, which are doubles, moves the evidence by more than is asked for.</summary>
    private const double FarthestFromNoise = 1e6;

    [Fact]
    public void Bound_OfRandomProblemsOfEveryOption_IsThatOfTheReturnedParameters()
    {
        int compared = 0, atBoundary = 0;
        for (int seed = 0; seed < Problems; seed++)
        {
            var problem = new RandomProblem(seed);
            if (problem.IsEmpty)
            {
                continue;
            }

            VariationalEmResult result = new VariationalEm(problem.Options).Learn(problem.Start, problem.Rows);

            result.ElboTrace.Should().OnlyContain(value => double.IsFinite(value), "{0}", problem);

            // No step lowers the bound by more than the bound itself is good to.
            double accuracy = 1e-10 * Math.Max(problem.Rows.RowCount, Math.Max(1, Math.Abs(result.Elbo)));
            result.ElboTrace.Zip(result.ElboTrace.Skip(1), (before, after) => before - after).Append(0).Max().Should().BeLessThanOrEqualTo(accuracy, "{0}", problem);
            if (Farthest(result, problem.Rows) > FarthestFromNoise
                || result.Warnings.Any(warning => warning.Kind == LearningWarningKind.ConstantColumn))
            {
                continue;
            }

            compared++;
            atBoundary += result.NoiseVariances.Concat(result.PriorVariances).Contains(0) ? 1 : 0;
            (double evidence, double gap) = Exact(result, problem.Rows, problem.Options.Family);
            double scale = Math.Max(problem.Rows.RowCount, Math.Max(1, Math.Abs(evidence)));
            result.LogEvidence.Should().BeApproximately(evidence, 1e-10 * scale, "{0}", problem);
            if (double.IsFinite(gap))
            {
                result.Elbo.Should().BeApproximately(evidence - gap, 1e-10 * Math.Max(scale, gap), "{0}", problem);
            }
        }

        compared.Should().BeGreaterThan(Problems * 3 / 4);
        atBoundary.Should().BeGreaterThan(Problems / 50);
    }

    [Theory]
    [InlineData(1e-8)]
    [InlineData(1e4)]
    [InlineData(1e5)]
    [InlineData(1e8)]
    public void Bound_OfLoadingsFarLargerThanTheKnownNoise_IsThatOfTheModel(double scale)
    {
        Matrix<double> rows = new GaussianSumModel(1, 3, 1).Sample(20, seed: 1).Observations * scale;
        var options = new VariationalEmOptions { Loadings = true, NoiseVariances = VarianceLearning.Fixed };

        VariationalEmResult result = new VariationalEm(options).Learn(new GaussianSumModel(2, 3, 1), rows);

        LearnedNoiseTests.ShouldBeOfTheModel(result, rows, 1e-12);
    }

    [Fact]
    public void MoreLatentsThanObservations_WithFreeLoadingsAndKnownNoise_AreLearned()
    {
        var options = new VariationalEmOptions
        {
            Loadings = true,
            Family = PosteriorFamily.MeanField,
            Method = VariationalEmMethod.Plain,
            NoiseVariances = VarianceLearning.Fixed,
            Starts = 1,
        };
        Matrix<double> rows = Matrix<double>.Build.DenseOfColumnArrays([10.0, -10, 5]);

        VariationalEmResult result = new VariationalEm(options).Learn(new GaussianSumModel(2, 1, 1), rows);

        // The best variance about 0 is the mean square, 75; a rotation puts all of it on one latent, where nothing is lost.
        result.Loadings().FrobeniusNorm().Should().BeApproximately(Math.Sqrt(75 - 1), 1e-6);
        result.Elbo.Should().BeApproximately(-1.5 * (Math.Log(2 * Math.PI * 75) + 1), 1e-10);
    }

    /// <summary>Returns the largest ratio of a cell, or of what predicts it, to its deviation given all others.</summary>
    private static double Farthest(VariationalEmResult result, Matrix<double> rows)
    {
        Matrix<double> loadings = result.Loadings();
        Matrix<double> precision = ((loadings * Matrix<double>.Build.DenseOfDiagonalArray([.. result.PriorVariances]) * loadings.Transpose())
            + Matrix<double>.Build.DenseOfDiagonalArray([.. result.NoiseVariances])).Inverse();
        return Enumerable.Range(0, rows.ColumnCount).Max(k =>
        {
            IEnumerable<double> cells = rows.Column(k).Where(value => !double.IsNaN(value)).Select(Math.Abs);
            double predicted = Math.Abs(result.Offset[k]) + Enumerable.Range(0, loadings.ColumnCount).Sum(
                j => Math.Abs(loadings[k, j] * result.PriorMeans[j]));
            double weight = result.NoiseVariances[k] > 0 ? 1 / result.NoiseVariances[k] : Math.Abs(precision[k, k]);
            return cells.Append(predicted).Max() * (weight < double.PositiveInfinity ? Math.Sqrt(weight) : double.PositiveInfinity);
        });
    }

    private static (double Evidence, double Gap) Exact(VariationalEmResult result, Matrix<double> rows, PosteriorFamily family)
    {
        double[,] loadings = result.Loadings().ToArray();
        double[] offset = [.. result.Offset], noise = [.. result.NoiseVariances], means = [.. result.PriorMeans], variances = [.. result.PriorVariances];
        double evidence = 0, gap = 0;
        foreach (Vector<double> row in rows.EnumerateRows())
        {
            double[] cells = row.ToArray();
            evidence += ExactEvidence.LogEvidence(cells, loadings, offset, noise, means, variances);
            gap += family == PosteriorFamily.FullGaussian ? 0
                : noise.Contains(0) ? double.NaN
                : ExactEvidence.MeanFieldGap(cells, loadings, noise, variances);
        }

        return (evidence, gap);
    }

    /// <summary>A problem of every option, drawn from a seed.</summary>
    private sealed class RandomProblem
    {
        private readonly Random _random;
        private readonly int _seed;
        private readonly int _latents;
        private readonly int _observations;

        public RandomProblem(int seed)
        {
            _seed = seed;
            _random = new Random(seed);
            (_latents, _observations) = (_random.Next(1, 5), _random.Next(1, 7));
            Options = DrawOptions();
            double scale = Math.Pow(10, _random.Next(-8, 9)), ratio = Math.Pow(10, (8 * _random.NextDouble()) - 2);
            double[] means = [.. Draw(_latents, () => Coin() ? 0 : (4 * _random.NextDouble()) - 2)];
            double[] variances = [.. Draw(_latents, () => Math.Pow(10, (2 * _random.NextDouble()) - 1))];
            double[] noise = [.. Draw(_observations, () => Math.Pow(10, (2 * _random.NextDouble()) - 1))];
            double[] offset = [.. Draw(_observations, () => Coin() ? 0 : (10 * _random.NextDouble()) - 5)];
            Matrix<double> loadings = Matrix<double>.Build.Dense(
                _observations, _latents, (_, _) => _random.Next(4) == 0 ? 0 : (4 * _random.NextDouble()) - 2);
            bool isSum = _random.Next(3) == 0;
            double[] small = [.. noise.Select(variance => variance / (ratio * ratio))];
            LinearGaussianModel truth = Coin()
                ? new LinearGaussianModel(loadings, offset, small, means, variances)
                : new GaussianSumModel(_observations, small[0], means, variances);
            Rows = truth.Sample(Any(1, 2, 3, 5, 8, 20, 40), seed).Observations * scale;
            DropCells(Coin() ? 0 : 0.2);

            // The start is in units of its own, or in those of the data.
            double unit = Coin() ? 1 : scale;
            double[] startMeans = [.. means.Select(mean => mean * unit)], startVariances = [.. variances.Select(variance => variance * unit * unit)];
            Start = isSum
                ? new GaussianSumModel(_observations, noise[0] * unit * unit, startMeans, startVariances)
                : new LinearGaussianModel(
                    loadings,
                    offset.Select(value => value * unit).ToArray(),
                    noise.Select(variance => variance * unit * unit).ToArray(),
                    startMeans,
                    startVariances);
        }

        public VariationalEmOptions Options { get; }

        public LinearGaussianModel Start { get; }

        public Matrix<double> Rows { get; }

        /// <summary>Gets a value indicating whether there is nothing to learn from: no cells, or constant columns that are left out.</summary>
        public bool IsEmpty => Enumerable.Range(0, _observations).All(k =>
        {
            double[] cells = [.. Rows.Column(k).Where(value => !double.IsNaN(value)).Distinct()];
            return cells.Length == 0 || (cells.Length == 1 && Options is { Loadings: true, NoiseVariances: VarianceLearning.Each });
        });

        public override string ToString() => $"problem {_seed}: {Start}, {Rows.RowCount} rows, {Options}";

        private VariationalEmOptions DrawOptions()
        {
            VarianceLearning[] all = Enum.GetValues<VarianceLearning>();
            var options = new VariationalEmOptions
            {
                Loadings = _random.Next(3) == 0,
                Offset = _random.Next(3) == 0,
                PriorMeans = _random.Next(3) == 0,
                NoiseVariances = all[_random.Next(3)],
                PriorVariances = Coin() ? VarianceLearning.Fixed : all[_random.Next(3)],
                Family = Coin() ? PosteriorFamily.FullGaussian : PosteriorFamily.MeanField,
                Method = Coin() ? VariationalEmMethod.Accelerated : VariationalEmMethod.Plain,
                Starts = _random.Next(1, 4),
                MaxIterations = Any(1, 5, 300),
                MaxThreads = 1,
            };
            if (options.PriorVariances == VarianceLearning.Fixed && Coin())
            {
                int[] groups = [.. Draw(_latents, () => _random.Next(-1, 2))];
                options = options with { PriorVarianceGroups = [.. groups.Select(group => groups.Contains(0) ? group : Math.Min(group, 0))] };
            }

            bool isIdle = options is { Loadings: false, Offset: false, PriorMeans: false, NoiseVariances: VarianceLearning.Fixed };
            return isIdle && !options.LearnsPriorVariances ? options with { Offset = true } : options;
        }

        private void DropCells(double part)
        {
            for (int n = 0; n < Rows.RowCount; n++)
            {
                for (int k = 0; k < Rows.ColumnCount; k++)
                {
                    Rows[n, k] = _random.NextDouble() < part ? double.NaN : Rows[n, k];
                }
            }
        }

        private int Any(params ReadOnlySpan<int> values) => values[_random.Next(values.Length)];

        private bool Coin() => _random.Next(2) == 0;

        private static IEnumerable<T> Draw<T>(int count, Func<T> draw) => Enumerable.Range(0, count).Select(_ => draw());
    }
}
