using System.Collections.Immutable;
using System.Globalization;
using System.Reflection;
using System.Text.Json;
using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using VariationalInference.Testing;
using Xunit;

namespace VariationalInference.Tests.PublicSurface;

/// <summary>Every property of every options type counts: in equality, in the text, in files.</summary>
public sealed class OptionsSweepTests
{
    /// <summary>Values where the rule for the type would give one that is refused, or the default.</summary>
    private static readonly Dictionary<(Type, string), object> Own = new()
    {
        [(typeof(HybridOptions), nameof(HybridOptions.AmortizedLatents))] = ImmutableArray.Create(2, 0),
        [(typeof(HybridOptions), nameof(HybridOptions.Optimizer))] = new Sgd { LearningRate = 0.375 },
        [(typeof(DecoderOptions), nameof(DecoderOptions.Estimator))] = GradientEstimator.Reparameterized,
        [(typeof(DecoderOptions), nameof(DecoderOptions.Optimizer))] = new Sgd { LearningRate = 0.375 },
        [(typeof(PerceptronOptions), nameof(PerceptronOptions.HiddenWidths))] = ImmutableArray.Create(7, 5),
        [(typeof(VariationalEmOptions), nameof(VariationalEmOptions.PriorVarianceGroups))] = ImmutableArray.Create(0, 1, 1),
    };

    /// <summary>Properties that belong to the machine and not to the training, which files leave out.</summary>
    private static readonly string[] OfTheMachine = [nameof(HybridOptions.CheckpointPath), nameof(HybridOptions.MaxThreads)];

    public static IEnumerable<object[]> Properties =>
        from type in OptionsTypes() from property in Settable(type) select new object[] { type, property.Name };

    public static IEnumerable<object[]> WrittenProperties => Properties.Where(item => IsWritten((Type)item[0]));

    [Fact]
    public void OptionsTypes_AreThoseKnownByName()
    {
        OptionsTypes().Should().BeEquivalentTo(
        [
            typeof(CaviOptions), typeof(GradientAscentOptions), typeof(HybridOptions), typeof(DecoderOptions), typeof(PerceptronOptions), typeof(VariationalEmOptions),
            typeof(FactorRotationOptions), typeof(MixedModelOptions), typeof(ConformanceOptions), typeof(LikelihoodConformanceOptions), typeof(FixedFormOptions), typeof(ItemResponseOptions), typeof(CountFactorOptions), typeof(Adam), typeof(Sgd),
        ]);
        Settable(typeof(HybridOptions)).Should().HaveCountGreaterThan(15, "the sweep sees its properties");
    }

    [Theory]
    [MemberData(nameof(Properties))]
    public void Property_SetToAnotherValue_ChangesEqualityTextAndHoldsTheValue(Type type, string name)
    {
        PropertyInfo property = type.GetProperty(name)!;
        object standard = Activator.CreateInstance(type)!, value = Other(property, standard);
        object set = With(type, property, value), again = With(type, property, Copy(value));

        property.GetValue(set).Should().BeEquivalentTo(value);
        set.Should().NotBe(standard);
        standard.Should().NotBe(set);
        again.Should().Be(set, "options with equal values are equal");
        again.GetHashCode().Should().Be(set.GetHashCode());
        InCommas(() => set.ToString()).Should().Contain($"{name} = {Text(value)}").And.NotBe(InCommas(() => standard.ToString()));
    }

    [Theory]
    [MemberData(nameof(WrittenProperties))]
    public void Property_SetToAnotherValue_IsInTheJson(Type type, string name)
    {
        PropertyInfo property = type.GetProperty(name)!;
        object value = Other(property, Activator.CreateInstance(type)!), set = With(type, property, value);
        object options = set is Optimizer optimizer ? new HybridOptions { Optimizer = optimizer } : set;
        string json = InCommas(() => options is DecoderOptions decoder ? decoder.ToJson() : ((HybridOptions)options).ToJson());

        using JsonDocument document = JsonDocument.Parse(json);
        JsonElement parent = set is Optimizer ? document.RootElement.GetProperty("optimizer") : document.RootElement;
        bool isThere = parent.TryGetProperty(Camel(name), out JsonElement element);
        isThere.Should().Be(!OfTheMachine.Contains(name));
        if (isThere)
        {
            element.GetRawText().Should().Be(Json(value));
            object read = options is DecoderOptions ? DecoderOptions.FromJson(json) : HybridOptions.FromJson(json);
            property.GetValue(set is Optimizer ? ((HybridOptions)read).Optimizer : read).Should().BeEquivalentTo(value);
        }
    }

    [Fact]
    public void OptionsTypes_WithAFormInJson_AreThoseOfTheSweep() =>
        OptionsTypes().Where(type => type.GetMethod(nameof(HybridOptions.ToJson)) is not null).Should().OnlyContain(type => IsWritten(type));

