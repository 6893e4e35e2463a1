using System.Numerics.Tensors;

namespace VariationalInference;

/// <summary>
/// The posterior of the latents of a block in whitened coordinates z = m + St, and all that the bound, its gradient and EM need of it; the
/// memory serves one block after another.
/// </summary>
/// <remarks>
/// <para>
/// The rows of a block are y = Wt + R^½e. With T = YYᵀ, the columns of Y being the residual of the mean and the rows of the block's root,
/// C = WWᵀ + R enters as log det C, tr C⁻¹T, C⁻¹Y, WᵀC⁻¹Y, C⁻¹W and the diagonal of C⁻¹ alone.
/// </para>
/// <para>
/// First come the <see cref="ExactCells"/>, y₁ = W₁t + …; given them t = Q₁ᵀa + Vτ with a = L⁻¹y₁. For the others, with B = R^−½W₂V and
/// u = R^−½(y₂ − W₂Q₁ᵀa), τ is least squares with the matrix [B; I] = QR, by orthogonal reduction: tr C⁻¹T = ‖a‖² + ‖u − Bτ‖² + ‖τ‖² is a sum
/// of squares of residuals, and nothing is squared that would be taken apart again.
/// </para>
/// </remarks>
internal sealed class BlockAlgebra
{
    private readonly int _latents;
    private readonly ExactCells _exact;
    private readonly RestCells _rest;
    private readonly double[] _image;

    /// <summary>Initializes a new instance of the <see cref="BlockAlgebra"/> class.</summary>
    /// <param name="size">The largest number of cells of a block.</param>
    /// <param name="rank">The largest rank of a block's root.</param>
    /// <param name="latents">The number of latents J.</param>
    public BlockAlgebra(int size, int rank, int latents)
    {
        _latents = latents;
        _exact = new ExactCells(size, latents);
        _rest = new RestCells(size, latents);
        _image = new double[_exact.Cells.Length];
        Scaled = new double[size * latents];
        Deviations = new double[size];
        Targets = new double[(rank + 1) * size];
        Solved = new double[(rank + 1) * size];
        Latents = new double[(rank + 1) * latents];
        SolvedLoadings = new double[size * latents];
        Precision = new double[size];
        Covariance = new double[latents * latents];
        MeanFieldPrecision = new double[latents];
    }

    /// <summary>Gets W, one row of J a cell.</summary>
    public double[] Scaled { get; }

    /// <summary>Gets √r, one a cell.</summary>
    public double[] Deviations { get; }

    /// <summary>Gets Y, one column after another.</summary>
    public double[] Targets { get; }

    /// <summary>Gets C⁻¹Y, one column after another.</summary>
    public double[] Solved { get; }

    /// <summary>Gets WᵀC⁻¹Y, one column of J after another: the posterior means of t.</summary>
    public double[] Latents { get; }

    /// <summary>
    /// Gets C⁻¹W = R⁻¹W cov t, one row of J a cell; in the mean-field family with its own covariance.
    /// </summary>
    public double[] SolvedLoadings { get; }

    /// <summary>Gets the diagonal of C⁻¹ = R⁻¹ − R⁻¹W cov t WᵀR⁻¹; in the mean-field family with its own covariance.</summary>
    public double[] Precision { get; }

    /// <summary>Gets the posterior covariance of t, J×J; in the mean-field family it is diagonal.</summary>
    public double[] Covariance { get; }

    /// <summary>Gets log det C, in the mean-field family with what it loses, Σ log M_jj − log det M, where M = I + WᵀR⁻¹W.</summary>
    public double LogDeterminant { get; private set; }

    /// <summary>Gets tr C⁻¹T.</summary>
    public double Square { get; private set; }

    private double[] MeanFieldPrecision { get; }

    /// <summary>Works everything out for a block.</summary>
    /// <param name="block">The block.</param>
    /// <param name="point">The parameters.</param>
    /// <param name="meanField">Whether in the mean-field family.</param>
    /// <param name="withCovariance">Whether <see cref="Covariance"/> is needed.</param>
    /// <returns>Whether there is a density: C is positive definite, and the mean-field family loses less than everything.</returns>
    public bool Condition(LearningBlock block, LearningPoint point, bool meanField, bool withCovariance)
    {
        Load(block, point);
        int size = block.Size;
        ReadOnlySpan<double> scaled = Scaled.AsSpan(0, size * _latents), deviations = Deviations.AsSpan(0, size);
        if (!_exact.Reduce(scaled, deviations))
        {
            return false;
        }

        bool isFull = !meanField;
        _exact.WriteBasis(_exact.Count < size || (isFull && withCovariance));
        _rest.Load(_exact, scaled, deviations);
        if (_rest.Count > 0)
        {
            _rest.Reduce(withBasis: isFull);
        }

        Square = 0;
        for (int c = 0; c <= block.Rank; c++)
        {
            Solve(c, size);
        }

        return isFull ? FinishFull(withCovariance) : FinishMeanField(size);
    }

    private void Load(LearningBlock block, LearningPoint point)
    {
        int size = block.Size;
        for (int i = 0; i < size; i++)
        {
            Span<double> row = Scaled.AsSpan(i * _latents, _latents);
            TensorPrimitives.Multiply(block.LoadingsOf(i, point), point.Deviations, row);
            TensorPrimitives.Multiply(row, block.Weight, row);
            Deviations[i] = Math.Abs(point.Noise[block.Observed[i]]);
            Targets[i] = block.Residual(i, point);
        }

        block.Root.CopyTo(Targets, size);
    }

