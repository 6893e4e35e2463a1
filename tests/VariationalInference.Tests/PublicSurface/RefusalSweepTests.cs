using System.Collections.Immutable;
using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using VariationalInference.Testing;
using Xunit;

namespace VariationalInference.Tests.PublicSurface;

/// <summary>Whatever a public member is given in one argument, it takes it or refuses it by the argument's name, saying what would be allowed.</summary>
public sealed class RefusalSweepTests
{
    /// <summary>How messages say what would be allowed.</summary>
    private static readonly string[] Allowances =
        ["must", "cannot", "needed", "at least", "at most", "positive", "square", "may be", "counted from", "it has", "lack", "rescale", "Null character"];

    /// <summary>Members that take more than the sweep has: a stream of the very rows that a checkpoint was made with.</summary>
    private static bool IsBeyondTheSamples(MethodBase method) =>
        method.Name == nameof(HybridSolver.Resume) && method.GetParameters().Any(parameter => parameter.Name == "chunks");

    /// <summary>Counts of work, which a caller may well ask for by the billion; it would be done.</summary>
    private static readonly string[] Work = ["starts", "batches"];

    public static IEnumerable<object[]> Members =>
        from type in new[] { typeof(GaussianSumModel).Assembly, typeof(ConformanceOptions).Assembly }.SelectMany(assembly => assembly.GetExportedTypes())
        where !typeof(Exception).IsAssignableFrom(type) && !typeof(Delegate).IsAssignableFrom(type)
        from method in type.GetMembers(BindingFlags.Public | BindingFlags.Static | BindingFlags.Instance | BindingFlags.DeclaredOnly).OfType<MethodBase>()
        where IsSwept(type, method)
        select new object[] { $"{type.Name}.{method}", method };

    [Theory]
    [MemberData(nameof(Members))]
    public void Member_WithValidArguments_Succeeds(string name, object member)
    {
        var method = (MethodBase)member;

        Action call = () => Call(method, Arguments(method));

        call.Should().NotThrow(name);
    }

    [Theory]
    [MemberData(nameof(Members))]
    public void Member_WithOneBadArgument_TakesOrRefusesIt(string name, object member)
    {
        var method = (MethodBase)member;
        var faults = new List<string>();
        foreach (ParameterInfo parameter in method.GetParameters())
        {
            object? valid = Arguments(method)[parameter.Position];
            foreach (object? bad in BadValues(parameter, valid))
            {
                object?[] arguments = Arguments(method);
                arguments[parameter.Position] = bad;
                try
                {
                    Call(method, arguments);
                }
                catch (Exception exception) when (Fault(parameter, bad, exception) is string fault)
                {
                    faults.Add(fault);
                }
                catch (Exception exception) when (IsDocumented(exception))
                {
                    continue;
                }
            }
        }

        faults.Should().BeEmpty(name);
    }

    private static bool IsSwept(Type type, MethodBase method) =>
        method.GetParameters().Length > 0
        && !IsBeyondTheSamples(method)
        && !method.IsGenericMethod
        && method.GetCustomAttribute<CompilerGeneratedAttribute>() is null
        && !method.Name.StartsWith("op_", StringComparison.Ordinal)
        && !method.Name.StartsWith("set_", StringComparison.Ordinal)
        && method.Name is not (nameof(Equals) or "Deconstruct" or "PrintMembers")
        && !method.GetParameters().Any(parameter => parameter.IsOut || (parameter.ParameterType.IsAssignableTo(type) && method.IsConstructor))
        && (type.IsInterface ? type == typeof(INetworkTape) : !type.IsAbstract || (type.IsSealed && method.IsStatic))
        && (method.IsConstructor || method.IsStatic || SampleValues.Instance(type) is not null);

    private static object?[] Arguments(MethodBase method) => [.. method.GetParameters().Select(parameter => Opened(method, parameter))];

    /// <summary>Where something is to be loaded, that something in a file or a stream.</summary>
    private static object? Opened(MethodBase method, ParameterInfo parameter)
    {
        if (parameter.Name is not ("path" or "stream"))
        {
            return SampleValues.Of(method, parameter);
        }

        object saved = SampleValues.Instance(method.DeclaringType!.Name.EndsWith("File", StringComparison.Ordinal) ? typeof(MlpEncoder) : method.DeclaringType)!;
        var stream = new MemoryStream();
        string path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        if (method.Name == "Load")
        {
            if (saved is INetwork network)
            {
                network.Save(stream);
            }
            else
            {
                saved.GetType().GetMethod("Save", [typeof(Stream)])!.Invoke(saved, [stream]);
            }

            stream.Position = 0;
        }

