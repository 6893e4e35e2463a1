using System.Collections.Immutable;
using MathNet.Numerics.Random;
using Xunit;

namespace VariationalInference.Tests.Amortized;

/// <summary>Encoders and data that several tests share.</summary>
internal static class EncoderCases
{
    public const int Observations = 3;
    public const int Latents = 2;

    public static EncoderScales Scales { get; } = new(
        ImmutableArray.Create(0.5, -2.0, 10.0),
        ImmutableArray.Create(2.0, 0.5, 3.0),
        ImmutableArray.Create(1.0, -4.0),
        ImmutableArray.Create(0.7, 2.5),
        ImmutableArray.Create(0.3, 1.6));

    /// <summary>Every activation, with no, one and two hidden layers, with and without the linear path.</summary>
    public static TheoryData<int[], Activation, bool> Shapes()
    {
        var shapes = new TheoryData<int[], Activation, bool>();
        foreach (int[] widths in (int[][])[[], [5], [4, 3]])
        {
            foreach (Activation activation in Enum.GetValues<Activation>())
            {
                shapes.Add(widths, activation, true);
                shapes.Add(widths, activation, false);
            }
        }

        return shapes;
    }

    /// <summary>A calibrated encoder whose parameters, biases and linear path included, are all away from zero.</summary>
    public static MlpEncoder Create(
        int[] widths, Activation activation, bool linearPath, NetworkPrecision precision = NetworkPrecision.Bits64)
    {
        var encoder = new MlpEncoder(
            Observations,
            Latents,
            new PerceptronOptions { HiddenWidths = [.. widths], Activation = activation, Seed = 3, LinearPath = linearPath, Precision = precision });
        encoder.Calibrate(Scales);
        var random = new Xoshiro256StarStar(11, false);
        foreach (ref double parameter in encoder.Parameters.Span)
        {
            parameter += random.NextDouble() - 0.5;
        }

        return encoder;
    }

    /// <summary>Rows spread about the centres of <see cref="Scales"/>.</summary>
    public static double[] Rows(int count)
    {
        double[] rows = Values(count * Observations, seed: 21);
        for (int i = 0; i < rows.Length; i++)
        {
            int k = i % Observations;
            rows[i] = Scales.InputMeans[k] + (1.5 * Scales.InputDeviations[k] * rows[i]);
        }

        return rows;
    }

    /// <summary>Numbers uniform on ±1.</summary>
    public static double[] Values(int count, int seed)
    {
        var random = new Xoshiro256StarStar(seed, false);
        return [.. Enumerable.Range(0, count).Select(_ => (2 * random.NextDouble()) - 1)];
    }
}
