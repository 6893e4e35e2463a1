using System.Collections.Immutable;

namespace VariationalInference;

/// <summary>
/// A linear mixed model y = Xβ + Σ Z_t b_t + ε, in which the effects b_t of each random term are normal with a covariance that all levels of its
/// grouping factor share, and ε_i ~ N(0, σ²/w_i).
/// </summary>
/// <remarks>
/// <para>
/// Random terms may be nested or crossed, with intercepts and slopes, correlated or not. Every method returns a new model; columns are copied. An
/// intercept is there unless it is taken out. A missing response is <see cref="double.NaN"/>: its row does not count, but has a fitted value.
/// </para>
/// <para>
/// The likelihood is that of Bates et al. (2015), by orthogonal reduction within the levels of the largest factor: data whose levels differ by 1e9
/// standard deviations keep their digits. It may have several maxima; variances are scanned from zero up, and the best is kept. An evaluation costs
/// O(rows) beside the cube of the number of effects of each block of factors but the largest that are not nested.
/// </para>
/// <para>
/// Take it for replicates, repeated measures, raters and items; where only a mean and one factor are there,
/// <see cref="OneWayRandomEffects"/> says it shorter. Where effects have known variances take <see cref="LinearGaussianModel"/>.
/// </para>
/// <para>
/// A fit has the same bits for any number of threads; on processors whose vectors differ in width its last bits may differ.
/// </para>
/// <threadsafety>Immutable, hence safe to share.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp">
/// double[] growth = [1.1, 2.0, 2.9, 4.2, 0.8, 2.4, 4.1, 5.8, 1.0, 1.4, 2.1, 2.4];
/// double[] week = [0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3];
/// string[] plant = ["a", "a", "a", "a", "b", "b", "b", "b", "c", "c", "c", "c"];
/// MixedModelFit fit = new MixedModel("growth", growth)
///     .Fixed("week", week)
///     .Random("plant", plant, slopes: [("week", week)])
///     .Fit(new MixedModelOptions { Restricted = true });
/// Console.WriteLine(fit.FixedEffects[1]);   // week: …
/// Console.WriteLine(fit.RandomTerms[0].Levels.Length);   // 3
/// </code>
/// </example>
public sealed partial class MixedModel
{
    private const string InterceptName = "(Intercept)";

    private readonly string _responseName;
    private readonly ImmutableArray<double> _response;
    private readonly ImmutableArray<double> _weights;
    private readonly ImmutableArray<FixedColumn> _columns;
    private readonly ImmutableArray<FixedFactor> _fixedFactors;
    private readonly ImmutableArray<RandomTermSpec> _terms;

    /// <summary>Initializes a new instance of the <see cref="MixedModel"/> class with an intercept and without random terms.</summary>
    /// <param name="name">The name of the response.</param>
    /// <param name="response">The responses y, one a row; NaN means missing. At least 1 is there, and none is infinite.</param>
    /// <param name="weights">The weights w, one a row, all positive and finite; empty means 1.</param>
    /// <exception cref="ArgumentException">An argument is outside its range.</exception>
    public MixedModel(string name, ReadOnlySpan<double> response, ReadOnlySpan<double> weights = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        int present = 0;
        for (int i = 0; i < response.Length; i++)
        {
            if (double.IsInfinity(response[i]))
            {
                throw new ArgumentException(Guard.Text($"response[{i}] is {response[i]}; it must be finite, or NaN when it is missing."), nameof(response));
            }

            present += double.IsNaN(response[i]) ? 0 : 1;
        }

        if (present == 0)
        {
            throw new ArgumentException("response has no value that is not missing; at least 1 is needed.", nameof(response));
        }

        if (!weights.IsEmpty)
        {
            Guard.Length(weights.Length, response.Length, nameof(weights), "one for each response");
            Guard.AllPositive(weights, nameof(weights));
            weights = weights.ContainsAnyExcept(1.0) ? weights : [];
        }

        _responseName = name;
        _response = [.. response];
        _weights = [.. weights];
        _columns = [new FixedColumn(InterceptName, null)];
        _fixedFactors = [];
        _terms = [];
    }

