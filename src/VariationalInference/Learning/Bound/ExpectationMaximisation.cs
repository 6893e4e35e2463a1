using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>
/// One EM iteration: the posterior's moments in the chosen family, then the parameters that are best for them, in closed form.
/// </summary>
/// <remarks>
/// With e = z − m and y = x − Am − b, a block has E[e] = Gȳ, E[eeᵀ] = GTGᵀ + V and E[eyᵀ] = GT, where G = D WᵀC⁻¹, and V = D² − GWD in the full
/// family, V_jj = s_j²/M_jj in the mean-field family. Loadings and offset of an observation are a regression on the latents, over the blocks
/// that have the observation.
/// </remarks>
internal sealed class ExpectationMaximisation(IReadOnlyList<LearningBlock> blocks, VariationalEmOptions options)
{
    /// <summary>Returns the parameters after one iteration, or null where the covariance is singular.</summary>
    public LearningPoint? Step(LearningPoint point)
    {
        LearningPoint next = point.Copy();
        int latents = point.Latents;
        double rows = 0;
        var means = new double[latents];
        var squares = new double[latents];
        Regression[] regressions = [.. Enumerable.Range(0, point.Observations).Select(_ => new Regression(latents))];
        foreach (LearningBlock block in blocks)
        {
            if (Posterior(block, point) is not (Vector<double> mean, Matrix<double> second, Matrix<double> cross))
            {
                return null;
            }

            rows += block.Count;
            for (int j = 0; j < latents; j++)
            {
                means[j] += block.Count * mean[j];
                squares[j] += block.Count * second[j, j];
            }

            for (int i = 0; i < block.Size; i++)
            {
                regressions[block.Observed[i]].Add(block, i, point, mean, second, cross, options.Offset);
            }
        }

        for (int j = 0; j < latents; j++)
        {
            double shift = options.PriorMeans ? means[j] / rows : 0;
            next.Means[j] += shift;
            squares[j] = Math.Max((squares[j] / rows) - (2 * shift * means[j] / rows) + (shift * shift), 0);
        }

        Assign(next.Deviations, squares, [.. Enumerable.Repeat(1.0, latents)], options.PriorVariances);
        for (int k = 0; k < regressions.Length; k++)
        {
            regressions[k].Solve(next, k, options);
        }

        double noiseSquares = blocks.Sum(block => block.NoiseSquares), noiseCells = blocks.Sum(block => block.NoiseCells);
        double[] residuals = [.. regressions.Select((regression, k) => Math.Max(regression.Residual(next, k, options.Offset), 0))];
        residuals[0] += noiseSquares;
        double[] counts = [.. regressions.Select(regression => regression.Count)];
        counts[0] += noiseCells;
        Assign(next.Noise, [.. residuals.Select((residual, k) => residual / counts[k])], counts, options.NoiseVariances);
        return next;
    }

    /// <summary>Writes standard deviations: each its own, or the root of the weighted mean of the variances.</summary>
    private static void Assign(double[] deviations, double[] variances, double[] weights, VarianceLearning learning)
    {
        double shared = variances.Zip(weights, (variance, weight) => variance * weight).Sum() / weights.Sum();
        for (int i = 0; i < deviations.Length && learning != VarianceLearning.Fixed; i++)
        {
            deviations[i] = Math.Sqrt(learning == VarianceLearning.Shared ? shared : variances[i]);
        }
    }

    /// <summary>Returns E[e], E[eeᵀ] and E[eyᵀ] of a block, averaged over its rows.</summary>
    private (Vector<double> Mean, Matrix<double> Second, Matrix<double> Cross)? Posterior(LearningBlock block, LearningPoint point)
    {
        int size = block.Size, latents = point.Latents;
        Matrix<double> loadings = Matrix<double>.Build.Dense(
            size, latents, (i, j) => block.Weight * point.Loadings[(block.Observed[i] * latents) + j]);
        Matrix<double> scaled = Matrix<double>.Build.Dense(size, latents, (i, j) => loadings[i, j] * point.Deviations[j]);
        Vector<double> residual = Vector<double>.Build.Dense(
            size, i => block.Mean[i] - (block.Weight * point.Offset[block.Observed[i]])) - (loadings * Vector<double>.Build.Dense(point.Means));
        Matrix<double> covariance = scaled.TransposeAndMultiply(scaled)
            + Matrix<double>.Build.DenseDiagonal(size, size, i => Square(point.Noise[block.Observed[i]]));
        var factor = new CholeskyFactor(size);
        if (!factor.Factor(covariance.ToRowMajorArray()))
        {
            return null;
        }

        Matrix<double> gain = Matrix<double>.Build.DenseDiagonal(latents, latents, j => point.Deviations[j])
            * scaled.Transpose() * Matrix<double>.Build.DenseOfRowMajor(size, size, factor.Inverse);
        Matrix<double> second = Matrix<double>.Build.DenseOfRowMajor(size, size, block.Covariance) + residual.OuterProduct(residual);
        Matrix<double> cross = gain * second;
        Matrix<double> spread = options.Family == PosteriorFamily.MeanField
            ? Matrix<double>.Build.DenseDiagonal(latents, latents, j => MeanFieldVariance(block, point, scaled, j))
            : Matrix<double>.Build.DenseDiagonal(latents, latents, j => Square(point.Deviations[j]))
                - Matrix<double>.Build.Dense(latents, latents, (i, j) => gain.Row(i).DotProduct(scaled.Column(j)) * point.Deviations[j]);
        return (gain * residual, cross.TransposeAndMultiply(gain) + spread, cross);
    }

