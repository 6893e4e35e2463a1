namespace VariationalInference;

/// <summary>The elements of a covariance matrix, however they are kept.</summary>
internal abstract class CovarianceStructure
{
    public abstract int Size { get; }

    public abstract double this[int i, int j] { get; }
}

/// <summary>All elements, row-major.</summary>
internal sealed class DenseCovariance(double[] elements, int size) : CovarianceStructure
{
    public override int Size => size;

    public override double this[int i, int j] => elements[(i * size) + j];
}

/// <summary>
/// Variances on the diagonal and −c_i c_j beside it: what one scalar observation of a sum leaves of an independent prior. O(J) numbers.
/// </summary>
internal sealed class RankOneCovariance(double[] variances, double[] coupling) : CovarianceStructure
{
    public override int Size => variances.Length;

    public override double this[int i, int j] => i == j ? variances[i] : -coupling[i] * coupling[j];
}
