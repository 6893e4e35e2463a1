namespace VariationalInference;

/// <summary>Groups of one size: how many measurements each has, the moments of their means, and their sum of squares within.</summary>
internal sealed record GroupMoments(int Cells, Moments Means, double WithinSquares);
