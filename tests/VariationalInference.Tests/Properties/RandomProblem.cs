using FsCheck;
using FsCheck.Fluent;
using MathNet.Numerics.Distributions;
using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.Random;

namespace VariationalInference.Tests.Properties;

/// <summary>A random model with a row drawn from it: J ≤ 8, K ≤ 6, variances over six orders of magnitude.</summary>
internal sealed class RandomProblem
{
    private const int Tests = 200;

    private RandomProblem(int seed)
    {
        Random = new Xoshiro256StarStar(seed);
        int latents = Random.Next(1, 9);
        int observations = Random.Next(1, 7);
        Loadings = Matrix<double>.Build.Dense(observations, latents, (_, _) => Normal.Sample(Random, 0, 1));
        Offset = Draw(observations, 0, 10);
        NoiseVariances = Variances(observations);
        PriorMeans = Draw(latents, 0, 3);
        PriorVariances = Variances(latents);
        Model = new LinearGaussianModel(Loadings, Offset, NoiseVariances, PriorMeans, PriorVariances);
        Sum = new GaussianSumModel(observations, NoiseVariances[0], PriorMeans, PriorVariances);
        Row = Model.Sample(1, seed).Observations.Row(0).ToArray();
    }

    public Xoshiro256StarStar Random { get; }

    public Matrix<double> Loadings { get; }

    public double[] Offset { get; }

    public double[] NoiseVariances { get; }

    public double[] PriorMeans { get; }

    public double[] PriorVariances { get; }

    public LinearGaussianModel Model { get; }

    /// <summary>Gets a Gaussian sum model of the same size and priors.</summary>
    public GaussianSumModel Sum { get; }

    public double[] Row { get; }

    public int LatentCount => PriorMeans.Length;

    /// <summary>Checks a property on many problems, the same ones in every run.</summary>
    public static void ForAll(Action<RandomProblem> property) => Prop
        .ForAll(Gen.Choose(1, int.MaxValue).ToArbitrary(), seed => property(new RandomProblem(seed)))
        .Check(Config.QuickThrowOnFailure.WithMaxTest(Tests).WithReplay(20260101, 20260103));

    public double[] Draw(int count, double mean, double deviation) =>
        [.. Enumerable.Range(0, count).Select(_ => Normal.Sample(Random, mean, deviation))];

    public double[] Variances(int count) => [.. Enumerable.Range(0, count).Select(_ => Math.Pow(10, (6 * Random.NextDouble()) - 3))];
}
