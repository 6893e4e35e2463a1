namespace VariationalInference;

/// <summary>Cells with the moments of their predictors, and where their expectations go. Missing cells (NaN) have the expectation 0.</summary>
internal readonly ref struct SiteBatch
{
    public required ReadOnlySpan<double> Values { get; init; }

    /// <summary>Gets the trials or exposures; empty for 1 each.</summary>
    public required ReadOnlySpan<double> Sizes { get; init; }

    public required ReadOnlySpan<double> Means { get; init; }

    public required ReadOnlySpan<double> Variances { get; init; }

    public required Span<double> Expectations { get; init; }

    public required Span<double> Gradients { get; init; }

    public required Span<double> Precisions { get; init; }

    public int Count => Values.Length;

    public double SizeOf(int cell) => Sizes.IsEmpty ? 1 : Sizes[cell];

    public void Write(int cell, SiteExpectation site) =>
        (Expectations[cell], Gradients[cell], Precisions[cell]) = (site.Value, site.Gradient, site.Precision);

    public SiteBatch Slice(int first, int count) => new()
    {
        Values = Values.Slice(first, count),
        Sizes = Sizes.IsEmpty ? Sizes : Sizes.Slice(first, count),
        Means = Means.Slice(first, count),
        Variances = Variances.Slice(first, count),
        Expectations = Expectations.Slice(first, count),
        Gradients = Gradients.Slice(first, count),
        Precisions = Precisions.Slice(first, count),
    };
}
