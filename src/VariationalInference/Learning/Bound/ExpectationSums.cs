using System.Numerics.Tensors;

namespace VariationalInference;

/// <summary>What the M-step needs of some blocks.</summary>
/// <remarks>
/// With z = m + St and the residuals ε = x − Az − b of the cells of a row, E[ε] = rC⁻¹(x̄ − μ), E[εtᵀ] = R(C⁻¹TC⁻¹W − C⁻¹W) and
/// E[ε_i²] = r_i (1 − r_i (C⁻¹)_ii + r_i (C⁻¹TC⁻¹)_ii), in the mean-field family with its own covariance of t in C⁻¹, but for the C⁻¹ around T.
/// </remarks>
internal sealed class ExpectationSums
{
    private readonly int _latents;
    private readonly int _width;
    private readonly double[] _regressor;
    private readonly double[] _moments;

    public ExpectationSums(int observations, int latents, bool withRegression)
    {
        _latents = latents;
        _width = latents + 1;
        WithRegression = withRegression;
        _regressor = new double[_width];
        _moments = new double[_width * _width];
        Means = new double[latents];
        Squares = new double[latents];
        Counts = new double[observations];
        Residuals = new double[observations];
        Targets = new double[withRegression ? observations * _width : 0];
        Products = new double[withRegression ? observations * _width * _width : 0];
    }

    /// <summary>Gets a value indicating whether all blocks have a density.</summary>
    public bool IsProper { get; private set; }

    /// <summary>Gets a value indicating whether the sums of the regression are kept.</summary>
    public bool WithRegression { get; }

    /// <summary>Gets the number of rows.</summary>
    public double Rows { get; private set; }

    /// <summary>Gets Σ E[z − m], length J.</summary>
    public double[] Means { get; }

    /// <summary>Gets Σ E[(z − m)²], length J.</summary>
    public double[] Squares { get; }

    /// <summary>Gets the number of cells of each observation.</summary>
    public double[] Counts { get; }

    /// <summary>Gets Σ E[ε²] of each observation.</summary>
    public double[] Residuals { get; }

    /// <summary>Gets Σ w E[ε (z, 1)] of each observation, K×(J + 1).</summary>
    public double[] Targets { get; }

    /// <summary>Gets Σ w² E[(z, 1)(z, 1)ᵀ] of each observation, K×(J + 1)×(J + 1).</summary>
    public double[] Products { get; }

    public void Clear()
    {
        IsProper = true;
        Rows = 0;
        Array.Clear(Means);
        Array.Clear(Squares);
        Array.Clear(Counts);
        Array.Clear(Residuals);
        Array.Clear(Targets);
        Array.Clear(Products);
    }

    public void Add(ExpectationSums other)
    {
        IsProper &= other.IsProper;
        Rows += other.Rows;
        TensorPrimitives.Add(Means, other.Means, Means);
        TensorPrimitives.Add(Squares, other.Squares, Squares);
        TensorPrimitives.Add(Counts, other.Counts, Counts);
        TensorPrimitives.Add(Residuals, other.Residuals, Residuals);
        TensorPrimitives.Add(Targets, other.Targets, Targets);
        TensorPrimitives.Add(Products, other.Products, Products);
    }

    /// <summary>Adds a block, if it has a density.</summary>
    public void Add(LearningBlock block, LearningPoint point, bool meanField, BlockAlgebra algebra)
    {
        IsProper = algebra.Condition(block, point, meanField, withCovariance: true);
        if (!IsProper)
        {
            return;
        }

        double n = block.Count;
        Rows += n;
        WriteMoments(block, point, algebra);
        for (int j = 0; j < _latents; j++)
        {
            double mean = point.Deviations[j] * algebra.Latents[j];
            double square = algebra.Covariance[(j * _latents) + j];
            for (int c = 0; c <= block.Rank; c++)
            {
                square += algebra.Latents[(c * _latents) + j] * algebra.Latents[(c * _latents) + j];
            }

            Means[j] += n * mean;
            Squares[j] += n * point.Deviations[j] * point.Deviations[j] * square;
        }

        for (int i = 0; i < block.Size; i++)
        {
            AddCell(block, i, point, algebra);
        }
    }

