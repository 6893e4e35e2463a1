using System.Collections.Immutable;

namespace VariationalInference;

/// <summary>Likelihoods in files: kinds, and the numbers of each.</summary>
internal static class LikelihoodFile
{
    private static readonly Dictionary<string, Func<double[], Likelihood>> Kinds = new(StringComparer.Ordinal)
    {
        ["gaussian"] = numbers => Likelihood.Gaussian(One(numbers)),
        ["bernoulli_logit"] = numbers => None(numbers, Likelihood.Bernoulli()),
        ["bernoulli_probit"] = numbers => None(numbers, Likelihood.Bernoulli(BinaryLink.Probit)),
        ["binomial"] = numbers => None(numbers, Likelihood.Binomial()),
        ["poisson"] = numbers => None(numbers, Likelihood.Poisson()),
        ["negative_binomial"] = numbers => Likelihood.NegativeBinomial(One(numbers)),
        ["student_t"] = numbers => numbers is [double scale, double freedom]
            ? Likelihood.StudentT(scale, freedom)
            : throw new FormatException(Guard.Text($"student_t has {numbers.Length} numbers; it must have 2.")),
        ["ordinal"] = numbers => Likelihood.Ordinal(numbers),
        ["gamma"] = numbers => Likelihood.Gamma(One(numbers)),
        ["exponential"] = numbers => None(numbers, Likelihood.Exponential()),
    };

    public static void Write(ModelState state, Likelihood[] likelihoods)
    {
        double[][] numbers = [.. likelihoods.Select(likelihood => likelihood.FileNumbers)];
        state.AddTexts("likelihood_kinds", likelihoods.Select(likelihood => likelihood.Kind));
        state.AddWholeNumbers("likelihood_number_counts", numbers.Select(own => own.Length));
        state.Add("likelihood_numbers", [.. numbers.SelectMany(own => own)]);
    }

    /// <summary>Finds who makes likelihoods of a kind of their numbers; null if nobody does.</summary>
    public static Func<double[], Likelihood>? Find(string kind, Likelihood[] own) =>
        Array.Find(own, likelihood => likelihood.Kind == kind) is Likelihood found
            ? numbers => found.WithParameters(numbers)
            : Kinds.GetValueOrDefault(kind);

    /// <summary>Copies likelihoods of one's own, none of them null.</summary>
    /// <exception cref="ArgumentException">One is.</exception>
    public static Likelihood[] Checked(ReadOnlySpan<Likelihood> likelihoods)
    {
        for (int i = 0; i < likelihoods.Length; i++)
        {
            if (likelihoods[i] is null)
            {
                throw new ArgumentException(Guard.Text($"{nameof(likelihoods)}[{i}] is null; it must be a likelihood."), nameof(likelihoods));
            }
        }

        return likelihoods.ToArray();
    }

    /// <summary>Requires that every kind of a file is known.</summary>
    /// <exception cref="ArgumentException">One is not: <paramref name="likelihoods"/> lack it.</exception>
    /// <exception cref="ModelFileException">The file does not say them.</exception>
    public static void RequireKnown(ModelState state, Likelihood[] likelihoods, string? fileName)
    {
        ImmutableArray<string> kinds = ModelFile.Make(state, whole => (ImmutableArray<string>?)whole.Names("likelihood_kinds"), fileName)!.Value;
        foreach (string kind in kinds)
        {
            if (Find(kind, likelihoods) is null)
            {
                throw new ArgumentException(
                    $"The file holds a likelihood of the kind {SafeTensors.Show(kind)}, which the library does not know; likelihoods must have one of that kind.", nameof(likelihoods));
            }
        }
    }

    /// <summary>Makes the likelihoods of a file.</summary>
    /// <exception cref="FormatException">A kind is not known, or numbers are not those of its kind.</exception>
    public static Likelihood[] Read(ModelState state, Likelihood[] own)
    {
        ImmutableArray<string> kinds = state.Names("likelihood_kinds");
        ImmutableArray<int> counts = state.WholeNumbers("likelihood_number_counts", least: 0, kinds.Length);
        ImmutableArray<double> numbers = state.Vector("likelihood_numbers");
        if (counts.Sum(count => (long)count) != numbers.Length)
        {
            throw new FormatException(Guard.Text($"likelihood_numbers have {numbers.Length} elements; they must be as many as likelihood_number_counts say."));
        }

        var likelihoods = new Likelihood[kinds.Length];
        for (int i = 0, at = 0; i < kinds.Length; at += counts[i], i++)
        {
            Func<double[], Likelihood> make = Find(kinds[i], own)
                ?? throw new FormatException($"likelihood_kinds has {SafeTensors.Show(kinds[i])}; it must be one that the library knows.");
            likelihoods[i] = make([.. numbers.AsSpan(at, counts[i])]);
        }

        return likelihoods;
    }

    private static double One(double[] numbers) =>
        numbers is [double number] ? number : throw new FormatException(Guard.Text($"a likelihood has {numbers.Length} numbers; it must have 1."));

    private static Likelihood None(double[] numbers, Likelihood likelihood) => numbers.Length == 0
        ? likelihood
        : throw new FormatException(Guard.Text($"a likelihood has {numbers.Length} numbers; it must have none."));
}
