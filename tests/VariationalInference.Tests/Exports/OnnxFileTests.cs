using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.Random;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using VariationalInference.Onnx;
using VariationalInference.Tests.Persistence;
using Xunit;

namespace VariationalInference.Tests.Exports;

/// <summary>What is exported gives the library's outputs in ONNX Runtime, from the same raw rows.</summary>
public sealed class OnnxFileTests
{
    private const int Rows = 7;

    // Of the outputs' own scale; in single precision a sum of products is rounded otherwise.
    private const double Single = 1e-6;
    private const double Double = 1e-12;

    public static TheoryData<Activation, NetworkPrecision, bool, bool> Kinds()
    {
        var data = new TheoryData<Activation, NetworkPrecision, bool, bool>();
        foreach (Activation activation in Enum.GetValues<Activation>())
        {
            foreach (NetworkPrecision precision in Enum.GetValues<NetworkPrecision>())
            {
                data.Add(activation, precision, true, true);
                data.Add(activation, precision, false, false);
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Encoder_GivesMeansAndVariances_OfRawRows(Activation activation, NetworkPrecision precision, bool missing, bool path)
    {
        var encoder = new MlpEncoder(5, 3, Options(activation, precision, missing, path, widths: [6, 4]));
        encoder.Calibrate(new EncoderScales([1e3, -2, 0.1, 7, 0], [10, 0.5, 1e-3, 2, 1], [5, 0, -1], [2, 1, 1e-2], [4, 1e-6, 1]));
        Shake(encoder.Parameters.Span);
        double[] rows = Draw(Rows * 5, (n, k) => encoder.Scales.InputMeans[k] + (encoder.Scales.InputDeviations[k] * n), 5);
        for (int i = 0; missing && i < rows.Length; i += 3)
        {
            rows[i] = double.NaN;
        }

        Dictionary<string, double[]> found = Run(encoder.SaveOnnx, ("observations", rows, 5));

        double[] outputs = Outputs(encoder, rows, 6);
        for (int n = 0; n < Rows; n++)
        {
            for (int a = 0; a < 3; a++)
            {
                double scale = encoder.Scales.OutputDeviations[a];
                found["means"][(n * 3) + a].Should().BeApproximately(outputs[(n * 6) + a], Tolerance(precision) * scale * 10);
                double variance = Math.Exp(outputs[(n * 6) + 3 + a]);
                found["variances"][(n * 3) + a].Should().BeApproximately(variance, Tolerance(precision) * variance * 10);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void DecoderModel_GivesItsMean_OfBothKindsOfLatents(Activation activation, NetworkPrecision precision, bool hasLinear, bool path)
    {
        var decoder = new MlpDecoder(2, 4, Options(activation, precision, missing: false, path, widths: [5]));
        decoder.Calibrate(new NetworkScales([0.5, -1], [2, 1], [0, 0, 0, 0], [3, 3, 3, 3]));
        Shake(decoder.Parameters.Span);
        Matrix<double>? loadings = hasLinear ? Matrix<double>.Build.Dense(4, 3, (k, j) => k - (0.5 * j)) : null;
        var model = new DecoderModel(decoder, loadings, [10, 20, 30, 40], [1, 1, 1, 1]);
        double[] amortized = Draw(Rows * 2, (n, _) => n, 2), linear = Draw(Rows * 3, (n, _) => n, 3);
        var inference = new DecoderInference(model, new MlpEncoder(4, 2));

        Dictionary<string, double[]> found = hasLinear
            ? Run(model.SaveOnnx, ("amortized", amortized, 2), ("linear", linear, 3))
            : Run(model.SaveOnnx, ("amortized", amortized, 2));

        for (int n = 0; n < Rows; n++)
        {
            double[] mean = inference.Decode(amortized.AsSpan(n * 2, 2), hasLinear ? linear.AsSpan(n * 3, 3) : default);
            for (int k = 0; k < 4; k++)
            {
                found["mean"][(n * 4) + k].Should().BeApproximately(mean[k], Tolerance(precision) * 100);
            }
        }
    }

    [Fact]
    public void Decoder_And_LinearPerceptron_GiveTheirOutputs()
    {
        var decoder = new MlpDecoder(2, 3, new PerceptronOptions { HiddenWidths = [4], Precision = NetworkPrecision.Bits64, Seed = 3 });
        var network = new Perceptron(2, 3, new PerceptronOptions { Precision = NetworkPrecision.Bits64, Seed = 4 });
        double[] rows = Draw(Rows * 2, (n, _) => n, 2);

        double[] decoded = Run(decoder.SaveOnnx, ("latents", rows, 2))["outputs"], mapped = Run(network.SaveOnnx, ("inputs", rows, 2))["outputs"];

        decoded.Zip(Outputs(decoder, rows, 3)).Should().OnlyContain(pair => Math.Abs(pair.First - pair.Second) < Double);
        mapped.Zip(Outputs(network, rows, 3)).Should().OnlyContain(pair => Math.Abs(pair.First - pair.Second) < Double);
    }

    [Fact]
    public void TrainedEncoder_InfersWithTheSameNumbersInOnnxRuntime()
    {
        Matrix<double> rows = new GaussianSumModel(2, 4, 0.1).Sample(200, seed: 1).Observations;
        var model = new DecoderModel(new MlpDecoder(1, 4, [6]), linearLatentCount: 1);
        DecoderResult result = new HybridSolver(new DecoderOptions { MaxEpochs = 3, RefinedRows = 0 }).Fit(model, new MlpEncoder(4, 1, [6]), rows);

        Dictionary<string, double[]> found = Run(
            ((MlpEncoder)result.Encoder).SaveOnnx, ("observations", rows.SubMatrix(0, Rows, 0, 4).ToRowMajorArray(), 4));

        for (int n = 0; n < Rows; n++)
        {
            MeanFieldGaussian expected = result.Infer([.. rows.Row(n)]).Amortized;
            found["means"][n].Should().BeApproximately(expected.Means[0], Single * 10);
            found["variances"][n].Should().BeApproximately(expected.Variances[0], Single * 10);
        }
    }

    [Fact]
    public void WhatCannotBeExported_IsRefused_AndTheOldFileStays()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("network.onnx");
        var network = new Perceptron(2, 1);
        network.SaveOnnx(path);
        byte[] before = File.ReadAllBytes(path);
        network.Parameters.Span[1] = 1e300;
        Action tooLarge = () => network.SaveOnnx(path);
        Action unknown = () => new DecoderModel(new Unknown()).SaveOnnx(path);
        Action unwritable = () => network.SaveOnnx(new MemoryStream(before, writable: false));
        Action missing = () => ((MlpEncoder)null!).SaveOnnx(path);

        tooLarge.Should().Throw<InvalidOperationException>()
            .WithMessage("layers.0.weight[1] is 1E+300; it must be finite in single precision to be exported.");
        unknown.Should().Throw<ArgumentException>().WithMessage("The decoder of model is of the kind unknown; it must be an MlpDecoder.*");
        unwritable.Should().Throw<ArgumentException>().WithMessage("stream cannot be written; it must be open and writable.*");
        missing.Should().Throw<ArgumentNullException>().WithParameterName("encoder");
        File.ReadAllBytes(path).Should().Equal(before);
        Directory.GetFiles(Path.GetDirectoryName(path)!).Should().ContainSingle();
    }

    private static double Tolerance(NetworkPrecision precision) => precision == NetworkPrecision.Bits32 ? Single : Double;

    private static PerceptronOptions Options(Activation activation, NetworkPrecision precision, bool missing, bool path, int[] widths) => new()
    {
        HiddenWidths = [.. widths],
        Activation = activation,
        Precision = precision,
        AcceptsMissing = missing,
        LinearPath = path,
        Seed = 5,
    };

    /// <summary>Moves all parameters, so that biases and the linear path are not zero.</summary>
    private static void Shake(Span<double> parameters)
    {
        var random = new Xoshiro256StarStar(8, threadSafe: false);
        foreach (ref double parameter in parameters)
        {
            parameter += 0.4 * (random.NextDouble() - 0.5);
        }
    }

    private static double[] Draw(int count, Func<double, int, double> cell, int width)
    {
        var random = new Xoshiro256StarStar(9, threadSafe: false);
        return [.. Enumerable.Range(0, count).Select(i => cell((4 * random.NextDouble()) - 2, i % width))];
    }

    private static double[] Outputs(INetwork network, double[] rows, int width)
    {
        var outputs = new double[Rows * width];
        network.CreateTape(Rows).Forward(rows, outputs);
        return outputs;
    }

    private static Dictionary<string, double[]> Run(Action<Stream> save, params (string Name, double[] Cells, int Width)[] inputs)
    {
        using var stream = new MemoryStream();
        save(stream);
        using var session = new InferenceSession(stream.ToArray());
        NamedOnnxValue[] values = [.. inputs.Select(input =>
            NamedOnnxValue.CreateFromTensor(input.Name, new DenseTensor<double>(input.Cells, [Rows, input.Width])))];
        using IDisposableReadOnlyCollection<DisposableNamedOnnxValue> outputs = session.Run(values);
        return outputs.ToDictionary(output => output.Name, output => output.AsTensor<double>().ToArray());
    }

    private sealed class Unknown : IDecoder
    {
        private readonly MlpDecoder _inner = new(1, 1);

        public string Kind => "unknown";

        public int LatentCount => 1;

        public int ObservationCount => 1;

        public Memory<double> Parameters => _inner.Parameters;

        public INetworkTape CreateTape(int capacity) => _inner.CreateTape(capacity);

        public IDecoder Clone() => throw new NotSupportedException();

        public void Write(ModelState state) => throw new NotSupportedException();

        public IDecoder Read(ModelState state) => throw new NotSupportedException();
    }
}
