namespace VariationalInference.Samples;

/// <summary>A data set that comes with the sample, and the mixed model that it is known for.</summary>
/// <param name="Name">What it is asked for by.</param>
/// <param name="Source">What was measured, and who published it.</param>
/// <param name="Unit">The unit of the measurements.</param>
/// <param name="Formula">The model.</param>
internal sealed record MixedExample(string Name, string Source, string Unit, MixedFormula Formula)
{
    /// <summary>The lines that tell of the option.</summary>
    public const string Help =
        """
          --example NAME          fits a mixed model to data that come with the sample: penicillin, where samples and plates
                                  are crossed; sleepstudy, where slopes vary between subjects
        """;

    /// <summary>The name of the option.</summary>
    public const string Option = "example";

    private static readonly MixedExample[] All =
    [
        new(
            "penicillin",
            "growth inhibited by 6 samples of penicillin on 24 plates (Davies and Goldsmith, 1972), mm",
            "mm",
            new MixedFormula { Measured = "diameter", Groups = ["plate", "sample"] }),
        new(
            "sleepstudy",
            "reaction times of 18 subjects on 10 days, with 3 hours in bed a night after day 2 (Belenky et al., 2003), ms",
            "ms",
            new MixedFormula { Measured = "Reaction", Covariates = ["Days"], Groups = ["Subject"], Slopes = [("Subject", "Days")] }),
    ];

    /// <summary>Gets the file.</summary>
    public string Path => System.IO.Path.Combine(AppContext.BaseDirectory, "data", $"{Name}.csv");

    /// <summary>Returns the example that the option names, or null when it is not given.</summary>
    /// <exception cref="UsageException">There is no such example, or options are given that it decides itself.</exception>
    public static MixedExample? Of(CommandLine line)
    {
        if (line.Text(Option) is not string name)
        {
            return null;
        }

        line.Refuse(Option, given: true, ["data", "group", .. MixedFormula.Options, .. CsvDialect.Options, .. CsvDialect.Flags]);
        MixedExample example = Array.Find(All, example => example.Name == name)
            ?? throw new UsageException($"--{Option} is '{name}'; it must be {string.Join(" or ", All.Select(example => example.Name))}");
        bool isUncorrelated = MixedFormula.Flags.Any(line.Has);
        return isUncorrelated && example.Formula.Slopes.Count == 0
            ? throw new UsageException($"--{MixedFormula.Flags[0]} has no effect with --{Option} {name}, which has no slopes")
            : example with { Formula = example.Formula with { IsCorrelated = !isUncorrelated } };
    }
}
