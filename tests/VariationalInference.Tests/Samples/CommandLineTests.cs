using FluentAssertions;
using VariationalInference.Samples;
using Xunit;

namespace VariationalInference.Tests.Samples;

public sealed class CommandLineTests
{
    [Fact]
    public void OptionsAndFlags_AreRead()
    {
        CommandLine line = Parse("--values", "1.5,-2", "--wide", "--count", "7");
        line.Numbers("values").Should().Equal(1.5, -2);
        line.Has("wide").Should().BeTrue();
        line.Count("count", otherwise: 3, minimum: 1).Should().Be(7);
        line.Count("other", otherwise: 3, minimum: 1).Should().Be(3);
    }

    [Fact]
    public void PerLatent_OneNumber_ServesAll()
    {
        Parse("--values", "2").PerLatent("values", 3, [0]).Should().Equal(2, 2, 2);
        Parse().PerLatent("values", 2, [5]).Should().Equal(5, 5);
        Refused(() => Parse("--values", "1,2").PerLatent("values", 3, [0]), "*--values has 2 numbers*1 or 3*");
    }

    [Fact]
    public void OptionWithoutEffect_IsRefused()
    {
        Refused(() => Parse("--wide", "--count", "1").Refuse("wide", given: true, "values", "count"), "--count has no effect with --wide");
        Refused(() => Parse("--count", "1").Refuse("wide", given: false, "count"), "--count has no effect without --wide");
        Parse("--wide").Refuse("wide", given: true, "count");
        Parse("--count", "1").Refuse("wide", given: true, "count");
    }

    [Fact]
    public void OptionGivenAgain_IsRefusedUnlessItIsAList()
    {
        CommandLine line = new(["--group", "plate", "--values", "1", "--group", "sample"], ["values", "group"], [], lists: ["group"]);
        line.Texts("group").Should().Equal("plate", "sample");
        line.Texts("values").Should().Equal("1");
        Parse().Texts("values").Should().BeEmpty();
        Refused(() => Parse("--values", "1", "--values", "2"), "--values is given twice, as '1' and as '2'");
    }

    [Fact]
    public void UnknownOption_NamesItAndTheOptions() => Refused(() => Parse("--colour"), "'--colour'*--values*--count*--wide*--help");

    [Fact]
    public void MissingOrBadValue_NamesTheOption()
    {
        Refused(() => Parse("--values"), "--values needs a value");
        Refused(() => Parse("--values", "1;2").Numbers("values"), "--values is '1;2'*");
        Refused(() => Parse("--values", "1,2").Number("values"), "--values is '1,2'; it must be one number");
        Refused(() => Parse("--count", "0").Count("count", otherwise: 1, minimum: 1), "--count is '0'*at least 1*");
    }

    [Theory]
    [InlineData(true, "--values", "x", "--help")]
    [InlineData(true, "--colour", "-h")]
    [InlineData(false, "--values", "x")]
    public void Help_IsGivenWhateverElseIsAsked(bool asks, params string[] arguments) =>
        CommandLine.AsksForHelp(arguments).Should().Be(asks);

    private static CommandLine Parse(params string[] arguments) => new(arguments, ["values", "count", "other"], ["wide"]);

    private static void Refused(Action parse, string message) => parse.Should().Throw<UsageException>().WithMessage(message);
}
