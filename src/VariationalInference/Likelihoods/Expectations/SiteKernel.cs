using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace VariationalInference;

/// <summary>F = E[f(η)], E[f′(η)] and E[f″(η)] for η ~ N(m, s²), of one fixed function f.</summary>
/// <remarks>
/// <para>
/// Most cells are in a <see cref="HeatTable"/>. The others are summed by the trapezoid rule, whose error is e^(a²/2s² − 2πa/h) for a step h and any a ≤ min(d, 2πs²/h), with d the distance
/// of the nearest singularity of f from the real line (Trefethen and Weideman, 2014): below 1e-14 for the steps here. The sums have terms of one sign, or nearly, so that small
/// expectations are as good relatively as large ones.
/// </para>
/// <para>Lanes do not mix and no operation is fused, so that a cell has the same bits wherever it stands, on every processor.</para>
/// <threadsafety>Immutable, hence safe to share.</threadsafety>
/// </remarks>
internal abstract class SiteKernel
{
    /// <summary>What the lengths of spans to <see cref="Evaluate"/> are a multiple of: the elements of any vector.</summary>
    public const int Padding = 8;

    // Beyond so many deviations from the largest term, a term is less than 1e-17 of it.
    private const double Reach = 9;

    // h = 2πd/38s leaves e^−38; 0.42 leaves e^−56 where the normal density alone counts.
    private const double Digits = 38;
    private const double LargestStep = 0.42;

    // From so many times d on, few terms of equal steps would meet what f does near zero.
    private const double WideFrom = 2;

    // In τ, f(d sinh τ) is analytic within π/2; a normal density far from zero, in its own deviations, asks for smaller steps.
    private const double WideStep = 0.12;
    private const double WideShift = 6;

    // Beyond so many deviations from the largest term no node is near zero, where f changes; beyond so many from the mean, the normal density is zero.
    private const double FarFrom = 9.5;
    private const double LargestCentre = 39;

    private const int ChunkLength = 32;
    private const double NormalDensityAtZero = 0.39894228040143267794;

    private readonly double _strip;
    private readonly HeatTable _table;

    /// <param name="strip">The distance d of the nearest singularity from the real line.</param>
    /// <param name="lowest">The least mean in the table, in units of d/2π.</param>
    /// <param name="highest">The largest.</param>
    protected SiteKernel(double strip, int lowest, int highest)
    {
        _strip = strip;
        _table = new HeatTable(this, strip, lowest, highest);
    }

    /// <summary>Gets a value indicating whether f″ has the same sign everywhere.</summary>
    protected virtual bool SecondHasOneSign => true;

    /// <summary>Evaluates f, f′ and f″, in spans whose length is a multiple of <see cref="Padding"/>.</summary>
    public abstract void Evaluate(ReadOnlySpan<double> eta, Span<double> f, Span<double> first, Span<double> second);

    /// <summary>Evaluates the expectations for many means and variances.</summary>
    /// <remarks>All spans have the same length, a multiple of <see cref="HeatTable.Lanes"/>.</remarks>
    public void Expect(ReadOnlySpan<double> means, ReadOnlySpan<double> variances, Span<double> values, Span<double> firsts, Span<double> seconds)
    {
        for (int i = 0; i < means.Length; i += HeatTable.Lanes)
        {
            uint outside = _table.Expect(
                Vector256.Create(means[i..]), Vector256.Create(variances[i..]),
                out Vector256<double> value, out Vector256<double> first, out Vector256<double> second);
            value.CopyTo(values[i..]);
            first.CopyTo(firsts[i..]);
            second.CopyTo(seconds[i..]);
            for (; outside != 0; outside &= outside - 1)
            {
                int cell = i + BitOperations.TrailingZeroCount(outside);
                (values[cell], firsts[cell], seconds[cell]) = ExpectOutside(means[cell], Math.Sqrt(variances[cell]));
            }
        }
    }

    /// <summary>Evaluates the expectations for one mean and variance, to the same bits.</summary>
    public (double Value, double First, double Second) Expect(double mean, double variance)
    {
        Span<double> work = stackalloc double[5 * HeatTable.Lanes];
        work[..(2 * HeatTable.Lanes)].Clear();
        work[0] = mean;
        work[HeatTable.Lanes] = variance;
        Span<double> value = work.Slice(2 * HeatTable.Lanes, HeatTable.Lanes), first = work.Slice(3 * HeatTable.Lanes, HeatTable.Lanes);
        Span<double> second = work[(4 * HeatTable.Lanes)..];
        Expect(work[..HeatTable.Lanes], work.Slice(HeatTable.Lanes, HeatTable.Lanes), value, first, second);
        return (value[0], first[0], second[0]);
    }

    /// <summary>Returns where the largest terms of the integral lie, in deviations from the mean; 0 unless f is small near the mean.</summary>
    protected virtual double Centre(double mean, double deviation) => 0;

    [MethodImpl(MethodImplOptions.NoInlining)]
    private (double Value, double First, double Second) ExpectOutside(double mean, double deviation)
    {
        double centre = Centre(mean, deviation), middle = Math.Abs(centre);
        if (middle > LargestCentre || Math.Abs(mean) > (FarFrom + middle) * deviation)
        {
            return SumEvenly(mean, deviation, centre, LargestStep);
        }

        return deviation >= WideFrom * _strip
            ? SumWide(mean, deviation, centre)
            : SumEvenly(mean, deviation, centre, Math.Min(LargestStep, 2 * Math.PI * _strip / (Digits * deviation)));
    }

