using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;
using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.LinearAlgebra.Factorization;

namespace VariationalInference;

/// <summary>A normal distribution N(μ, diag(d) + UUᵀ): independent spread, and a few directions in which latents vary together.</summary>
/// <remarks>
/// <para>
/// Between <see cref="MeanFieldGaussian"/> and <see cref="MultivariateGaussian"/>: J(R + 2) parameters, μ, log d and U by rows, and O(JR) for a
/// draw or a density (O(JR²) once). Factor analysis gave it its form; Ong, Nott and Smith (2018) made it a variational family.
/// </para>
/// <para>
/// Densities come from the residual form min_t ‖D^(−½)(y − Ut)‖² + ‖t‖² = yᵀΣ⁻¹y, which loses nothing where UUᵀ is much larger than d.
/// </para>
/// <threadsafety>Immutable, hence safe to share.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp"><![CDATA[
/// var q = new LowRankGaussian(means: [0, 0], variances: [1, 1], factors: Matrix<double>.Build.DenseOfArray(new double[,] { { 1 }, { 2 } }));
/// Console.WriteLine(q);   // marginals N(0, 2), N(0, 5)
/// Console.WriteLine($"covariance {q.Covariance(0, 1)}, log determinant {q.LogDeterminant:F5}");   // covariance 2, log determinant 1.79176
/// ]]></code>
/// </example>
[JsonConverter(typeof(ResultJsonConverter))]
public sealed class LowRankGaussian : GaussianPosterior
{
    private readonly double[] _deviations;
    private readonly double[] _factors;

    /// <summary>W = D^(−½)U, row-major.</summary>
    private readonly double[] _whitened;

    /// <summary>T with TᵀT = I + WᵀW.</summary>
    private readonly UpperTriangle _root;

    /// <summary>Initializes a new instance of the <see cref="LowRankGaussian"/> class.</summary>
    /// <param name="means">The means μ, length J ≥ 1, all finite.</param>
    /// <param name="variances">The independent variances d, length J, all positive and finite; marginal variances are larger.</param>
    /// <param name="factors">U, J×R, all finite. Range: 1 ≤ R ≤ J.</param>
    /// <exception cref="ArgumentException">A size or a value is outside its range.</exception>
    public LowRankGaussian(ReadOnlySpan<double> means, ReadOnlySpan<double> variances, Matrix<double> factors)
        : this(means, variances, Checked(means, variances, factors), factors.ColumnCount)
    {
    }

    private LowRankGaussian(ReadOnlySpan<double> means, ReadOnlySpan<double> independent, double[] factors, int rank)
        : base(ImmutableArray.Create(means))
    {
        Rank = rank;
        _factors = factors;
        IndependentVariances = [.. independent];
        _deviations = [.. IndependentVariances.Select(Math.Sqrt)];
        _whitened = new double[factors.Length];
        var variances = new double[Count];
        var stacked = Matrix<double>.Build.Dense(Count + rank, rank);
        for (int j = 0; j < Count; j++)
        {
            variances[j] = independent[j];
            for (int r = 0; r < rank; r++)
            {
                double u = factors[(j * rank) + r];
                variances[j] += u * u;
                _whitened[(j * rank) + r] = u / _deviations[j];
                stacked[j, r] = u / _deviations[j];
            }
        }

        for (int r = 0; r < rank; r++)
        {
            stacked[Count + r, r] = 1;
        }

        Variances = [.. variances];
        _root = new UpperTriangle(stacked.QR(QRMethod.Thin).R);
        double logDeterminant = 0;
        for (int j = 0; j < Count; j++)
        {
            logDeterminant += Math.Log(independent[j]);
        }

        for (int r = 0; r < rank; r++)
        {
            logDeterminant += 2 * Math.Log(Math.Abs(_root[r, r]));
        }

        LogDeterminant = logDeterminant;
    }

    /// <summary>Gets the number of common factors R.</summary>
    public int Rank { get; }

    /// <summary>Gets the independent variances d, length J.</summary>
    public ImmutableArray<double> IndependentVariances { get; }

    /// <inheritdoc/>
    public override ImmutableArray<double> Variances { get; }

    /// <inheritdoc/>
    public override double LogDeterminant { get; }

    /// <summary>Gets the number of standard normals in a draw, J + R.</summary>
    public override int NoiseCount => Count + Rank;

    /// <inheritdoc/>
    public override int ParameterCount => Count * (Rank + 2);

    /// <inheritdoc/>
    public override int FreeDirections => Rank + 1;

    /// <summary>Writes out the factors.</summary>
    /// <returns>A new J×R matrix U.</returns>
    public Matrix<double> Factors() => Matrix<double>.Build.Dense(Count, Rank, (j, r) => _factors[(j * Rank) + r]);

    /// <inheritdoc/>
    protected internal override void Scale(ReadOnlySpan<double> noise, Span<double> deviations)
    {
        ReadOnlySpan<double> common = noise[Count..];
        for (int j = 0; j < Count; j++)
        {
            deviations[j] = (_deviations[j] * noise[j]) + ShortVectors.Dot(_factors.AsSpan(j * Rank, Rank), common);
        }
    }

