using System.Numerics.Tensors;

namespace VariationalInference;

/// <summary>The linear part of a <see cref="DecoderModel"/> as it is trained: its numbers, and the parameters λ that they are functions of.</summary>
/// <remarks>
/// A_kj = 4 s_k a_kj, b_k = s_k β_k and r_k = floor + exp(4 ρ_k), with s_k the scale of observation k: steps of equal length in λ are of equal
/// weight, and loadings and variances go four times as fast as a network's weights, which lets them follow it. What is not learned is not among the
/// parameters.
/// </remarks>
internal sealed class LinearPart
{
    // Adam's steps have one length for all parameters; with the network's own, loadings and variances would lag behind it.
    private const double Pace = 4;

    // At the floor itself the slope in ρ would be zero for ever; so much of the floor above it, there is some.
    private const double LeastShare = 1e-2;

    private readonly LinearLearning _learning;
    private readonly double[] _scales;
    private readonly double[]? _root;
    private readonly double[]? _means;

    /// <param name="model">The numbers to begin with.</param>
    /// <param name="scales">The scale of each observation, all positive.</param>
    /// <param name="floor">The smallest noise variance that can be learned.</param>
    /// <param name="learning">What is learned.</param>
    public LinearPart(DecoderModel model, ReadOnlySpan<double> scales, double floor, LinearLearning learning)
    {
        _learning = learning;
        _scales = scales.ToArray();
        Count = model.LinearLatentCount;
        Width = model.ObservationCount;
        Floor = floor;
        Loadings = new double[model.LoadingValues.Length];
        Offset = new double[Width];
        NoiseVariances = new double[Width];
        Roots = new double[Width * Count];
        Centre = new double[Width];
        if (model.LinearPrior is { } prior)
        {
            bool isStandard = prior.IsIndependent && prior.Means.All(mean => mean == 0) && prior.Variances.All(variance => variance == 1);
            _root = isStandard ? null : prior.CovarianceMatrix().Cholesky().Factor.ToRowMajorArray();
            _means = prior.Means.All(mean => mean == 0) ? null : [.. prior.Means];
        }

        int loadings = learning.Loadings ? Width * Count : 0;
        int offset = learning.Offset ? Width : 0;
        int noise = learning.Noise switch
        {
            VarianceLearning.Each => Width,
            VarianceLearning.Shared => 1,
            _ => 0,
        };
        OffsetAt = loadings;
        NoiseAt = loadings + offset;
        Parameters = new double[NoiseAt + noise];
        Begin(model);
    }

    /// <summary>Gets the number of linear latents.</summary>
    public int Count { get; }

    /// <summary>Gets the number of observations.</summary>
    public int Width { get; }

    public double Floor { get; }

    /// <summary>Gets λ: loadings, row by row, then offset, then noise, each as far as it is learned.</summary>
    public double[] Parameters { get; }

    /// <summary>Gets A, row-major.</summary>
    public double[] Loadings { get; }

    public double[] Offset { get; }

    public double[] NoiseVariances { get; }

    /// <summary>Gets W = A L of the root L of the prior covariance, row-major.</summary>
    public double[] Roots { get; }

    /// <summary>Gets b + A m, which a row's mean is without its latents.</summary>
    public double[] Centre { get; }

    /// <summary>Gets the numbers that are not learned: what is, is in λ.</summary>
    public double[] GivenNumbers =>
    [
        .. _scales,
        .. _root ?? [],
        .. _means ?? [],
        .. _learning.Loadings ? [] : Loadings,
        .. _learning.Offset ? [] : Offset,
        .. _learning.Noise == VarianceLearning.Fixed ? NoiseVariances : [],
    ];

    /// <summary>Gets or sets a value indicating whether loadings that are learned stay for now.</summary>
    public bool HoldsLoadings { get; set; }

    /// <summary>Gets or sets a value indicating whether noise variances of their own keep their ratios for now.</summary>
    public bool TiesNoise { get; set; }

    private int OffsetAt { get; }

    private int NoiseAt { get; }

    /// <summary>Begins, or begins again, with the numbers of a model.</summary>
    /// <param name="model">The model.</param>
    /// <param name="heat">What its noise variances are multiplied by.</param>
    public void Begin(DecoderModel model, double heat = 1)
    {
        model.LoadingValues.CopyTo(Loadings, 0);
        model.Offset.CopyTo(Offset);
        TensorPrimitives.Multiply(model.NoiseVariances.AsSpan(), heat, NoiseVariances);
        SetParameters();
        Refresh();
    }

