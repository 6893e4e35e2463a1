using System.Globalization;

namespace VariationalInference.Samples;

/// <summary>Options of the form <c>--name value</c> and <c>--flag</c>.</summary>
public sealed class CommandLine
{
    private const string Help = "help";

    private readonly Dictionary<string, List<string>> _values = [];
    private readonly HashSet<string> _flags = [];

    /// <param name="arguments">The arguments of the program.</param>
    /// <param name="options">The names, without dashes, of options that take a value.</param>
    /// <param name="flags">The names of options that take none.</param>
    /// <param name="lists">Which of the options may be given several times; the default is none.</param>
    /// <exception cref="UsageException">An option is unknown, lacks its value, or is given again.</exception>
    public CommandLine(
        IReadOnlyList<string> arguments,
        IReadOnlyCollection<string> options,
        IReadOnlyCollection<string> flags,
        IReadOnlyCollection<string>? lists = null)
    {
        for (int i = 0; i < arguments.Count; i++)
        {
            string name = arguments[i].StartsWith("--", StringComparison.Ordinal) ? arguments[i][2..] : string.Empty;
            if (flags.Contains(name))
            {
                _flags.Add(name);
            }
            else if (!options.Contains(name))
            {
                string known = string.Join(", ", options.Concat(flags).Append(Help).Select(option => "--" + option));
                throw new UsageException($"'{arguments[i]}' is not an option; the options are {known}");
            }
            else if (i + 1 == arguments.Count)
            {
                throw new UsageException($"--{name} needs a value");
            }
            else if (!_values.TryGetValue(name, out List<string>? values))
            {
                _values[name] = [arguments[++i]];
            }
            else if (lists?.Contains(name) is true)
            {
                values.Add(arguments[++i]);
            }
            else
            {
                throw new UsageException($"--{name} is given twice, as '{values[0]}' and as '{arguments[i + 1]}'");
            }
        }
    }

    /// <summary>Returns whether the arguments ask for help, whatever else they say.</summary>
    public static bool AsksForHelp(IReadOnlyList<string> arguments) => arguments.Contains("--" + Help) || arguments.Contains("-h");

    public bool Has(string name) => _flags.Contains(name) || _values.ContainsKey(name);

    public bool HasAll(params string[] names) => names.All(Has);

    /// <summary>Refuses options that would have no effect beside another, or without it.</summary>
    /// <param name="deciding">The option that decides.</param>
    /// <param name="given">Whether the others have no effect when that option is given, rather than when it is not.</param>
    /// <param name="names">The options that have no effect then.</param>
    public void Refuse(string deciding, bool given, params string[] names)
    {
        if (Has(deciding) == given && names.FirstOrDefault(Has) is string name)
        {
            throw new UsageException($"--{name} has no effect {(given ? "with" : "without")} --{deciding}");
        }
    }

    public string? Text(string name) => _values.GetValueOrDefault(name)?[0];

    /// <summary>Returns the values of an option that may be given several times, in their order.</summary>
    public IReadOnlyList<string> Texts(string name) => _values.GetValueOrDefault(name) ?? [];

    public int Count(string name, int otherwise, int minimum)
    {
        if (Text(name) is not string text)
        {
            return otherwise;
        }

        return int.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out int value) && value >= minimum
            ? value
            : throw new UsageException($"--{name} is '{text}'; it must be a whole number of at least {minimum}");
    }

    /// <summary>Returns a comma-separated list of numbers, or null when the option is not given.</summary>
    public double[]? Numbers(string name)
    {
        if (Text(name) is not string text)
        {
            return null;
        }

        return [.. text.Split(',').Select(part =>
            double.TryParse(part, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && double.IsFinite(value)
                ? value
                : throw new UsageException($"--{name} is '{text}'; it must be one number or several with commas between"))];
    }

    public double? Number(string name)
    {
        double[]? values = Numbers(name);
        return values is null or { Length: 1 }
            ? values?[0]
            : throw new UsageException($"--{name} is '{Text(name)}'; it must be one number");
    }

    /// <summary>Returns one number a latent: the option's list, its one number repeated, or the given default.</summary>
    public double[] PerLatent(string name, int count, double[] otherwise)
    {
        double[] values = Numbers(name) ?? otherwise;
        return values.Length == count
            ? values
            : values.Length == 1
                ? [.. Enumerable.Repeat(values[0], count)]
                : throw new UsageException($"--{name} has {values.Length} numbers; it must have 1 or {count}, one for each latent");
    }
}
