using FluentAssertions;
using VariationalInference.Samples;
using Xunit;

namespace VariationalInference.Tests.Samples;

/// <summary>A mixed model is read from options as it was meant, and what cannot be meant is refused before any file is read.</summary>
public sealed class MixedFormulaTests
{
    [Fact]
    public void Options_AreTheModel()
    {
        ReplicatesArguments arguments = Parse(
            "--response", "y", "--fixed", "a,b", "--fixed", "c", "--factor", "f", "--group", "g", "--group", "g:h", "--slope", "g:a", "--slope", "g:h:d",
            "--weights", "w", "--uncorrelated", "--ml");
        MixedFormula formula = arguments.Mixed!;
        formula.Measured.Should().Be("y");
        formula.Covariates.Should().Equal("a", "b", "c");
        formula.Factors.Should().Equal("f");
        formula.Groups.Should().Equal("g", "g:h");
        formula.Slopes.Should().Equal(("g", "a"), ("g:h", "d"));
        formula.Weights.Should().Be("w");
        formula.IsCorrelated.Should().BeFalse();
        formula.Columns.Responses.Should().Equal("y");
        formula.Columns.Covariates.Should().Equal(["a", "b", "c", "d", "w"], "each column is read once");
        formula.Columns.Labels.Should().Equal("f", "g", "h");
        arguments.Restricted.Should().BeFalse();
        arguments.Settings.Should().Contain(("slopes", "a by g; d by g:h")).And.Contain(("effects of a group", "independent"))
            .And.Contain(("fixed effects", "an intercept; a; b; c; f, by label")).And.Contain(("weights", "w"));
    }

    [Fact]
    public void Defaults_AreCorrelatedEffectsByRestrictedLikelihood()
    {
        ReplicatesArguments arguments = Parse("--response", "y", "--group", "g");
        arguments.Mixed!.IsCorrelated.Should().BeTrue();
        arguments.Restricted.Should().BeTrue();
        arguments.Predictions.Should().BeEmpty();
        new ReplicatesArguments([]).Mixed.Should().BeNull("one grouping of dyestuff is the default");
    }

    [Theory]
    [InlineData("--response needs --group, a column of labels between whose groups the intercept varies", "--response", "y")]
    [InlineData("--response needs --group, a column of labels*", "--response", "y", "--fixed", "x")]
    [InlineData("--slope is 'h:x', and there is no --group h; there is g", "--response", "y", "--group", "g", "--slope", "h:x")]
    [InlineData("--slope is 'x'; it must be GROUP:COLUMN", "--response", "y", "--group", "g", "--slope", "x")]
    [InlineData("--slope is 'g:'; it must be GROUP:COLUMN", "--response", "y", "--group", "g", "--slope", "g:")]
    [InlineData("--slope is ':x'; it must be GROUP:COLUMN", "--response", "y", "--group", "g", "--slope", ":x")]
    [InlineData("--slope has 'g:x' twice; it must have it once", "--response", "y", "--group", "g", "--slope", "g:x", "--slope", "g:x")]
    [InlineData("--group has 'g' twice; it must have it once", "--response", "y", "--group", "g", "--group", "g")]
    [InlineData("--group has 'g' twice; it must have it once", "--response", "y", "--group", "g:g")]
    [InlineData("--group has an empty name; it must be that of a column, or of several with colons between", "--response", "y", "--group", "g:")]
    [InlineData("--fixed has an empty name; it must be that of a column, or of several with commas between", "--response", "y", "--group", "g", "--fixed", "a,,b")]
    [InlineData("--fixed has 'a' twice; it must have it once", "--response", "y", "--group", "g", "--fixed", "a,b", "--fixed", "a")]
    [InlineData("--factor has 'f' twice; it must have it once", "--response", "y", "--group", "g", "--factor", "f", "--factor", "f")]
    [InlineData("--response has an empty name; it must be that of a column", "--response", "", "--group", "g")]
    [InlineData("--weights has an empty name; it must be that of a column", "--response", "y", "--group", "g", "--weights", " ")]
    [InlineData("--weights is given twice, as 'v' and as 'w'", "--response", "y", "--group", "g", "--weights", "v", "--weights", "w")]
    [InlineData("--uncorrelated has no effect without --slope", "--response", "y", "--group", "g", "--uncorrelated")]
    [InlineData("--value has no effect with --response", "--response", "y", "--group", "g", "--value", "y")]
    [InlineData("--wide has no effect with --response", "--response", "y", "--group", "g", "--wide", "--data", "x.csv")]
    [InlineData("--chart has no effect with --response", "--response", "y", "--group", "g", "--chart", "c.svg")]
    [InlineData("--slope has no effect without --response", "--group", "g", "--slope", "g:x")]
    [InlineData("--fixed has no effect without --response", "--fixed", "x")]
    [InlineData("--factor has no effect without --response", "--factor", "x")]
    [InlineData("--weights has no effect without --response", "--weights", "x")]
    [InlineData("--predict has no effect without --response", "--predict", "x=1")]
    [InlineData("--group is given twice, as 'g' and as 'h'; several need --response", "--group", "g", "--group", "h")]
    [InlineData("--pictures has no effect with --wide", "--wide", "--data", "x.csv", "--pictures", "p")]
    [InlineData("--example is 'pastes'; it must be penicillin or sleepstudy", "--example", "pastes")]
    [InlineData("--data has no effect with --example", "--example", "penicillin", "--data", "x.csv")]
    [InlineData("--response has no effect with --example", "--example", "penicillin", "--response", "y")]
    [InlineData("--group has no effect with --example", "--example", "penicillin", "--group", "g")]
    [InlineData("--value has no effect with --example", "--example", "penicillin", "--value", "y")]
    [InlineData("--wide has no effect with --example", "--example", "penicillin", "--wide")]
    [InlineData("--decimal-comma has no effect with --example", "--example", "penicillin", "--decimal-comma")]
    [InlineData("--uncorrelated has no effect with --example penicillin, which has no slopes", "--example", "penicillin", "--uncorrelated")]
    public void WhatCannotBeMeant_IsRefused(string message, params string[] arguments) => Refused(message, arguments);

