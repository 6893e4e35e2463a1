using System.Globalization;
using System.Text.RegularExpressions;
using FluentAssertions;
using MathNet.Numerics.Distributions;
using MathNet.Numerics.Random;
using VariationalInference.Samples;
using Xunit;

namespace VariationalInference.Tests.Samples;

/// <summary>What the sample prints of mixed models is right, to all digits printed, and faults of a file are named.</summary>
public sealed class MixedSampleTests : IDisposable
{
    private readonly string _path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName() + ".csv");

    public void Dispose() => File.Delete(_path);

    [Fact]
    public void Penicillin_ByRestrictedLikelihood_PrintsTheReferenceValues()
    {
        // By a dense likelihood, Newton-polished: plate 0.7169082125, sample 3.7309178735, residual 0.3024154589, log likelihood −165.4302944955.
        string text = ReplicatesRun.Print("--example", "penicillin");
        text.Should().Contain("144 measurements; groups: 24 of plate, 6 of sample\n")
            .And.Contain("diameter ~ (Intercept) + ((Intercept) | plate) + ((Intercept) | sample), by restricted maximum likelihood");
        Line(text, "(Intercept)").Should().Equal("22.972", "0.80857", "21.387 to 24.557", "28.411");
        Line(text, "sd between plate")[0].Should().Be("0.8467");
        Line(text, "sd between plate")[^1].Should().Be("0.71691");
        Line(text, "sd between sample")[0].Should().Be("1.9316");
        Line(text, "sd between sample")[^1].Should().Be("3.7309");
        Line(text, "sd within")[0].Should().Be("0.54992");
        Line(text, "sd within")[^1].Should().Be("0.30242");
        text.Should().Contain("Restricted log likelihood -165.43; converged").And.Contain("4 parameters; AIC 338.86, BIC 350.74.").And.NotContain("Warning");

        // Means of plates m and x 1.42742 and −1.21980; sds given the fixed effects are 0.27136, those of samples with their own 0.79523.
        Line(text, "m")[..2].Should().Equal("6", "1.427");
        Line(text, "x")[..2].Should().Equal("6", "-1.220");
        Line(text, "A").Should().Equal("24", "2.187", "0.629 to 3.746");
        Line(text, "F").Should().Equal("24", "-3.004", "-4.562 to -1.445");
    }

    [Fact]
    public void Penicillin_ByMaximumLikelihood_PrintsTheProfilesOfLme4()
    {
        // lme4 1.1-31, confint: plate 0.63357 to 1.1821, sample 1.0958 to 3.5563, sigma 0.48585 to 0.62945.
        string text = ReplicatesRun.Print("--example", "penicillin", "--ml");
        Line(text, "sd between plate").Should().Equal("0.84557", "0.63357 to 1.1821", "0.71499");
        Line(text, "sd between sample").Should().Equal("1.7706", "1.0958 to 3.5563", "3.1352");
        Line(text, "sd within").Should().Equal("0.54993", "0.48585 to 0.62945", "0.30243");
        text.Should().Contain("\nLog likelihood -166.09; converged").And.Contain(", by maximum likelihood\n");
    }

    [Fact]
    public void Readme_ShowsWhatIsPrinted()
    {
        string readme = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Samples", "Replicates.md")).ReplaceLineEndings("\n");
        Match example = Regex.Match(readme, @"-- (--example penicillin[^\n]*) --pictures [^\n]*\n```\n\n```text\n(.*?)\n```", RegexOptions.Singleline);
        example.Success.Should().BeTrue();
        string[] printed = [.. ReplicatesRun.Print(example.Groups[1].Value.Split(' ')).Split('\n').Select(line => line.TrimEnd()).Where(line => line.Length > 0)];
        string[] shown = [.. example.Groups[2].Value.Split('\n').Where(line => line.Length > 0)];
        int omission = Array.IndexOf(shown, "…");
        printed[..omission].Should().Equal(shown[..omission]);
        printed[^(shown.Length - omission - 1)..].Should().Equal(shown[(omission + 1)..]);
    }

    [Fact]
    public void Sleepstudy_WithCorrelatedSlopes_PrintsThoseOfLme4AndPredicts()
    {
        // lme4 1.1-31 with REML: AIC 1755.628, BIC 1774.786, correlation 0.0656; subject 308 on day 10: 450.3263. Intervals by maximum
        // likelihood: those of its confint, but for the correlation, which that interpolates; lme4's deviance, profiled, gives −0.481493 to 0.685019.
        string text = ReplicatesRun.Print("--example", "sleepstudy", "--predict", "Days=10,Subject=308", "--predict", "Days=10", "--predict", "Subject=999,Days=0");
        Line(text, "(Intercept)").Should().Equal("251.41", "6.8246", "238.03 to 264.78", "36.838");
        Line(text, "Days").Should().Equal("10.467", "1.5458", "7.4376 to 13.497", "6.7715");
        Line(text, "correlation of (Intercept) and Days of Subject")[0].Should().StartWith("0.0655");
        text.Should().Contain("6 parameters; AIC 1755.63, BIC 1774.79.");
        Line(text, "Days=10, Subject=308")[0].Should().Be("450.3");
        double[] known = Ends(Line(text, "Days=10, Subject=308")[1]), unknown = Ends(Line(text, "Days=10; a new Subject")[1]);
        (unknown[1] - unknown[0]).Should().BeGreaterThan(2 * (known[1] - known[0]), "a new subject varies as subjects do");
        Ends(Line(text, "Days=10, Subject=308")[2])[1].Should().BeGreaterThan(known[1], "a measurement has noise");
        Line(text, "Subject=999, Days=0; a new Subject")[0].Should().Be("251.4");
        text.Should().Contain("Effects of Subject on the slope of Days");

        string likelihood = ReplicatesRun.Print("--example", "sleepstudy", "--ml");
        Line(likelihood, "sd between Subject")[1].Should().Be("14.381 to 37.716");
        Line(likelihood, "sd of Days between Subject")[1].Should().Be("3.8012 to 8.7534");
        Line(likelihood, "correlation of (Intercept) and Days of Subject")[1].Should().Be("-0.48149 to 0.68502");
        Line(likelihood, "sd within")[1].Should().Be("22.898 to 28.858");
    }

    [Fact]
    public void Sleepstudy_WithIndependentSlopes_HasNoCorrelation()
    {
        // lme4 1.1-31, (Days || Subject) with REML: 627.57, 35.858, 653.58, log likelihood −871.8346.
        string text = ReplicatesRun.Print("--example", "sleepstudy", "--uncorrelated");
        text.Should().NotContain("correlation of").And.Contain("5 parameters").And.Contain("Restricted log likelihood -871.83;");
        Line(text, "sd between Subject")[^1].Should().Be("627.57");
        Line(text, "sd of Days between Subject")[^1].Should().Be("35.858");
        Line(text, "sd within")[^1].Should().Be("653.58");
    }

    [Fact]
    public void ColumnsOfAFile_AreTakenByName_AsTheLibraryTakesThem()
    {
        string[] batch = ["a", "a", "b", "b", "c", "c", "d", "d", "e", "e"], cask = ["1", "2", "1", "2", "1", "2", "1", "2", "1", "2"];
        string[] method = ["old", "new", "new", "old", "old", "old", "new", "new", "old", "new"];
        double[] strength = [1.1, 2.3, 4.0, 3.1, 5.5, double.NaN, 8.2, 7.9, 9.4, 10.3], hour = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], weight = [1, 2, 1, 4, 1, 1, 2, 1, 1, 3];
        Write(["strength", "hour", "weight", "batch", "cask", "method"], [.. strength.Select((y, i) => new[]
        {
            double.IsNaN(y) ? string.Empty : Text(y), Text(hour[i]), Text(weight[i]), batch[i], cask[i], method[i],
        })]);
        MixedModelFit expected = new MixedModel("strength", strength, weight).Fixed("hour", hour).FixedFactor("method", method)
            .Random("batch", batch).Fit(new MixedModelOptions { Restricted = true });

        string text = Run("--response", "strength", "--fixed", "hour", "--factor", "method", "--group", "batch", "--weights", "weight", "--predict", "hour=3,method=new,batch=b");

        text.Should().Contain("9 measurements; groups: 5 of batch; 1 more is missing");
        foreach (FixedEffect effect in expected.FixedEffects)
        {
            Line(text, effect.Name)[..2].Should().Equal(Format.Number(effect.Estimate, effect.StandardError), Format.Number(effect.StandardError));
        }

        Line(text, "sd within")[^1].Should().Be(Format.Number(expected.ResidualVariance));
        Line(text, "c")[0].Should().Be("1", "the missing measurement does not count");
        Prediction prediction = expected.Predict([("hour", [3])], [("batch", ["b"]), ("method", ["new"])])[0];
        Line(text, "hour=3, method=new, batch=b")[0].Should().Be(Format.Mean(prediction.Mean, prediction.MeanSd));
    }

    [Fact]
    public void NestedGroups_AreCombinationsOfColumns()
    {
        Write(["y", "block", "variety"], [.. Enumerable.Range(0, 36).Select(i => new[]
        {
            Text((i / 12) + (3 * Math.Sin(i / 3)) + (0.1 * (i * i % 7))), "ABC"[i / 12].ToString(), "xyzw"[i / 3 % 4].ToString(),
        })]);
        string text = Run("--response", "y", "--group", "block", "--group", "block:variety", "--predict", "block=A,variety=x", "--predict", "block=A", "--predict", "variety=x");
        text.Should().Contain("groups: 3 of block, 12 of block:variety").And.MatchRegex(@"\n  C:w +3 ");
        Line(text, "block=A, variety=x").Should().HaveCount(3);
        Line(text, "block=A; a new block:variety").Should().HaveCount(3);
        Line(text, "variety=x; a new block, a new block:variety").Should().HaveCount(3);
    }

    [Theory]
    [InlineData("twice", "group", "*The fixed effect \"twice\" is a linear combination of *\"x\"; leave one of them out.")]
    [InlineData("same", "group", "*The fixed effect \"same\" is zero in every row, but for a constant; leave it out.")]
    [InlineData("missing", "group", "*(1): there is no column 'missing'; the columns are y, x, twice, same, group, gaps")]
    [InlineData("y", "group", "the column 'y' is asked for twice")]
    [InlineData("group", "group", "*(2): column 'group': 'a' is not a number")]
    [InlineData("x", "gaps", "*(4): column 'gaps' is empty; each line needs a label there")]
    public void FaultOfAColumn_IsNamed(string covariate, string group, string message)
    {
        Write(["y", "x", "twice", "same", "group", "gaps"], [.. Enumerable.Range(0, 8).Select(i => new[]
        {
            Text(i % 3), Text(i), Text((2 * i) + 1), "4", "abcd"[i / 2].ToString(), i == 2 ? string.Empty : "abcd"[i / 2].ToString(),
        })]);
        Action run = () => Run("--response", "y", "--fixed", covariate == "x" ? "x" : $"x,{covariate}", "--group", group);
        Exception refusal = run.Should().Throw<Exception>().WithMessage(message).Which;
        (refusal is CsvFormatException).Should().Be(covariate != "y", "what is wrong with a file ends with 1, and what is wrong with the command line with 2");
        (refusal is UsageException).Should().Be(covariate == "y");
    }

    [Fact]
    public void PredictionOfALabelThatHasNoFixedEffect_IsRefused()
    {
        Write(["y", "f", "g"], [["1", "p", "a"], ["2", "q", "a"], ["4", "p", "b"], ["3", "q", "b"], ["5", "q", "c"]]);
        Action run = () => Run("--response", "y", "--factor", "f", "--group", "g", "--predict", "f=r");
        run.Should().Throw<UsageException>().WithMessage("--predict has f=r; it must be one of p, q");
    }

    [Fact]
    public void VarianceAtZero_IsSaid()
    {
        Write(["y", "g"], [["1", "a"], ["3", "a"], ["3", "b"], ["1", "b"], ["2.5", "c"], ["1.5", "c"]]);
        string text = Run("--response", "y", "--group", "g");
        text.Should().Contain("Warning: The variance of (Intercept) between the levels of g is at its boundary, 0.");
        Line(text, "sd between g")[0].Should().Be("0");
        Line(text, "sd between g")[1].Should().StartWith("0 to ");
        Line(text, "a").Should().Equal("2", "0", "0 to 0");
    }

    [Fact]
    public void SeveralMaxima_AreCountedAndTheHighestIsKept()
    {
        // After lme4 #17: the highest is τ² = 0, σ² = 1.5379, log likelihood −19.21800; the other, at τ² = 0.4298, is 0.01192 lower.
        string[] groups = ["a", "b", "c", "d", "e"];
        int[][] values = [[-1, 0, -2, 1, 0, 0, -1, -2], [0], [0], [1], [-3]];
        Write(["y", "g"], [.. values.SelectMany((group, g) => group.Select(value => new[] { Text(value), groups[g] }))]);
        string text = Run("--response", "y", "--group", "g");
        text.Should().Contain("Restricted log likelihood -19.218;").And.Contain("The likelihood has 2 maxima. The highest is kept; the others are lower by 0.012 nats.");
        Line(text, "sd within")[^1].Should().Be("1.5379");
        Run("--group", "g", "--value", "y").Should().Contain("The likelihood has 2 maxima.", "one grouping alone is the same model");
    }

    [Fact]
    public void RandomTables_OfAnySizeAndPlace_ShowTheLibrarysIntervalsToAHundredth()
    {
        var random = new Xoshiro256StarStar(17, false);
        for (int trial = 0; trial < 30; trial++)
        {
            double scale = Math.Pow(10, random.Next(-9, 9)), place = scale * Math.Pow(10, random.Next(0, 9));
            double[] plates = Normals(random, 6), casks = Normals(random, 4), noise = Normals(random, 24);
            string[] plate = [.. Enumerable.Range(0, 24).Select(i => $"p{i / 4}")], cask = [.. Enumerable.Range(0, 24).Select(i => $"c{i % 4}")];
            double[] y = [.. noise.Select((value, i) => i % 7 == 3 ? double.NaN : place + (scale * (plates[i / 4] + (2 * casks[i % 4]) + (0.5 * value))))];
            Write(["y", "plate", "cask"], [.. y.Select((value, i) => new[] { double.IsNaN(value) ? string.Empty : Text(value), plate[i], cask[i] })]);
            MixedModelFit fit = new MixedModel("y", y).Random("plate", plate).Random("cask", cask).Fit(new MixedModelOptions { Restricted = true });

            string text = Run("--response", "y", "--group", "plate", "--group", "cask", "--predict", "plate=p1,cask=c2");

            string why = $"of trial {trial}:\n{text}";
            RequireInterval(Line(text, "(Intercept)")[2], fit.FixedEffects[0].Interval(0.95), why);
            RequireInterval(Line(text, "plate=p1, cask=c2")[1], fit.Predict([], [("plate", ["p1"]), ("cask", ["c2"])])[0].MeanInterval(0.95), why);
            VarianceInterval[] deviations = [.. fit.VarianceIntervals()];
            RequireInterval(Line(text, "sd between plate")[1], (deviations[0].Lower, deviations[0].Upper), why);
            RequireInterval(Line(text, "sd within")[1], (deviations[2].Lower, deviations[2].Upper), why);
            RequireInterval(Line(text, "c3")[2], fit.RandomTerms[1]["c3"].Interval(0.95), why);
        }
    }

    [Fact]
    public void PicturesAndReport_ShowEachTerm()
    {
        string folder = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        try
        {
            string report = Path.Combine(folder, "page.html");
            ReplicatesRun.Print("--example", "penicillin", "--pictures", folder, "--report", report);
            Directory.GetFiles(folder).Select(Path.GetFileName).Should().BeEquivalentTo("effects-plate.svg", "effects-sample.svg", "page.html");
            string page = File.ReadAllText(report);
            page.Should().Contain("diameter: effects of plate").And.Contain("diameter: effects of sample").And.Contain("Standard deviations and correlations");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static double[] Normals(Xoshiro256StarStar random, int count)
    {
        var values = new double[count];
        Normal.Samples(random, values, 0, 1);
        return values;
    }

    private static void RequireInterval(string printed, (double Lower, double Upper) interval, string why)
    {
        double[] ends = Ends(printed);
        ends[0].Should().BeApproximately(interval.Lower, 0.01 * (interval.Upper - interval.Lower), why);
        ends[1].Should().BeApproximately(interval.Upper, 0.01 * (interval.Upper - interval.Lower), why);
    }

    private static string Text(double value) => value.ToString(CultureInfo.InvariantCulture);

    private static double[] Ends(string interval) => [.. interval.Split(" to ").Select(end => double.Parse(end, CultureInfo.InvariantCulture))];

    /// <summary>Returns the cells after the first of the line that begins with it; there is one.</summary>
    private static string[] Line(string text, string first)
    {
        string line = text.Split('\n').Should().ContainSingle(line => Regex.IsMatch(line, $"^  {Regex.Escape(first)}   ")).Which;
        return Regex.Split(line[(first.Length + 2)..].Trim(), " {3,}");
    }

    private void Write(string[] header, string[][] rows) => File.WriteAllLines(_path, [string.Join(',', header), .. rows.Select(row => string.Join(',', row))]);

    private string Run(params string[] arguments) => ReplicatesRun.Print(["--data", _path, .. arguments]);
}
