using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using Xunit;

namespace VariationalInference.Tests.Learning.MixedModels;

/// <summary>Random models of every kind against the textbook's formulas with all matrices written out.</summary>
public class MixedModelSweepTests
{
    public static TheoryData<int, bool> Designs
    {
        get
        {
            var data = new TheoryData<int, bool>();
            for (int seed = 0; seed < 100; seed++)
            {
                data.Add(seed, seed % 2 == 0);
                data.Add(seed, seed % 2 == 1);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Designs))]
    public void Fit_IsThatOfTheDenseLikelihood(int seed, bool restricted)
    {
        var design = new RandomDesign(seed);

        MixedModelFit fit = design.Model.Fit(new MixedModelOptions { Restricted = restricted });

        fit.Converged.Should().BeTrue(fit.Summary().ToString());
        DenseMixedModel dense = design.Dense(fit);

        // The dense matrix as it stands loses digits where variances are far apart.
        double lost = 1e-16 * dense.LargestTerm / fit.ResidualVariance;
        fit.LogLikelihood.Should().BeApproximately(dense.LogLikelihood(restricted), (1e-9 + lost) * design.Response.Length);
        for (int j = 0; j < fit.FixedEffects.Length; j++)
        {
            double error = Math.Sqrt(dense.FixedCovariance[j, j]);
            fit.FixedEffects[j].Estimate.Should().BeApproximately(dense.Coefficients[j], 1e-6 * error);
            fit.FixedEffects[j].StandardError.Should().BeApproximately(error, 1e-6 * error);
        }

        AssertEffects(fit, dense);
        AssertFitted(fit, design, dense);
    }

    [Theory]
    [MemberData(nameof(Designs))]
    public void Maximum_IsNotLowerThanItsNeighbours(int seed, bool restricted)
    {
        var design = new RandomDesign(seed);

        MixedModelFit fit = design.Model.Fit(new MixedModelOptions { Restricted = restricted });

        // Each variance and the residual one, up and down by 1 %; those at zero, up by 1 % of the residual variance.
        double best = fit.LogLikelihood;
        for (int t = 0; t < fit.RandomTerms.Length; t++)
        {
            RandomTerm term = fit.RandomTerms[t];
            for (int e = 0; e < term.Effects.Length; e++)
            {
                double variance = term.Covariance()[e, e], step = variance > 0 ? 0.01 * variance : 0.01 * fit.ResidualVariance;
                Neighbour(design, fit, t, e, step).Should().BeLessThan(best + 1e-9 * Math.Abs(best));
            }
        }
    }

    [Fact]
    public void Predict_OfKnownAndNewLevels_HasTheVarianceOfHendersonsEquations()
    {
        int checkedDesigns = 0;
        for (int seed = 0; seed < 80; seed++)
        {
            var design = new RandomDesign(seed);
            MixedModelFit fit = design.Model.Fit();

            // Henderson's equations need the inverse of the effects' covariance.
            if (fit.RandomTerms.All(term => term.Covariance() is var covariance
                && covariance.Determinant() > 1e-4 * covariance.Diagonal().Aggregate(1.0, (product, value) => product * value)))
            {
                AssertPredictions(design, fit);
                checkedDesigns++;
            }
        }

        checkedDesigns.Should().BeGreaterThan(20);
    }

    private static void AssertPredictions(RandomDesign design, MixedModelFit fit)
    {
        DenseMixedModel dense = design.Dense(fit);
        Matrix<double> joint = dense.JointCovariance();
        Matrix<double> x = design.FixedColumns(), z = design.RandomColumns(fit);
        for (int row = 0; row < design.Response.Length; row += 5)
        {
            (string, string?[])[] known = [.. fit.RandomTerms.DistinctBy(term => term.Group).Select(
                term => (term.Group, (string?[])[LabelOf(fit, design, term, row)]))];
            Prediction prediction = fit.Predict([("slope", [design.Slope[row]]), ("covariate", [design.Covariate[row]])], known)[0];
            Vector<double> weights = Vector<double>.Build.DenseOfEnumerable(x.Row(row).Concat(z.Row(row)));
            double variance = weights * joint * weights;
            prediction.Mean.Should().BeApproximately(fit.Fitted[row], 1e-9 * prediction.Sd);
            prediction.MeanSd.Should().BeApproximately(Math.Sqrt(variance), 1e-6 * Math.Sqrt(variance));
            prediction.Sd.Should().BeApproximately(Math.Sqrt(variance + fit.ResidualVariance), 1e-6 * prediction.Sd);

            (string, string?[])[] none = [.. fit.RandomTerms.DistinctBy(term => term.Group).Select(term => (term.Group, (string?[])[null]))];
            Prediction population = fit.Predict([("slope", [design.Slope[row]]), ("covariate", [design.Covariate[row]])], none)[0];
            double spread = fit.RandomTerms.Sum(term =>
            {
                Vector<double> effect = Vector<double>.Build.DenseOfEnumerable(term.Effects.Select(
                    name => name == "(Intercept)" ? 1 : name == "slope" ? design.Slope[row] : design.Covariate[row]));
                return effect * term.Covariance() * effect;
            });
            double whole = (x.Row(row) * dense.FixedCovariance * x.Row(row)) + spread;
            population.Mean.Should().BeApproximately(x.Row(row) * dense.Coefficients, 1e-7 * population.Sd);
            population.MeanSd.Should().BeApproximately(Math.Sqrt(whole), 1e-6 * Math.Sqrt(whole));
        }
    }