    /// <summary>Adds blocks with shared loadings.</summary>
    public void Add(SharedSums sums, LearningPoint point, SharedLoadings loadings)
    {
        Rows += sums.Rows;
        for (int j = 0; j < _latents; j++)
        {
            Means[j] += point.Deviations[j] * sums.LatentMeans[j];
            Squares[j] += point.Deviations[j] * point.Deviations[j] * sums.LatentSquares[j];
        }

        var covariance = new double[_latents * _latents];
        var solved = new double[_latents];
        for (int k = 0; k < Counts.Length; k++)
        {
            double deviation = Math.Abs(point.Noise[k]);
            double leverage = sums.Leverage(k, loadings, covariance, solved);
            Counts[k] += sums.CountOf(k);
            Residuals[k] += deviation * deviation * (sums.Squares[k] + leverage);
            if (WithRegression)
            {
                AddRegression(k, deviation, sums, point, solved);
            }
        }
    }

    private void AddRegression(int k, double deviation, SharedSums sums, LearningPoint point, double[] solved)
    {
        Span<double> targets = Targets.AsSpan(k * _width, _width);
        for (int j = 0; j < _latents; j++)
        {
            double product = sums.Products[(j * Counts.Length) + k] - solved[j];
            targets[j] += deviation * ((point.Deviations[j] * product) + (point.Means[j] * sums.Residuals[k]));
        }

        targets[_latents] += deviation * sums.Residuals[k];
        sums.Moments!.Write(k, _moments);

        // From (t, 1) to (z, 1) = (m + St, 1), rows and columns alike.
        Span<double> products = Products.AsSpan(k * _width * _width, _width * _width);
        for (int a = 0; a < _width; a++)
        {
            for (int b = 0; b < _width; b++)
            {
                products[(a * _width) + b] += Moved(a, b, point);
            }
        }
    }

    private double Moved(int a, int b, LearningPoint point)
    {
        double Scale(int j) => j < _latents ? point.Deviations[j] : 1;
        double Shift(int j) => j < _latents ? point.Means[j] : 0;
        double last = _moments[^1];
        return (Scale(a) * Scale(b) * _moments[(a * _width) + b])
            + (Scale(a) * Shift(b) * _moments[(a * _width) + _latents])
            + (Shift(a) * Scale(b) * _moments[(_latents * _width) + b])
            + (Shift(a) * Shift(b) * last);
    }

    /// <summary>Writes E[(z, 1)(z, 1)ᵀ], averaged over the rows.</summary>
    private void WriteMoments(LearningBlock block, LearningPoint point, BlockAlgebra algebra)
    {
        if (!WithRegression)
        {
            return;
        }

        Array.Clear(_moments);
        for (int a = 0; a < _latents; a++)
        {
            for (int b = 0; b < _latents; b++)
            {
                _moments[(a * _width) + b] = point.Deviations[a] * point.Deviations[b] * algebra.Covariance[(a * _latents) + b];
            }
        }

        for (int c = 0; c <= block.Rank; c++)
        {
            TensorPrimitives.Multiply(point.Deviations, algebra.Latents.AsSpan(c * _latents, _latents), _regressor);
            _regressor[_latents] = 0;
            if (c == 0)
            {
                TensorPrimitives.Add(_regressor.AsSpan(0, _latents), point.Means, _regressor);
                _regressor[_latents] = 1;
            }

            for (int a = 0; a < _width; a++)
            {
                Span<double> row = _moments.AsSpan(a * _width, _width);
                TensorPrimitives.MultiplyAdd(_regressor, _regressor[a], row, row);
            }
        }
    }

    private void AddCell(LearningBlock block, int i, LearningPoint point, BlockAlgebra algebra)
    {
        int k = block.Observed[i], size = block.Size;
        double n = block.Count, weight = block.Weight;
        double variance = algebra.Deviations[i] * algebra.Deviations[i];
        double square = 0;
        Counts[k] += n;
        for (int c = 0; c <= block.Rank; c++)
        {
            double residual = variance * algebra.Solved[(c * size) + i];
            square += residual * residual;
            if (WithRegression)
            {
                // The regressors of a deviation from the mean have no constant.
                Span<double> targets = Targets.AsSpan(k * _width, _width);
                for (int j = 0; j < _latents; j++)
                {
                    double latent = point.Deviations[j] * algebra.Latents[(c * _latents) + j];
                    targets[j] += n * weight * residual * (c == 0 ? latent + point.Means[j] : latent);
                }

                targets[_latents] += c == 0 ? n * weight * residual : 0;
            }
        }

        Residuals[k] += n * (square + (variance * Math.Max(1 - (variance * algebra.Precision[i]), 0)));
        if (!WithRegression)
        {
            return;
        }

        for (int j = 0; j < _latents; j++)
        {
            Targets[(k * _width) + j] -= n * weight * variance * algebra.SolvedLoadings[(i * _latents) + j] * point.Deviations[j];
        }

        Span<double> products = Products.AsSpan(k * _width * _width, _width * _width);
        TensorPrimitives.MultiplyAdd(_moments, n * weight * weight, products, products);
    }
}
