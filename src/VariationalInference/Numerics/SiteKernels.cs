using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace VariationalInference;

/// <summary>What a tile of cells costs: predictors, and sums over cells. The cells of a latent lie side by side.</summary>
/// <remarks>No operation is fused, and sums have four parts whatever the width of vectors is: the bits are the same on every processor.</remarks>
internal static class SiteKernels
{
    /// <summary>Tiles have a multiple of so many cells.</summary>
    private const int Step = 8;

    private const int Block = 4;

    /// <summary>Returns the least length of a tile with room for some cells.</summary>
    public static int Pad(int cells) => Math.Max(Step, (cells + Step - 1) / Step * Step);

    /// <summary>Computes η = η₀ + Bτ.</summary>
    /// <param name="loadings">B, J columns of as many cells as <paramref name="start"/> has.</param>
    /// <param name="means">τ, length J.</param>
    /// <param name="start">η₀.</param>
    /// <param name="predictors">Receives η.</param>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Predict(ReadOnlySpan<double> loadings, ReadOnlySpan<double> means, ReadOnlySpan<double> start, Span<double> predictors)
    {
        int length = start.Length;
        ref double b = ref MemoryMarshal.GetReference(loadings);
        for (int c = 0; c < length; c += Step)
        {
            Vector256<double> low = Vector256.Create(start[c..]), high = Vector256.Create(start[(c + 4)..]);
            ref double cell = ref Unsafe.Add(ref b, c);
            for (int j = 0; j < means.Length; j++, cell = ref Unsafe.Add(ref cell, length))
            {
                Vector256<double> mean = Vector256.Create(means[j]);
                low += Vector256.LoadUnsafe(ref cell) * mean;
                high += Vector256.LoadUnsafe(ref cell, 4) * mean;
            }

            low.CopyTo(predictors[c..]);
            high.CopyTo(predictors[(c + 4)..]);
        }
    }

    /// <summary>Computes Y = BF⁻ᵀ, and ‖F⁻¹bᵢ‖² of every cell.</summary>
    /// <param name="loadings">B.</param>
    /// <param name="inverse">F⁻¹, J×J, row-major, zero above the diagonal.</param>
    /// <param name="images">Receives Y, laid out like B.</param>
    /// <param name="squares">Receives the squared norms.</param>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Whiten(ReadOnlySpan<double> loadings, ReadOnlySpan<double> inverse, Span<double> images, Span<double> squares)
    {
        int length = squares.Length, latents = loadings.Length / length;
        ref double b = ref MemoryMarshal.GetReference(loadings);
        ref double y = ref MemoryMarshal.GetReference(images);
        ref double f = ref MemoryMarshal.GetReference(inverse);
        for (int c = 0; c < length; c += Step)
        {
            Vector256<double> lowSquare = Vector256<double>.Zero, highSquare = Vector256<double>.Zero;
            int i = 0;
            for (; i + Block <= latents; i += Block)
            {
                Vector256<double> low0 = Vector256<double>.Zero, low1 = low0, low2 = low0, low3 = low0;
                Vector256<double> high0 = low0, high1 = low0, high2 = low0, high3 = low0;
                ref double cell = ref Unsafe.Add(ref b, c);
                ref double row = ref Unsafe.Add(ref f, i * latents);
                for (int j = 0; j < i + Block; j++, cell = ref Unsafe.Add(ref cell, length))
                {
                    Vector256<double> low = Vector256.LoadUnsafe(ref cell), high = Vector256.LoadUnsafe(ref cell, 4);
                    Vector256<double> factor = Vector256.Create(Unsafe.Add(ref row, j));
                    low0 += low * factor;
                    high0 += high * factor;
                    factor = Vector256.Create(Unsafe.Add(ref row, latents + j));
                    low1 += low * factor;
                    high1 += high * factor;
                    factor = Vector256.Create(Unsafe.Add(ref row, (2 * latents) + j));
                    low2 += low * factor;
                    high2 += high * factor;
                    factor = Vector256.Create(Unsafe.Add(ref row, (3 * latents) + j));
                    low3 += low * factor;
                    high3 += high * factor;
                }

                ref double to = ref Unsafe.Add(ref y, (i * length) + c);
                Store(low0, high0, ref to);
                Store(low1, high1, ref Unsafe.Add(ref to, length));
                Store(low2, high2, ref Unsafe.Add(ref to, 2 * length));
                Store(low3, high3, ref Unsafe.Add(ref to, 3 * length));
                lowSquare += ((low0 * low0) + (low1 * low1)) + ((low2 * low2) + (low3 * low3));
                highSquare += ((high0 * high0) + (high1 * high1)) + ((high2 * high2) + (high3 * high3));
            }

            for (; i < latents; i++)
            {
                Vector256<double> low = Vector256<double>.Zero, high = low;
                ref double cell = ref Unsafe.Add(ref b, c);
                for (int j = 0; j <= i; j++, cell = ref Unsafe.Add(ref cell, length))
                {
                    Vector256<double> factor = Vector256.Create(Unsafe.Add(ref f, (i * latents) + j));
                    low += Vector256.LoadUnsafe(ref cell) * factor;
                    high += Vector256.LoadUnsafe(ref cell, 4) * factor;
                }

                Store(low, high, ref Unsafe.Add(ref y, (i * length) + c));
                lowSquare += low * low;
                highSquare += high * high;
            }

            lowSquare.CopyTo(squares[c..]);
            highSquare.CopyTo(squares[(c + 4)..]);
        }
    }

