namespace VariationalInference.Samples;

/// <summary>A height at which a contour is drawn, and what the picture calls it.</summary>
public readonly record struct ContourLevel(double Height, string Label);
