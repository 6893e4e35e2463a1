namespace VariationalInference.Samples;

/// <summary>A mixed model by the names of its columns: what is measured, what has a fixed effect, and between which groups effects vary.</summary>
internal sealed record MixedFormula
{
    /// <summary>The lines that tell of the options.</summary>
    public const string Help =
        """
          --response NAME         fits a mixed model: its column of measurements; an empty cell is a missing one
          --group NAME            a column of labels between whose groups the intercept varies; may be given again, for
                                  crossed and nested groups; NAME:NAME stands for the combinations of two columns
          --slope GROUP:COLUMN    a column of numbers whose slope varies between the groups, too; may be given again
          --uncorrelated          the effects of a group are independent of one another
          --fixed NAME[,NAME]     columns of numbers with fixed effects; may be given again
          --factor NAME           a column of labels with fixed effects, each compared with the first; may be given again
          --weights NAME          a column of positive numbers; a measurement of weight 4 has half the standard deviation
        """;

    private const string Response = "response";
    private const string Group = "group";
    private const string Slope = "slope";
    private const string Uncorrelated = "uncorrelated";
    private const string Fixed = "fixed";
    private const string Factor = "factor";
    private const string Weight = "weights";

    // Joins the columns of a grouping, and a grouping and the column of its slope.
    private const char Joint = ':';

    /// <summary>Gets the names of the options that take a value.</summary>
    public static IReadOnlyList<string> Options { get; } = [Response, Group, Slope, Fixed, Factor, Weight];

    /// <summary>Gets those that may be given several times.</summary>
    public static IReadOnlyList<string> Lists { get; } = [Group, Slope, Fixed, Factor];

    /// <summary>Gets the names of the options that take none.</summary>
    public static IReadOnlyList<string> Flags { get; } = [Uncorrelated];

    /// <summary>Gets the options that make no sense without a response.</summary>
    public static IReadOnlyList<string> Dependents { get; } = [Slope, Fixed, Factor, Weight, Uncorrelated];

    /// <summary>Gets the column of measurements.</summary>
    public required string Measured { get; init; }

    /// <summary>Gets the columns of numbers with fixed effects.</summary>
    public IReadOnlyList<string> Covariates { get; init; } = [];

    /// <summary>Gets the columns of labels with fixed effects.</summary>
    public IReadOnlyList<string> Factors { get; init; } = [];

    /// <summary>Gets the groupings between which the intercept varies: names of columns, or several joined by colons.</summary>
    public required IReadOnlyList<string> Groups { get; init; }

    /// <summary>Gets the groupings and the columns whose slopes vary between their groups.</summary>
    public IReadOnlyList<(string Group, string Column)> Slopes { get; init; } = [];

    /// <summary>Gets a value indicating whether the effects of a group may be correlated.</summary>
    public bool IsCorrelated { get; init; } = true;

    /// <summary>Gets the column of weights, or null.</summary>
    public string? Weights { get; init; }

    /// <summary>Gets the columns of numbers that effects multiply, each once.</summary>
    public IReadOnlyList<string> Numbers => [.. Covariates.Concat(Slopes.Select(slope => slope.Column)).Distinct()];

    /// <summary>Gets the columns of labels, each once.</summary>
    public IReadOnlyList<string> Labels => [.. Factors.Concat(Groups.SelectMany(Parts)).Distinct()];

    /// <summary>Gets which columns of a file are needed, and as what.</summary>
    public CsvColumns Columns => new()
    {
        Responses = [Measured],
        Covariates = [.. Weights is null ? Numbers : Numbers.Append(Weights).Distinct()],
        Labels = Labels,
    };

    /// <summary>Returns the columns whose combinations are the groups of a grouping.</summary>
    public static IReadOnlyList<string> Parts(string group) => group.Split(Joint);

    /// <summary>Reads the options.</summary>
    /// <exception cref="UsageException">There is no grouping, a name is empty or there twice, or a slope has no grouping to vary between.</exception>
    public static MixedFormula Of(CommandLine line)
    {
        line.Refuse(Slope, given: false, Uncorrelated);
        IReadOnlyList<string> groups = line.Texts(Group);
        if (groups.Count == 0)
        {
            throw new UsageException($"--{Response} needs --{Group}, a column of labels between whose groups the intercept varies");
        }

        var formula = new MixedFormula
        {
            Measured = line.Text(Response)!,
            Groups = groups,
            Slopes = [.. line.Texts(Slope).Select(text => SlopeOf(text, groups))],
            IsCorrelated = !line.Has(Uncorrelated),
            Covariates = [.. line.Texts(Fixed).SelectMany(text => text.Split(','))],
            Factors = line.Texts(Factor),
            Weights = line.Text(Weight),
        };
        formula.RequireNames();
        return formula;
    }

    private static (string Group, string Column) SlopeOf(string text, IReadOnlyList<string> groups)
    {
        int joint = text.LastIndexOf(Joint);
        if (joint < 1 || joint == text.Length - 1)
        {
            throw new UsageException($"--{Slope} is '{text}'; it must be GROUP{Joint}COLUMN");
        }

        string group = text[..joint];
        return groups.Contains(group)
            ? (group, text[(joint + 1)..])
            : throw new UsageException($"--{Slope} is '{text}', and there is no --{Group} {group}; there is {string.Join(", ", groups)}");
    }

    /// <summary>Requires that each name is one, and stands once where twice would mean nothing.</summary>
    private void RequireNames()
    {
        Require(Response, [Measured], ["a column"]);
        Require(Fixed, Covariates, ["a column", "several with commas between"]);
        Require(Factor, Factors, ["a column"]);
        Require(Weight, Weights is null ? [] : [Weights], ["a column"]);
        foreach (string group in Groups)
        {
            Require(Group, Parts(group), ["a column", "several with colons between"]);
        }

        Require(Group, Groups, ["a column"]);
        Require(Slope, [.. Slopes.Select(slope => $"{slope.Group}{Joint}{slope.Column}")], [$"GROUP{Joint}COLUMN"]);
    }

    private static void Require(string option, IReadOnlyList<string> names, IReadOnlyList<string> allowed)
    {
        if (names.Any(string.IsNullOrWhiteSpace))
        {
            throw new UsageException($"--{option} has an empty name; it must be that of {string.Join(", or of ", allowed)}");
        }

        if (names.GroupBy(name => name).FirstOrDefault(same => same.Count() > 1)?.Key is string repeated)
        {
            throw new UsageException($"--{option} has '{repeated}' twice; it must have it once");
        }
    }
}
