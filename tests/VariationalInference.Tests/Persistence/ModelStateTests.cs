using FluentAssertions;
using Xunit;

namespace VariationalInference.Tests.Persistence;

public sealed class ModelStateTests
{
    [Fact]
    public void WhatIsAdded_IsThere_AndACopy()
    {
        var state = new ModelState();
        double[] values = [1, 2, 3, 4, 5, 6];
        state.Add("weight", values, 2, 3);
        state.Add("bias", [7.0]);
        state.Add("units", -12);
        state.Add("text", "é");
        values[0] = 100;

        state.Values("weight").ToArray().Should().Equal(1, 2, 3, 4, 5, 6);
        state.Values("bias", 1).ToArray().Should().Equal(7);
        state.Shape("weight").Should().Equal(2, 3);
        state.Shape("bias").Should().Equal(1);
        state.WholeNumber("units").Should().Be(-12);
        state.Text("text").Should().Be("é");
        state.HasTensor("weight").Should().BeTrue();
        state.HasTensor("units").Should().BeFalse();
        state.ToString().Should().Be("2 tensors, 2 texts");
    }

    [Fact]
    public void WhatIsMissingOrOther_IsAFormatException_ThatNamesIt()
    {
        var state = new ModelState();
        state.Add("weight", [1, 2], 1, 2);
        state.Add("text", "1.5");

        Missing(() => state.Values("bias").ToArray(), "tensor bias is missing; there must be one.");
        Missing(() => state.Shape("text"), "tensor text is missing; there must be one.");
        Missing(() => state.Text("weight"), "weight is missing; there must be one.");
        Missing(() => state.Values("weight", 2).ToArray(), "weight has the shape [1, 2]; it must be [2].");
        Missing(() => state.WholeNumber("text"), "text is '1.5'; it must be a whole number of 32 bits.");

        static void Missing(Func<object> read, string message) => read.Should().ThrowExactly<FormatException>().WithMessage(message);
    }

    [Fact]
    public void WhatCannotBeAdded_IsRefusedByName()
    {
        var state = new ModelState();
        state.Add("weight", [1.0]);
        state.Add("text", "one");

        Refusal.Of<ArgumentException>(() => Add("weight", [2.0]), "name", "name is weight, which is taken; each tensor must have a name of its own.");
        Refusal.Of<ArgumentException>(() => Add("__metadata__", [2.0]), "name", "name is __metadata__, which is taken");
        Refusal.Of<ArgumentException>(() => Add(string.Empty, [2.0]), "name", "The value cannot be an empty string.");
        Refusal.Of<ArgumentException>(() => Add("other", [2.0], 2), "shape", "shape is [2] for 1 values; it must have as many elements");
        Refusal.Of<ArgumentOutOfRangeException>(() => Add("other", [2.0], -1, -1), "shape", "shape is -1; it must be at least 0.");
        Refusal.Of<ArgumentException>(() => AddText("text", "two"), "name", "name is text, which is taken; each text must have a name of its own.");
        Refusal.Of<ArgumentException>(() => AddText("kind", "two"), "name", "name is kind, which is taken");
        Refusal.Of<ArgumentException>(() => AddText("format_version", "2"), "name", "name is format_version, which is taken");
        Refusal.Of<ArgumentNullException>(() => AddText("other", null!), "text", "Value cannot be null.");
        state.ToString().Should().Be("1 tensor, 1 text");

        object Add(string name, double[] values, params int[] shape)
        {
            state.Add(name, values, shape);
            return state;
        }

        object AddText(string name, string text)
        {
            state.Add(name, text);
            return state;
        }
    }

    [Fact]
    public void PerceptronFile_IsTheSavedOneToTheLastBit()
    {
        using var folder = new TemporaryFolder();
        foreach (bool calibrated in (bool[])[false, true])
        {
            var network = new Perceptron(2, 3, new PerceptronOptions { HiddenWidths = [4], Activation = Activation.Silu, AcceptsMissing = true });
            if (calibrated)
            {
                network.Calibrate(new NetworkScales([1, 2], [3, 4], [5, 6, 7], [8, 9, 10]));
            }

            network.Save(folder.File("network"));
            Perceptron loaded = Perceptron.Load(folder.File("network"));

            loaded.ToString().Should().Be("Perceptron 4-4-3 silu");
            loaded.Parameters.ToArray().Should().Equal(network.Parameters.ToArray());
            loaded.Scales.Should().Be(network.Scales);
            loaded.IsCalibrated.Should().Be(calibrated);
            loaded.AcceptsMissing.Should().BeTrue();
        }

        ((Action)(() => MlpEncoder.Load(folder.File("network")))).Should().Throw<ModelFileException>().WithMessage("*kind is 'perceptron'; it must be mlp_encoder.");
    }

    [Fact]
    public void TensorWithoutAName_IsAFaultOfTheFile() =>
        ((Action)(() => EncoderBytes.Load(EncoderBytes.Compose("""{"":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}}""", new byte[8]))))
            .Should().Throw<ModelFileException>().WithMessage("The stream: a tensor is named ''; it must have a name of its own.");
}
