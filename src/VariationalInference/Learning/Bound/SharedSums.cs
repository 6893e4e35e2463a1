using System.Numerics.Tensors;

namespace VariationalInference;

/// <summary>The bound of some blocks with shared loadings, and the sums that its derivatives and EM need of each observation.</summary>
/// <remarks>
/// What a block adds to all its cells is added to a total and, with a minus, to those that are missing, where these are fewer.
/// With u = R^−½(y − μ) and t = M⁻¹Bᵀu, e = u − Bt are the whitened residuals of the cells that are there.
/// </remarks>
internal sealed class SharedSums
{
    private static readonly double[] One = [1];

    private readonly int _observations;
    private readonly int _latents;
    private readonly int _width;
    private readonly CholeskyFactor _factor;
    private readonly double[] _information;
    private readonly double[] _covariance;
    private readonly double[] _moments;
    private readonly double[] _residual;
    private readonly double[] _gradient;
    private readonly double[] _solution;

    public SharedSums(int observations, int latents, bool withMoments)
    {
        _observations = observations;
        _latents = latents;
        _width = latents + 1;
        _factor = new CholeskyFactor(latents);
        _information = new double[latents * latents];
        _covariance = new double[latents * latents];
        _moments = new double[_width * _width];
        _residual = new double[observations];
        _gradient = new double[latents];
        _solution = new double[_width];
        Covariances = new CellSums(observations, latents * latents);
        Counts = new CellSums(observations, 1);
        Moments = withMoments ? new CellSums(observations, _width * _width) : null;
        Products = new double[latents * observations];
        Residuals = new double[observations];
        Squares = new double[observations];
        LatentMeans = new double[latents];
        LatentSquares = new double[latents];
    }

    /// <summary>Gets the bound in nats.</summary>
    public double Value { get; private set; }

    /// <summary>Gets Σ n cov t of each observation.</summary>
    public CellSums Covariances { get; }

    /// <summary>Gets Σ n of each observation.</summary>
    public CellSums Counts { get; }

    /// <summary>Gets Σ n E[(t, 1)(t, 1)ᵀ] of each observation, where it is needed.</summary>
    public CellSums? Moments { get; }

    /// <summary>Gets Σ n e tᵀ over the columns of Y, J×K.</summary>
    public double[] Products { get; }

    /// <summary>Gets Σ n e of the means, length K.</summary>
    public double[] Residuals { get; }

    /// <summary>Gets Σ n e² over the columns of Y, length K.</summary>
    public double[] Squares { get; }

    /// <summary>Gets Σ n E[t], length J.</summary>
    public double[] LatentMeans { get; }

    /// <summary>Gets Σ n E[t²], length J.</summary>
    public double[] LatentSquares { get; }

    /// <summary>Gets the number of rows.</summary>
    public double Rows { get; private set; }

    public void Clear()
    {
        Value = Rows = 0;
        Covariances.Clear();
        Counts.Clear();
        Moments?.Clear();
        Array.Clear(Products);
        Array.Clear(Residuals);
        Array.Clear(Squares);
        Array.Clear(LatentMeans);
        Array.Clear(LatentSquares);
    }

    public void Add(SharedSums other)
    {
        Value += other.Value;
        Rows += other.Rows;
        Covariances.Add(other.Covariances);
        Counts.Add(other.Counts);
        Moments?.Add(other.Moments!);
        TensorPrimitives.Add(Products, other.Products, Products);
        TensorPrimitives.Add(Residuals, other.Residuals, Residuals);
        TensorPrimitives.Add(Squares, other.Squares, Squares);
        TensorPrimitives.Add(LatentMeans, other.LatentMeans, LatentMeans);
        TensorPrimitives.Add(LatentSquares, other.LatentSquares, LatentSquares);
    }

    /// <summary>Returns the number of rows that have an observation.</summary>
    public double CountOf(int observation)
    {
        double count = 0;
        Counts.Write(observation, new Span<double>(ref count));
        return count;
    }

    /// <summary>Returns bᵀ(Σ n cov t)b of an observation.</summary>
    /// <param name="observation">The observation.</param>
    /// <param name="loadings">B.</param>
    /// <param name="covariance">Receives Σ n cov t.</param>
    /// <param name="solved">Receives (Σ n cov t)b.</param>
    public double Leverage(int observation, SharedLoadings loadings, Span<double> covariance, Span<double> solved)
    {
        Covariances.Write(observation, covariance);
        ReadOnlySpan<double> row = loadings.Row(observation);
        for (int j = 0; j < _latents; j++)
        {
            solved[j] = TensorPrimitives.Dot(covariance.Slice(j * _latents, _latents), row);
        }

        return TensorPrimitives.Dot(row, solved);
    }

