using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>Fits a mixed model with any likelihood by its ELBO: checks, starts, and the best optimum with its second derivatives.</summary>
internal static class GeneralizedFitting
{
    /// <summary>A sum of ELBOs is good to this part of its size.</summary>
    private const double Rounding = 1e-12;

    /// <summary>Below this, in units of predictors, a standard deviation is tried at zero.</summary>
    private const double NearZero = 1e-3;

    /// <summary>Standard deviations of effects on the predictor to start from. Never zero: there the ELBO is stationary.</summary>
    private static readonly double[] Starts = [0.5, 0.1, 1.5];

    public static GeneralizedMixedFit Fit(
        MixedModel model, Likelihood likelihood, ReadOnlySpan<double> sizes, MixedModelOptions options, IProgress<double>? progress, CancellationToken cancellationToken)
    {
        Require(model, likelihood, sizes, options);
        MixedFitting.RequireRank(MixedFitting.DesignOf(model));
        var design = new MixedSiteDesign(model, sizes);
        SiteColumn column = ColumnOf(likelihood);
        var profile = new MixedSiteProfile(design, column, options.MaxThreads ?? Environment.ProcessorCount);
        MixedSiteState start = profile.State.Copy();
        int[] all = [.. Enumerable.Range(0, profile.VariableCount)];
        (double Value, double[] Point, MixedSiteState State)? best = null;
        bool isCancelled = false;
        foreach (double deviation in Starts)
        {
            profile.Begin(start);
            QuasiNewton descent = Descent(profile, profile.Value, deviation: 0).At(
                [.. profile.Elements.Select(element => element.Row == element.Column ? deviation : 0), .. column.Places()]);
            try
            {
                descent.Descend(all, options.MaxIterations, cancellationToken);
            }
            catch (OperationCanceledException) when (double.IsFinite(descent.Value))
            {
                isCancelled = true;
            }

            if (double.IsFinite(descent.Value) && (best is null || descent.Value < best.Value.Value))
            {
                best = (descent.Value, Settled(profile, descent), profile.State.Copy());
                progress?.Report(-descent.Value);
            }

            if (isCancelled)
            {
                break;
            }
        }

        if (best is null)
        {
            Guard.ThrowNonFinite("The ELBO", double.NegativeInfinity, row: 0, iteration: 0);
        }

        return Finish(model, profile, design, column, best!.Value.Point, best.Value.State, isCancelled);
    }

    /// <summary>Makes a fit anew of what was found: nothing is searched.</summary>
    /// <exception cref="FormatException">The numbers do not belong together.</exception>
    public static GeneralizedMixedFit Again(
        MixedModel model, ReadOnlySpan<double> sizes, SiteColumn column, double[] point, MixedSiteState state, Matrix<double>? covariance, double distance, bool isCancelled)
    {
        Require(model, column.Likelihood, sizes, new MixedModelOptions());
        MixedFitting.RequireRank(MixedFitting.DesignOf(model));
        var design = new MixedSiteDesign(model, sizes);
        var profile = new MixedSiteProfile(design, column, Environment.ProcessorCount);
        int count = design.Fixed.Length + profile.VariableCount;
        if (point.Length != profile.VariableCount
            || state.Precisions.Length != profile.State.Precisions.Length || state.First.Length != profile.State.First.Length
            || state.Rest.Length != profile.State.Rest.Length || state.Effects.Length != profile.State.Effects.Length
            || (covariance is not null && (covariance.RowCount != count || covariance.ColumnCount != count)))
        {
            throw new FormatException("The numbers of the estimate are not as many as the model has; they must be.");
        }

        double elbo = Array.TrueForAll(point, double.IsFinite) ? profile.Restore(point, state) : double.NaN;
        if (!double.IsFinite(elbo))
        {
            throw new FormatException(Guard.Text($"The ELBO of the estimate is {elbo}; it must be finite."));
        }

        return new GeneralizedMixedFit(new GeneralizedEstimate
        {
            Model = model,
            Profile = profile,
            Design = design,
            Column = column,
            Point = point,
            Effects = [.. profile.State.Effects],
            Covariance = covariance,
            Elbo = elbo,
            Distance = distance,
            IsCancelled = isCancelled,
        });
    }

    /// <summary>Returns the signs of Λ's columns that make its diagonal positive, applied to its elements.</summary>
    private static void Straighten(MixedSiteProfile profile, double[] point)
    {
        foreach ((int f, int i, int j) in profile.Elements.Where(element => element.Row == element.Column))
        {
            int diagonal = Array.IndexOf(profile.Elements, (f, i, j));
            if (point[diagonal] < 0)
            {
                for (int v = 0; v < profile.Elements.Length; v++)
                {
                    point[v] = profile.Elements[v].Factor == f && profile.Elements[v].Column == j ? -point[v] : point[v];
                }
            }
        }
    }

