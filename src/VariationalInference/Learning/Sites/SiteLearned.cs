using System.Collections.Immutable;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>Parameters learned from rows, the posteriors of these, and how learning went.</summary>
internal sealed partial class SiteLearned
{
    /// <summary>Loadings beyond this, and logarithms of parameters, are on their way to infinity.</summary>
    private const double Unlimited = 30;

    public required SiteParameters Parameters { get; init; }

    /// <summary>Gets which of the states each row of the table has.</summary>
    public required int[] Places { get; init; }

    public required double[] Theta { get; init; }

    public required SitePoint Point { get; init; }

    public required RowStates States { get; init; }

    public required double Elbo { get; init; }

    public required ImmutableArray<double> ElboTrace { get; init; }

    public required StopReason StopReason { get; init; }

    /// <summary>Gets how far the optimum is, in standard errors.</summary>
    public required double Distance { get; init; }

    public required SiteCovariance Covariance { get; init; }

    /// <summary>Returns a loading with its standard error.</summary>
    public LearnedParameter Loading(int column, int latent) => At(Parameters.Places(column)[latent]);

    /// <summary>Returns an offset with its standard error.</summary>
    public LearnedParameter Offset(int column) => At(Parameters.Places(column)[Parameters.Latents]);

    /// <summary>Returns a learned parameter of a likelihood with its standard error.</summary>
    public LearnedParameter Parameter(int column, int learned)
    {
        int place = Parameters.Places(column)[Parameters.Latents + 1 + learned];
        LikelihoodParameter parameter = Point.Likelihoods[column].Parameters[Parameters.Columns[column].Learned[learned]];
        return new LearnedParameter(parameter.Value, Point.Slopes[column][learned] * At(place).StandardError);
    }

    /// <summary>Returns a function of θ with its standard error by its gradient, in the places of a column.</summary>
    public LearnedParameter Function(int column, double value, ReadOnlySpan<double> gradient)
    {
        ReadOnlySpan<int> places = Parameters.Places(column);
        double variance = 0;
        for (int i = 0; i < gradient.Length; i++)
        {
            for (int j = 0; j < gradient.Length; j++)
            {
                if (gradient[i] != 0 && gradient[j] != 0)
                {
                    variance += gradient[i] * Covariance[places[i], places[j]] * gradient[j];
                }
            }
        }

        return new LearnedParameter(value, variance >= 0 ? Math.Sqrt(variance) : double.NaN);
    }

    /// <summary>Returns the posterior of a row of the table that was learned from.</summary>
    public MultivariateGaussian Posterior(int row) => Posterior(States, Places[row]);

    /// <summary>Returns the posterior of another row.</summary>
    public MultivariateGaussian Posterior(ReadOnlySpan<double> cells, double exposure = 1)
    {
        SiteRows row = SiteRows.Of(RowSpan.RowMajor(cells, cells.Length), exposure == 1 ? [] : [exposure]);
        var states = new RowStates(Parameters.Latents, 1);
        double elbo = new RowBlock(Parameters.Latents, new RowCells(Parameters.Latents, RowBlock.Rows)).Solve(row, Point, states, 0, 1);
        if (!double.IsFinite(elbo))
        {
            Guard.ThrowNonFinite("The ELBO", elbo, row: 0, iteration: 0);
        }

        return Posterior(states, 0);
    }

    /// <summary>Lists what is wrong.</summary>
    /// <param name="names">The names of the columns.</param>
    /// <param name="noun">What a column is.</param>
    public ImmutableArray<LearningWarning> Warnings(IReadOnlyList<string> names, string noun)
    {
        var warnings = ImmutableArray.CreateBuilder<LearningWarning>();
        int[] unlimited = [.. Enumerable.Range(0, names.Count).Where(IsUnlimited)];
        foreach (int k in unlimited)
        {
            warnings.Add(new LearningWarning(
                LearningWarningKind.UnlimitedParameter, $"A parameter of {noun} '{names[k]}' grows without limit: the data set no end to it.", [k]));
        }

        foreach (int[] direction in Covariance.Unidentified)
        {
            // On its way to infinity a parameter has no curvature either.
            int[] columns = [.. Enumerable.Range(0, names.Count).Where(k => Parameters.Places(k).IndexOfAny(direction) >= 0)];
            if (columns.Except(unlimited).Any())
            {
                warnings.Add(new LearningWarning(
                    LearningWarningKind.Unidentified,
                    $"The data cannot tell apart parameters of {noun}s {Wording.Join(", ", columns.Length, i => $"'{names[columns[i]]}'")}: others give the same ELBO.",
                    [.. columns]));
            }
        }

        return warnings.ToImmutable();
    }

    private bool IsUnlimited(int column)
    {
        ReadOnlySpan<double> loadings = Point.Loadings.AsSpan(column * Parameters.Latents, Parameters.Latents);
        return Math.Sqrt(ShortVectors.SquaredNorm(loadings)) > Unlimited || Array.Exists(Point.Free[column], place => Math.Abs(place) > Unlimited / 2);
    }

    private static MultivariateGaussian Posterior(RowStates states, int row)
    {
        int latents = states.Latents;
        double[] state = new double[states.Width], covariance = new double[PackedSymmetric.Length(latents)];
        states.Read(row, state);
        PackedSymmetric.TryFactor(latents, state.AsSpan(latents));
        PackedSymmetric.InvertFactored(latents, state.AsSpan(latents), covariance);
        return new MultivariateGaussian(
            state.AsSpan(0, latents), Matrix<double>.Build.Dense(latents, latents, (i, j) => covariance[PackedSymmetric.At(i, j)]));
    }

    private LearnedParameter At(int place)
    {
        double variance = Covariance[place, place];
        return new LearnedParameter(Theta[place], variance >= 0 ? Math.Sqrt(variance) : double.NaN);
    }
}
