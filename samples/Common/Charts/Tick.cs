namespace VariationalInference.Samples;

/// <summary>A place on an axis that is labelled.</summary>
internal readonly record struct Tick(double Value, string Label);
