using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>How unsure parameters are, as tensors with a row for each change.</summary>
internal static class ParameterChangeFile
{
    private const string Name = "changes";

    public static void Write(ModelState state, IReadOnlyList<ParameterChange>? changes)
    {
        state.AddFlag($"has_{Name}", changes is not null);
        state.Add($"{Name}_count", changes?.Count ?? 0);
        if (changes is null || changes.Count == 0)
        {
            return;
        }

        Add("loadings", change => change.Loadings);
        Add("offset", change => change.Offset);
        Add("noise_variances", change => change.NoiseVariances);
        Add("prior_means", change => change.PriorMeans);
        Add("prior_variances", change => change.PriorVariances);

        void Add(string part, Func<ParameterChange, double[]> of) =>
            state.Add($"{Name}.{part}", [.. changes.SelectMany(of)], changes.Count, of(changes[0]).Length);
    }

    public static ParameterChange[]? Read(ModelState state, int observations, int latents)
    {
        int count = state.WholeNumber($"{Name}_count");
        if (!state.Flag($"has_{Name}"))
        {
            return null;
        }

        if (count <= 0)
        {
            return [];
        }

        Matrix<double> loadings = Matrix("loadings", checked(observations * latents));
        Matrix<double> offset = Matrix("offset", observations), noise = Matrix("noise_variances", observations);
        Matrix<double> means = Matrix("prior_means", latents), variances = Matrix("prior_variances", latents);
        var changes = new ParameterChange[count];
        for (int i = 0; i < count; i++)
        {
            changes[i] = new ParameterChange(Row(loadings, i), Row(offset, i), Row(noise, i), Row(means, i), Row(variances, i));
        }

        return changes;

        Matrix<double> Matrix(string part, int width) => state.Matrix($"{Name}.{part}", count, width);
        static double[] Row(Matrix<double> matrix, int row) => matrix.Row(row).ToArray();
    }
}