    /// <summary>Takes over the parameters: to be called after they were written.</summary>
    public void Refresh()
    {
        if (_learning.Loadings)
        {
            for (int i = 0; i < Loadings.Length; i++)
            {
                Loadings[i] = Pace * _scales[i / Count] * Parameters[i];
            }
        }

        for (int k = 0; k < Width; k++)
        {
            Offset[k] = _learning.Offset ? _scales[k] * Parameters[OffsetAt + k] : Offset[k];
            NoiseVariances[k] = _learning.Noise switch
            {
                VarianceLearning.Each => Floor + Math.Exp(Pace * Parameters[NoiseAt + k]),
                VarianceLearning.Shared => Floor + Math.Exp(Pace * Parameters[NoiseAt]),
                _ => NoiseVariances[k],
            };
            Whiten(k);
        }
    }

    /// <summary>Adds the gradient in λ to that of all parameters, from the sums over draws.</summary>
    /// <param name="roots">The gradient in W, K rows <paramref name="stride"/> apart.</param>
    /// <param name="stride">How far these are apart.</param>
    /// <param name="centre">The gradient in b + A m, length K.</param>
    /// <param name="noise">The gradient in r, length K.</param>
    /// <param name="gradient">Is increased by that in λ.</param>
    public void AddGradient(ReadOnlySpan<double> roots, int stride, ReadOnlySpan<double> centre, ReadOnlySpan<double> noise, Span<double> gradient)
    {
        for (int k = 0; k < Width && _learning.Loadings && !HoldsLoadings; k++)
        {
            ReadOnlySpan<double> row = roots.Slice(k * stride, Count);
            for (int j = 0; j < Count; j++)
            {
                double slope = _root is null ? row[j] : 0;
                for (int i = 0; i <= j && _root is not null; i++)
                {
                    slope += row[i] * _root[(j * Count) + i];
                }

                slope += _means is null ? 0 : centre[k] * _means[j];
                gradient[(k * Count) + j] += Pace * _scales[k] * slope;
            }
        }

        for (int k = 0; k < Width && _learning.Offset; k++)
        {
            gradient[OffsetAt + k] += _scales[k] * centre[k];
        }

        AddNoiseGradient(noise, gradient[NoiseAt..]);
    }

    private void AddNoiseGradient(ReadOnlySpan<double> noise, Span<double> gradient)
    {
        if (_learning.Noise == VarianceLearning.Fixed)
        {
            return;
        }

        bool tied = TiesNoise || _learning.Noise == VarianceLearning.Shared;
        double all = 0;
        for (int k = 0; k < Width; k++)
        {
            double slope = Pace * (NoiseVariances[k] - Floor) * noise[k];
            all += slope;
            if (!tied)
            {
                gradient[k] += slope;
            }
        }

        if (tied)
        {
            // Equal slopes make equal steps in the logarithms: the ratios stay.
            TensorPrimitives.Add(gradient, all, gradient);
        }
    }

    /// <summary>Writes W and b + A m of an observation.</summary>
    private void Whiten(int k)
    {
        Span<double> root = Roots.AsSpan(k * Count, Count);
        ReadOnlySpan<double> loadings = Loadings.AsSpan(k * Count, Count);
        Centre[k] = Offset[k];
        for (int j = 0; j < Count; j++)
        {
            double sum = _root is null ? loadings[j] : 0;
            for (int i = j; i < Count && _root is not null; i++)
            {
                sum += loadings[i] * _root[(i * Count) + j];
            }

            root[j] = sum;
            Centre[k] += _means is null ? 0 : loadings[j] * _means[j];
        }
    }

    /// <summary>Sets λ from the numbers; a variance at or below the floor starts a millionth of it above.</summary>
    private void SetParameters()
    {
        for (int i = 0; i < OffsetAt; i++)
        {
            Parameters[i] = Loadings[i] / (Pace * _scales[i / Count]);
        }

        for (int k = 0; k < NoiseAt - OffsetAt; k++)
        {
            Parameters[OffsetAt + k] = Offset[k] / _scales[k];
        }

        double mean = NoiseVariances.Average();
        for (int i = NoiseAt; i < Parameters.Length; i++)
        {
            double variance = _learning.Noise == VarianceLearning.Each ? NoiseVariances[i - NoiseAt] : mean;
            double least = LeastShare * Floor;
            Parameters[i] = Math.Log(Math.Max(variance - Floor, least)) / Pace;
        }
    }

}

/// <summary>Which numbers of the linear part are learned.</summary>
internal readonly record struct LinearLearning(bool Loadings, bool Offset, VarianceLearning Noise);
