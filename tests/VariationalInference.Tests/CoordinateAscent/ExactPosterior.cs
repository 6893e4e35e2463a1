using System.Numerics;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference.Tests.CoordinateAscent;

/// <summary>
/// The posterior of a row from the normal equations (D⁻² + AᵀR⁻¹A)(z − m) = AᵀR⁻¹(x − b − Am), in binary floating point of 320 bits.
/// </summary>
internal sealed class ExactPosterior
{
    private readonly Big[] _means;
    private readonly Big[,] _covariance;

    private readonly double[] _shares;

    private ExactPosterior(Big[] means, Big[,] covariance, double[] shares)
    {
        _means = means;
        _covariance = covariance;
        _shares = shares;
    }

    /// <summary>Gets ½ (Σ log Λ_jj − log det Λ), from the pivots p_j of the elimination: ½ Σ log Λ_jj/p_j.</summary>
    public double ApproximationGap => _shares.Sum(share => 0.5 * Math.Log(share));

    public static ExactPosterior Of(LinearGaussianModel model, double[] row)
    {
        Matrix<double> loadings = model.Loadings();
        int count = model.LatentCount;
        Big[] means = [.. model.PriorMeans.Select(Big.Of)];
        var residual = new Big[row.Length];
        for (int k = 0; k < row.Length; k++)
        {
            residual[k] = Big.Of(row[k]) - Big.Of(model.Offset[k]);
            for (int j = 0; j < count; j++)
            {
                residual[k] -= Big.Of(loadings[k, j]) * means[j];
            }
        }

        // One system for the means and one for each variance.
        var system = new Big[count, 2 * count + 1];
        for (int i = 0; i < count; i++)
        {
            for (int j = 0; j < count; j++)
            {
                Big sum = i == j ? Big.Of(1) / Big.Of(model.PriorVariances[i]) : Big.Of(0);
                for (int k = 0; k < row.Length; k++)
                {
                    sum += Big.Of(loadings[k, i]) * Big.Of(loadings[k, j]) / Big.Of(model.NoiseVariances[k]);
                }

                system[i, j] = sum;
                system[i, count + j] = Big.Of(i == j ? 1 : 0);
            }

            Big right = Big.Of(0);
            for (int k = 0; k < row.Length; k++)
            {
                right += Big.Of(loadings[k, i]) * residual[k] / Big.Of(model.NoiseVariances[k]);
            }

            system[i, 2 * count] = right;
        }

        Big[] diagonal = [.. Enumerable.Range(0, count).Select(j => system[j, j])];
        Big[] pivots = Eliminate(system, count);
        var covariance = new Big[count, count];
        for (int i = 0; i < count; i++)
        {
            for (int j = 0; j < count; j++)
            {
                covariance[i, j] = system[i, count + j];
            }
        }

        return new ExactPosterior(
            [.. Enumerable.Range(0, count).Select(j => means[j] + system[j, 2 * count])],
            covariance,
            [.. Enumerable.Range(0, count).Select(j => (diagonal[j] / pivots[j]).ToDouble())]);
    }

    /// <summary>Returns the largest error of the means in posterior standard deviations.</summary>
    public double ErrorOf(double[] means) => Enumerable.Range(0, means.Length).Max(
        j => Math.Abs((Big.Of(means[j]) - _means[j]).ToDouble()) / Math.Sqrt(_covariance[j, j].ToDouble()));

    /// <summary>Returns the variances.</summary>
    public double[] Variances() => [.. Enumerable.Range(0, _means.Length).Select(j => _covariance[j, j].ToDouble())];

    /// <summary>Returns what the ELBO loses when some latents have these means and the others the best ones: ½ δᵀ(Σ_BB)⁻¹δ.</summary>
    public double MeanLoss(double[] means, int[] block)
    {
        int count = block.Length;
        var system = new Big[count, count + 1];
        for (int i = 0; i < count; i++)
        {
            for (int j = 0; j < count; j++)
            {
                system[i, j] = _covariance[block[i], block[j]];
            }

            system[i, count] = Big.Of(means[block[i]]) - _means[block[i]];
        }

        Big[] error = [.. block.Select((_, i) => system[i, count])];
        Eliminate(system, count);
        Big loss = Big.Of(0);
        for (int i = 0; i < count; i++)
        {
            loss += error[i] * system[i, count];
        }

        return 0.5 * loss.ToDouble();
    }

    /// <summary>Gauss and Jordan; a positive definite matrix needs no pivots.</summary>
    private static Big[] Eliminate(Big[,] system, int count)
    {
        int width = system.GetLength(1);
        var pivots = new Big[count];
        for (int p = 0; p < count; p++)
        {
            pivots[p] = system[p, p];
            Big inverse = Big.Of(1) / system[p, p];
            for (int j = p; j < width; j++)
            {
                system[p, j] *= inverse;
            }

            for (int i = 0; i < count; i++)
            {
                if (i != p)
                {
                    Big factor = system[i, p];
                    for (int j = p; j < width; j++)
                    {
                        system[i, j] -= factor * system[p, j];
                    }
                }
            }
        }

        return pivots;
    }

    /// <summary>Mantissa · 2^exponent, with a mantissa of at most <see cref="Bits"/> bits.</summary>
    private readonly struct Big
    {
        private const int Bits = 320;

        private readonly BigInteger _mantissa;
        private readonly int _exponent;

        private Big(BigInteger mantissa, int exponent)
        {
            int excess = (int)mantissa.GetBitLength() - Bits;
            _mantissa = excess > 0 ? mantissa >> excess : mantissa;
            _exponent = excess > 0 ? exponent + excess : exponent;
        }

        public static Big Of(double value)
        {
            long bits = BitConverter.DoubleToInt64Bits(value);
            int exponent = (int)((bits >> 52) & 0x7FF);
            long mantissa = (bits & 0xFFFFFFFFFFFFF) | (exponent == 0 ? 0 : 1L << 52);
            return new Big(value < 0 ? -mantissa : mantissa, Math.Max(exponent, 1) - 1075);
        }

        public static Big operator +(Big a, Big b)
        {
            if (a._mantissa.IsZero || b._mantissa.IsZero)
            {
                return a._mantissa.IsZero ? b : a;
            }

            (Big high, Big low) = a._exponent >= b._exponent ? (a, b) : (b, a);
            int shift = high._exponent - low._exponent;
            return shift > 3 * Bits
                ? high
                : new Big((high._mantissa << shift) + low._mantissa, low._exponent);
        }

        public static Big operator -(Big a, Big b) => a + new Big(-b._mantissa, b._exponent);

        public static Big operator *(Big a, Big b) => new(a._mantissa * b._mantissa, a._exponent + b._exponent);

        public static Big operator /(Big a, Big b) => new((a._mantissa << (2 * Bits)) / b._mantissa, a._exponent - b._exponent - (2 * Bits));

        public double ToDouble()
        {
            int excess = Math.Max((int)_mantissa.GetBitLength() - 60, 0);
            return Math.ScaleB((double)(_mantissa >> excess), _exponent + excess);
        }
    }
}