    private MixedModel(
        MixedModel model, ImmutableArray<double> response, ImmutableArray<FixedColumn> columns, ImmutableArray<FixedFactor> fixedFactors, ImmutableArray<RandomTermSpec> terms)
    {
        _responseName = model._responseName;
        _weights = model._weights;
        _response = response;
        _columns = columns;
        _fixedFactors = fixedFactors;
        _terms = terms;
    }

    /// <summary>Gets the name of the response.</summary>
    public string ResponseName => _responseName;

    /// <summary>Gets the number of rows, those with a missing response included.</summary>
    public int RowCount => _response.Length;

    internal ImmutableArray<double> Response => _response;

    internal ImmutableArray<double> Weights => _weights;

    /// <summary>Gets the fixed columns; without an intercept, with that of the first factor's first label.</summary>
    internal ImmutableArray<FixedColumn> Columns => _fixedFactors.Length == 0 || _columns.Any(column => column.Values is null)
        ? _columns
        : _columns.Insert(_columns.IndexOf(_columns.First(column => column.Name == $"{_fixedFactors[0].Name}[{_fixedFactors[0].Levels[1]}]")), _fixedFactors[0].First);

    internal ImmutableArray<FixedFactor> FixedFactors => _fixedFactors;

    internal ImmutableArray<RandomTermSpec> Terms => _terms;

    /// <summary>Names the combinations of two groupings, such as "worker:machine", for a factor that is nested in another or their interaction.</summary>
    /// <param name="first">The labels of one, one a row.</param>
    /// <param name="second">The labels of the other, one a row.</param>
    /// <returns>The labels joined by a colon.</returns>
    /// <exception cref="ArgumentException">The lengths differ, or two combinations would have one name, as "a:b" with "c" and "a" with "b:c".</exception>
    public static string[] Cross(ReadOnlySpan<string> first, ReadOnlySpan<string> second)
    {
        Guard.Length(second.Length, first.Length, nameof(second), "one for each label of first");
        var labels = new string[first.Length];
        var known = new Dictionary<string, string>(StringComparer.Ordinal);
        for (int i = 0; i < labels.Length; i++)
        {
            RequireLabel(first[i], i, nameof(first));
            RequireLabel(second[i], i, nameof(second));
            labels[i] = $"{first[i]}:{second[i]}";
            if (!known.TryAdd(labels[i], first[i]) && known[labels[i]] != first[i])
            {
                throw new ArgumentException(
                    Guard.Text($"second[{i}] is \"{second[i]}\": with \"{first[i]}\" it would be named \"{labels[i]}\", as another combination is; leave colons out."),
                    nameof(second));
            }
        }

        return labels;
    }

    /// <summary>Adds a fixed effect of a column.</summary>
    /// <param name="name">The column's name, unlike those that are there.</param>
    /// <param name="values">Its values, one a row, all finite.</param>
    /// <returns>The model with the effect.</returns>
    /// <exception cref="ArgumentException">An argument is outside its range.</exception>
    public MixedModel Fixed(string name, ReadOnlySpan<double> values)
    {
        RequireNewEffect(name);
        double[] column = Column(name, values, nameof(values));
        return new MixedModel(this, _response, _columns.Add(new FixedColumn(name, column)), _fixedFactors, _terms);
    }

    /// <summary>
    /// Adds fixed effects of groups: how each label differs from the first one that occurs. In a model without an intercept the first such factor has an effect
    /// for each label, its mean.
    /// </summary>
    /// <param name="name">The name of the grouping, unlike those that are there.</param>
    /// <param name="labels">The labels, one a row, none null or empty. At least 2 differ.</param>
    /// <returns>The model with the effects, named as in "machine[B]".</returns>
    /// <exception cref="ArgumentException">An argument is outside its range.</exception>
    public MixedModel FixedFactor(string name, ReadOnlySpan<string> labels)
    {
        RequireNewEffect(name);
        (string[] levels, int[] codes) = Code(name, labels, nameof(labels));
        if (levels.Length < 2)
        {
            throw new ArgumentException(Guard.Text($"labels of \"{name}\" are all \"{levels[0]}\"; at least 2 must differ."), nameof(labels));
        }

        RequireSameLevels(name, levels, codes, nameof(labels));
        var columns = new List<FixedColumn>();
        for (int level = 0; level < levels.Length; level++)
        {
            // A column with such a name may be there for a slope already; then it must be this one.
            string column = $"{name}[{levels[level]}]";
            RequireNewEffect(column);
            columns.Add(new FixedColumn(column, Column(column, codes.Select(code => code == level ? 1.0 : 0.0).ToArray(), nameof(labels))));
        }

        return new MixedModel(
            this, _response, _columns.AddRange(columns.Skip(1)), _fixedFactors.Add(new FixedFactor(name, [.. levels], [.. codes], columns[0])), _terms);
    }