        if (parameter.Name == "stream")
        {
            return stream;
        }

        File.WriteAllBytes(path, stream.ToArray());
        return path;
    }

    private static void Call(MethodBase method, object?[] arguments)
    {
        object? target = method.IsStatic || method.IsConstructor ? null : SampleValues.Instance(method.DeclaringType!);
        if (target is INetworkTape tape && method.Name == "Backward")
        {
            tape.Forward(new double[4], new double[4]);
        }

        try
        {
            object? result = MemberCall.Invoke(method, target, arguments);
            if (result is IEnumerable<CaviTable> tables)
            {
                foreach (CaviTable table in tables)
                {
                    table.RowCount.Should().BePositive();
                }
            }
        }
        finally
        {
            foreach (string file in arguments.OfType<string>().Where(text => text.StartsWith(Path.GetTempPath(), StringComparison.Ordinal)))
            {
                File.Delete(file);
            }
        }
    }

    private static string? Fault(ParameterInfo parameter, object? bad, Exception exception)
    {
        string text = $"{parameter.Name} = {Show(bad)}: {exception.GetType().Name}: {exception.Message.Split('\n')[0]}";
        return exception switch
        {
            ArgumentException refusal when !NamesWhatIsWrong(refusal, parameter, bad) => $"{text} (names {refusal.ParamName})",
            ArgumentException refusal when !SaysWhatIsAllowed(refusal, bad) => $"{text} (does not say what is allowed)",
            ArgumentException => null,
            _ => IsDocumented(exception) ? null : text,
        };
    }

    /// <summary>
    /// The argument itself; or where two must fit each other (lengths, a number of columns), the other one; or none where all arguments together
    /// leave the range of doubles or of arrays. A setting's value is refused by the setting's name.
    /// </summary>
    private static bool NamesWhatIsWrong(ArgumentException refusal, ParameterInfo parameter, object? bad) => refusal.ParamName switch
    {
        _ when refusal.ParamName == parameter.Name => true,
        null => refusal.Message.Contains("double precision", StringComparison.Ordinal) || refusal.Message.Contains("parameters; at most", StringComparison.Ordinal),
        _ when parameter.Member.Name == nameof(Optimizer.WithSetting) => refusal.ParamName == nameof(Optimizer.LearningRate),
        _ => parameter.Member is MethodBase method
            && method.GetParameters().Any(other => other.Name == refusal.ParamName)
            && (bad is not (double or string or null) || refusal.Message.Contains(Show(bad), StringComparison.Ordinal)),
    };

    private static bool SaysWhatIsAllowed(ArgumentException refusal, object? bad) =>
        bad is null || refusal.Message.Contains(Show(bad), StringComparison.Ordinal) || Allowances.Any(word => refusal.Message.Contains(word, StringComparison.Ordinal));

    /// <summary>What the members' documentation names beside arguments: values that left the range of doubles, files that are no such files, and the state of the file system.</summary>
    private static bool IsDocumented(Exception exception) =>
        exception is ArgumentException or NonFiniteValueException or ModelFileException or FormatException or IOException or UnauthorizedAccessException
        || exception.GetType() == typeof(InvalidOperationException);

    private static string Show(object? value) => value switch
    {
        null => "null",
        string text => $"\"{text}\"",
        Array array => $"[{string.Join(", ", array.Cast<object?>().Take(4).Select(Show))}{(array.Length > 4 ? ", …" : string.Empty)}] of {array.Length}",
        ImmutableArray<double> { IsDefault: false } array => $"[{string.Join(", ", array)}]",
        ImmutableArray<int> { IsDefault: false } array => $"[{string.Join(", ", array)}]",
        Matrix<double> matrix => $"{matrix.RowCount}×{matrix.ColumnCount} with {matrix[0, 0]}",
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString()!,
    };