    private static string LabelOf(MixedModelFit fit, RandomDesign design, RandomTerm term, int row)
    {
        int offset = fit.RandomTerms.TakeWhile(other => other != term).Sum(other => other.Levels.Length * other.Effects.Length);
        Vector<double> entries = design.RandomColumns(fit).Row(row);
        return term.Levels[Enumerable.Range(0, term.Levels.Length).First(level => entries[offset + (level * term.Effects.Length)] != 0)];
    }

    private static double Neighbour(RandomDesign design, MixedModelFit fit, int term, int effect, double step)
    {
        int[] rows = design.Present;
        Matrix<double> z = design.RandomColumns(fit), x = design.FixedColumns();
        Matrix<double> g = Matrix<double>.Build.Dense(z.ColumnCount, z.ColumnCount);
        int offset = 0;
        for (int t = 0; t < fit.RandomTerms.Length; t++)
        {
            Matrix<double> covariance = fit.RandomTerms[t].Covariance();
            if (t == term)
            {
                covariance[effect, effect] += step;
            }

            for (int level = 0; level < fit.RandomTerms[t].Levels.Length; level++)
            {
                g.SetSubMatrix(offset, offset, covariance);
                offset += covariance.RowCount;
            }
        }

        Matrix<double> Select(Matrix<double> all) => Matrix<double>.Build.DenseOfRowVectors(rows.Select(all.Row));
        return new DenseMixedModel(
            [.. rows.Select(i => design.Response[i])],
            Select(x),
            Select(z),
            g,
            [.. rows.Select(i => fit.ResidualVariance / (design.Weights.Length > 0 ? design.Weights[i] : 1))]).LogLikelihood(fit.Options.Restricted);
    }

    private static void AssertEffects(MixedModelFit fit, DenseMixedModel dense)
    {
        Vector<double> effects = dense.Effects;
        Matrix<double> conditional = dense.ConditionalCovariance;
        int offset = 0;
        foreach (RandomTerm term in fit.RandomTerms)
        {
            Matrix<double> covariance = term.Covariance();
            for (int level = 0; level < term.Levels.Length; level++)
            {
                for (int e = 0; e < term.Effects.Length; e++, offset++)
                {
                    RandomEffectPosterior posterior = term.Posterior(level, e);
                    double prior = Math.Sqrt(covariance[e, e]);
                    posterior.Mean.Should().BeApproximately(effects[offset], (1e-7 * prior) + 1e-300);
                    (posterior.ConditionalSd * posterior.ConditionalSd).Should().BeApproximately(
                        conditional[offset, offset], (1e-8 * prior * prior) + 1e-300);
                    posterior.Sd.Should().BeGreaterThanOrEqualTo(posterior.ConditionalSd);
                }
            }
        }
    }

    private static void AssertFitted(MixedModelFit fit, RandomDesign design, DenseMixedModel dense)
    {
        Vector<double> fitted = (design.FixedColumns() * dense.Coefficients) + (design.RandomColumns(fit) * dense.Effects);
        double[] residuals = fit.Residuals();
        for (int i = 0; i < fitted.Count; i++)
        {
            fit.Fitted[i].Should().BeApproximately(fitted[i], 1e-6 * Math.Sqrt(fit.ResidualVariance));
            double.IsNaN(residuals[i]).Should().Be(double.IsNaN(design.Response[i]));
        }
    }
}
