namespace VariationalInference;

/// <summary>A Gaussian posterior of a row in scaled latents t, and what its cells say of it.</summary>
/// <remarks>
/// <para>
/// With the precisions λ and gradients g of the cells, the best posterior has the precision P̄ = Π + BᵀΛB and no slope G = Bᵀg − Πτ: the
/// answer of a Gaussian model whose observations have the variances 1/λ. Everything is kept relative to a root F of the posterior's own precision: M = F⁻¹P̄F⁻ᵀ, which is I at
/// the optimum, and r = F⁻¹G, which is 0. That leaves digits where P̄ and G have none, and the distance from the optimum is in posterior standard deviations.
/// </para>
/// <para>In mean field, F belongs to the precision from which the means were found last, and the variances are the posterior's own.</para>
/// </remarks>
internal sealed class SitePosterior
{
    private readonly SiteCells _cells;

    public SitePosterior(SiteCells cells)
    {
        _cells = cells;
        int latents = cells.LatentCount;
        Means = new double[latents];
        Factor = new double[latents * latents];
        Inverse = new double[latents * latents];
        Square = new double[latents * latents];
        Slope = new double[latents];
        Variances = new double[latents];
        BestPrecisions = new double[latents];
    }

    /// <summary>Gets τ.</summary>
    public double[] Means { get; }

    /// <summary>Gets F, lower triangular.</summary>
    public double[] Factor { get; }

    /// <summary>Gets F⁻¹.</summary>
    public double[] Inverse { get; }

    /// <summary>Gets the variances v, in mean field.</summary>
    public double[] Variances { get; }

    /// <summary>Gets M, the lower triangle of it.</summary>
    public double[] Square { get; }

    /// <summary>Gets r.</summary>
    public double[] Slope { get; }

    /// <summary>Gets P̄_jj, in mean field.</summary>
    public double[] BestPrecisions { get; }

    /// <summary>Gets the ELBO, in nats.</summary>
    public double Elbo { get; set; }

    /// <summary>Gets what the ELBO may be off by, from rounding.</summary>
    public double ElboRounding { get; set; }

    /// <summary>Gets the length of the natural gradient, in posterior standard deviations: to first order, the distance from the optimum.</summary>
    public double Distance { get; set; }

    /// <summary>Takes the prior.</summary>
    public void Reset()
    {
        int latents = Means.Length;
        Array.Clear(Means);
        Array.Clear(Factor);
        Array.Clear(Inverse);
        Array.Fill(Variances, 1);
        for (int j = 0; j < latents; j++)
        {
            Factor[(j * latents) + j] = Inverse[(j * latents) + j] = 1;
        }
    }

    /// <summary>Takes another posterior's parameters.</summary>
    public void CopyFrom(SitePosterior other)
    {
        other.Means.CopyTo(Means, 0);
        other.Factor.CopyTo(Factor, 0);
        other.Inverse.CopyTo(Inverse, 0);
        other.Variances.CopyTo(Variances, 0);
    }

    /// <summary>Takes the posterior of the precision F L Lᵀ Fᵀ whose means are F⁻ᵀd from those of another, F its root.</summary>
    /// <param name="from">The other.</param>
    /// <param name="change">L.</param>
    /// <param name="shift">d.</param>
    public void MoveFrom(SitePosterior from, ReadOnlySpan<double> change, ReadOnlySpan<double> shift)
    {
        int latents = Means.Length;
        from.Means.CopyTo(Means, 0);
        LowerTriangles.AddTransposed(from.Inverse, shift, Means);
        LowerTriangles.Multiply(from.Factor, change, Factor, latents);
        from.Inverse.CopyTo(Inverse, 0);
        LowerTriangles.SolveLeft(change, Inverse, latents, isLower: true);
    }

    /// <summary>Returns how far natural parameters relative to this posterior are from its own.</summary>
    /// <param name="square">A precision M, symmetric.</param>
    /// <param name="slope">M times the shift of the means.</param>
    /// <param name="precisions">1/v, in mean field.</param>
    public double DistanceTo(ReadOnlySpan<double> square, ReadOnlySpan<double> slope, ReadOnlySpan<double> precisions)
    {
        double sum = 0;
        for (int i = 0; i < slope.Length; i++)
        {
            if (_cells.Family == SiteFamily.MeanField)
            {
                sum += ((Variances[i] * precisions[i]) - 1) * ((Variances[i] * precisions[i]) - 1);
                continue;
            }

            ReadOnlySpan<double> row = square.Slice(i * slope.Length, i + 1);
            sum += (2 * LowerTriangles.Dot(row[..i], row[..i])) + ((row[i] - 1) * (row[i] - 1));
        }

        return Math.Sqrt(LowerTriangles.Dot(slope, slope) + (0.5 * sum));
    }

    /// <summary>Returns the norm of the ELBO's gradient in the whitened means, and in a root of the whitened covariance or the scaled standard deviations.</summary>
    public double GradientNorm()
    {
        int latents = Means.Length;
        Span<double> slope = latents <= 64 ? stackalloc double[latents] : new double[latents];
        LowerTriangles.Multiply(Factor, Slope, slope);
        if (_cells.Family == SiteFamily.MeanField)
        {
            if (!_cells.Prior.IsIndependent)
            {
                for (int j = 0; j < latents; j++)
                {
                    slope[j] /= _cells.Prior.Deviations[j];
                }

                _cells.Prior.ScaleTransposed(slope);
            }

            double sum = LowerTriangles.Dot(slope, slope);
            for (int j = 0; j < latents; j++)
            {
                double change = (1 - (Variances[j] * BestPrecisions[j])) / Math.Sqrt(Variances[j]);
                sum += change * change;
            }

            return Math.Sqrt(sum);
        }

        // ‖F(M − I)‖, column by column: M is symmetric.
        double square = LowerTriangles.Dot(slope, slope);
        Span<double> column = latents <= 64 ? stackalloc double[latents] : new double[latents];
        for (int j = 0; j < latents; j++)
        {
            for (int i = 0; i < latents; i++)
            {
                column[i] = Square[i >= j ? (i * latents) + j : (j * latents) + i];
            }

            column[j] -= 1;
            LowerTriangles.Multiply(Factor, column, slope);
            square += LowerTriangles.Dot(slope, slope);
        }

        return Math.Sqrt(square);
    }

    /// <summary>Returns at least the largest ratio of a latent's prior standard deviation to its posterior one.</summary>
    public double LargestRatio()
    {
        if (_cells.Family == SiteFamily.FullCovariance)
        {
            // In any direction; the trace bounds the largest eigenvalue of the precision.
            return Math.Sqrt(LowerTriangles.Dot(Factor, Factor));
        }

        double largest = 0;
        for (int j = 0; j < Variances.Length; j++)
        {
            largest = Math.Max(largest, _cells.Prior.Variances[j] / (_cells.Prior.ConditionalVariances[j] * Variances[j]));
        }

        return Math.Sqrt(largest);
    }
}