    /// <summary>Takes the fixed intercept out.</summary>
    /// <returns>The model without it.</returns>
    public MixedModel WithoutIntercept() =>
        new(this, _response, [.. _columns.Where(column => column.Values is not null)], _fixedFactors, _terms);

    /// <summary>Adds a random term: effects that vary between the levels of a grouping factor.</summary>
    /// <param name="group">The factor's name. Terms of the same name must have the same labels.</param>
    /// <param name="labels">The labels, one a row, none null or empty.</param>
    /// <param name="slopes">The columns whose slopes vary, by name, one value a row, all finite; <see langword="null"/> means none.</param>
    /// <param name="intercept">Whether the intercept varies.</param>
    /// <param name="correlated">Whether the term's effects may be correlated; without, each is a term of its own.</param>
    /// <returns>The model with the term.</returns>
    /// <exception cref="ArgumentException">An argument is outside its range, or nothing varies, or an effect varies already.</exception>
    public MixedModel Random(
        string group,
        ReadOnlySpan<string> labels,
        IReadOnlyList<(string Name, double[] Values)>? slopes = null,
        bool intercept = true,
        bool correlated = true)
    {
        ArgumentException.ThrowIfNullOrEmpty(group);
        (string[] levels, int[] codes) = Code(group, labels, nameof(labels));
        return Random(group, levels, codes, slopes, intercept, correlated, nameof(labels));
    }

    /// <summary>Adds a random term whose levels are numbered.</summary>
    /// <inheritdoc cref="Random(string, ReadOnlySpan{string}, IReadOnlyList{ValueTuple{string, double[]}}, bool, bool)"/>
    public MixedModel Random(
        string group,
        ReadOnlySpan<int> labels,
        IReadOnlyList<(string Name, double[] Values)>? slopes = null,
        bool intercept = true,
        bool correlated = true)
    {
        ArgumentException.ThrowIfNullOrEmpty(group);
        Guard.Length(labels.Length, RowCount, nameof(labels), "one for each response");
        var places = new Dictionary<int, int>();
        var codes = new int[labels.Length];
        for (int i = 0; i < codes.Length; i++)
        {
            if (!places.TryGetValue(labels[i], out codes[i]))
            {
                codes[i] = places.Count;
                places.Add(labels[i], codes[i]);
            }
        }

        return Random(group, [.. places.Keys.Select(label => Guard.Text($"{label}"))], codes, slopes, intercept, correlated, nameof(labels));
    }

    /// <summary>Fits the model.</summary>
    /// <param name="options">How; <see langword="null"/> means by maximum likelihood.</param>
    /// <param name="progress">Receives the best log likelihood so far, in nats, after each ascent.</param>
    /// <param name="cancellationToken">Stops the work; the best that was found so far is returned, at least the fit without random effects.</param>
    /// <returns>The fit.</returns>
    /// <exception cref="InvalidOperationException">
    /// There is no random term, or fixed effects are linear combinations of others, which the message names, or there are no more responses than fixed effects,
    /// or these fit every response exactly, or more than 16,000 effects are crossed with those of the largest factor.
    /// </exception>
    public MixedModelFit Fit(MixedModelOptions? options = null, IProgress<double>? progress = null, CancellationToken cancellationToken = default) =>
        MixedFitting.Fit(this, options ?? new MixedModelOptions(), progress, cancellationToken);

