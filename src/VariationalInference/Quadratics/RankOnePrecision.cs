namespace VariationalInference;

/// <summary>I + bbᵀ: the one number that observations of a sum come to, with independent priors. Everything is O(J).</summary>
internal sealed class RankOnePrecision(WhitenedLoadings loadings, GaussianPrior prior) : WhitenedPrecision(loadings, prior)
{
    private readonly double _square = loadings.FrobeniusNorm * loadings.FrobeniusNorm;

    public override double LogDeterminant => Math.Log(1 + _square);

    public override void Solve(Span<double> x)
    {
        double weight = ShortVectors.Dot(Loadings.Row, x) / (1 + _square);
        for (int j = 0; j < x.Length; j++)
        {
            x[j] -= Loadings.Row[j] * weight;
        }
    }

    /// <inheritdoc/>
    /// <remarks>What x has along b shrinks by √(1 + ‖b‖²).</remarks>
    public override void ApplyRoot(Span<double> x)
    {
        double along = _square > 0 ? ShortVectors.Dot(Loadings.Row, x) / _square : 0;
        double left = 1 / Math.Sqrt(1 + _square);
        for (int j = 0; j < x.Length; j++)
        {
            double part = along * Loadings.Row[j];
            x[j] = (x[j] - part) + (left * part);
        }
    }

    public override double ErrorNorm(ReadOnlySpan<double> gradient, Span<double> scratch)
    {
        double norm = Math.Sqrt(ShortVectors.SquaredNorm(gradient));
        double along = _square > 0 ? ShortVectors.Dot(Loadings.Row, gradient) / _square : 0;
        double across = 0;
        for (int j = 0; j < gradient.Length; j++)
        {
            double rest = gradient[j] - (along * Loadings.Row[j]);
            across += rest * rest;
        }

        double roundings = 8 * (Loadings.LatentCount + 4) * DoublePrecision.UnitRoundoff * norm;
        return Math.Min(norm, Math.Sqrt(across + (along * along * _square / (1 + _square))) + roundings);
    }

    public override double ApproximationGap(ReadOnlySpan<double> scaledPrecision)
    {
        double gap = 0;
        double before = 0;
        foreach (double loading in Loadings.Row)
        {
            double square = loading * loading;
            gap += 0.5 * Math.Log(1 + (square * before / (1 + before + square)));
            before += square;
        }

        return gap;
    }

    public override (double Min, double Max) Spectrum(ReadOnlySpan<double> scaledPrecision) => RankOneSpectrum.Of(Loadings.Row, scaledPrecision);

    public override CovarianceStructure Covariance()
    {
        ReadOnlySpan<double> row = Loadings.Row;
        int count = row.Length;
        double[] suffix = SuffixSums();
        double total = 1 + suffix[0];
        var coupling = new double[count];
        for (int j = 0; j < count; j++)
        {
            coupling[j] = Prior.Deviations[j] * row[j] / Math.Sqrt(total);
        }

        return new RankOneCovariance(Variances(suffix), coupling, [.. Prior.Deviations], suffix, row.ToArray());
    }

    public override double[] Variances(CancellationToken cancellationToken) => Variances(SuffixSums());

    /// <summary>Returns Σ_{k ≥ j} b_k², length J + 1.</summary>
    private double[] SuffixSums()
    {
        ReadOnlySpan<double> row = Loadings.Row;
        var suffix = new double[row.Length + 1];
        for (int j = row.Length - 1; j >= 0; j--)
        {
            suffix[j] = suffix[j + 1] + (row[j] * row[j]);
        }

        return suffix;
    }

    private double[] Variances(double[] suffix)
    {
        ReadOnlySpan<double> row = Loadings.Row;
        double total = 1 + suffix[0];
        double prefix = 0;
        var variances = new double[row.Length];
        for (int j = 0; j < variances.Length; j++)
        {
            variances[j] = Prior.Variances[j] * ((1 + prefix + suffix[j + 1]) / total);
            prefix += row[j] * row[j];
        }

        return variances;
    }

    protected override void SolveOnce(ReadOnlySpan<double> w, Span<double> t)
    {
        double image = w[0] / (1 + _square);
        for (int j = 0; j < t.Length; j++)
        {
            t[j] = Loadings.Row[j] * image;
        }
    }
}