    private static double MeanFieldVariance(LearningBlock block, LearningPoint point, Matrix<double> scaled, int j)
    {
        double information = 1;
        for (int i = 0; i < block.Size; i++)
        {
            information += Square(scaled[i, j] / point.Noise[block.Observed[i]]);
        }

        return Square(point.Deviations[j]) / information;
    }

    private static double Square(double value) => value * value;

    /// <summary>The normal equations of x_k = b_k + A_k z + noise; the last regressor is the constant.</summary>
    private sealed class Regression(int latents)
    {
        private readonly Matrix<double> _products = Matrix<double>.Build.Dense(latents + 1, latents + 1);
        private readonly Vector<double> _targets = Vector<double>.Build.Dense(latents + 1);
        private double _square;

        public double Count { get; private set; }

        public void Add(
            LearningBlock block,
            int i,
            LearningPoint point,
            Vector<double> mean,
            Matrix<double> second,
            Matrix<double> cross,
            bool learnsOffset)
        {
            int k = block.Observed[i];
            double prediction = 0, residual = block.Mean[i] - (block.Weight * point.Offset[k]);
            for (int j = 0; j < latents; j++)
            {
                prediction += block.Weight * point.Loadings[(k * latents) + j] * point.Means[j];
            }

            // The target is x_k, or x_k − b_k where the offset is fixed.
            residual -= prediction;
            double level = prediction + (learnsOffset ? block.Weight * point.Offset[k] : 0);
            double n = block.Count, weight = block.Weight;
            double square = block.Covariance[(i * block.Size) + i] + (residual * residual);
            Count += n;
            _square += n * (square + (2 * level * residual) + (level * level));
            _products[latents, latents] += n * weight * weight;
            _targets[latents] += n * weight * (residual + level);
            for (int a = 0; a < latents; a++)
            {
                double m = point.Means[a];
                _targets[a] += n * weight * (cross[a, i] + (level * mean[a]) + (m * (residual + level)));
                double sum = n * weight * weight * (mean[a] + m);
                _products[a, latents] += sum;
                _products[latents, a] += sum;
                for (int b = 0; b < latents; b++)
                {
                    _products[a, b] += n * weight * weight
                        * (second[a, b] + (m * mean[b]) + (mean[a] * point.Means[b]) + (m * point.Means[b]));
                }
            }
        }

        /// <summary>Writes the free ones of A_k and b_k; they stay where the latents do not vary.</summary>
        public void Solve(LearningPoint next, int k, VariationalEmOptions options)
        {
            int first = options.Loadings ? 0 : latents;
            int count = latents + (options.Offset ? 1 : 0) - first;
            if (count == 0)
            {
                return;
            }

            Vector<double> targets = _targets.SubVector(first, count);
            for (int j = 0; j < first; j++)
            {
                targets -= _products.Column(j, first, count) * next.Loadings[(k * latents) + j];
            }

            var factor = new CholeskyFactor(count);
            if (!factor.Factor(_products.SubMatrix(first, count, first, count).ToRowMajorArray()))
            {
                return;
            }

            Vector<double> solution = Matrix<double>.Build.DenseOfRowMajor(count, count, factor.Inverse) * targets;
            for (int c = 0; c < count; c++)
            {
                if (first + c < latents)
                {
                    next.Loadings[(k * latents) + first + c] = solution[c];
                }
                else
                {
                    next.Offset[k] = solution[c];
                }
            }
        }

        /// <summary>Returns the expected sum of squared residuals.</summary>
        public double Residual(LearningPoint next, int k, bool learnsOffset)
        {
            Vector<double> coefficients = Vector<double>.Build.Dense(
                latents + 1, j => j < latents ? next.Loadings[(k * latents) + j] : learnsOffset ? next.Offset[k] : 0);
            return _square - (2 * coefficients.DotProduct(_targets)) + coefficients.DotProduct(_products * coefficients);
        }
    }
}