    [Theory]
    [InlineData("--predict is 'x'; it must be NAME=VALUE, or several with commas between", "x")]
    [InlineData("--predict is 'x=1,'; it must be NAME=VALUE, or several with commas between", "x=1,")]
    [InlineData("--predict is 'x='; it must be NAME=VALUE, or several with commas between", "x=")]
    [InlineData("--predict is '=1'; it must be NAME=VALUE, or several with commas between", "=1")]
    [InlineData("--predict has 'q', which the model does not; it has x, z, f, g, h", "x=1,q=2")]
    [InlineData("--predict has 'x' twice; it must have it once", "x=1,x=2")]
    [InlineData("--predict has x=one; it must be a number", "x=one,z=1,f=a")]
    [InlineData("--predict has x=1e999; it must be a number", "x=1e999,z=1,f=a")]
    [InlineData("--predict has x=NaN; it must be a number", "x=NaN,z=1,f=a")]
    [InlineData("--predict is 'x=1,f=a'; it lacks z", "x=1,f=a")]
    [InlineData("--predict is 'x=1,z=1,g=a'; it lacks f", "x=1,z=1,g=a")]
    public void PredictionThatCannotBeMade_IsRefused(string message, string row) => Refused(
        message, "--response", "y", "--fixed", "x", "--factor", "f", "--group", "g", "--group", "g:h", "--slope", "g:z", "--predict", row);

    [Fact]
    public void Predictions_HaveNumbersAndTheLabelsThatAreGiven()
    {
        ReplicatesArguments arguments = Parse(
            "--response", "y", "--fixed", "x", "--group", "g", "--group", "g:h", "--predict", "x = -1.5e2, g = a b ,h=c=d", "--predict", "h=c,x=2");
        PredictionRow[] rows = [.. arguments.Predictions];
        rows.Should().HaveCount(2);
        rows[0].Number("x").Should().Be(-150);
        rows[0].Label("g").Should().Be("a b");
        rows[0].Text.Should().Be("x=-1.5e2, g=a b, h=c=d");
        MixedTable.LabelOf(rows[0], "g:h").Should().Be("a b:c=d");
        rows[1].Number("x").Should().Be(2);
        rows[1].Label("g").Should().BeNull();
        MixedTable.LabelOf(rows[1], "g:h").Should().BeNull("a combination is known when both of its columns are");
    }

    [Fact]
    public void Help_FitsAPlainConsole_AndTellsOfEachOption()
    {
        ReplicatesArguments.Help.Split('\n').Should().OnlyContain(line => line.TrimEnd().Length < 120);
        foreach (string option in (string[])[.. MixedFormula.Options, .. MixedFormula.Flags, MixedExample.Option, PredictionRow.Option, "pictures", "report"])
        {
            ReplicatesArguments.Help.Should().Contain($"\n  --{option} ");
        }
    }

    private static ReplicatesArguments Parse(params string[] arguments) => new(["--data", "x.csv", .. arguments]);

    private static void Refused(string message, params string[] arguments)
    {
        Action parse = () => _ = new ReplicatesArguments(arguments);
        parse.Should().Throw<UsageException>().WithMessage(message);
    }
}
