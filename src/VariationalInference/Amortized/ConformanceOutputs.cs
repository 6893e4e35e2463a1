namespace VariationalInference;

/// <summary>What one forward pass wrote.</summary>
internal sealed class ConformanceOutputs(int count)
{
    public FencedBuffer Means { get; } = new(count);

    public FencedBuffer LogVariances { get; } = new(count);

    /// <summary>Says what is wrong with the outputs by themselves.</summary>
    public string? Fault() => Means.Fault("means") ?? LogVariances.Fault("logVariances");

    /// <summary>Says where these outputs have other bits than those of a larger pass from a place on.</summary>
    public string? Difference(ConformanceOutputs expected, int offset = 0) =>
        Difference(Means, expected.Means, offset, "means") ?? Difference(LogVariances, expected.LogVariances, offset, "logVariances");

    private static string? Difference(FencedBuffer actual, FencedBuffer expected, int offset, string name)
    {
        ReadOnlySpan<double> wanted = expected.Values.Slice(offset, actual.Length);
        int i = FencedBuffer.FirstDifference(actual.Values, wanted);
        return i < 0 ? null : Guard.Text($"{actual.Values[i]} rather than {wanted[i]} for {name}[{i}]");
    }
}
