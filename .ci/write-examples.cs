// write-examples.cs XML FOLDER PACKAGE: writes a program that runs the examples of a documentation file and checks what they print.
//
// Every <code language="csharp"> in an <example> is compiled on its own, below the usings that a console project has, that of the library
// and that of MathNet's matrices. As in a program of top-level statements, usings of its own stand first and types last. Whatever an
// example prints is expected in a comment behind the statement or alone below it, in which … stands for anything:
//
//     Console.WriteLine(q[0]);   // N(0.28571, 0.33333)
//
// The program fails when an example prints anything else or throws, and when a public type that is no enum has no example.
#:property PublishAot=false
using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;

string documentation = args[0];
string folder = args[1];
string package = args[2];
var print = new Regex(@"^(?<statement>\s*Console\.Write(Line)?\(.*\);)(\s+// (?<text>.+))?$");
var below = new Regex(@"^\s*// (?<text>.+)$");
var declaration = new Regex(@"^((public|internal|file|sealed|static|abstract|partial|readonly|ref) )*(class|struct|record|interface|enum|delegate) ");
List<string> complaints = [];
List<string> calls = [];
List<string> documented = [];

foreach (XElement member in XDocument.Load(documentation, LoadOptions.PreserveWhitespace).Descendants("member"))
{
    string name = (string)member.Attribute("name")!;
    foreach (XElement code in member.Elements("example").Descendants("code").Where(code => (string?)code.Attribute("language") == "csharp"))
    {
        documented.Add(name);
        Write(name[(name.IndexOf(':') + 1)..], Lines(code.Value), calls.Count);
    }

    if (member.Descendants("code").Any(code => (string?)code.Attribute("language") is null))
    {
        complaints.Add($"{name} has a code block without language=\"csharp\", which nobody checks.");
    }
}

WriteProgram();
foreach (string complaint in complaints)
{
    Console.Error.WriteLine(complaint);
}

return complaints.Count == 0 ? 0 : 1;

// The lines of an example, without the margin that all of them have.
static string[] Lines(string text)
{
    string[] lines = [.. text.ReplaceLineEndings("\n").Trim('\n').Split('\n').Select(line => line.TrimEnd())];
    lines = [.. lines.Reverse().SkipWhile(line => line.Length == 0).Reverse()];
    int margin = lines.Where(line => line.Length > 0).Min(line => line.Length - line.TrimStart().Length);
    return [.. lines.Select(line => line.Length == 0 ? line : line[margin..])];
}

void Write(string name, string[] lines, int number)
{
    int start = Array.FindIndex(lines, line => !line.StartsWith("using ", StringComparison.Ordinal) || line.StartsWith("using var ", StringComparison.Ordinal));
    int types = Array.FindIndex(lines, line => declaration.IsMatch(line));
    types = types < 0 ? lines.Length : types;
    bool isAsync = lines[start..types].Any(line => line.Contains("await ", StringComparison.Ordinal));
    var source = new StringBuilder();
    source.AppendLine("using MathNet.Numerics.LinearAlgebra;").AppendLine("using VariationalInference;");
    if (package != "VariationalInference")
    {
        source.AppendLine($"using {package};");
    }

    foreach (string line in lines[..start])
    {
        source.AppendLine(line);
    }

    source.AppendLine($"namespace Number{number};").AppendLine("internal static class Example").AppendLine("{");
    source.AppendLine($"internal static {(isAsync ? "async Task" : "void")} Run()").AppendLine("{");
    AppendChecked(source, name, lines, start, types);
    source.AppendLine("}").AppendLine("}");
    AppendChecked(source, name, lines, types, lines.Length);
    File.WriteAllText(Path.Combine(folder, $"Example{number}.cs"), source.ToString());
    calls.Add($"(\"{name}\", {(isAsync ? $"() => Number{number}.Example.Run().GetAwaiter().GetResult()" : $"Number{number}.Example.Run")})");
}

// Lets the compiler name a line as one of the example, and adds a check behind each statement that prints.
void AppendChecked(StringBuilder source, string name, string[] lines, int from, int to)
{
    for (int i = from; i < to; i++)
    {
        source.AppendLine($"#line {i + 1} \"{name}\"");
        Match match = print.Match(lines[i]);
        string text = match.Groups["text"].Success ? match.Groups["text"].Value : i + 1 < to ? below.Match(lines[i + 1]).Groups["text"].Value : "";
        if (!match.Success || text.Length == 0)
        {
            if (lines[i].Contains("Console.", StringComparison.Ordinal))
            {
                complaints.Add($"{name}, line {i + 1}: what is printed must be expected in a comment behind it or below: {lines[i].Trim()}");
            }

            source.AppendLine(lines[i]);
            continue;
        }

        source.AppendLine($"{match.Groups["statement"].Value} Program.Expect(\"{name}\", {i + 1}, @\"{text.Replace("\"", "\"\"")}\");");
    }
}

void WriteProgram()
{
    const string Template = """
        using System.Globalization;
        using System.Text.RegularExpressions;

        internal static class Program
        {
            private static readonly (string Name, Action Run)[] Examples = [
                EXAMPLES
            ];

            private static readonly string[] Documented = [DOCUMENTED];
            private static readonly List<string> Complaints = [];
            private static StringWriter _printed = new();
            private static int _checked;

            public static void Expect(string name, int line, string text)
            {
                string printed = _printed.ToString().ReplaceLineEndings("\n").TrimEnd('\n');
                _printed.GetStringBuilder().Clear();
                _checked++;
                string pattern = "^" + string.Join(".*", text.Split('…').Select(Regex.Escape)) + "$";
                if (!Regex.IsMatch(printed, pattern, RegexOptions.Singleline))
                {
                    Complaints.Add($"{name}, line {line}: the comment expects\n    {text}\n  and printed is\n    {printed}");
                }
            }

            public static int Main()
            {
                CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
                TextWriter console = Console.Out;
                foreach ((string name, Action run) in Examples)
                {
                    Console.SetOut(_printed = new StringWriter());
                    try
                    {
                        run();
                    }
                    catch (Exception exception)
                    {
                        Complaints.Add($"{name} throws: {exception}");
                    }

                    if (_printed.ToString().Length > 0)
                    {
                        Complaints.Add($"{name} prints what no comment expects: {_printed}");
                    }
                }

                Console.SetOut(console);
                foreach (Type type in System.Reflection.Assembly.Load("PACKAGE").GetExportedTypes().Where(type => !type.IsEnum))
                {
                    if (!Documented.Contains("T:" + type.FullName))
                    {
                        Complaints.Add($"{type.Name} has no example.");
                    }
                }

                Complaints.ForEach(Console.Error.WriteLine);
                Console.WriteLine($"{Examples.Length} examples, {_checked} printed lines checked, {Complaints.Count} complaints.");
                return Complaints.Count == 0 ? 0 : 1;
            }
        }
        """;
    File.WriteAllText(
        Path.Combine(folder, "Program.cs"),
        Template
            .Replace("PACKAGE", package)
            .Replace("EXAMPLES", string.Join(",\n        ", calls))
            .Replace("DOCUMENTED", string.Join(", ", documented.Select(name => $"\"{name}\""))));
}