    /// <summary>The trapezoid rule in t = (η − m)/s.</summary>
    [SkipLocalsInit]
    private (double Value, double First, double Second) SumEvenly(double mean, double deviation, double centre, double step)
    {
        double from = centre - Reach;
        int count = (int)Math.Ceiling(2 * Reach / step) + 1;
        Span<double> t = stackalloc double[ChunkLength], eta = stackalloc double[ChunkLength], weights = stackalloc double[ChunkLength];
        Span<double> f = stackalloc double[ChunkLength], first = stackalloc double[ChunkLength], second = stackalloc double[ChunkLength];
        Sums sums = default;
        for (int i = 0; i < count; i += ChunkLength)
        {
            for (int j = 0; j < ChunkLength; j++)
            {
                t[j] = from + (Math.Min(i + j, count - 1) * step);
                eta[j] = mean + (deviation * t[j]);
            }

            NormalDensities(t, weights);
            weights[Math.Min(count - i, ChunkLength)..].Clear();
            Evaluate(eta, f, first, second);
            sums.Add(weights, f, first, second);
        }

        return sums.Total(step * NormalDensityAtZero);
    }

    /// <summary>The trapezoid rule in τ, with η = d sinh τ, for deviations that are many times d.</summary>
    [SkipLocalsInit]
    private (double Value, double First, double Second) SumWide(double mean, double deviation, double centre)
    {
        double from = Math.Asinh((mean + (deviation * (centre - Reach))) / _strip), to = Math.Asinh((mean + (deviation * (centre + Reach))) / _strip);
        double step = WideStep / (1 + (Math.Abs(mean) / deviation / WideShift));
        int count = (int)Math.Ceiling((to - from) / step) + 1;
        Span<double> tau = stackalloc double[ChunkLength], eta = stackalloc double[ChunkLength], density = stackalloc double[ChunkLength];
        Span<double> t = stackalloc double[ChunkLength], weights = stackalloc double[ChunkLength];
        Span<double> f = stackalloc double[ChunkLength], first = stackalloc double[ChunkLength], second = stackalloc double[ChunkLength];
        Sums sums = default;
        for (int i = 0; i < count; i += ChunkLength)
        {
            for (int j = 0; j < ChunkLength; j++)
            {
                tau[j] = from + (Math.Min(i + j, count - 1) * step);
            }

            Substitute(tau, mean, deviation, eta, t, density);
            NormalDensities(t, weights);
            weights[Math.Min(count - i, ChunkLength)..].Clear();
            Evaluate(eta, f, first, second);
            for (int j = 0; j < ChunkLength; j++)
            {
                weights[j] *= density[j];

                // E[f″] = E[f′ (η − m)]/s², which does not cancel where f″ has both signs.
                second[j] = SecondHasOneSign ? second[j] : first[j] * t[j] / deviation;
            }

            sums.Add(weights, f, first, second);
        }

        return sums.Total(step * NormalDensityAtZero);
    }

    /// <summary>Returns η = d sinh τ, t = (η − m)/s and dt/dτ.</summary>
    private void Substitute(ReadOnlySpan<double> tau, double mean, double deviation, Span<double> eta, Span<double> t, Span<double> density)
    {
        for (int i = 0; i < tau.Length; i += Vector<double>.Count)
        {
            Vector<double> up = RepeatableFunctions.Exp(new Vector<double>(tau[i..]));
            Vector<double> down = Vector<double>.One / up;
            Vector<double> predictor = (up - down) * new Vector<double>(0.5 * _strip);
            predictor.CopyTo(eta[i..]);
            ((predictor - new Vector<double>(mean)) / new Vector<double>(deviation)).CopyTo(t[i..]);
            ((up + down) * new Vector<double>(0.5 * _strip / deviation)).CopyTo(density[i..]);
        }
    }

    /// <summary>Returns e^(−t²/2).</summary>
    private static void NormalDensities(ReadOnlySpan<double> t, Span<double> densities)
    {
        for (int i = 0; i < t.Length; i += Vector<double>.Count)
        {
            var point = new Vector<double>(t[i..]);
            RepeatableFunctions.Exp(point * point * new Vector<double>(-0.5)).CopyTo(densities[i..]);
        }
    }

    /// <summary>Weighted sums of f, f′ and f″, in four parts each whatever the width of vectors is.</summary>
    [StructLayout(LayoutKind.Auto)]
    private struct Sums
    {
        private Vector256<double> _value;
        private Vector256<double> _first;
        private Vector256<double> _second;

        public void Add(ReadOnlySpan<double> weights, ReadOnlySpan<double> f, ReadOnlySpan<double> first, ReadOnlySpan<double> second)
        {
            for (int i = 0; i < weights.Length; i += Vector256<double>.Count)
            {
                Vector256<double> weight = Vector256.Create(weights[i..]);
                _value += weight * Vector256.Create(f[i..]);
                _first += weight * Vector256.Create(first[i..]);
                _second += weight * Vector256.Create(second[i..]);
            }
        }

        public readonly (double Value, double First, double Second) Total(double factor) =>
            (Total(_value) * factor, Total(_first) * factor, Total(_second) * factor);

        private static double Total(Vector256<double> parts) => (parts[0] + parts[2]) + (parts[1] + parts[3]);
    }
}
