namespace VariationalInference.Tests.Posteriors;

/// <summary>Central differences in the parameters of a family.</summary>
internal static class Differences
{
    private const double Step = 1e-5;

    public static double[] Of(GaussianPosterior q, Func<GaussianPosterior, double> f)
    {
        var parameters = new double[q.ParameterCount];
        q.CopyParameters(parameters);
        return [.. Enumerable.Range(0, parameters.Length).Select(i => (At(i, Step) - At(i, -Step)) / (2 * Step))];

        double At(int index, double step)
        {
            double[] moved = [.. parameters];
            moved[index] += step;
            return q.TryWithParameters(moved, out GaussianPosterior? other) ? f(other) : double.NaN;
        }
    }
}
