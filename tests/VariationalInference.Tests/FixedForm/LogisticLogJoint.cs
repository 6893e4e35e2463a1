namespace VariationalInference.Tests.FixedForm;

/// <summary>A log joint of one's own: three yes/no outcomes with logistic probabilities, z ~ N(0, diag(2.25, 1)).</summary>
internal sealed class LogisticLogJoint : ILogJoint
{
    private static readonly double[][] Design = [[1.0, 0.5], [-0.3, 1.2], [0.8, -1.1]];
    private static readonly double[] Signs = [1, -1, 1];
    private static readonly double[] PriorVariances = [2.25, 1];

    public int LatentCount => 2;

    public double Value(ReadOnlySpan<double> latents)
    {
        double sum = 0;
        for (int i = 0; i < Design.Length; i++)
        {
            double margin = Signs[i] * ((Design[i][0] * latents[0]) + (Design[i][1] * latents[1]));
            sum += Math.Min(margin, 0) - Math.Log(1 + Math.Exp(-Math.Abs(margin)));
        }

        for (int j = 0; j < 2; j++)
        {
            sum -= 0.5 * (Math.Log(2 * Math.PI * PriorVariances[j]) + (latents[j] * latents[j] / PriorVariances[j]));
        }

        return sum;
    }

    public void Gradient(ReadOnlySpan<double> latents, Span<double> destination)
    {
        for (int j = 0; j < 2; j++)
        {
            destination[j] = -latents[j] / PriorVariances[j];
        }

        for (int i = 0; i < Design.Length; i++)
        {
            double margin = Signs[i] * ((Design[i][0] * latents[0]) + (Design[i][1] * latents[1]));
            for (int j = 0; j < 2; j++)
            {
                destination[j] += Signs[i] * Design[i][j] / (1 + Math.Exp(margin));
            }
        }
    }
}
