using System.Text.Json;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference.Tests.Reference;

/// <summary>One case of the reference data: a model, rows, and what is expected of them.</summary>
public sealed class ReferenceCase
{
    private static readonly Lazy<IReadOnlyDictionary<string, ReferenceCase>> Cases = new(LoadAll);

    private readonly JsonElement _expected;

    private ReferenceCase(JsonElement element)
    {
        _expected = element.GetProperty("expected");
        Id = element.GetProperty("id").GetString()!;
        Rows = Matrix(element.GetProperty("X"));
        Model = element.TryGetProperty("A", out JsonElement loadings)
            ? new LinearGaussianModel(
                Matrix<double>.Build.DenseOfRowArrays(Matrix(loadings)),
                Vector(element.GetProperty("b")),
                Vector(element.GetProperty("noise_var")),
                Vector(element.GetProperty("prior_mean")),
                Vector(element.GetProperty("prior_var")))
            : new GaussianSumModel(
                element.GetProperty("K").GetInt32(),
                element.GetProperty("noise_var").GetDouble(),
                Vector(element.GetProperty("prior_mean")),
                Vector(element.GetProperty("prior_var")));
    }

    public static IEnumerable<object[]> Ids => IdsWhere(_ => true);

    /// <summary>Gets the ids of Gaussian sums.</summary>
    public static IEnumerable<object[]> SumIds => IdsWhere(item => item.Model is GaussianSumModel);

    /// <summary>Gets the ids of sums of several latents with equal priors, whose mean-field variances are all equal.</summary>
    public static IEnumerable<object[]> EqualPriorIds => IdsWhere(
        item => item.Model is GaussianSumModel { LatentCount: > 1 } sum && sum.PriorVariances.Distinct().Count() == 1);

    /// <summary>Gets the ids of cases that have points with ELBO and gradients.</summary>
    public static IEnumerable<object[]> IdsWithPoints => IdsWhere(item => item.ElboPoints.Any());

    /// <summary>Gets the ids of cases that have a point with a full covariance.</summary>
    public static IEnumerable<object[]> IdsWithFullPoint => IdsWhere(item => item.FullPoint is not null);

    public string Id { get; }

    public LinearGaussianModel Model { get; }

    public double[][] Rows { get; }

    public bool IsEdge => Id.StartsWith("edge_", StringComparison.Ordinal);

    public double[][] PosteriorMeans => Matrix(_expected.GetProperty("posterior_mean"));

    public double[] ExactVariances => Vector(_expected.GetProperty("posterior_var_exact"));

    public double[][]? Covariance => _expected.TryGetProperty("posterior_cov_exact", out JsonElement value) ? Matrix(value) : null;

    public double[] MeanFieldVariances => Vector(_expected.GetProperty("meanfield_var"));

    public double[] LogEvidences => Vector(_expected.GetProperty("log_evidence_rows"));

    public double[] Elbos => Vector(_expected.GetProperty("elbo_meanfield_max_rows"));

    public double TotalLogEvidence => _expected.GetProperty("log_evidence_total").GetDouble();

    public double TotalElbo => _expected.GetProperty("elbo_meanfield_max_total").GetDouble();

    public double Gap => _expected.GetProperty("kl_gap_per_row").GetDouble();

    /// <summary>Gets what a dense solve in double precision loses, in absolute terms.</summary>
    public double DenseSolveError => _expected.GetProperty("float64_dense_solve_max_abs_error").GetDouble();

    public double SweepsNeeded => Cavi.GetProperty("sweeps_to_abs_err_1e-8_from_zero").GetDouble();

    /// <summary>Gets the sweeps to the same error from the prior means.</summary>
    public double SweepsNeededFromPrior => Cavi.GetProperty("sweeps_to_abs_err_1e-8_from_prior_mean").GetDouble();

    /// <summary>Gets (sweep, means, ELBO) of row 0 after the first sweeps from zero.</summary>
    public IEnumerable<(int Sweep, double[] Means, double Elbo)> FirstSweeps =>
        Cavi.TryGetProperty("row0_after_sweeps_from_zero", out JsonElement list)
            ? list.EnumerateArray().Select(item => (
                item.GetProperty("sweep").GetInt32(), Vector(item.GetProperty("mu")), item.GetProperty("elbo").GetDouble()))
            : [];

    /// <summary>Gets (tolerance, sweep, error left) of the stop by change of means.</summary>
    public IEnumerable<(double Tolerance, double Sweep, double ErrorLeft)> MeanChangeStops =>
        Cavi.GetProperty("delta_mu_stop_from_zero").EnumerateArray().Select(item => (
            item.GetProperty("tol").GetDouble(),
            item.GetProperty("stops_after_sweep").GetDouble(),
            item.GetProperty("max_abs_error_left").GetDouble()));

