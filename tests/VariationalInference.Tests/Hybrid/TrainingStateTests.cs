using System.Text.Json;
using FluentAssertions;
using Xunit;

namespace VariationalInference.Tests.Hybrid;

/// <summary>The state of a training as text, and what is refused of it.</summary>
public sealed class TrainingStateTests
{
    private static readonly HybridCheckpoint Checkpoint = Train();

    [Fact]
    public void Text_HoldsTheState()
    {
        TrainingState<HybridProgress> state = Restore(TrainingStateJson.Write(Checkpoint.State));

        state.Epoch.Should().Be(2);
        state.Step.Should().Be(Checkpoint.Steps);
        state.BestLoss.Should().Be(Checkpoint.AmortizationGap);
        state.LargestLoss.Should().Be(Checkpoint.State.LargestLoss);
    }

    [Theory]
    [InlineData("{\"epoch\":", "The state of training is no JSON: ")]
    [InlineData("", "The state of training is no JSON: ")]
    public void TextThatIsNoJson_IsRefused_WithTheReason(string text, string message)
    {
        FormatException exception = FluentActions.Invoking(() => TrainingStateJson.Read(text)).Should().ThrowExactly<FormatException>().Which;

        exception.Message.Should().StartWith(message);
        exception.InnerException.Should().BeAssignableTo<JsonException>();
    }

    [Fact]
    public void TextThatIsNoObject_IsRefused() => FluentActions.Invoking(() => TrainingStateJson.Read("[1]"))
        .Should().ThrowExactly<FormatException>().WithMessage("The state of training is no JSON object.").Which.InnerException.Should().BeNull();

    [Theory]
    [InlineData("epoch", "1")]
    [InlineData("epoch", "3")]
    [InlineData("visited", "1000000")]
    [InlineData("rateFactor", "0")]
    [InlineData("rateFactor", "1.5")]
    [InlineData("waited", "-1")]
    [InlineData("bestGap", "-1e-3")]
    [InlineData("largestGap", "-1e-3")]
    [InlineData("bestEpoch", "3")]
    public void NumberOutOfItsRange_IsRefusedByName(string name, string value)
    {
        string text = TrainingStateJson.Write(Checkpoint.State);
        using JsonDocument document = JsonDocument.Parse(text);
        string old = document.RootElement.GetProperty(name).GetRawText();

        FluentActions.Invoking(() => Restore(text.Replace($"\"{name}\":{old}", $"\"{name}\":{value}", StringComparison.Ordinal)))
            .Should().ThrowExactly<FormatException>().WithMessage($"The state of training has no {name}, or one out of its range.");
    }

    [Fact]
    public void Checkpoint_OfTheMostEpochsThereCanBe_IsLoaded()
    {
        TrainingState<HybridProgress> state = Checkpoint.State.Copy();
        state.History = [.. state.History.Select(progress => progress with { MaxEpochs = int.MaxValue })];
        var stream = new MemoryStream();
        new HybridCheckpoint(Checkpoint.BestEncoder(), Checkpoint.Options, Checkpoint.Scales, state).Save(stream);

        HybridCheckpoint loaded = HybridCheckpoint.Load(new MemoryStream(stream.ToArray()));

        loaded.History.Should().OnlyContain(progress => progress.MaxEpochs == int.MaxValue);
    }

    private static TrainingState<HybridProgress> Restore(string text)
    {
        TrainingState<HybridProgress> state = Checkpoint.State;
        return TrainingStateJson.Read(text).ToState(
            state.Fingerprint, state.Current, state.Average, state.Best, state.Carried, state.Optimizer, state.History);
    }

    private static HybridCheckpoint Train()
    {
        var model = new GaussianSumModel();
        return new HybridSolver(new HybridOptions { MaxEpochs = 2, GapTolerance = 0 })
            .Fit(model, new MlpEncoder(2, 1, [3], seed: 1), model.Sample(50, seed: 1).Observations).Checkpoint;
    }
}
