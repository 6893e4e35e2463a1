using System.Text.Json;

namespace VariationalInference.Tests.Likelihoods;

/// <summary>Reference values of likelihoods: site expectations at 240 bits, densities and predictions at 40 digits.</summary>
internal static class SiteReference
{
    public static IEnumerable<(string Name, Likelihood Likelihood, double Value, double Size, JsonElement[] Points)> Expectations()
    {
        foreach (JsonElement item in Items("site_expectations.json", "cases"))
        {
            JsonElement likelihood = item.GetProperty("likelihood");
            double value = item.GetProperty("y").GetDouble(), size = likelihood.TryGetProperty("n", out JsonElement trials) ? trials.GetDouble() : 1;
            yield return ($"{likelihood} y = {value}", Create(likelihood), value, size, [.. item.GetProperty("points").EnumerateArray()]);
        }
    }

    public static IEnumerable<(string Name, Likelihood Likelihood, double Value, double Size, JsonElement Item)> Densities()
    {
        foreach (JsonElement item in Items("densities.json", "cases"))
        {
            string kind = item.GetProperty("kind").GetString()!;
            double[] parameters = [.. item.GetProperty("parameters").EnumerateArray().Select(x => x.GetDouble())];
            double value = item.GetProperty("value").GetDouble(), size = item.GetProperty("size").GetDouble();
            yield return ($"{kind} {item.GetProperty("parameters")} of {value}", Create(kind, parameters), value, size, item);
        }
    }

    public static IEnumerable<JsonElement> Items(string file, string list) =>
        JsonDocument.Parse(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Reference", "likelihoods", file)))
            .RootElement.GetProperty(list).EnumerateArray();

    public static Likelihood Create(JsonElement likelihood) => likelihood.GetProperty("type").GetString() switch
    {
        "gaussian" => Likelihood.Gaussian(likelihood.GetProperty("variance").GetDouble()),
        "bernoulli_logit" => Likelihood.Bernoulli(),
        "bernoulli_probit" => Likelihood.Bernoulli(BinaryLink.Probit),
        "binomial_logit" => Likelihood.Binomial(),
        "poisson_log" => Likelihood.Poisson(),
        "negative_binomial_log" => Likelihood.NegativeBinomial(likelihood.GetProperty("size").GetDouble()),
        "student_t" => Likelihood.StudentT(likelihood.GetProperty("scale").GetDouble(), likelihood.GetProperty("dof").GetDouble()),
        "ordinal_logit" => Likelihood.Ordinal([.. likelihood.GetProperty("cutpoints").EnumerateArray().Select(x => x.GetDouble())]),
        "gamma_log" => Likelihood.Gamma(likelihood.GetProperty("shape").GetDouble()),
        string other => throw new InvalidOperationException(other),
        null => throw new InvalidOperationException(),
    };

    private static Likelihood Create(string kind, double[] parameters) => kind switch
    {
        "gaussian" => Likelihood.Gaussian(parameters[0]),
        "bernoulli" => Likelihood.Bernoulli(),
        "probit" => Likelihood.Bernoulli(BinaryLink.Probit),
        "binomial" => Likelihood.Binomial(),
        "poisson" => Likelihood.Poisson(),
        "negative_binomial" => Likelihood.NegativeBinomial(parameters[0]),
        "student_t" => Likelihood.StudentT(parameters[0], parameters[1]),
        "ordinal" => Likelihood.Ordinal([.. parameters.Select((_, k) => parameters[..(k + 1)].Sum())]),
        "gamma" => Likelihood.Gamma(parameters[0]),
        "exponential" => Likelihood.Exponential(),
        _ => throw new InvalidOperationException(kind),
    };
}
