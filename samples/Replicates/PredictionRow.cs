using System.Globalization;

namespace VariationalInference.Samples;

/// <summary>A row whose measurement is to be predicted.</summary>
internal sealed class PredictionRow
{
    /// <summary>The lines that tell of the option.</summary>
    public const string Help =
        """
          --predict NAME=VALUE[,...]
                                  predicts the measurement of a row, with decimal points, as in Days=10,Subject=308; a group
                                  that is not given, or that is not in the data, is a new one; may be given again
        """;

    /// <summary>The name of the option.</summary>
    public const string Option = "predict";

    private readonly Dictionary<string, string> _values = [];
    private readonly Dictionary<string, double> _numbers = [];

    /// <param name="text">The names and values of the columns.</param>
    /// <param name="formula">The model, which says what is needed.</param>
    /// <exception cref="UsageException">A column is unknown, missing or there twice, or a value is not a number where one is needed.</exception>
    public PredictionRow(string text, MixedFormula formula)
    {
        string[] known = [.. formula.Numbers.Concat(formula.Labels).Distinct()];
        foreach (string part in text.Split(','))
        {
            int sign = part.IndexOf('=', StringComparison.Ordinal);
            (string name, string value) = sign < 0 ? (string.Empty, string.Empty) : (part[..sign].Trim(), part[(sign + 1)..].Trim());
            if (name.Length == 0 || value.Length == 0)
            {
                throw new UsageException($"--{Option} is '{text}'; it must be NAME=VALUE, or several with commas between");
            }

            if (!known.Contains(name))
            {
                throw new UsageException($"--{Option} has '{name}', which the model does not; it has {string.Join(", ", known)}");
            }

            if (!_values.TryAdd(name, value))
            {
                throw new UsageException($"--{Option} has '{name}' twice; it must have it once");
            }
        }

        foreach (string name in formula.Numbers)
        {
            _numbers[name] = NumberOf(name, Needed(name, text));
        }

        foreach (string name in formula.Factors)
        {
            Needed(name, text);
        }
    }

    /// <summary>Gets the row as it was given, with a space after each comma.</summary>
    public string Text => string.Join(", ", _values.Select(value => $"{value.Key}={value.Value}"));

    /// <summary>Returns the number in a column.</summary>
    public double Number(string column) => _numbers[column];

    /// <summary>Returns the label in a column, or null when it is not given.</summary>
    public string? Label(string column) => _values.GetValueOrDefault(column);

    private static double NumberOf(string name, string value) =>
        double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && double.IsFinite(number)
            ? number
            : throw new UsageException($"--{Option} has {name}={value}; it must be a number");

    private string Needed(string name, string text) =>
        _values.GetValueOrDefault(name) ?? throw new UsageException($"--{Option} is '{text}'; it lacks {name}");
}