    /// <summary>Fits the model with another likelihood than the Gaussian: its predictor is Xβ + Σ Z_t b_t.</summary>
    /// <remarks>
    /// Maximised is the ELBO with one Gaussian of full covariance for all random effects, a lower bound on the likelihood, which has no closed form. An evaluation costs O(rows) beside
    /// what the linear model costs. Trials of binomial responses and exposures of counts are the sizes; an offset log t of counts is the exposure t.
    /// </remarks>
    /// <param name="likelihood">The likelihood; its parameters, such as cutpoints or a dispersion, are where learning starts.</param>
    /// <param name="sizes">The trials or exposures of the responses; empty for 1 each.</param>
    /// <param name="options">How; <see langword="null"/> means the defaults. There is no restricted likelihood.</param>
    /// <param name="progress">Receives the best ELBO so far, in nats, after each start.</param>
    /// <param name="cancellationToken">Stops the work; the best that was found so far is returned.</param>
    /// <returns>The fit.</returns>
    /// <exception cref="ArgumentException">A response or a size is not allowed by the likelihood; the message names it.</exception>
    /// <exception cref="InvalidOperationException">
    /// There is no random term, or fixed effects are linear combinations of others, which the message names, or there are no more responses than fixed effects, or
    /// there are weights, or the restricted likelihood is asked for, or ordered responses have no intercept.
    /// </exception>
    /// <exception cref="NonFiniteValueException">No start has a finite ELBO.</exception>
    public GeneralizedMixedFit Fit(
        Likelihood likelihood,
        ReadOnlySpan<double> sizes = default,
        MixedModelOptions? options = null,
        IProgress<double>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(likelihood);
        return GeneralizedFitting.Fit(this, likelihood, sizes, options ?? new MixedModelOptions(), progress, cancellationToken);
    }

    /// <summary>Names the model's parts.</summary>
    /// <returns>The text.</returns>
    public override string ToString()
    {
        IEnumerable<string> columns = Columns.Select(column => column.Name);
        IEnumerable<string> terms = _terms.Select(term => $"({string.Join(" + ", term.Effects.Select(effect => effect.Name))} | {term.Group})");
        return $"{_responseName} ~ {string.Join(" + ", columns.Concat(terms))}";
    }

    /// <summary>Returns the same model of other responses.</summary>
    internal MixedModel With(ReadOnlySpan<double> response)
    {
        Guard.Length(response.Length, RowCount, nameof(response), "one for each row");
        MixedModel checkedResponse = new(_responseName, response);
        return new MixedModel(this, checkedResponse._response, _columns, _fixedFactors, _terms);
    }

    private MixedModel Random(
        string group, string[] levels, int[] codes, IReadOnlyList<(string Name, double[] Values)>? slopes, bool intercept, bool correlated, string parameter)
    {
        RandomTermSpec? known = _terms.FirstOrDefault(term => term.Group == group);
        if (known is not null && !(known.Codes.SequenceEqual(codes) && known.Levels.SequenceEqual(levels)))
        {
            throw new ArgumentException(Guard.Text($"labels of \"{group}\" differ from those of the term that is there; they must be the same."), parameter);
        }

        if (_fixedFactors.FirstOrDefault(factor => factor.Name == group) is FixedFactor same && !(same.Codes.SequenceEqual(codes) && same.Levels.SequenceEqual(levels)))
        {
            throw new ArgumentException(Guard.Text($"labels of \"{group}\" differ from those of the fixed factor of that name; they must be the same."), parameter);
        }

        var effects = new List<(string Name, double[]? Values)>();
        if (intercept)
        {
            effects.Add((InterceptName, null));
        }

        foreach ((string name, double[] values) in slopes ?? [])
        {
            ArgumentException.ThrowIfNullOrEmpty(name, nameof(slopes));
            ArgumentNullException.ThrowIfNull(values, nameof(slopes));
            effects.Add((name, Column(name, values, nameof(slopes))));
        }

        if (effects.Count == 0)
        {
            throw new ArgumentException(Guard.Text($"Nothing varies between the levels of \"{group}\"; an intercept or at least 1 slope must."), nameof(slopes));
        }

        string[] names = [.. _terms.Where(term => term.Group == group).SelectMany(term => term.Effects).Select(effect => effect.Name)];
        foreach ((string name, double[]? values) in effects)
        {
            if (names.Contains(name) || effects.Count(effect => effect.Name == name) > 1)
            {
                throw new ArgumentException(Guard.Text($"\"{name}\" varies between the levels of \"{group}\" twice; it must once."), nameof(slopes));
            }
        }

        RandomTermSpec[] terms = correlated
            ? [new RandomTermSpec(group, [.. levels], [.. codes], [.. effects])]
            : [.. effects.Select(effect => new RandomTermSpec(group, [.. levels], [.. codes], [effect]))];
        return new MixedModel(this, _response, _columns, _fixedFactors, _terms.AddRange(terms));
    }

