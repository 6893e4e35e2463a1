using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference.Tests.Properties;

/// <summary>A random model with a row, for properties that hold for all of them.</summary>
public sealed record RandomModel(
    double[][] Loadings, double[] Offset, double[] Noise, double[] PriorMeans, double[] PriorVariances, double[] Row)
{
    public int LatentCount => PriorMeans.Length;

    public int ObservationCount => Row.Length;

    public LinearGaussianModel Create() =>
        new(Matrix<double>.Build.DenseOfRowArrays(Loadings), Offset, Noise, PriorMeans, PriorVariances);

    public QuadraticLogJoint Observe() => Create().Observe(Row);

    public override string ToString() =>
        $"A = {string.Join("; ", Loadings.Select(Text))}, b = {Text(Offset)}, r = {Text(Noise)}, m = {Text(PriorMeans)}, "
        + $"s² = {Text(PriorVariances)}, x = {Text(Row)}";

    /// <summary>General models: up to 6 latents and 6 observations, noise and prior variances over six orders, some cells missing.</summary>
    public static Gen<RandomModel> General() =>
        from latents in Gen.Choose(1, 6)
        from observations in Gen.Choose(1, 6)
        from loadings in Gen.ArrayOf(Gen.ArrayOf(Uniform(-2, 2), latents), observations)
        from offset in Gen.ArrayOf(Uniform(-5, 5), observations)
        from noise in Gen.ArrayOf(LogUniform(-3, 3), observations)
        from means in Gen.ArrayOf(Uniform(-3, 3), latents)
        from variances in Gen.ArrayOf(LogUniform(-3, 3), latents)
        from row in Gen.ArrayOf(Cell(), observations)
        select new RandomModel(loadings, offset, noise, means, variances, row);

    /// <summary>Sums: all loadings one, no offset, one noise variance.</summary>
    public static Gen<RandomModel> Sum() =>
        from model in General()
        select model with
        {
            Loadings = [.. model.Loadings.Select(row => row.Select(_ => 1.0).ToArray())],
            Offset = new double[model.ObservationCount],
            Noise = [.. model.Noise.Select(_ => model.Noise[0])],
        };

    public static Gen<double> Uniform(double low, double high) =>
        Gen.Choose(0, 1_000_000).Select(value => low + ((high - low) * value / 1_000_000));

    /// <summary>Powers of ten with a uniform exponent.</summary>
    public static Gen<double> LogUniform(double lowExponent, double highExponent) =>
        Uniform(lowExponent, highExponent).Select(exponent => Math.Pow(10, exponent));

    private static Gen<double> Cell() => Gen.Frequency((5, Uniform(-10, 10)), (1, Gen.Constant(double.NaN)));

    private static string Text(double[] values) =>
        string.Join(' ', values.Select(value => value.ToString("R", CultureInfo.InvariantCulture)));
}
