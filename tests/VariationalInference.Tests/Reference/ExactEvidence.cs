using System.Numerics;

namespace VariationalInference.Tests.Reference;

/// <summary>The log evidence of a linear-Gaussian model in exact arithmetic: whole numbers times a power of two, and a logarithm at the end.</summary>
internal static class ExactEvidence
{
    /// <summary>Returns log N(x | Am + b, A S Aᵀ + R) of the observed cells; NaN where the covariance is singular.</summary>
    public static double LogEvidence(double[] row, double[,] loadings, double[] offset, double[] noise, double[] means, double[] variances) =>
        LogEvidence(row, loadings, offset, [.. noise.Select(Dyadic.Of)], means, [.. variances.Select(Dyadic.Of)]);

    /// <summary>Returns the same for standard deviations in the place of variances.</summary>
    public static double LogEvidenceOfDeviations(
        double[] row, double[,] loadings, double[] offset, double[] noise, double[] means, double[] deviations) =>
        LogEvidence(row, loadings, offset, [.. noise.Select(Square)], means, [.. deviations.Select(Square)]);

    private static Dyadic Square(double deviation) => Dyadic.Of(deviation) * Dyadic.Of(deviation);

    private static double LogEvidence(double[] row, double[,] loadings, double[] offset, Dyadic[] noise, double[] means, Dyadic[] variances)
    {
        int[] cells = [.. Enumerable.Range(0, row.Length).Where(k => !double.IsNaN(row[k]))];
        int size = cells.Length, latents = means.Length;
        if (size == 0)
        {
            return 0;
        }

        var c = new Dyadic[size + 1, size + 1];
        for (int a = 0; a < size; a++)
        {
            Dyadic residual = Dyadic.Of(row[cells[a]]) - Dyadic.Of(offset[cells[a]]);
            for (int j = 0; j < latents; j++)
            {
                residual -= Dyadic.Of(loadings[cells[a], j]) * Dyadic.Of(means[j]);
            }

            c[a, size] = c[size, a] = residual;
            for (int b = 0; b < size; b++)
            {
                Dyadic sum = a == b ? noise[cells[a]] : Dyadic.Zero;
                for (int j = 0; j < latents; j++)
                {
                    sum += Dyadic.Of(loadings[cells[a], j]) * variances[j] * Dyadic.Of(loadings[cells[b], j]);
                }

                c[a, b] = sum;
            }
        }

        c[size, size] = Dyadic.Zero;
        (Dyadic determinant, Dyadic bordered) = Bareiss(c);
        if (determinant.Value <= 0)
        {
            return double.NaN;
        }

        double square = (-bordered).Over(determinant);
        return -0.5 * ((size * Math.Log(2 * Math.PI)) + determinant.Log() + square);
    }

    /// <summary>Returns ½ (Σ log M_jj − log det M), M = I + S^½ AᵀR⁻¹A S^½.</summary>
    public static double MeanFieldGap(double[] row, double[,] loadings, double[] noise, double[] variances)
    {
        int[] cells = [.. Enumerable.Range(0, row.Length).Where(k => !double.IsNaN(row[k]))];
        int latents = variances.Length;

        // R⁻¹ by a common denominator: Π r.
        Dyadic product = cells.Aggregate(Dyadic.Of(1), (p, k) => p * Dyadic.Of(noise[k]));
        double gap = 0;
        var m = new Dyadic[latents, latents];
        for (int a = 0; a < latents; a++)
        {
            for (int b = 0; b < latents; b++)
            {
                // S M' with M' = (S⁻¹ + AᵀR⁻¹A) has the same determinant: row a times s_a².
                Dyadic sum = a == b ? product : Dyadic.Zero;
                foreach (int k in cells)
                {
                    Dyadic others = cells.Where(other => other != k).Aggregate(Dyadic.Of(1), (p, other) => p * Dyadic.Of(noise[other]));
                    sum += Dyadic.Of(variances[a]) * Dyadic.Of(loadings[k, a]) * Dyadic.Of(loadings[k, b]) * others;
                }

                m[a, b] = sum;
            }

            gap += m[a, a].Log();
        }

        return 0.5 * (gap - Bareiss(m).Last.Log());
    }

    /// <summary>Eliminates without fractions; returns the leading minor of all but the last row, and the whole determinant.</summary>
    private static (Dyadic Minor, Dyadic Last) Bareiss(Dyadic[,] matrix)
    {
        int n = matrix.GetLength(0);
        int exponent = matrix.Cast<Dyadic>().Where(d => !d.Value.IsZero).Select(d => d.Exponent).DefaultIfEmpty(0).Min();
        var m = new BigInteger[n, n];
        for (int i = 0; i < n; i++)
        {
            for (int j = 0; j < n; j++)
            {
                m[i, j] = matrix[i, j].Value.IsZero ? 0 : matrix[i, j].Value << (matrix[i, j].Exponent - exponent);
            }
        }

        BigInteger previous = 1, minor = 1;
        for (int k = 0; k < n - 1; k++)
        {
            minor = m[k, k];
            if (minor.IsZero)
            {
                return (Dyadic.Zero, Dyadic.Zero);
            }

            for (int i = k + 1; i < n; i++)
            {
                for (int j = k + 1; j < n; j++)
                {
                    m[i, j] = ((m[i, j] * minor) - (m[i, k] * m[k, j])) / previous;
                }
            }

            previous = minor;
        }

        return (new Dyadic(minor, exponent * (n - 1)), new Dyadic(m[n - 1, n - 1], exponent * n));
    }

    private readonly record struct Dyadic(BigInteger Value, int Exponent)
    {
        public static Dyadic Zero => new(0, 0);

        public static Dyadic Of(double value)
        {
            long bits = BitConverter.DoubleToInt64Bits(value);
            int exponent = (int)((bits >> 52) & 0x7FF);
            long mantissa = bits & 0xFFFFFFFFFFFFF;
            (mantissa, exponent) = exponent == 0 ? (mantissa, -1074) : (mantissa | 0x10000000000000, exponent - 1075);
            return new Dyadic(value < 0 ? -mantissa : mantissa, mantissa == 0 ? 0 : exponent);
        }

        /// <summary>Takes the power of two apart first, so that the sum of both logarithms has nothing to lose.</summary>
        public double Log()
        {
            int shift = (int)Value.GetBitLength() - 64;
            double leading = (double)(shift > 0 ? Value >> shift : Value << -shift);
            return Math.Log(Math.ScaleB(leading, -64)) + ((shift + 64 + Exponent) * Math.Log(2));
        }

        public double Over(Dyadic divisor)
        {
            int shift = (int)(divisor.Value.GetBitLength() - Value.GetBitLength()) + 64;
            BigInteger quotient = (shift > 0 ? Value << shift : Value >> -shift) / divisor.Value;
            return Math.ScaleB((double)quotient, Exponent - divisor.Exponent - shift);
        }

        public static Dyadic operator -(Dyadic a) => new(-a.Value, a.Exponent);

        public static Dyadic operator *(Dyadic a, Dyadic b) => new(a.Value * b.Value, a.Exponent + b.Exponent);

        public static Dyadic operator -(Dyadic a, Dyadic b) => a + -b;

        public static Dyadic operator +(Dyadic a, Dyadic b)
        {
            if (a.Value.IsZero)
            {
                return b;
            }

            if (b.Value.IsZero)
            {
                return a;
            }

            int exponent = Math.Min(a.Exponent, b.Exponent);
            return new Dyadic((a.Value << (a.Exponent - exponent)) + (b.Value << (b.Exponent - exponent)), exponent);
        }
    }
}
