using System.Globalization;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;
using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.Random;
using Xunit;

namespace VariationalInference.Tests.Serialization;

/// <summary>Posteriors and results as JSON, by whatever options and contexts.</summary>
public sealed partial class ResultJsonTests
{
    private static readonly JsonSerializerOptions Chain = new() { TypeInfoResolver = null };
    private static readonly JsonSerializerOptions Web = new(JsonSerializerDefaults.Web);

    [Fact]
    public void EveryTypeThatIsConverted_NamesTheConverter_AndHasASample()
    {
        Type[] converted = [.. typeof(GaussianSumModel).Assembly.GetExportedTypes().Where(
            type => type.GetCustomAttribute<JsonConverterAttribute>(inherit: false)?.ConverterType == typeof(ResultJsonConverter))];
        Type[] known = [.. JsonShapes.Types.Select(type => type.IsGenericType ? type.GetGenericTypeDefinition() : type).Distinct()];

        converted.Should().BeEquivalentTo(known);
        JsonSamples.Plain().Concat(JsonSamples.Bound()).Select(sample => sample.GetType()).Append(typeof(GaussianPosterior)).Distinct()
            .Should().BeEquivalentTo(JsonShapes.Types);
        foreach (Type type in JsonShapes.Types)
        {
            ResultJson.Resolver.GetTypeInfo(type, ResultJson.Options).Should().NotBeNull(type.Name);
        }
    }

    [Fact]
    public void PlainResults_ComeBackToTheBit()
    {
        foreach (object sample in JsonSamples.Plain())
        {
            Type type = sample.GetType();

            string json = JsonSerializer.Serialize(sample, type, ResultJson.Options);
            object? back = JsonSerializer.Deserialize(json, type, ResultJson.Options);

            // Whatever is written again is the same text, whose numbers have as many digits as bring back their bits.
            JsonSerializer.Serialize(back, type, ResultJson.Options).Should().Be(json, type.Name);
            JsonSerializer.Serialize(sample, type, Web).Should().Be(json, "options by reflection change nothing");
            back!.ToString().Should().Be(sample.ToString());
            if (type.IsValueType || (sample is LearnedOptimum or HybridProgress or AnovaTable or FactorFitTest or GradientQuality))
            {
                back.Should().Be(sample);
            }
        }
    }

    [Fact]
    public void BoundResults_AreWritten_AndNotRead()
    {
        foreach (object sample in JsonSamples.Bound())
        {
            Type type = sample.GetType();

            string json = JsonSerializer.Serialize(sample, type, ResultJson.Options);

            JsonSerializer.Serialize(sample, type, Web).Should().Be(json);
            using JsonDocument document = JsonDocument.Parse(json);
            document.RootElement.EnumerateObject().Should().NotBeEmpty(type.Name);
            document.RootElement.EnumerateObject().Select(field => field.Name).Should().OnlyHaveUniqueItems(type.Name)
                .And.OnlyContain(name => char.IsAsciiLetterLower(name[0]));
            ((Action)(() => JsonSerializer.Deserialize(json, type, ResultJson.Options))).Should().Throw<NotSupportedException>(type.Name)
                .WithMessage("*is written as JSON but not read; Save and Load keep what it is made of.*");
        }
    }

    [Fact]
    public void Texts_AreThese()
    {
        Text(new Prediction { Mean = 0.5, MeanSd = double.NaN, Sd = double.NegativeInfinity }).Should().Be("""{"mean":0.5,"meanSd":"NaN","sd":"-Infinity"}""");
        Text(new GaussianSumModel(2, 1).Posterior([0])).Should().StartWith("""{"family":"multivariate","means":[0,0],"variances":[""");
        Text<GaussianPosterior>(new MeanFieldGaussian([1], [2]) { LatentNames = ["a"] })
            .Should().Be("""{"family":"meanField","latentNames":["a"],"means":[1],"variances":[2]}""");
        Text(new LearningWarning(LearningWarningKind.TooFewRows, "m", [])).Should().Be("""{"kind":"tooFewRows","message":"m","indices":[]}""");
        Text<MeanFieldGaussian?>(null).Should().Be("null");

        static string Text<T>(T value) => JsonSerializer.Serialize(value, ResultJson.Options);
    }

    [Fact]
    public void RandomPosteriors_ComeBackToTheBit_AsTheirFamilyAndAsTheirBase()
    {
        for (int seed = 0; seed < 300; seed++)
        {
            var random = new Xoshiro256StarStar(seed, false);
            int count = 1 + random.Next(4);
            Matrix<double> root = Matrix<double>.Build.Dense(count, count, (i, j) => i == j ? Math.Exp(random.NextDouble() * 4) : i > j ? random.NextDouble() - 0.5 : 0);
            double[] means = [.. Enumerable.Range(0, count).Select(_ => Math.Pow(10, (20 * random.NextDouble()) - 10))];
            GaussianPosterior posterior = (seed % 3) switch
            {
                0 => new MeanFieldGaussian(means, [.. means.Select(Math.Abs)]),
                1 => new MultivariateGaussian(means, root.TransposeAndMultiply(root)),
                _ => new LowRankGaussian(means, [.. means.Select(Math.Abs)], root.SubMatrix(0, count, 0, 1)),
            };

            var back = JsonSerializer.Deserialize<GaussianPosterior>(JsonSerializer.Serialize(posterior, Web), Web)!;

            back.Should().BeOfType(posterior.GetType());
            back.Means.Should().Equal(posterior.Means);
            back.Variances.Should().Equal(posterior.Variances);
            back.CovarianceMatrix().ToRowMajorArray().Should().Equal(posterior.CovarianceMatrix().ToRowMajorArray());
            back.LogDeterminant.Should().BeApproximately(posterior.LogDeterminant, 1e-10);
            JsonSerializer.Deserialize(JsonSerializer.Serialize(posterior, posterior.GetType(), Web), posterior.GetType(), Web).Should().NotBeNull();
        }
    }