    /// <summary>Adds a block.</summary>
    public void Add(PatternTable table, int index, SharedLoadings loadings, bool meanField)
    {
        LearningBlock block = table.Blocks[index];
        int[] missing = table.Missing(index);
        bool fewMissing = missing.Length <= block.Size;
        double logDeterminant = Condition(block, missing, fewMissing, loadings, meanField);
        double square = 0;
        Array.Clear(_moments);
        for (int c = 0; c <= block.Rank; c++)
        {
            square += Solve(table.Row(index, c, _observations), missing, block.Count, isMean: c == 0, loadings);
        }

        foreach (int k in block.Observed)
        {
            logDeterminant += loadings.LogVariances[k];
        }

        Rows += block.Count;
        Value -= 0.5 * block.Count * ((block.Size * Math.Log(2 * Math.PI)) + logDeterminant + square);
        Counts.Add(One, block.Count, block.Observed, missing, fewMissing);
        Covariances.Add(_covariance, block.Count, block.Observed, missing, fewMissing);
        AddMoments(block, missing, fewMissing);
    }

    /// <summary>Factors M of a block, and returns its log det, or that of its diagonal in the mean-field family.</summary>
    private double Condition(LearningBlock block, int[] missing, bool fewMissing, SharedLoadings loadings, bool meanField)
    {
        if (fewMissing)
        {
            loadings.Information.CopyTo(_information, 0);
            foreach (int k in missing)
            {
                loadings.AddSquare(_information, loadings.Row(k), -1);
            }
        }
        else
        {
            Array.Clear(_information);
            for (int j = 0; j < _latents; j++)
            {
                _information[(j * _latents) + j] = 1;
            }

            foreach (int k in block.Observed)
            {
                loadings.AddSquare(_information, loadings.Row(k), 1);
            }
        }

        _factor.Factor(_information);
        if (!meanField)
        {
            _factor.Inverse.CopyTo(_covariance, 0);
            return _factor.LogDeterminant;
        }

        Array.Clear(_covariance);
        double sum = 0;
        for (int j = 0; j < _latents; j++)
        {
            int at = (j * _latents) + j;
            sum += Math.Log(_information[at]);
            _covariance[at] = 1 / _information[at];
        }

        return sum;
    }

    /// <summary>Solves for a column of Y, adds what it brings, and returns ‖e‖² + ‖t‖².</summary>
    private double Solve(ReadOnlySpan<double> row, int[] missing, double count, bool isMean, SharedLoadings loadings)
    {
        Span<double> residual = _residual, latents = _solution.AsSpan(0, _latents);
        if (isMean)
        {
            TensorPrimitives.Subtract(row, loadings.Predictions, residual);
            row = residual;
        }

        TensorPrimitives.Multiply(row, loadings.Weights, residual);
        ClearMissing(residual, missing);
        for (int j = 0; j < _latents; j++)
        {
            _gradient[j] = TensorPrimitives.Dot(loadings.Column(j), residual);
        }

        for (int j = 0; j < _latents; j++)
        {
            latents[j] = TensorPrimitives.Dot<double>(_factor.Inverse.AsSpan(j * _latents, _latents), _gradient);
        }

        for (int j = 0; j < _latents; j++)
        {
            TensorPrimitives.MultiplyAdd(loadings.Column(j), -latents[j], residual, residual);
        }

        ClearMissing(residual, missing);
        for (int j = 0; j < _latents; j++)
        {
            Span<double> products = Products.AsSpan(j * _observations, _observations);
            TensorPrimitives.MultiplyAdd(residual, count * latents[j], products, products);
        }

        if (isMean)
        {
            TensorPrimitives.MultiplyAdd(residual, count, Residuals, Residuals);
        }

        AddLatents(count, isMean);
        double square = TensorPrimitives.Dot<double>(residual, residual) + TensorPrimitives.Dot<double>(latents, latents);
        TensorPrimitives.Multiply(residual, residual, residual);
        TensorPrimitives.MultiplyAdd(residual, count, Squares, Squares);
        return square;
    }

    private void AddLatents(double count, bool isMean)
    {
        for (int j = 0; j < _latents; j++)
        {
            LatentMeans[j] += isMean ? count * _solution[j] : 0;
            LatentSquares[j] += count * _solution[j] * _solution[j];
        }

        _solution[_latents] = isMean ? 1 : 0;
        for (int a = 0; Moments is not null && a < _width; a++)
        {
            Span<double> moments = _moments.AsSpan(a * _width, _width);
            TensorPrimitives.MultiplyAdd(_solution, _solution[a], moments, moments);
        }
    }

    private void AddMoments(LearningBlock block, int[] missing, bool fewMissing)
    {
        for (int a = 0; a < _latents; a++)
        {
            LatentSquares[a] += block.Count * _covariance[(a * _latents) + a];
            Span<double> moments = _moments.AsSpan(a * _width, _latents);
            TensorPrimitives.Add(moments, _covariance.AsSpan(a * _latents, _latents), moments);
        }

        Moments?.Add(_moments, block.Count, block.Observed, missing, fewMissing);
    }

    private static void ClearMissing(Span<double> row, int[] missing)
    {
        foreach (int k in missing)
        {
            row[k] = 0;
        }
    }
}
