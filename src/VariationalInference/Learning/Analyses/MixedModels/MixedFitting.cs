namespace VariationalInference;

/// <summary>From a model to its fit.</summary>
internal static class MixedFitting
{
    /// <summary>A column of which no more than this part is its own is a combination of others: data seldom have so many digits.</summary>
    private const double Dependent = 1e-10;

    /// <summary>A column with a smaller part in a combination than this is not named for it.</summary>
    private const double Counts = 1e-6;

    /// <summary>Residuals below this part of the responses' spread are rounding.</summary>
    private const double Nothing = 1e-14;

    public static MixedModelFit Fit(MixedModel model, MixedModelOptions options, IProgress<double>? progress, CancellationToken cancellationToken)
    {
        (MixedDesign design, MixedObjective objective) = ObjectiveOf(model, options);
        var search = new MixedSearch(objective, options.MaxIterations, cancellationToken)
        {
            Found = value => progress?.Report(LogLikelihood(design, objective, value)),
        };
        bool isCancelled = false;
        try
        {
            search.Run();
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested && objective.BestTheta is not null)
        {
            isCancelled = true;
        }

        return new MixedModelFit(model, options, new MixedEstimate(design, objective, search.Optima, isCancelled));
    }

    /// <summary>Makes a fit of what a search found before.</summary>
    /// <exception cref="FormatException">That belongs to another model.</exception>
    public static MixedModelFit Again(
        MixedModel model, MixedModelOptions options, IReadOnlyList<MixedOptimum> optima, IReadOnlyList<(int Parameter, bool MovesResidual)> flat, bool wasCancelled)
    {
        (MixedDesign design, MixedObjective objective) = ObjectiveOf(model, options);
        int count = objective.Parameters.Count;
        if (optima.Any(optimum => optimum.Theta.Length != count || !Array.TrueForAll(optimum.Theta, double.IsFinite)) || flat.Any(item => item.Parameter >= count))
        {
            throw new FormatException(Guard.Text($"theta or flat_variances do not belong to a model of {count} parameters; they must, and be finite."));
        }

        if (!optima[0].IsUnbounded && !double.IsFinite(objective.Value(optima[0].Theta)))
        {
            throw new FormatException("The likelihood is not finite at theta; it must be.");
        }

        return new MixedModelFit(model, options, new MixedEstimate(design, objective, optima, flat, wasCancelled));
    }

    private static (MixedDesign Design, MixedObjective Objective) ObjectiveOf(MixedModel model, MixedModelOptions options)
    {
        MixedDesign design = DesignOf(model);
        RequireRank(design);
        var reduction = new MixedReduction(design);
        var parameters = new MixedParameters(design, reduction);
        var objective = new MixedObjective(parameters, reduction, options.Restricted, options.MaxThreads ?? Environment.ProcessorCount);
        RequireResiduals(objective, design);
        return (design, objective);
    }

    /// <summary>Returns the log likelihood of a deviance, with every constant, in the units of the data.</summary>
    public static double LogLikelihood(MixedDesign design, MixedObjective objective, double deviance)
    {
        double freedom = objective.Freedom;
        double whole = deviance + (freedom * (1 + Math.Log(2 * Math.PI / freedom))) + (objective.Criterion.IsRestricted ? 2 * design.LogFixedScales : 0);
        return (-0.5 * whole) - (freedom * Math.Log(design.ResponseScale)) + (0.5 * design.LogWeights);
    }

    public static MixedDesign DesignOf(MixedModel model)
    {
        if (model.Terms.Length == 0)
        {
            throw new InvalidOperationException("The model has no random term; Random adds one.");
        }

        IEnumerable<GroupingFactor> factors = model.Terms.Select((term, index) => (term, index)).GroupBy(item => item.term.Group).Select(group =>
        {
            RandomTermSpec first = group.First().term;
            RandomEffect[] effects = [.. group.SelectMany(
                item => item.term.Effects.Select(effect => new RandomEffect(effect.Name, effect.Values, item.index)))];
            return new GroupingFactor(first.Group, first.Levels, [.. first.Codes], effects);
        });
        return new MixedDesign([.. model.Response], model.Weights.Length == 0 ? null : [.. model.Weights], model.Columns, [.. factors]);
    }

    /// <summary>Requires that no fixed column is a combination of those before it, by Gram and Schmidt's method.</summary>
    public static void RequireRank(MixedDesign design)
    {
        var basis = new List<double[]>();
        var triangle = new List<double[]>();
        int rows = design.Rows.Length;
        if (rows <= design.Fixed.Length)
        {
            throw new InvalidOperationException(Guard.Text(
                $"There are {rows} responses for {design.Fixed.Length} fixed effects; more than {design.Fixed.Length} are needed."));
        }

        for (int j = 0; j < design.Fixed.Length; j++)
        {
            double[] column = [.. design.Fixed[j].Select((value, i) => value * design.RootWeights[i])];
            double norm = Math.Sqrt(ShortVectors.SquaredNorm(column));
            var shares = new double[basis.Count];
            for (int pass = 0; pass < 2; pass++)
            {
                for (int k = 0; k < basis.Count; k++)
                {
                    double share = ShortVectors.Dot(basis[k], column);
                    shares[k] += share;
                    ShortVectors.Subtract(basis[k], share, column);
                }
            }

            double rest = Math.Sqrt(ShortVectors.SquaredNorm(column));
            if (!(rest > Dependent * norm))
            {
                string[] others = [.. Coefficients(triangle, shares).Select((value, k) => (Value: value * triangle[k][k], design.Columns[k].Name))
                    .Where(item => Math.Abs(item.Value) > Counts * norm).Select(item => $"\"{item.Name}\"")];
                throw new InvalidOperationException(others.Length == 0
                    ? $"The fixed effect \"{design.Columns[j].Name}\" is zero in every row{(design.HasIntercept ? ", but for a constant" : string.Empty)}; leave it out."
                    : $"The fixed effect \"{design.Columns[j].Name}\" is a linear combination of {string.Join(", ", others)}; leave one of them out.");
            }

            basis.Add([.. column.Select(value => value / rest)]);
            triangle.Add([.. shares, rest]);
        }
    }

    /// <summary>Returns the coefficients of the columns themselves from those of their orthonormal basis.</summary>
    private static double[] Coefficients(List<double[]> triangle, double[] shares)
    {
        double[] coefficients = [.. shares];
        for (int k = coefficients.Length - 1; k >= 0; k--)
        {
            for (int l = k + 1; l < coefficients.Length; l++)
            {
                coefficients[k] -= triangle[l][k] * coefficients[l];
            }

            coefficients[k] /= triangle[k][k];
        }

        return coefficients;
    }

    private static void RequireResiduals(MixedObjective objective, MixedDesign design)
    {
        objective.Value(new double[objective.Parameters.Count]);
        double spread = design.Response.Select((value, i) => value * value * design.RootWeights[i] * design.RootWeights[i]).Sum();
        if (!(objective.Criterion.ResidualSquares > Nothing * Nothing * spread))
        {
            throw new InvalidOperationException("The fixed effects fit every response exactly; there is no variance to learn.");
        }
    }
}