    private static GeneralizedMixedFit Finish(
        MixedModel model, MixedSiteProfile profile, MixedSiteDesign design, SiteColumn column, double[] point, MixedSiteState state, bool isCancelled)
    {
        // Signs of columns are those of effects that nobody sees: begin anew with the new ones.
        Straighten(profile, point);
        var anew = new MixedSiteState([.. state.Precisions], new double[state.First.Length], new double[state.Rest.Length], [.. state.Effects]);
        profile.Begin(anew);
        var gradient = new double[profile.VariableCount];
        profile.Value(point, gradient);
        int effects = design.Fixed.Length;
        double[] variables = [.. profile.State.Effects, .. point];
        int[] active = [.. Enumerable.Range(0, variables.Length).Where(v => v < effects || v >= effects + profile.Elements.Length || IsFree(profile, point, v - effects))];
        double[] scales = [.. active.Select(v => v < effects ? EffectScale(profile, design, v) : 1.0)];
        QuasiNewton there = Descent(profile, profile.ValueWithEffects, effects).At(variables);
        Matrix<double> information = there.SecondDerivatives(active, scales, central: true);
        Matrix<double>? covariance = null;
        double distance = double.PositiveInfinity;
        if (information.Evd(Symmetricity.Symmetric).EigenValues.All(value => value.Real > 0))
        {
            Matrix<double> inverse = information.Inverse();
            Vector<double> slope = Vector<double>.Build.Dense(active.Length, i => there.Gradient[active[i]] * scales[i]);
            distance = Math.Sqrt(Math.Max(slope.DotProduct(inverse * slope), 0));
            covariance = Matrix<double>.Build.Dense(variables.Length, variables.Length, double.NaN);
            for (int i = 0; i < active.Length; i++)
            {
                for (int j = 0; j < active.Length; j++)
                {
                    covariance[active[i], active[j]] = inverse[i, j] * scales[i] * scales[j];
                }
            }
        }

        profile.Value(point, gradient);
        double elbo = profile.Restore(point, profile.State);
        return new GeneralizedMixedFit(new GeneralizedEstimate
        {
            Model = model,
            Profile = profile,
            Design = design,
            Column = column,
            Point = point,
            Effects = [.. profile.State.Effects],
            Covariance = covariance,
            Elbo = elbo,
            Distance = distance,
            IsCancelled = isCancelled,
        });
    }

    /// <summary>Tells whether an element may move: not one of a column that is zero.</summary>
    private static bool IsFree(MixedSiteProfile profile, double[] point, int v)
    {
        (int f, _, int column) = profile.Elements[v];
        return Enumerable.Range(0, profile.Elements.Length).Any(
            w => profile.Elements[w].Factor == f && profile.Elements[w].Column == column && point[w] != 0);
    }

    /// <summary>Returns about the standard error that an effect would have by itself.</summary>
    private static double EffectScale(MixedSiteProfile profile, MixedSiteDesign design, int j)
    {
        double sum = 0;
        for (int i = 0; i < design.Rows.Length; i++)
        {
            sum += Math.Abs(profile.Precisions[i]) * design.Fixed[j][i] * design.Fixed[j][i];
        }

        return sum > 0 ? 1 / Math.Sqrt(sum) : 1;
    }

    /// <summary>Puts small diagonal elements to zero where the ELBO is no lower there.</summary>
    private static double[] Settled(MixedSiteProfile profile, QuasiNewton descent)
    {
        double[] point = [.. descent.Point];
        var gradient = new double[point.Length];
        for (int v = 0; v < profile.Elements.Length; v++)
        {
            (int f, int i, int j) = profile.Elements[v];
            if (i != j || point[v] == 0 || Math.Abs(point[v]) >= NearZero)
            {
                continue;
            }

            double[] settled = [.. point];
            for (int w = 0; w < profile.Elements.Length; w++)
            {
                (int factor, int row, int column) = profile.Elements[w];
                settled[w] = factor == f && column == j && Math.Abs(settled[w]) < NearZero ? 0 : settled[w];
            }

            if (profile.Value(settled, gradient) <= descent.Value + (10 * Rounding * (1 + Math.Abs(descent.Value))))
            {
                point = settled;
            }
        }

        profile.Value(point, gradient);
        return point;
    }

    private static QuasiNewton Descent(MixedSiteProfile profile, Func<double[], double[], double> value, int deviation) =>
        new(value, (_, _) => 1, Rounding * (1 + profile.Means.Length + deviation));

    /// <summary>Returns what is learned of the likelihood; the intercept takes the place of the first cutpoint.</summary>
    private static SiteColumn ColumnOf(Likelihood likelihood)
    {
        if (likelihood is not OrdinalLikelihood)
        {
            return SiteColumn.Of(likelihood);
        }

        double[] values = [0, .. likelihood.Parameters.Skip(1).Select(parameter => parameter.Value)];
        return new SiteColumn(likelihood.WithParameters(values), [.. Enumerable.Range(1, values.Length - 1)]);
    }

    private static void Require(MixedModel model, Likelihood likelihood, ReadOnlySpan<double> sizes, MixedModelOptions options)
    {
        if (options.Restricted)
        {
            throw new InvalidOperationException("Restricted is true; it must be false: there is no restricted likelihood but of Gaussian responses, which Fit without a likelihood takes.");
        }

        if (model.Weights.Length > 0)
        {
            throw new InvalidOperationException("The model has weights; it must have none: the trials or exposures of other likelihoods are their sizes.");
        }

        if (likelihood is OrdinalLikelihood && !model.Columns.Any(column => column.Values is null))
        {
            throw new InvalidOperationException("The model has no intercept; it must have one, in whose place the first cutpoint is learned.");
        }

        if (!sizes.IsEmpty)
        {
            Guard.Length(sizes.Length, model.RowCount, nameof(sizes), "one for each response");
        }

        for (int i = 0; i < model.RowCount; i++)
        {
            double response = model.Response[i], size = sizes.IsEmpty ? 1 : sizes[i];
            if (double.IsNaN(response))
            {
                continue;
            }

            try
            {
                likelihood.CheckCells([response], [size]);
            }
            catch (ArgumentException exception) when (exception.ParamName == nameof(sizes))
            {
                throw new ArgumentException(
                    exception.Message.Split(" (Parameter")[0].Replace("sizes[0]", Guard.Text($"sizes[{i}]"), StringComparison.Ordinal), nameof(sizes));
            }
            catch (ArgumentException)
            {
                throw new ArgumentException(
                    Guard.Text($"likelihood is {likelihood}, and response {i} is {response}; it must be {likelihood.AllowedValues}, or NaN where it is missing."),
                    nameof(likelihood));
            }
        }
    }
}