    [Fact]
    public void AContextOfOnesOwn_NeedsNothingElse()
    {
        var answer = new Answer(new GaussianSumModel().Posterior([1.2, 0.8]), [new Prediction { Mean = 1, MeanSd = 0, Sd = double.NaN }], new Gaussian(1, 2), null);

        string json = JsonSerializer.Serialize(answer, OwnContext.Default.Answer);
        Answer back = JsonSerializer.Deserialize(json, OwnContext.Default.Answer)!;

        JsonSerializer.Serialize(back, OwnContext.Default.Answer).Should().Be(json);
        back.Predictions.Should().Equal(answer.Predictions);
        back.Posterior.Variances.Should().Equal(answer.Posterior.Variances);
        JsonSerializer.Serialize(answer, Web).Should().Contain("\"sd\":\"NaN\"");
    }

    [Fact]
    public void ChainsOfResolvers_TakeOurs()
    {
        Chain.TypeInfoResolverChain.Add(ResultJson.Resolver);

        JsonSerializer.Serialize(new Gaussian(1, 2), Chain).Should().Be("""{"mean":1,"variance":2}""");
        ResultJson.Options.IsReadOnly.Should().BeTrue();
        ResultJson.Serialize(new Gaussian(1, 2)).Should().Be("""{"mean":1,"variance":2}""");
        ResultJson.Deserialize<Gaussian>("""{"mean":1,"variance":2}""").Should().Be(new Gaussian(1, 2));
        Refusal.Of<ArgumentException>(() => ResultJson.Serialize("text"), "value", "value is a String; it must be a posterior or result that ResultJsonConverter converts.");
        ((Action)(() => ResultJson.Deserialize<string>("null"))).Should().Throw<NotSupportedException>();
    }

    [Theory]
    [InlineData("""{"mean":1,"meanSd":0}""", "sd is missing; it must be there.")]
    [InlineData("""{"mean":"one","meanSd":0,"sd":1}""", "mean has '*one*'; it must be a number, or \"NaN\", \"Infinity\" or \"-Infinity\".")]
    [InlineData("[1]", "mean is missing; it must be there.")]
    public void BadPredictions_AreRefused(string json, string message) =>
        ((Action)(() => JsonSerializer.Deserialize<Prediction>(json, Web))).Should().Throw<JsonException>().WithMessage($"{message}*");

    [Theory]
    [InlineData("""{"family":"meanField","means":[1],"variances":[-2]}""", "variances[0] is -2; it must be positive and finite.*")]
    [InlineData("""{"family":"meanfield","means":[1],"variances":[2]}""", "family is 'meanfield'; it must be meanField, lowRank or multivariate.*")]
    [InlineData("""{"family":"multivariate","means":[1],"variances":[2],"covariance":[[2,0]]}""", "covariance is 1×2 and variances has 1 elements; there must be 1 of each,*")]
    [InlineData("""{"family":"multivariate","means":[1,2],"variances":[1,1],"covariance":[[1,2],[2,1]]}""", "covariance is not positive definite; it must be.*")]
    [InlineData("""{"family":"multivariate","means":[1,2],"variances":[1,1],"covariance":[[1,0.5],[0.4,1]]}""", "covariance?1, 0? is 0.4 and covariance?0, 1? is 0.5;*")]
    [InlineData("""{"family":"multivariate","means":[1],"variances":[2],"covariance":[[3]]}""", "variances differ from the diagonal of covariance;*")]
    [InlineData("""{"family":"multivariate","means":[1],"variances":[2],"covariance":[]}""", "covariance is '*'; it must be a matrix:*")]
    [InlineData("""{"family":"lowRank","means":[1],"variances":[2],"covariance":[[2]]}""", "independentVariances is missing;*")]
    public void BadPosteriors_AreRefused(string json, string message) =>
        ((Action)(() => JsonSerializer.Deserialize<GaussianPosterior>(json, Web))).Should().Throw<JsonException>().WithMessage(message);

    [Fact]
    public void AnotherFamily_IsRefused() =>
        ((Action)(() => JsonSerializer.Deserialize<MultivariateGaussian>("""{"family":"meanField","means":[1],"variances":[2]}""", Web)))
            .Should().Throw<JsonException>().WithMessage("family is 'meanField'; it must be that of a MultivariateGaussian.*");

    [Fact]
    public void Culture_ChangesNothing()
    {
        CultureInfo before = CultureInfo.CurrentCulture;
        try
        {
            CultureInfo.CurrentCulture = new CultureInfo(string.Empty) { NumberFormat = { NumberDecimalSeparator = ",", NegativeSign = "~" } };
            JsonSerializer.Serialize(new Gaussian(-1.5, 2.25), ResultJson.Options).Should().Be("""{"mean":-1.5,"variance":2.25}""");
            JsonSerializer.Deserialize<Gaussian>("""{"mean":-1.5,"variance":2.25}""", ResultJson.Options).Should().Be(new Gaussian(-1.5, 2.25));
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    internal sealed record Answer(MultivariateGaussian Posterior, Prediction[] Predictions, Gaussian First, GaussianPosterior? Other);

    [JsonSerializable(typeof(Answer))]
    private sealed partial class OwnContext : JsonSerializerContext;
}
