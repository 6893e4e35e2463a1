namespace VariationalInference.Samples;

/// <summary>A group's mean as it was measured, and as the model has it: drawn towards the mean of all groups, with an interval.</summary>
public sealed record ShrunkenMean(string Label, int Count, double Own, double Value, double Lower, double Upper);
