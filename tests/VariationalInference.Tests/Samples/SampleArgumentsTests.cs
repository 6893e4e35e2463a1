using System.Globalization;
using FluentAssertions;
using VariationalInference.Samples;
using Xunit;

namespace VariationalInference.Tests.Samples;

/// <summary>No option of a sample is dropped in silence, and all samples read files in the same dialects.</summary>
public sealed class SampleArgumentsTests : IDisposable
{
    private readonly string _path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName() + ".csv");

    public void Dispose() => File.Delete(_path);

    [Theory]
    [InlineData("--data has no effect with --values", "--values", "1,2", "--data", "x.csv")]
    [InlineData("--group has no effect with --values", "--values", "1,2", "--group", "g")]
    [InlineData("--value has no effect with --values", "--values", "1,2", "--value", "y")]
    [InlineData("--separator has no effect with --values", "--values", "1,2", "--separator", ";")]
    [InlineData("--decimal-comma has no effect with --values", "--values", "1,2", "--decimal-comma")]
    [InlineData("--separator has no effect without --data", "--separator", ";")]
    [InlineData("--latents is given twice, as '2' and as '3'", "--latents", "2", "--latents", "3")]
    public void GaussianSum_OptionWithoutEffect_IsRefused(string message, params string[] arguments) =>
        Refused(() => _ = new GaussianSumArguments(arguments), message);

    [Theory]
    [InlineData("--label has no effect without --wide", "--label", "g")]
    [InlineData("--group has no effect with --wide", "--wide", "--group", "g")]
    [InlineData("--value has no effect with --wide", "--wide", "--value", "y")]
    [InlineData("--decimal-comma has no effect without --data", "--decimal-comma")]
    public void Amortization_OptionWithoutEffect_IsRefused(string message, params string[] arguments) =>
        Refused(() => _ = new AmortizationArguments(arguments), message);

    [Fact]
    public void Amortization_TrainRowsBesideAFileWithEnoughOfThem_IsRefused()
    {
        File.WriteAllLines(_path, ["a,b", .. Enumerable.Range(0, 2_000).Select(n => $"{n % 7},{n % 11}")]);
        new AmortizationArguments(["--data", _path, "--wide"]).TrainOnData.Should().BeTrue();
        Refused(
            () => _ = new AmortizationArguments(["--data", _path, "--wide", "--train-rows", "100"]),
            "--train-rows has no effect: the file has 2000 complete rows, enough to train on");
    }

    [Theory]
    [InlineData("--linear is '0'; it must be a whole number of at least 1", "--linear", "0")]
    [InlineData("--amortized is '25'; it must be at most 24", "--amortized", "25")]
    [InlineData("--epochs is 'many'; it must be a whole number of at least 1", "--epochs", "many")]
    public void Hybrid_NumberOutOfRange_IsRefused(string message, params string[] arguments) =>
        Refused(() => _ = new HybridArguments(arguments), message);

    [Theory]
    [InlineData("--value has no effect with --wide", "--data", "x.csv", "--wide", "--value", "y")]
    [InlineData("--chart has no effect with --wide", "--data", "x.csv", "--wide", "--chart", "c.svg")]
    [InlineData("--ml has no effect with --wide", "--data", "x.csv", "--wide", "--ml")]
    [InlineData("--separator has no effect without --data", "--separator", ";")]
    [InlineData("--wide needs --data", "--wide")]
    public void Replicates_OptionWithoutEffect_IsRefused(string message, params string[] arguments) =>
        Refused(() => _ = new ReplicatesArguments(arguments), message);

    [Fact]
    public void DecimalCommas_AreReadByEverySample()
    {
        File.WriteAllText(_path, "g;y\nA;1,5\nA;2,5\nB;3,5\nB;5\n");
        string[] file = ["--data", _path, "--group", "g", "--value", "y", "--decimal-comma"];
        double[] expected = [1.5, 2.5, 3.5, 5];
        new GaussianSumArguments(file).Data.Values.ToRowMajorArray().Should().Equal(expected);
        new AmortizationArguments(file).Data.Values.ToRowMajorArray().Should().Equal(expected);
        string text = RunReplicates(file);
        text.Should().Contain("4 measurements in 2 groups").And.MatchRegex(@"\n  A +2 +2\.0");

        File.WriteAllText(_path, "g;y;z\nA;1,5;2,5\nB;3,5;5\n");
        new AmortizationArguments(["--data", _path, "--wide", "--label", "g", "--decimal-comma"]).Data.Values.ToRowMajorArray().Should().Equal(expected);
        RunReplicates("--data", _path, "--wide", "--group", "g", "--decimal-comma").Should().MatchRegex(@"\n  mean +3\.125 ");
    }

    [Fact]
    public void Replicates_GroupsFarFromZero_ShowTheirIntervals()
    {
        // Means of 1763950000 − 0.1, + 0.02 and + 0.15, each with −0.05, 0, 0.05 about it; the intervals of the groups' means are 0.1 wide.
        double[] means = [-0.1, 0.02, 0.15];
        File.WriteAllLines(
            _path,
            ["g,y", .. means.SelectMany((mean, n) => new[] { -0.05, 0, 0.05 }.Select(
                noise => string.Create(CultureInfo.InvariantCulture, $"{"ABC"[n]},{1763950000m + (decimal)mean + (decimal)noise}")))]);
        string text = RunReplicates("--data", _path, "--group", "g", "--value", "y");
        text.Should().MatchRegex(@"\n  A +3 +1763949999\.90\d* +1763949999\.9\d+ +1763949999\.8\d+ to 1763949999\.9\d+ ");
        text.Should().MatchRegex(@"\n  C +3 +1763950000\.15\d* +1763950000\.1\d+ +1763950000\.0\d+ to 1763950000\.[12]\d+ ");
        text.Should().MatchRegex(@"\n  mean +1763950000\.02\d* +0\.\d+ +17639\d+\.\d+ to 17639\d+\.\d+ ");
    }

    [Fact]
    public void Replicates_MissingMeasurements_AreCountedAndAGroupWithoutAnyIsInferredAllTheSame()
    {
        File.WriteAllText(_path, "g,y\nA,1\nA,2\nB,5\nB,\nB,7\nC,\n");
        string text = RunReplicates("--data", _path, "--group", "g", "--value", "y");
        text.Should().Contain("4 measurements in 3 groups; 2 more are missing").And.MatchRegex(@"\n  C +0 +none +\d");
    }

    [Fact]
    public void Replicates_WithoutVarianceBetween_PrintsDigitsOfTheCommonError()
    {
        File.WriteAllText(_path, "g,y\nA,1\nA,2.5\nB,2.5\nB,1\n");
        RunReplicates("--data", _path, "--group", "g", "--value", "y").Should().MatchRegex(@"\n  A +2 +1\.750 +1\.750 +1\.750 to 1\.750 ");
    }

    private static string RunReplicates(params string[] arguments) => ReplicatesRun.Print(arguments);

    private static void Refused(Action parse, string message) => parse.Should().Throw<UsageException>().WithMessage(message);
}