    private static IEnumerable<object?> BadValues(ParameterInfo parameter, object? valid)
    {
        Type type = Nullable.GetUnderlyingType(parameter.ParameterType) ?? parameter.ParameterType;
        int[] integers = Work.Contains(parameter.Name) ? [-1, 0, int.MinValue] : [-1, 0, 3, int.MaxValue, int.MinValue];
        return 0 switch
        {
            _ when type == typeof(double) => Numbers().Cast<object?>(),
            _ when type == typeof(int) => integers.Cast<object?>(),
            _ when type == typeof(long) => new object?[] { -1L, 0L, long.MinValue, long.MaxValue },
            _ when type == typeof(string) => [null, string.Empty, "  ", "a\0b"],
            _ when type.IsEnum => [Enum.ToObject(type, -1), Enum.ToObject(type, 99)],
            _ when valid is double[] numbers => Arrays(numbers, Numbers()),
            _ when valid is float[] numbers => Arrays(numbers, Numbers().Select(number => (float)number)),
            _ when valid is int[] numbers => Arrays(numbers, [-1, 0, int.MaxValue, int.MinValue]),
            _ when valid is string[] texts => Arrays(texts, [null!, string.Empty, "  ", "a\0b"]),
            _ when valid is GaussianPrior[] priors => Arrays(priors, [null!]),
            _ when valid is ImmutableArray<double> numbers => Arrays([.. numbers], Numbers()).Cast<double[]>().Select(array => (object?)array.ToImmutableArray()).Append(default(ImmutableArray<double>)),
            _ when valid is ImmutableArray<int> numbers => Arrays([.. numbers], [-1, 0, int.MaxValue, int.MinValue]).Cast<int[]>().Select(array => (object?)array.ToImmutableArray()).Append(default(ImmutableArray<int>)),
            _ when valid is MemberCall.Rows rows => new object?[] { new MemberCall.Rows([], 2), new MemberCall.Rows(new double[12], 3), new MemberCall.Rows([double.PositiveInfinity, 1], 2), new MemberCall.Rows([double.NaN, 1], 2) },
            _ when valid is MemberCall.Buffers => [new MemberCall.Buffers(new double[5])],
            _ when valid is Matrix<double> matrix => Matrices(matrix),
            _ when valid is Stream => [null, Closed()],
            _ when valid is IEnumerable<Matrix<double>> chunks => new object?[] { null, Array.Empty<Matrix<double>>(), new Matrix<double>[] { null! } }.Concat(Matrices(chunks.First()).Skip(1).Select(chunk => new[] { (Matrix<double>)chunk! })),
            _ when valid is IEnumerable<(Matrix<double>, double[])> chunks => [null, Array.Empty<(Matrix<double>, double[])>(), new (Matrix<double>, double[])[] { (null!, []) }, new[] { (chunks.First().Item1, (double[])null!) }, new[] { (chunks.First().Item1, new double[3]) }],
            _ when valid is IEnumerable<IReadOnlyList<double>> => [null, Array.Empty<double[]>(), new double[][] { null! }, new double[][] { [], [] }, new double[][] { [double.NaN, 1], [2, 3] }, new double[][] { [double.PositiveInfinity, 1], [2, 3] }],
            _ when type == typeof(IReadOnlyList<(string, double[])>) => [null, new (string, double[])[] { (null!, [1]) }, new (string, double[])[] { ("x", null!) }, new (string, double[])[] { ("x", [1, 2]) }, new (string, double[])[] { ("  ", [1]) }],
            _ when type == typeof(IReadOnlyList<(string, string?[])>) => [null, Array.Empty<(string, string?[])>(), new (string, string?[])[] { (null!, ["a"]) }, new (string, string?[])[] { ("g", null!) }, new (string, string?[])[] { ("h", ["a"]) }],
            _ when !type.IsValueType => [null],
            _ => [],
        };
    }

    private static IEnumerable<double> Numbers() =>
        [double.NaN, double.PositiveInfinity, double.NegativeInfinity, -1, 0, double.Epsilon, double.MaxValue, double.MinValue];

    private static IEnumerable<object?> Arrays<T>(T[] valid, IEnumerable<T> elements) =>
        elements.Select(element => (object?)(T[])[element, .. valid.Skip(1)])
            .Concat(elements.Select(element => (object?)(T[])[.. valid.SkipLast(1), element]))
            .Append(Array.Empty<T>()).Append((T[])[.. valid, .. valid.Take(1)]).Append(valid.SkipLast(1).ToArray());

    private static IEnumerable<object?> Matrices(Matrix<double> valid)
    {
        yield return null;
        foreach (double element in Numbers())
        {
            Matrix<double> bad = valid.Clone();
            bad[0, 0] = element;
            yield return bad;
        }

        yield return valid.Append(valid.SubMatrix(0, valid.RowCount, 0, 1));
        yield return valid.SubMatrix(0, 1, 0, valid.ColumnCount);
        yield return valid.SubMatrix(0, valid.RowCount, 0, 1);
        yield return Matrix<double>.Build.Dense(valid.RowCount, valid.ColumnCount, double.NaN);
    }

    private static MemoryStream Closed()
    {
        var stream = new MemoryStream();
        stream.Dispose();
        return stream;
    }
}