    /// <summary>Computes Σ_j v_j b_ij² of every cell.</summary>
    /// <param name="loadings">B.</param>
    /// <param name="variances">v, length J.</param>
    /// <param name="sums">Receives the sums.</param>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void WeightSquares(ReadOnlySpan<double> loadings, ReadOnlySpan<double> variances, Span<double> sums)
    {
        int length = sums.Length;
        ref double b = ref MemoryMarshal.GetReference(loadings);
        for (int c = 0; c < length; c += Step)
        {
            Vector256<double> low = Vector256<double>.Zero, high = low;
            ref double cell = ref Unsafe.Add(ref b, c);
            for (int j = 0; j < variances.Length; j++, cell = ref Unsafe.Add(ref cell, length))
            {
                Vector256<double> variance = Vector256.Create(variances[j]);
                Vector256<double> lower = Vector256.LoadUnsafe(ref cell), upper = Vector256.LoadUnsafe(ref cell, 4);
                low += lower * lower * variance;
                high += upper * upper * variance;
            }

            low.CopyTo(sums[c..]);
            high.CopyTo(sums[(c + 4)..]);
        }
    }

    /// <summary>Adds YᵀΛY, the lower triangle of it, and Yᵀg.</summary>
    /// <param name="images">Y, J columns of as many cells as <paramref name="weights"/> has.</param>
    /// <param name="weights">Λ.</param>
    /// <param name="gradients">g.</param>
    /// <param name="weighted">Room for one number a cell.</param>
    /// <param name="square">What is added to, J×J, row-major.</param>
    /// <param name="slope">What is added to, length J.</param>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void AddSums(
        ReadOnlySpan<double> images, ReadOnlySpan<double> weights, ReadOnlySpan<double> gradients, Span<double> weighted, Span<double> square, Span<double> slope)
    {
        int length = weights.Length, latents = slope.Length;
        for (int i = 0; i < latents; i++)
        {
            ReadOnlySpan<double> row = images.Slice(i * length, length);
            for (int c = 0; c < length; c += 4)
            {
                (Vector256.Create(row[c..]) * Vector256.Create(weights[c..])).CopyTo(weighted[c..]);
            }

            slope[i] += Dot(row, gradients);
            AddProducts(weighted, images, i + 1, square.Slice(i * latents, i + 1));
        }
    }

    /// <summary>Adds Σ_c weight_c b_cj² for each latent.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void AddSquares(ReadOnlySpan<double> loadings, ReadOnlySpan<double> weights, Span<double> sums)
    {
        int length = weights.Length;
        for (int j = 0; j < sums.Length; j++)
        {
            ReadOnlySpan<double> column = loadings.Slice(j * length, length);
            Vector256<double> sum = Vector256<double>.Zero;
            for (int c = 0; c < length; c += 4)
            {
                Vector256<double> value = Vector256.Create(column[c..]);
                sum += value * value * Vector256.Create(weights[c..]);
            }

            sums[j] += Total(sum);
        }
    }

    /// <summary>Returns Σ a_c, and Σ |a_c|.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static (double Sum, double Magnitude) Sum(ReadOnlySpan<double> values)
    {
        Vector256<double> sum = Vector256<double>.Zero, magnitude = sum;
        for (int c = 0; c < values.Length; c += 4)
        {
            Vector256<double> value = Vector256.Create(values[c..]);
            sum += value;
            magnitude += Vector256.Abs(value);
        }

        return (Total(sum), Total(magnitude));
    }

    /// <summary>Returns whether all are finite.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static bool AreFinite(ReadOnlySpan<double> values)
    {
        Vector256<double> zero = Vector256<double>.Zero, sum = zero;
        for (int c = 0; c < values.Length; c += 4)
        {
            sum += Vector256.Create(values[c..]) * zero;
        }

        return Vector256.EqualsAll(sum, zero);
    }

    /// <summary>Adds the inner products of one vector with the first of others that lie one after another.</summary>
    private static void AddProducts(ReadOnlySpan<double> vector, ReadOnlySpan<double> others, int count, Span<double> sums)
    {
        int length = vector.Length, j = 0;
        ref double v = ref MemoryMarshal.GetReference(vector);
        ref double o = ref MemoryMarshal.GetReference(others);
        for (; j + Block <= count; j += Block)
        {
            Vector256<double> sum0 = Vector256<double>.Zero, sum1 = sum0, sum2 = sum0, sum3 = sum0;
            ref double first = ref Unsafe.Add(ref o, j * length);
            ref double second = ref Unsafe.Add(ref first, length);
            ref double third = ref Unsafe.Add(ref second, length);
            ref double fourth = ref Unsafe.Add(ref third, length);
            for (nuint c = 0; c < (nuint)length; c += 4)
            {
                Vector256<double> factor = Vector256.LoadUnsafe(ref v, c);
                sum0 += factor * Vector256.LoadUnsafe(ref first, c);
                sum1 += factor * Vector256.LoadUnsafe(ref second, c);
                sum2 += factor * Vector256.LoadUnsafe(ref third, c);
                sum3 += factor * Vector256.LoadUnsafe(ref fourth, c);
            }

            sums[j] += Total(sum0);
            sums[j + 1] += Total(sum1);
            sums[j + 2] += Total(sum2);
            sums[j + 3] += Total(sum3);
        }

        for (; j < count; j++)
        {
            sums[j] += Dot(vector, others.Slice(j * length, length));
        }
    }

    private static double Dot(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        Vector256<double> sum = Vector256<double>.Zero;
        for (int c = 0; c < a.Length; c += 4)
        {
            sum += Vector256.Create(a[c..]) * Vector256.Create(b[c..]);
        }

        return Total(sum);
    }

    private static void Store(Vector256<double> low, Vector256<double> high, ref double to)
    {
        low.StoreUnsafe(ref to);
        high.StoreUnsafe(ref to, 4);
    }

    private static double Total(Vector256<double> parts) => (parts[0] + parts[2]) + (parts[1] + parts[3]);
}
