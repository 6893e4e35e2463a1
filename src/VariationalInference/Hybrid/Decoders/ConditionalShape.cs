namespace VariationalInference;

/// <summary>What log N(e | 0, R + WWᵀ) needs of the cells that were observed: one for all complete rows, or a workspace for a pattern at a time.</summary>
/// <remarks>
/// With p = 1/r, or 0 of a missing cell, M = I + WᵀPW = LLᵀ: (R + WWᵀ)⁻¹ = P − PWM⁻¹WᵀP. Everything that is multiplied with many rows lies in
/// padded rows, ready for the kernels.
/// </remarks>
internal sealed unsafe class ConditionalShape
{
    private readonly LinearPart _part;
    private readonly double[] _triangle;

    public ConditionalShape(LinearPart part)
    {
        _part = part;
        Stride = DenseKernels.Pad(part.Width);
        LatentStride = DenseKernels.Pad(Math.Max(part.Count, 1));
        Precisions = new AlignedBuffer<double>(Stride);
        WeightedRoots = new AlignedBuffer<double>(part.Width * LatentStride);
        Inverse = new AlignedBuffer<double>(Math.Max(part.Count, 1) * LatentStride);
        NegativeRoots = new AlignedBuffer<double>(Math.Max(part.Count, 1) * Stride);
        InverseRoots = new double[part.Width * part.Count];
        InverseDiagonal = new double[part.Width];
        _triangle = new double[part.Count * part.Count];
    }

    /// <summary>Gets how far rows of observations are apart.</summary>
    public int Stride { get; }

    /// <summary>Gets how far rows of linear latents are apart.</summary>
    public int LatentStride { get; }

    /// <summary>Gets P, K.</summary>
    public AlignedBuffer<double> Precisions { get; }

    /// <summary>Gets PW, K×C.</summary>
    public AlignedBuffer<double> WeightedRoots { get; }

    /// <summary>Gets M⁻¹, C×C: the posterior covariance of the whitened linear latents.</summary>
    public AlignedBuffer<double> Inverse { get; }

    /// <summary>Gets −Wᵀ, C×K.</summary>
    public AlignedBuffer<double> NegativeRoots { get; }

    /// <summary>Gets (R + WWᵀ)⁻¹W = PWM⁻¹, K×C.</summary>
    public double[] InverseRoots { get; }

    /// <summary>Gets the diagonal of (R + WWᵀ)⁻¹, 0 where a cell is missing.</summary>
    public double[] InverseDiagonal { get; }

    /// <summary>Gets the part of the log density that no observation changes: −½(log det(R + WWᵀ) + k log 2π) of the k cells.</summary>
    public double Constant { get; private set; }

    /// <summary>Takes over the numbers of the linear part.</summary>
    /// <param name="missing">Which cells are missing; empty for none.</param>
    public void Compute(ReadOnlySpan<bool> missing)
    {
        int width = _part.Width, count = _part.Count;
        double constant = 0;
        for (int k = 0; k < width; k++)
        {
            bool isMissing = !missing.IsEmpty && missing[k];
            Precisions.Pointer[k] = isMissing ? 0 : 1 / _part.NoiseVariances[k];
            constant -= isMissing ? 0 : 0.5 * (Math.Log(_part.NoiseVariances[k]) + Math.Log(2 * Math.PI));
            for (int j = 0; j < count; j++)
            {
                double root = _part.Roots[(k * count) + j];
                WeightedRoots.Pointer[(k * LatentStride) + j] = Precisions.Pointer[k] * root;
                NegativeRoots.Pointer[(j * Stride) + k] = -root;
            }
        }

        Constant = count == 0 ? constant : constant - Factor();
        for (int k = 0; k < width; k++)
        {
            double explained = 0;
            for (int j = 0; j < count; j++)
            {
                double sum = 0;
                for (int i = 0; i < count; i++)
                {
                    sum = Math.FusedMultiplyAdd(WeightedRoots.Pointer[(k * LatentStride) + i], Inverse.Pointer[(i * LatentStride) + j], sum);
                }

                InverseRoots[(k * count) + j] = sum;
                explained = Math.FusedMultiplyAdd(sum, _part.Roots[(k * count) + j], explained);
            }

            InverseDiagonal[k] = Precisions.Pointer[k] * (1 - explained);
        }
    }

    /// <summary>Factors and inverts M; returns ½ log det M.</summary>
    private double Factor()
    {
        int count = _part.Count;
        double logDeterminant = 0;
        for (int i = 0; i < count; i++)
        {
            for (int j = 0; j <= i; j++)
            {
                double sum = i == j ? 1 : 0;
                for (int k = 0; k < _part.Width; k++)
                {
                    sum = Math.FusedMultiplyAdd(WeightedRoots.Pointer[(k * LatentStride) + i], _part.Roots[(k * count) + j], sum);
                }

                for (int l = 0; l < j; l++)
                {
                    sum = Math.FusedMultiplyAdd(-_triangle[(i * count) + l], _triangle[(j * count) + l], sum);
                }

                _triangle[(i * count) + j] = i == j ? Math.Sqrt(sum) : sum / _triangle[(j * count) + j];
            }

            logDeterminant += Math.Log(_triangle[(i * count) + i]);
        }

        Invert(count);
        return logDeterminant;
    }

    /// <summary>Writes M⁻¹ = L⁻ᵀL⁻¹; L is replaced by its inverse.</summary>
    private void Invert(int count)
    {
        for (int j = 0; j < count; j++)
        {
            _triangle[(j * count) + j] = 1 / _triangle[(j * count) + j];
            for (int i = j + 1; i < count; i++)
            {
                double sum = 0;
                for (int l = j; l < i; l++)
                {
                    sum = Math.FusedMultiplyAdd(_triangle[(i * count) + l], _triangle[(l * count) + j], sum);
                }

                _triangle[(i * count) + j] = -sum / _triangle[(i * count) + i];
            }
        }

        for (int i = 0; i < count; i++)
        {
            for (int j = 0; j <= i; j++)
            {
                double sum = 0;
                for (int l = i; l < count; l++)
                {
                    sum = Math.FusedMultiplyAdd(_triangle[(l * count) + i], _triangle[(l * count) + j], sum);
                }

                Inverse.Pointer[(i * LatentStride) + j] = sum;
                Inverse.Pointer[(j * LatentStride) + i] = sum;
            }
        }
    }
}
