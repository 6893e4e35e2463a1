namespace VariationalInference.Samples;

/// <summary>An effect of one level of a grouping, with an interval.</summary>
public sealed record LevelEffect(string Label, double Mean, double Lower, double Upper);
