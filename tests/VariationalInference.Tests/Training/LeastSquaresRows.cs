namespace VariationalInference.Tests.Training;

/// <summary>Rows of three numbers, one after another.</summary>
internal sealed class LeastSquaresRows(double[] values) : ITrainingRows
{
    public int Count => values.Length / LeastSquares.Width;

    public long First => 0;

    public ReadOnlySpan<double> Row(int row) => values.AsSpan(row * LeastSquares.Width, LeastSquares.Width);

    public void AddTo(BitFingerprint fingerprint) => fingerprint.Add(values);
}