    [Theory]
    [InlineData(0.1, 20)]
    [InlineData(0.35, 70)]
    [InlineData(1e-9, 1)]
    [InlineData(0.999999, 199)]
    public void ValidationFraction_IsTheShareOfRowsThatJudge(double fraction, int heldOut)
    {
        // Unshuffled, the last rows are held out: their mean log evidence, of all such means, tells how many.
        var model = new GaussianSumModel();
        Matrix<double> table = model.Sample(200, seed: 1).Observations;
        double[] evidences = [.. Enumerable.Range(0, 200).Select(n => model.LogEvidence(table.Row(n).ToArray()))];
        var options = new HybridOptions { ValidationFraction = fraction, MaxEpochs = 1, ShuffleRows = false };

        HybridResult result = new HybridSolver(options).Fit(model, new MlpEncoder(2, 1), table);

        double[] candidates = [.. Enumerable.Range(1, 199).Select(count => evidences[^count..].Average())];
        int closest = Enumerable.Range(0, 199).MinBy(i => Math.Abs(candidates[i] - result.ValidationLogEvidence)) + 1;
        candidates[closest - 1].Should().BeApproximately(result.ValidationLogEvidence, 1e-12 * Math.Abs(result.ValidationLogEvidence));
        closest.Should().Be(heldOut);
    }

    [Fact]
    public void GradientAscentTolerance_IsWhereTheWalkStops()
    {
        var elbo = new FixedFormElbo(new GaussianSumModel(3, 2, 0.1).Observe([1.2, 0.8]));
        GradientAscentResult Walk(double tolerance) => elbo.Maximize(new GradientAscentOptions { Tolerance = tolerance });

        GradientAscentResult loose = Walk(1e-2), tight = Walk(1e-10);

        loose.ErrorBound.Should().BeInRange(1e-4, 1e-2);
        tight.ErrorBound.Should().BeLessThanOrEqualTo(1e-10);
        loose.ElboTrace.Length.Should().BeLessThan(tight.ElboTrace.Length);
        double exact = 2 / 6.1;
        Math.Abs(loose.MeanField.Means[0] - exact).Should().BeInRange(1e-6, 1e-2);
        Math.Abs(tight.MeanField.Means[0] - exact).Should().BeLessThan(1e-10);
    }

    private static IEnumerable<Type> OptionsTypes() =>
        new[] { typeof(HybridOptions).Assembly, typeof(ConformanceOptions).Assembly }.SelectMany(assembly => assembly.GetExportedTypes())
            .Where(type => !type.IsAbstract && (type.Name.EndsWith("Options", StringComparison.Ordinal) || type.IsAssignableTo(typeof(Optimizer))));

    private static bool IsWritten(Type type) => type == typeof(HybridOptions) || type == typeof(DecoderOptions) || type.IsAssignableTo(typeof(Optimizer));

    private static IEnumerable<PropertyInfo> Settable(Type type) =>
        type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(property => property.SetMethod is { IsPublic: true });

    private static object With(Type type, PropertyInfo property, object value)
    {
        object options = Activator.CreateInstance(type)!;
        property.SetValue(options, value);
        return options;
    }

    private static object Copy(object value) => value is ImmutableArray<int> array ? ImmutableArray.Create(array.ToArray()) : value;

    private static object Other(PropertyInfo property, object standard)
    {
        if (Own.TryGetValue((property.DeclaringType!, property.Name), out object? own))
        {
            return own;
        }

        object? present = property.GetValue(standard);
        Type type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
        return 0 switch
        {
            _ when type == typeof(bool) => !(bool)present!,
            _ when type == typeof(int) => ((int?)present ?? 2) + 3,
            _ when type == typeof(double) => present is double number ? number is > 0 and < 1 ? number * 0.75 : number + 0.5 : 0.125,
            _ when type == typeof(string) => "elsewhere.checkpoint",
            _ when type.IsEnum => Enum.GetValues(type).Cast<object>().First(member => !member.Equals(present)),
            _ => throw new InvalidOperationException($"The sweep needs a value for {property.DeclaringType!.Name}.{property.Name} of type {type.Name}."),
        };
    }

    private static string Text(object value) => value switch
    {
        ImmutableArray<int> array => $"[{string.Join(", ", array)}]",
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString()!,
    };

    private static string Json(object value) => value switch
    {
        bool flag => flag ? "true" : "false",
        Enum member => $"\"{Camel(member.ToString())}\"",
        ImmutableArray<int> array => $"[{string.Join(",", array)}]",
        Sgd sgd => FormattableString.Invariant($"{{\"kind\":\"sgd\",\"learningRate\":{sgd.LearningRate},\"momentum\":{sgd.Momentum}}}"),
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => $"\"{value}\"",
    };

    private static string Camel(string name) => char.ToLowerInvariant(name[0]) + name[1..];

    private static string InCommas(Func<string?> text)
    {
        CultureInfo before = CultureInfo.CurrentCulture;
        try
        {
            var commas = (CultureInfo)CultureInfo.InvariantCulture.Clone();
            commas.NumberFormat.NumberDecimalSeparator = ",";
            CultureInfo.CurrentCulture = commas;
            return text()!;
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }
}
