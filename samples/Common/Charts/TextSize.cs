namespace VariationalInference.Samples;

/// <summary>How much room text takes; on the large side, since the viewer's font is not known.</summary>
internal static class TextSize
{
    /// <summary>The size of a chart's text, in pixels.</summary>
    public const double Normal = 12;

    /// <summary>The size of a chart's title, in pixels.</summary>
    public const double Title = 15;

    /// <summary>The room between one text and the next.</summary>
    public const double Space = 14;

    private const double CharacterWidth = 0.6;

    public static double Width(string text, double size = Normal) => CharacterWidth * size * text.Length;

    /// <summary>Cuts a text that is wider than its room.</summary>
    public static string Fit(string text, double room, double size = Normal)
    {
        int most = Math.Max(1, (int)(room / Width("x", size)));
        return text.Length <= most ? text : text[..(most - 1)] + "…";
    }

    /// <summary>Breaks a text between words into lines of a width, and cuts words that are wider.</summary>
    public static IReadOnlyList<string> Wrap(string text, double width, double size)
    {
        var lines = new List<string>();
        foreach (string word in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (lines.Count > 0 && Width(lines[^1] + " " + word, size) <= width)
            {
                lines[^1] += " " + word;
            }
            else
            {
                lines.Add(word);
            }
        }

        return [.. lines.Select(line => Fit(line, width, size))];
    }
}
