using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace VariationalInference;

/// <summary>Makes the coefficients of a <see cref="HeatTable"/>: D_0 = E[f], D_1 = E[f′] and D_k = E[f″(m + s t) He_{k−2}(t)]/s^{k−2} after them.</summary>
/// <remarks>
/// By the trapezoid rule over a grid of which every m is a point, so that f is evaluated once for all m and s. Optimised at once: it runs once, before the compiler would have found out.
/// </remarks>
internal sealed class HeatCoefficients
{
    // A step in deviations must resolve Hermite polynomials of degree 17 and f, the latter to e^−46.
    private const double LargestStep = 0.25;
    private const double Digits = 46;

    // As far as the normal density counts, and further by a deviation: where f grows like e^η, terms are largest at t = s.
    private const double Reach = 10;
    private const double LargestShift = 4;

    // The finest grid divides the distance of two m by this; coarser ones by its divisors.
    private const int Finest = 12;

    private readonly double _strip;
    private readonly double _spacing;
    private readonly int _points;

    // How many points of the finest grid lie before the first m.
    private readonly int _margin;
    private readonly double[] _f;
    private readonly double[] _first;
    private readonly double[] _second;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public HeatCoefficients(SiteKernel kernel, double strip, double spacing, int lowest, int points)
    {
        _strip = strip;
        _spacing = spacing;
        _points = points;
        _margin = (int)((Reach + LargestShift) * LargestShift * strip / Math.PI / spacing + 1) * Finest;
        int length = (((points - 1) * Finest) + (2 * _margin) + SiteKernel.Padding) / SiteKernel.Padding * SiteKernel.Padding;
        double[] eta = new double[length];
        for (int i = 0; i < length; i++)
        {
            eta[i] = ((lowest * (double)Finest) + i - _margin) * (spacing / Finest);
        }

        (_f, _first, _second) = (new double[length], new double[length], new double[length]);
        kernel.Evaluate(eta, _f, _first, _second);
    }

    private static ReadOnlySpan<int> Strides => [12, 6, 4, 3, 2, 1];

    /// <summary>Writes the coefficients of all m for one deviation s, so many for each.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Write(double deviation, int count, Span<double> destination)
    {
        double largest = Math.Min(LargestStep * deviation, 2 * Math.PI * _strip / Digits);
        int stride = 1;
        foreach (int candidate in Strides)
        {
            if (candidate * _spacing / Finest <= largest)
            {
                stride = candidate;
                break;
            }
        }

        double step = stride * _spacing / Finest / deviation;
        int half = Math.Min((int)Math.Ceiling((Reach + Math.Min(deviation * Math.PI / _strip, LargestShift)) / step), _margin / stride);
        int nodes = ((2 * half) + 1 + Vector256<double>.Count - 1) / Vector256<double>.Count * Vector256<double>.Count;
        double[] weights = Weights(nodes, half, step, deviation, count - 2);
        double[] f = new double[nodes], first = new double[nodes], second = new double[nodes];
        for (int point = 0; point < _points; point++)
        {
            int start = (point * Finest) + _margin - (half * stride);
            for (int i = 0; i <= 2 * half; i++)
            {
                (f[i], first[i], second[i]) = (_f[start + (i * stride)], _first[start + (i * stride)], _second[start + (i * stride)]);
            }

            Span<double> row = destination.Slice(point * count, count);
            row[0] = Dot(weights.AsSpan(0, nodes), f);
            row[1] = Dot(weights.AsSpan(0, nodes), first);
            for (int k = 2; k < count; k++)
            {
                row[k] = Dot(weights.AsSpan((k - 2) * nodes, nodes), second);
            }
        }
    }

    /// <summary>Returns h φ(t) He_k(t)/sᵏ at the nodes, degree by degree; zero beyond the last node.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static double[] Weights(int nodes, int half, double step, double deviation, int degrees)
    {
        double[] weights = new double[degrees * nodes];
        for (int i = 0; i <= 2 * half; i++)
        {
            double t = (i - half) * step;
            double before = 0, weight = step * RepeatableFunctions.Exp((-0.5 * t * t) - GammaFunctions.HalfLogTwoPi);
            for (int k = 0; k < degrees; k++)
            {
                weights[(k * nodes) + i] = weight;
                (before, weight) = (weight, ((t * weight) - (k * before / deviation)) / deviation);
            }
        }

        return weights;
    }

    /// <summary>Sums in four parts, whatever the width of vectors is.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static double Dot(ReadOnlySpan<double> weights, ReadOnlySpan<double> values)
    {
        Vector256<double> sum = Vector256<double>.Zero;
        for (int i = 0; i < weights.Length; i += Vector256<double>.Count)
        {
            sum += Vector256.Create(weights[i..]) * Vector256.Create(values[i..]);
        }

        return sum[0] + sum[1] + (sum[2] + sum[3]);
    }
}