    /// <summary>Gets arbitrary points for row 0, with their ELBO and gradients.</summary>
    public IEnumerable<ElboPoint> ElboPoints =>
        _expected.TryGetProperty("elbo_at_points_diagonal_q", out JsonElement list)
            ? list.EnumerateArray().Select(item => new ElboPoint(
                Vector(item.GetProperty("mu")),
                [.. Vector(item.GetProperty("log_sd")).Select(value => Math.Exp(2 * value))],
                item.GetProperty("elbo").GetDouble(),
                Vector(item.GetProperty("d_elbo_d_mu")),
                Vector(item.GetProperty("d_elbo_d_log_sd"))))
            : [];

    /// <summary>Gets an arbitrary point for row 0 with the lower Cholesky factor of its covariance, its ELBO and gradients.</summary>
    public FullElboPoint? FullPoint =>
        _expected.TryGetProperty("elbo_at_point_fullcov_q", out JsonElement item)
            ? new FullElboPoint(
                Vector(item.GetProperty("mu")),
                Matrix(item.GetProperty("L_lower")),
                item.GetProperty("elbo").GetDouble(),
                Vector(item.GetProperty("d_elbo_d_mu")),
                Matrix(item.GetProperty("d_elbo_d_L")))
            : null;

    private JsonElement Cavi => _expected.GetProperty("cavi_sequential_order_1_to_J");

    public static ReferenceCase Of(string id) => Cases.Value[id];

    /// <summary>Writes the model with a matrix of loadings, also where it is a sum.</summary>
    public LinearGaussianModel GeneralModel() => new(
        Model.Loadings(), Model.Offset.AsSpan(), Model.NoiseVariances.AsSpan(), Model.PriorMeans.AsSpan(), Model.PriorVariances.AsSpan());

    /// <summary>Returns the largest error of a row's means, in exact posterior standard deviations.</summary>
    public double MeanError(IReadOnlyList<double> means, int row)
    {
        double[] exact = PosteriorMeans[row];
        double[] variances = ExactVariances;
        return Enumerable.Range(0, exact.Length).Max(j => Math.Abs(means[j] - exact[j]) / Math.Sqrt(variances[j]));
    }

    /// <summary>Returns the largest error of a row's means in their own units, as the reference's counts of sweeps have it.</summary>
    public double AbsoluteMeanError(IReadOnlyList<double> means, int row) =>
        means.Zip(PosteriorMeans[row], (mean, exact) => Math.Abs(mean - exact)).Max();

    /// <summary>
    /// Returns by how many nats a relative change of the observations and of the prediction, by one each, changes the data fit:
    /// Σ_k |e_k| (|x_k| + |b_k| + Σ_j |A_kj μ_j|)/r_k. Times the unit roundoff it is the rounding that no evaluation escapes.
    /// </summary>
    public double ResidualSensitivity(int row)
    {
        Matrix<double> loadings = Model.Loadings();
        double[] means = PosteriorMeans[row];
        double sum = 0;
        for (int k = 0; k < Model.ObservationCount; k++)
        {
            double residual = Rows[row][k] - Model.Offset[k];
            double size = Math.Abs(Rows[row][k]) + Math.Abs(Model.Offset[k]);
            for (int j = 0; j < means.Length; j++)
            {
                residual -= loadings[k, j] * means[j];
                size += Math.Abs(loadings[k, j] * means[j]);
            }

            sum += Math.Abs(residual) * size / Model.NoiseVariances[k];
        }

        return sum;
    }

    public override string ToString() => Id;

    private static IEnumerable<object[]> IdsWhere(Func<ReferenceCase, bool> condition) =>
        Cases.Value.Values.Where(condition).Select(item => new object[] { item.Id });

    private static Dictionary<string, ReferenceCase> LoadAll()
    {
        string folder = Path.Combine(AppContext.BaseDirectory, "Reference");
        return Directory.EnumerateFiles(folder, "*cases.json", SearchOption.AllDirectories)
            .Order(StringComparer.Ordinal)
            .SelectMany(file => JsonDocument.Parse(File.ReadAllBytes(file)).RootElement.GetProperty("cases").EnumerateArray())
            .Select(element => new ReferenceCase(element))
            .ToDictionary(item => item.Id);
    }

    private static double[] Vector(JsonElement element) => [.. element.EnumerateArray().Select(value => value.GetDouble())];

    private static double[][] Matrix(JsonElement element) => [.. element.EnumerateArray().Select(Vector)];

    public sealed record FullElboPoint(double[] Means, double[][] Factor, double Elbo, double[] MeanGradient, double[][] FactorGradient);

    public sealed record ElboPoint(
        double[] Means, double[] Variances, double Elbo, double[] MeanGradient, double[] LogDeviationGradient);
}