    /// <inheritdoc/>
    protected internal override double SquaredDistance(ReadOnlySpan<double> deviations)
    {
        var residual = new double[Count];
        var t = new double[Rank];
        for (int j = 0; j < Count; j++)
        {
            residual[j] = deviations[j] / _deviations[j];
            ShortVectors.Subtract(Whitened(j), -residual[j], t);
        }

        _root.SolveTransposed(t);
        _root.Solve(t);
        for (int j = 0; j < Count; j++)
        {
            residual[j] -= ShortVectors.Dot(Whitened(j), t);
        }

        return ShortVectors.SquaredNorm(residual) + ShortVectors.SquaredNorm(t);
    }

    /// <summary>Writes μ, log d, and U by rows.</summary>
    /// <param name="destination">Receives them, length J(R + 2).</param>
    protected internal override void CopyParameters(Span<double> destination)
    {
        Means.CopyTo(destination);
        for (int j = 0; j < Count; j++)
        {
            destination[Count + j] = Math.Log(IndependentVariances[j]);
        }

        _factors.CopyTo(destination[(2 * Count)..]);
    }

    /// <inheritdoc/>
    protected internal override void CopyScales(Span<double> destination)
    {
        for (int j = 0; j < Count; j++)
        {
            destination[j] = Math.Sqrt(Variances[j]);
            destination[Count + j] = 1;
            destination.Slice((2 * Count) + (j * Rank), Rank).Fill(destination[j]);
        }
    }

    /// <inheritdoc/>
    protected internal override bool TryWithParameters(ReadOnlySpan<double> parameters, [NotNullWhen(true)] out GaussianPosterior? posterior)
    {
        posterior = null;
        foreach (double parameter in parameters)
        {
            if (!double.IsFinite(parameter))
            {
                return false;
            }
        }

        var independent = new double[Count];
        for (int j = 0; j < Count; j++)
        {
            independent[j] = Math.Exp(parameters[Count + j]);
            if (!(independent[j] > 0 && double.IsFinite(independent[j])))
            {
                return false;
            }
        }

        var candidate = new LowRankGaussian(parameters[..Count], independent, parameters[(2 * Count)..].ToArray(), Rank) { LatentNames = LatentNames };
        posterior = double.IsFinite(candidate.LogDeterminant) && candidate.Variances.All(double.IsFinite) ? candidate : null;
        return posterior is not null;
    }

    /// <inheritdoc/>
    protected internal override void AddScaleGradient(ReadOnlySpan<double> noise, ReadOnlySpan<double> latentGradient, Span<double> gradient)
    {
        ReadOnlySpan<double> common = noise[Count..];
        for (int j = 0; j < Count; j++)
        {
            gradient[j] += 0.5 * latentGradient[j] * _deviations[j] * noise[j];
            ShortVectors.Subtract(common, -latentGradient[j], gradient.Slice(Count + (j * Rank), Rank));
        }
    }

    /// <summary>Adds ½ d_j (Σ⁻¹)_jj for log d_j, and Σ⁻¹U for U.</summary>
    /// <param name="gradient">The gradient in log d and U.</param>
    protected internal override void AddEntropyGradient(Span<double> gradient)
    {
        Span<double> solved = new double[Rank];
        for (int j = 0; j < Count; j++)
        {
            // With M = I + WᵀW: D^½Σ⁻¹D^½ = I − WM⁻¹Wᵀ and D^½Σ⁻¹U = WM⁻¹.
            Whitened(j).CopyTo(solved);
            _root.SolveTransposed(solved);
            gradient[j] += 0.5 * (1 - ShortVectors.SquaredNorm(solved));
            _root.Solve(solved);
            ShortVectors.Subtract(solved, -1 / _deviations[j], gradient.Slice(Count + (j * Rank), Rank));
        }
    }

    /// <summary>Returns the marginals side by side; of many, the first ones.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => "marginals " + Wording.Join(", ", Count, j => this[j].ToString());

    /// <inheritdoc/>
    protected override double CovarianceElement(int i, int j) => i == j
        ? Variances[i]
        : ShortVectors.Dot(_factors.AsSpan(i * Rank, Rank), _factors.AsSpan(j * Rank, Rank));

    private static double[] Checked(ReadOnlySpan<double> means, ReadOnlySpan<double> variances, Matrix<double> factors)
    {
        ArgumentNullException.ThrowIfNull(factors);
        Guard.AtLeast(means.Length, 1, nameof(means));
        Guard.Length(variances.Length, means.Length, nameof(variances), "one for each mean");
        Guard.AllPositive(variances, nameof(variances));
        if (factors.RowCount != means.Length || factors.ColumnCount > means.Length)
        {
            throw new ArgumentException(
                Guard.Text($"factors is {factors.RowCount}×{factors.ColumnCount}; it must have {means.Length} rows, one for each mean, and 1 to {means.Length} columns."),
                nameof(factors));
        }

        double[] elements = factors.ToRowMajorArray();
        Guard.AllFinite(elements, nameof(factors));
        return elements;
    }

    private ReadOnlySpan<double> Whitened(int latent) => _whitened.AsSpan(latent * Rank, Rank);
}