    private void RequireSameLevels(string name, string[] levels, int[] codes, string parameter)
    {
        if (_terms.FirstOrDefault(term => term.Group == name) is RandomTermSpec term && !(term.Codes.SequenceEqual(codes) && term.Levels.SequenceEqual(levels)))
        {
            throw new ArgumentException(Guard.Text($"labels of \"{name}\" differ from those of the random term of that name; they must be the same."), parameter);
        }
    }

    private void RequireNewEffect(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        if (_columns.Any(column => column.Name == name) || _fixedFactors.Any(factor => factor.Name == name))
        {
            throw new ArgumentException(Guard.Text($"name is \"{name}\", which is a fixed effect already; each must have a name of its own."), nameof(name));
        }
    }

    /// <summary>Copies a column, which must be the same wherever its name stands.</summary>
    private double[] Column(string name, ReadOnlySpan<double> values, string parameter)
    {
        Guard.Length(values.Length, RowCount, parameter, "one for each response");
        for (int i = 0; i < values.Length; i++)
        {
            if (!double.IsFinite(values[i]))
            {
                throw new ArgumentException(Guard.Text($"\"{name}\"[{i}] is {values[i]}; it must be finite."), parameter);
            }
        }

        double[]? known = _columns.FirstOrDefault(column => column.Name == name)?.Values
            ?? _terms.SelectMany(term => term.Effects).FirstOrDefault(effect => effect.Name == name).Values;
        if (known is not null && !values.SequenceEqual(known))
        {
            throw new ArgumentException(Guard.Text($"\"{name}\" differs from the column of that name that is there; it must be the same."), parameter);
        }

        return known ?? values.ToArray();
    }

    private static void RequireLabel(string label, int row, string parameter, string of = "")
    {
        if (string.IsNullOrEmpty(label))
        {
            throw new ArgumentException(Guard.Text($"{parameter}[{row}]{of} is {(label is null ? "null" : "empty")}; each row must have a label."), parameter);
        }
    }

    private (string[] Levels, int[] Codes) Code(string name, ReadOnlySpan<string> labels, string parameter)
    {
        Guard.Length(labels.Length, RowCount, parameter, "one for each response");
        var places = new Dictionary<string, int>(StringComparer.Ordinal);
        var codes = new int[labels.Length];
        for (int i = 0; i < codes.Length; i++)
        {
            RequireLabel(labels[i], i, parameter, $" of \"{name}\"");
            if (!places.TryGetValue(labels[i], out codes[i]))
            {
                codes[i] = places.Count;
                places.Add(labels[i], codes[i]);
            }
        }

        return ([.. places.Keys], codes);
    }
}

/// <summary>A grouping with fixed effects.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Levels">Its labels; the first is what the others are compared with.</param>
/// <param name="Codes">The label of each row.</param>
/// <param name="First">The column of the first label, which counts where there is no intercept.</param>
internal sealed record FixedFactor(string Name, ImmutableArray<string> Levels, ImmutableArray<int> Codes, FixedColumn First);

/// <summary>A random term as it was asked for.</summary>
/// <param name="Group">The grouping factor.</param>
/// <param name="Levels">Its labels, in the order of their first rows.</param>
/// <param name="Codes">The level of each row.</param>
/// <param name="Effects">What varies; without values, the intercept.</param>
internal sealed record RandomTermSpec(
    string Group, ImmutableArray<string> Levels, ImmutableArray<int> Codes, ImmutableArray<(string Name, double[]? Values)> Effects);
