using System.Collections.Immutable;
using System.Text.Json;
using FluentAssertions;
using VariationalInference.Tests.Amortized;
using Xunit;

namespace VariationalInference.Tests.Persistence;

public sealed class MlpEncoderFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public static IEnumerable<object[]> TorchEncoders() =>
        JsonDocument.Parse(File.ReadAllBytes(Reference("encoders.json"))).RootElement.EnumerateArray()
            .Select(encoder => new object[] { encoder.GetProperty("file").GetString()! });

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(EncoderCases.Shapes), MemberType = typeof(EncoderCases))]
    public void LoadedEncoder_IsTheSavedOneToTheLastBit(int[] widths, Activation activation, bool linearPath)
    {
        string path = _folder.File("encoder.safetensors");
        foreach (NetworkPrecision precision in Enum.GetValues<NetworkPrecision>())
        {
            MlpEncoder encoder = EncoderCases.Create(widths, activation, linearPath, precision);

            encoder.Save(path);

            CheckSame(MlpEncoder.Load(path), encoder);
            CheckSame(EncoderBytes.Load(EncoderBytes.Save(encoder)), encoder);
            CheckSame(MlpEncoder.Load(new PipeStream(EncoderBytes.Save(encoder), endless: false)), encoder);
            File.ReadAllBytes(path).Should().Equal(EncoderBytes.Save(encoder));
        }

        _folder.Names.Should().Equal("encoder.safetensors");
    }

    [Fact]
    public void UncalibratedEncoder_StaysSo()
    {
        var encoder = new MlpEncoder(3, 2, [4]);

        MlpEncoder loaded = EncoderBytes.Load(EncoderBytes.Save(encoder));

        loaded.IsCalibrated.Should().BeFalse();
        CheckSame(loaded, encoder);
    }

    [Fact]
    public void LargeEncoder_SpansManyChunks()
    {
        var encoder = new MlpEncoder(300, 7, new PerceptronOptions { HiddenWidths = [200, 100], Activation = Activation.Silu, Seed = 4 });
        byte[] file = EncoderBytes.Save(encoder);

        MlpEncoder[] loaded = [EncoderBytes.Load(file), MlpEncoder.Load(new PipeStream(file, endless: false))];

        loaded.Should().AllSatisfy(one => one.Parameters.ToArray().Should().Equal(encoder.Parameters.ToArray()));
    }

    [Fact]
    public void Stream_IsReadFromWhereItStandsAndStaysOpen()
    {
        MlpEncoder encoder = EncoderCases.Create([5], Activation.Relu, linearPath: true);
        using var stream = new MemoryStream();
        stream.Write([1, 2, 3]);

        encoder.Save(stream);
        stream.Position = 3;

        CheckSame(MlpEncoder.Load(stream), encoder);
        stream.Position.Should().Be(stream.Length);
    }

    [Fact]
    public void SavedFile_HasTheNamesOfAPyTorchState()
    {
        byte[] file = EncoderBytes.Save(EncoderCases.Create([5, 4], Activation.Silu, linearPath: true));

        int length = (int)BitConverter.ToInt64(file);
        JsonElement header = JsonDocument.Parse(file.AsMemory(8, length)).RootElement;
        header.GetProperty("__metadata__").GetRawText()
            .Should().StartWith("""{"format_version":"1","kind":"mlp_encoder","activation":"silu","precision":"bits64","calibrated":"true","accepts_missing":"false","content_sha256":""");
        header.EnumerateObject().Skip(1).Select(tensor => $"{tensor.Name} {tensor.Value.GetProperty("shape").GetRawText()}").Should().Equal(
            "layers.0.weight [5,3]",
            "layers.0.bias [5]",
            "layers.2.weight [4,5]",
            "layers.2.bias [4]",
            "layers.4.weight [4,4]",
            "layers.4.bias [4]",
            "linear_path.weight [2,3]",
            "scales.input_means [3]",
            "scales.input_deviations [3]",
            "scales.output_means [2]",
            "scales.output_deviations [2]",
            "scales.output_variances [2]");
        header.EnumerateObject().Skip(1).Select(tensor => tensor.Value.GetProperty("dtype").GetString()).Should().AllBe("F64");
    }

    // Outputs are of order one, and the two programs' sums in different orders: single precision rounds by 6e-8 at each, double by 1e-16.
    [Theory]
    [MemberData(nameof(TorchEncoders))]
    public void EncoderOfPyTorch_GivesItsOutputs(string file)
    {
        JsonElement expected = JsonDocument.Parse(File.ReadAllBytes(Reference("encoders.json"))).RootElement.EnumerateArray()
            .Single(item => item.GetProperty("file").GetString() == file);
        double[] rows = Numbers(expected.GetProperty("rows"));
        double[] outputs = [.. Numbers(expected.GetProperty("means")), .. Numbers(expected.GetProperty("log_variances"))];
        double tolerance = expected.GetProperty("tolerance").GetDouble();

        MlpEncoder encoder = MlpEncoder.Load(Reference(file));

        encoder.ToString().Should().Be(expected.GetProperty("description").GetString());
        encoder.HasLinearPath.Should().Be(expected.GetProperty("linear_path").GetBoolean());
        encoder.Precision.ToString().Should().Be(expected.GetProperty("precision").GetString());
        encoder.IsCalibrated.Should().BeTrue();
        double[] actual = EncoderBytes.Outputs(encoder, rows);
        actual.Should().HaveCount(outputs.Length);
        actual.Zip(outputs, (one, other) => Math.Abs(one - other)).Max().Should().BeLessThan(tolerance);
        CheckSame(EncoderBytes.Load(EncoderBytes.Save(encoder)), encoder);
    }

    [Theory]
    [InlineData("torch_sequential.safetensors")]
    [InlineData("torch_module.safetensors")]
    public void PlainState_HasIdentityScalesAndNoLinearPath(string file)
    {
        MlpEncoder encoder = MlpEncoder.Load(Reference(file));

        encoder.Scales.InputMeans.Should().Equal(0, 0, 0);
        encoder.Scales.InputDeviations.Should().Equal(1, 1, 1);
        encoder.Scales.OutputMeans.Should().Equal(0, 0);
        encoder.Scales.OutputDeviations.Should().Equal(1, 1);
        encoder.Scales.OutputVariances.Should().Equal(1, 1);
        encoder.HasLinearPath.Should().BeFalse();
        encoder.Activation.Should().Be(Activation.Tanh);
        encoder.IsCalibrated.Should().BeTrue("calibration would change what the weights were trained for");
    }

    [Fact]
    public void HandWrittenFile_IsTheMapItStates()
    {
        MlpEncoder encoder = EncoderBytes.Load(EncoderBytes.Linear("\"__metadata__\":{\"activation\":\"relu\",\"else\":\"\"},"));

        EncoderBytes.Outputs(encoder, [10]).Should().Equal(20.5, -9.75);
        encoder.Activation.Should().Be(Activation.Relu);
    }

    [Theory]
    [InlineData("format_version", "2", "format_version is '2'; the versions known here are: 1. A newer version of the library may know more.")]
    [InlineData("format_version", "", "format_version is ''; the versions known here are: 1.*")]
    [InlineData("kind", "flow", "kind is 'flow'; it must be mlp_encoder.")]
    [InlineData("activation", "gelu", "activation is 'gelu'; it must be tanh or relu or silu.")]
    [InlineData("activation", "Tanh", "activation is 'Tanh'; it must be tanh or relu or silu.")]
    [InlineData("precision", "bits16", "precision is 'bits16'; it must be bits32 or bits64.")]
    [InlineData("calibrated", "yes", "calibrated is 'yes'; it must be true or false.")]
    public void UnknownMetadata_AreRefused(string name, string value, string message) =>
        Refuse(EncoderBytes.Linear($"\"__metadata__\":{{\"{name}\":\"{value}\"}},"), message);

    [Fact]
    public void NewerVersion_IsRefusedBeforeItsTensorsAreLookedAt() =>
        Refuse(
            EncoderBytes.Compose("""{"a":{"dtype":"BF16","shape":[1],"data_offsets":[0,2]},"__metadata__":{"format_version":"10"}}""", []),
            "format_version is '10'; the versions known here are: 1.*");

    [Theory]
    [InlineData("")]
    [InlineData("\"0.weight\":{\"dtype\":\"F64\",\"shape\":[2,1],\"data_offsets\":[0,16]}")]
    [InlineData("\"layers.2.weight\":{\"dtype\":\"F64\",\"shape\":[2,1],\"data_offsets\":[0,16]}")]
    public void MissingTensor_IsNamed(string tensors) =>
        Refuse(EncoderBytes.Compose($"{{{tensors}}}", new byte[tensors.Length > 0 ? 16 : 0]), "tensor *0.* is missing; an encoder must have it.");

    [Theory]
    [InlineData("[2]", "[2]", "layers.0.weight has the shape [2]; it must be [outputs, inputs], none of them 0.")]
    [InlineData("[2,0]", "[2]", "layers.0.weight has the shape [2, 0]; it must be [outputs, inputs], none of them 0.")]
    [InlineData("[2,1]", "[1,2]", "layers.0.bias has the shape [1, 2]; it must be [2].")]
    [InlineData("[2,1]", "[1]", "layers.0.bias has the shape [1]; it must be [2].")]
    [InlineData("[3,1]", "[3]", "the last layer has 3 outputs; they must be even, a mean and a log-variance for each latent.")]
    public void ShapesThatDoNotFit_AreRefused(string weight, string bias, string message) =>
        Refuse(Zeros(("layers.0.weight", weight), ("layers.0.bias", bias)), message);

    [Fact]
    public void TensorsThatDoNotFitTheLayers_AreRefused()
    {
        (string, string)[] hidden = [("layers.0.weight", "[4,3]"), ("layers.0.bias", "[4]")];
        (string, string)[] layers = [.. hidden, ("layers.2.weight", "[2,4]"), ("layers.2.bias", "[2]")];

        Refuse(
            Zeros([.. hidden, ("layers.2.weight", "[2,5]"), ("layers.2.bias", "[2]")]),
            "layers.2.weight has the shape [2, 5]; it must be [outputs, 4], none of them 0.");
        Refuse(Zeros([.. layers, ("linear_path.weight", "[2,3]")]), "linear_path.weight has the shape [2, 3]; it must be [1, 3].");
        Refuse(Zeros([.. hidden, ("linear_path.weight", "[2,3]")]), "linear_path.weight stands beside a single layer; *");
        Refuse(Zeros([.. layers, ("scales.input_means", "[3]")]), "tensor scales.input_deviations is missing; *");
        Refuse(Zeros([.. layers, ("layers.6.weight", "[2,2]")]), "tensor 'layers.6.weight' has no place in an encoder of 2 layers; *");
        Refuse(Zeros([.. layers, ("layers.1.weight", "[4]")]), "tensor 'layers.1.weight' has no place in an encoder of 2 layers; *");
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.NegativeInfinity)]
    public void ParameterThatIsNotFinite_IsNeitherLoadedNorSaved(double bias)
    {
        Refuse(EncoderBytes.Linear(bias: bias), FormattableString.Invariant($"layers.0.bias[0] is {bias}; it must be finite."));
        MlpEncoder encoder = EncoderCases.Create([4], Activation.Tanh, linearPath: true);
        string path = _folder.File("encoder.safetensors");
        encoder.Save(path);
        byte[] old = File.ReadAllBytes(path);
        encoder.Parameters.Span[12] = bias;

        Action save = () => encoder.Save(path);

        save.Should().Throw<InvalidOperationException>()
            .WithMessage(FormattableString.Invariant($"layers.0.bias[0] is {bias}; it must be finite to be saved."));
        File.ReadAllBytes(path).Should().Equal(old);
        _folder.Names.Should().Equal("encoder.safetensors");
    }

    [Theory]
    [InlineData(1, 0.0, "scales.input_means[1] is NaN; it must be finite.")]
    [InlineData(4, 0.0, "scales.input_deviations[1] is 0; it must be positive and finite.")]
    [InlineData(11, -1.0, "scales.output_variances[1] is -1; it must be positive and finite.")]
    public void ScaleOutOfRange_IsRefused(int fromScales, double value, string message)
    {
        byte[] file = EncoderBytes.Save(EncoderCases.Create([4], Activation.Tanh, linearPath: true));
        BitConverter.TryWriteBytes(file.AsSpan(file.Length - (12 * 8) + (8 * fromScales)), fromScales == 1 ? double.NaN : value);

        Refuse(Checksum.Repair(file), message);
    }

    [Fact]
    public void ScalesOfAnUncalibratedEncoder_MustBeTheIdentity()
    {
        byte[] file = EncoderBytes.Save(new MlpEncoder(3, 2));
        BitConverter.TryWriteBytes(file.AsSpan(file.Length - 8), 2.0);

        Refuse(Checksum.Repair(file), "scales.output_variances[1] is 2; it must be 1 where the scales are not calibrated.");
    }

    [Fact]
    public void File_IsNamedInTheMessage()
    {
        string path = _folder.File("text.safetensors");
        File.WriteAllText(path, "This is not an encoder.");

        Action load = () => MlpEncoder.Load(path);

        load.Should().ThrowExactly<ModelFileException>().WithMessage($"{path}: the header's length is given as *")
            .Which.FileName.Should().Be(path);
    }

    [Fact]
    public void EveryTruncation_IsRefused()
    {
        byte[] file = EncoderBytes.Save(EncoderCases.Create([4], Activation.Tanh, linearPath: true));

        for (int length = 0; length < file.Length; length++)
        {
            byte[] start = file[..length];
            Loads(() => EncoderBytes.Load(start)).Should().BeFalse($"only {length} bytes are left");
            Loads(() => MlpEncoder.Load(new PipeStream(start, endless: false))).Should().BeFalse($"only {length} bytes are left");
        }
    }

    [Fact]
    public void EndlessStream_IsRefusedSoon()
    {
        byte[] file = EncoderBytes.Save(EncoderCases.Create([4], Activation.Tanh, linearPath: true));
        string huge = """{"layers.0.weight":{"dtype":"F64","shape":[2,100000000],"data_offsets":[0,1600000000]}}""";

        CheckEndless(file, "the stream goes on after its tensors; it must end there, after * bytes of data.");
        CheckEndless([], "the header is not JSON text; *");
        CheckEndless(EncoderBytes.Compose(huge, []), "the tensors have 1600000000 bytes; a stream that does not know its length may have *");
        CheckEndless([.. BitConverter.GetBytes(99_999_999L), (byte)'{'], "the header is not valid JSON *");
    }

    [Fact]
    public void PromisedData_TakeNoMemoryBeforeTheyArrive()
    {
        string header = """{"layers.0.weight":{"dtype":"F64","shape":[2,50000000],"data_offsets":[0,800000000]}}""";
        byte[] file = EncoderBytes.Compose(header, new byte[100]);
        byte[] longHeader = [.. BitConverter.GetBytes(99_999_999L), (byte)'{'];

        // A chunk of 64 KiB to read through and another that grows; messages and parsing take less than as much again.
        foreach (byte[] hostile in (byte[][])[file, longHeader])
        {
            Allocated(() => EncoderBytes.Load(hostile)).Should().BeLessThan(1 << 18);
            Allocated(() => MlpEncoder.Load(new PipeStream(hostile, endless: false))).Should().BeLessThan(1 << 18);
        }
    }

    [Fact]
    public void MutatedFile_LoadsOrIsRefusedAndTakesLittleMemory()
    {
        byte[] file = EncoderBytes.Save(EncoderCases.Create([4, 3], Activation.Silu, linearPath: true));
        int loaded = 0;
        for (int seed = 0; seed < 2000; seed++)
        {
            byte[] mutant = Mutation.Of(file, seed);
            bool loads = false;
            long bytes = Allocated(() =>
            {
                loads = Loads(() => EncoderBytes.Load(mutant));
            });

            // The largest of the 2000 takes less than half of this, most of it the chunk of 64 KiB and the file in parsed form.
            bytes.Should().BeLessThan(1 << 18, $"seed {seed} has a file of {mutant.Length} bytes");
            Loads(() => MlpEncoder.Load(new PipeStream(mutant, endless: false))).Should().Be(loads, $"of seed {seed}");
            loaded += loads ? 1 : 0;
        }

        loaded.Should().BeInRange(1, 1999, "some change a number only, and others the format");
    }

    [Fact]
    public void FailedSave_LeavesTheOldFileWhole()
    {
        MlpEncoder encoder = EncoderCases.Create([4], Activation.Tanh, linearPath: true);
        string path = _folder.File("encoder.safetensors");
        encoder.Save(path);
        byte[] old = File.ReadAllBytes(path);

        for (int fits = 0; fits < old.Length; fits += 37)
        {
            Action save = () => AtomicFile.Write(path, stream => NetworkFile.Write(encoder, new FullDisk(stream, fits)));

            save.Should().Throw<IOException>().WithMessage("The disk is full.");
            File.ReadAllBytes(path).Should().Equal(old);
            _folder.Names.Should().Equal("encoder.safetensors");
        }

        CheckSame(MlpEncoder.Load(path), encoder);
    }

    [Fact]
    public void BadArguments_AreRefused()
    {
        var encoder = new MlpEncoder(2, 1);
        using var closed = new MemoryStream();
        closed.Dispose();

        Refusal.Of<ArgumentNullException>(() => MlpEncoder.Load((string)null!), "path", "Value cannot be null.");
        Refusal.Of<ArgumentException>(() => encoder.Save(string.Empty), "path", "The value cannot be an empty string.");
        Refusal.Of<ArgumentNullException>(() => encoder.Save((Stream)null!), "stream", "Value cannot be null.");
        Refusal.Of<ArgumentNullException>(() => MlpEncoder.Load((Stream)null!), "stream", "Value cannot be null.");
        Refusal.Of<ArgumentException>(() => encoder.Save(closed), "stream", "stream cannot be written; it must be open for writing.");
        Refusal.Of<ArgumentException>(() => MlpEncoder.Load(closed), "stream", "stream cannot be read; it must be open for reading.");
        ((Action)(() => MlpEncoder.Load(_folder.File("none")))).Should().ThrowExactly<FileNotFoundException>();
    }

    private static string Reference(string name) => Path.Combine(AppContext.BaseDirectory, "Reference", "encoders", name);

    private static double[] Numbers(JsonElement rows) =>
        [.. rows.EnumerateArray().SelectMany(row => row.EnumerateArray()).Select(value => value.GetDouble())];

    private static void CheckSame(MlpEncoder actual, MlpEncoder expected)
    {
        actual.ToString().Should().Be(expected.ToString());
        actual.Activation.Should().Be(expected.Activation);
        actual.Precision.Should().Be(expected.Precision);
        actual.HasLinearPath.Should().Be(expected.HasLinearPath);
        actual.IsCalibrated.Should().Be(expected.IsCalibrated);
        Bits(actual.Parameters.ToArray()).Should().Equal(Bits(expected.Parameters.ToArray()));
        Bits(Flat(actual.Scales)).Should().Equal(Bits(Flat(expected.Scales)));
        double[] rows = EncoderCases.Values(5 * expected.ObservationCount, seed: 8);
        Bits(EncoderBytes.Outputs(actual, rows)).Should().Equal(Bits(EncoderBytes.Outputs(expected, rows)));
    }

    private static IEnumerable<long> Bits(IEnumerable<double> values) => values.Select(BitConverter.DoubleToInt64Bits);

    private static ImmutableArray<double> Flat(EncoderScales scales) =>
        [.. scales.InputMeans, .. scales.InputDeviations, .. scales.OutputMeans, .. scales.OutputDeviations, .. scales.OutputVariances];

    private static void Refuse(byte[] file, string message) =>
        ((Action)(() => EncoderBytes.Load(file))).Should().ThrowExactly<ModelFileException>().WithMessage($"The stream: {message}");

    private static void CheckEndless(byte[] start, string message)
    {
        using var stream = new PipeStream(start, endless: true);

        Action load = () => MlpEncoder.Load(stream);

        load.Should().ThrowExactly<ModelFileException>().WithMessage($"The stream: {message}");
        stream.Delivered.Should().BeLessThan(100_000_100, "a header may be that long, and these data are short");
    }

    private static byte[] Zeros(params (string Name, string Shape)[] tensors)
    {
        int end = 0;
        IEnumerable<string> entries = tensors.Select(tensor =>
        {
            int begin = end;
            end += 4 * JsonSerializer.Deserialize<int[]>(tensor.Shape)!.Aggregate(1, (product, size) => product * size);
            return $"\"{tensor.Name}\":{{\"dtype\":\"F32\",\"shape\":{tensor.Shape},\"data_offsets\":[{begin},{end}]}}";
        });
        return EncoderBytes.Compose($"{{{string.Join(',', entries)}}}", new byte[end]);
    }

    // Whatever else is thrown fails the test.
    private static bool Loads(Func<MlpEncoder> load)
    {
        try
        {
            return load() is not null;
        }
        catch (ModelFileException)
        {
            return false;
        }
    }

    private static long Allocated(Action load)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            load();
        }
        catch (ModelFileException)
        {
            // Its memory counts as well.
        }

        return GC.GetAllocatedBytesForCurrentThread() - before;
    }
}