    /// <summary>Solves for a column of Y.</summary>
    private void Solve(int column, int size)
    {
        ReadOnlySpan<double> target = Targets.AsSpan(column * size, size);
        Span<double> solved = Solved.AsSpan(column * size, size);
        Span<double> latents = Latents.AsSpan(column * _latents, _latents);
        Span<double> image = _image.AsSpan(0, _exact.Count);
        for (int i = 0; i < image.Length; i++)
        {
            image[i] = target[_exact.Cells[i]];
        }

        _exact.Solve(image);
        Square += ShortVectors.SquaredNorm(image);
        latents.Clear();
        if (_rest.Count > 0)
        {
            Square += _rest.Solve(target, image, solved, latents);
        }

        for (int i = 0; i < image.Length; i++)
        {
            TensorPrimitives.MultiplyAdd(_exact.Gains.AsSpan(i * _latents, _latents), image[i], latents, latents);
        }

        if (_rest.Count > 0)
        {
            _rest.SubtractTies(image);
        }

        _exact.SolveTransposed(image);
        for (int i = 0; i < image.Length; i++)
        {
            solved[_exact.Cells[i]] = image[i];
        }
    }

    private bool FinishFull(bool withCovariance)
    {
        LogDeterminant = _exact.LogDeterminant;
        if (_rest.Count > 0)
        {
            LogDeterminant += _rest.LogDeterminant;
            _rest.WriteSolvedLoadings(SolvedLoadings, Precision);
        }

        if (_exact.Count > 0)
        {
            FinishExact();
        }

        if (withCovariance)
        {
            double[] root = _rest.Count > 0 ? _rest.CovarianceRoot : _exact.Complement;
            for (int a = 0; a < _latents; a++)
            {
                for (int b = 0; b <= a; b++)
                {
                    Covariance[(a * _latents) + b] = Covariance[(b * _latents) + a] = TensorPrimitives.Dot<double>(
                        root.AsSpan(a * _latents, _latents), root.AsSpan(b * _latents, _latents));
                }
            }
        }

        return true;
    }

    /// <summary>Writes L⁻ᵀ(Q₁ − NᵀR^½C⁻¹W) and the diagonal of L⁻ᵀ(I + Nᵀ(I + BBᵀ)⁻¹N)L⁻¹ for the exact cells.</summary>
    private void FinishExact()
    {
        int count = _exact.Count;
        Span<double> image = _image.AsSpan(0, count);
        for (int j = 0; j < _latents; j++)
        {
            for (int i = 0; i < count; i++)
            {
                image[i] = _exact.Gains[(i * _latents) + j] - _rest.TiedLoading(i, j);
            }

            _exact.SolveTransposed(image);
            for (int i = 0; i < count; i++)
            {
                SolvedLoadings[(_exact.Cells[i] * _latents) + j] = image[i];
            }
        }

        for (int i = 0; i < count; i++)
        {
            Precision[_exact.Cells[i]] = 0;
        }

        for (int row = -count; row < _rest.TiedRows; row++)
        {
            for (int i = 0; i < count; i++)
            {
                image[i] = row >= 0 ? _rest.TiedResidual(i, row) : i == row + count ? 1 : 0;
            }

            _exact.SolveTransposed(image);
            for (int i = 0; i < count; i++)
            {
                Precision[_exact.Cells[i]] += image[i] * image[i];
            }
        }
    }

    /// <summary>
    /// Takes cov t = diag(1/M_jj), for which log det C + Σ log M_jj − log det M is log det R + Σ log M_jj. A cell without noise leaves a finite
    /// bound where it has one latent to itself: the limit then is the logarithm of that latent's squared loading, and the latent has no variance.
    /// </summary>
    private bool FinishMeanField(int size)
    {
        Array.Fill(MeanFieldPrecision, 1);
        Array.Clear(Covariance);
        LogDeterminant = 0;
        for (int i = 0; i < size; i++)
        {
            double deviation = Deviations[i];
            ReadOnlySpan<double> row = Scaled.AsSpan(i * _latents, _latents);
            if (deviation == 0)
            {
                int latent = row.IndexOfAnyExcept(0);
                if (row[(latent + 1)..].ContainsAnyExcept(0) || double.IsInfinity(MeanFieldPrecision[latent]))
                {
                    return false;
                }

                MeanFieldPrecision[latent] = double.PositiveInfinity;
                LogDeterminant += 2 * Math.Log(Math.Abs(row[latent]));
                continue;
            }

            LogDeterminant += 2 * Math.Log(deviation);
            for (int j = 0; j < _latents; j++)
            {
                double ratio = row[j] / deviation;
                MeanFieldPrecision[j] += ratio * ratio;
            }
        }

        for (int j = 0; j < _latents; j++)
        {
            LogDeterminant += double.IsInfinity(MeanFieldPrecision[j]) ? 0 : Math.Log(MeanFieldPrecision[j]);
            Covariance[(j * _latents) + j] = 1 / MeanFieldPrecision[j];
        }

        WriteMeanFieldDerivatives(size);
        return true;
    }

    private void WriteMeanFieldDerivatives(int size)
    {
        for (int i = 0; i < size; i++)
        {
            double deviation = Deviations[i], explained = 0;
            for (int j = 0; j < _latents; j++)
            {
                int at = (i * _latents) + j;
                double ratio = deviation > 0 ? Scaled[at] / deviation : 0;
                explained += ratio * ratio / MeanFieldPrecision[j];
                SolvedLoadings[at] = deviation > 0 ? ratio / MeanFieldPrecision[j] / deviation : Scaled[at] == 0 ? 0 : 1 / Scaled[at];
            }

            Precision[i] = deviation > 0 ? (1 - explained) / (deviation * deviation) : 0;
        }
    }
}
