using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using Xunit;

namespace VariationalInference.Tests.Hybrid.Decoders;

/// <summary>With a linear decoder the model is linear-Gaussian, and all that is said of it has a closed form elsewhere in the library.</summary>
public sealed class LinearDecoderTests
{
    private const int Width = 4;

    private static readonly Matrix<double> Loadings = Matrix<double>.Build.DenseOfRowArrays([1, 0.5, -0.3], [-0.4, 1.2, 0.2], [0.7, 0.1, 0.9], [0.2, -0.8, 0.6]);
    private static readonly double[] Offset = [0.5, -1, 0, 2];
    private static readonly double[] Noise = [0.5, 0.8, 0.3, 1.1];

    /// <summary>The same model, of one latent behind the decoder and two linear ones.</summary>
    private static readonly LinearGaussianModel Whole = new(Loadings, Offset, Noise, new double[3], [1, 1, 1]);

    private static readonly Matrix<double> Rows = Whole.Sample(40, seed: 3).Observations;

    [Fact]
    public void ExactEncoder_LosesNothing_DrawByDraw()
    {
        DecoderInference inference = Inference(LinearModel(), ExactEncoder());

        DecoderEvaluation evaluation = inference.Evaluate(Rows, drawCount: 20, refinedRowCount: 5);

        // q(z_A) is the exact posterior, so log p(x, z) − log q(z) is the log evidence whatever z is drawn.
        double evidence = Rows.EnumerateRows().Average(row => Whole.LogEvidence([.. row]));
        evaluation.ImportanceWeightedBound.Should().BeApproximately(evidence, 1e-9);
        evaluation.ApproximationGap.Should().BeApproximately(0, 0.1, "20 draws of the refined factors");
        evaluation.Elbo.Should().BeApproximately(evidence, 4 * evaluation.ElboMonteCarloError);
        evaluation.ActiveLatents.Should().Be(1);
    }

    [Fact]
    public void PathDerivative_OfTheExactEncoder_IsZero()
    {
        DecoderModel model = LinearModel();
        var options = new DecoderOptions { Estimator = GradientEstimator.StickingTheLanding };
        var linear = new LinearPart(model, [1, 1, 1, 1], floor: 0.01, new LinearLearning(true, true, VarianceLearning.Each));
        var parts = new DecoderParts(ExactEncoder(), model.Decoder, linear, model.AmortizedPrior);
        var rows = new DecoderRows(Width, Rows, Enumerable.Range(0, 40).ToArray());
        var gradient = new double[parts.Encoder.Parameters.Length + parts.Decoder.Parameters.Length + linear.Parameters.Length];

        new DecoderWorker(parts, options, 40).Run([.. Enumerable.Range(0, 40).Select(n => new RowReference<DecoderRows>(rows, n))], streamSeed: 5, gradient);

        gradient[..parts.Encoder.Parameters.Length].Should().OnlyContain(value => Math.Abs(value) < 1e-9);
        gradient.Should().Contain(value => Math.Abs(value) > 1, "the model's own parameters are drawn, and not at their best");
    }

    [Fact]
    public void Gaps_OfAWrongEncoder_AreThoseOfTheClosedForm()
    {
        // A mean that is off by δ and a variance c times the posterior's v lose ½ (δ²/v + c − 1 − log c).
        (double[] gains, double variance) = Posterior();
        const double shift = 0.3, factor = 1.5;
        MlpEncoder encoder = Encoder(gains, variance * factor, shift);

        DecoderEvaluation evaluation = Inference(LinearModel(), encoder).Evaluate(Rows, drawCount: 4_000, refinedRowCount: 10);

        double expected = 0.5 * ((shift * shift / variance) + factor - 1 - Math.Log(factor));
        evaluation.AmortizationGap.Should().BeApproximately(expected, 4 * evaluation.ElboMonteCarloError * Math.Sqrt(40.0 / 10));
        evaluation.ApproximationGap.Should().BeApproximately(0, 0.01);
        double evidence = Rows.EnumerateRows().Average(row => Whole.LogEvidence([.. row]));
        evaluation.Elbo.Should().BeApproximately(evidence - expected, 4 * evaluation.ElboMonteCarloError);
    }

    [Fact]
    public void Infer_IsThePosteriorOfTheLinearModel()
    {
        double[] row = [.. Rows.Row(0)];

        DecoderPosterior posterior = Inference(LinearModel(), ExactEncoder()).Infer(row);

        MultivariateGaussian exact = Whole.Posterior(row);
        posterior.Amortized.Means[0].Should().BeApproximately(exact.Means[0], 1e-10);
        posterior.Amortized.Variances[0].Should().BeApproximately(exact.Variances[0], 1e-10);

        // Opposite draws have the mean and, scaled as they are, the variance of q(z_A).
        posterior.Linear!.Means[0].Should().BeApproximately(exact.Means[1], 1e-10);
        posterior.Linear.Means[1].Should().BeApproximately(exact.Means[2], 1e-10);
        posterior.Linear.Variances[0].Should().BeApproximately(exact.Variances[1], 1e-10);
        posterior.Linear.Variances[1].Should().BeApproximately(exact.Variances[2], 1e-10);
    }

    [Fact]
    public void Refine_FromAnyEncoder_IsThePosteriorOfTheLinearModel()
    {
        double[] row = [.. Rows.Row(1)];
        var encoder = new MlpEncoder(Width, 1, new PerceptronOptions { Precision = NetworkPrecision.Bits64 });

        DecoderPosterior refined = Inference(LinearModel(), encoder).Refine(row);

        // The ascent ends at a gradient of 1e-3 in a posterior deviation.
        MultivariateGaussian exact = Whole.Posterior(row);
        refined.Amortized.Means[0].Should().BeApproximately(exact.Means[0], 0.002 * Math.Sqrt(exact.Variances[0]));
        refined.Amortized.Variances[0].Should().BeApproximately(exact.Variances[0], 0.005 * exact.Variances[0]);
        refined.Elbo.Should().BeApproximately(Whole.LogEvidence(row), 1e-4);
    }

    [Fact]
    public void Reconstruct_IsThePosteriorMeanOfTheSignal()
    {
        double[] row = [.. Rows.Row(2)];

        double[] whole = Inference(LinearModel(), ExactEncoder()).Reconstruct(row);

        var signal = (Loadings * Vector<double>.Build.DenseOfEnumerable(Whole.Posterior(row).Means)) + Vector<double>.Build.Dense(Offset);
        for (int k = 0; k < Width; k++)
        {
            whole[k].Should().BeApproximately(signal[k], 1e-10);
        }
    }

    [Fact]
    public void Sample_HasTheMomentsOfTheModel()
    {
        Matrix<double> sample = Inference(LinearModel(), ExactEncoder()).Sample(40_000, seed: 1);

        Matrix<double> covariance = (Loadings * Loadings.Transpose()) + Matrix<double>.Build.DenseOfDiagonalArray(Noise);
        Vector<double> means = sample.ColumnSums() / sample.RowCount;
        for (int k = 0; k < Width; k++)
        {
            means[k].Should().BeApproximately(Offset[k], 4 * Math.Sqrt(covariance[k, k] / sample.RowCount));
            double variance = sample.Column(k).Sum(x => (x - means[k]) * (x - means[k])) / sample.RowCount;
            variance.Should().BeApproximately(covariance[k, k], 4 * covariance[k, k] * Math.Sqrt(2.0 / sample.RowCount));
        }
    }

    [Fact]
    public void Start_OfLinearNetworks_IsFactorAnalysis()
    {
        Matrix<double> rows = LearningRows();
        var options = new DecoderOptions { MaxEpochs = 1, ShuffleRows = false, NoiseFloor = 1e-9, RefinedRows = 0 };
        var precise = new PerceptronOptions { Precision = NetworkPrecision.Bits64 };
        var model = new DecoderModel(new MlpDecoder(1, 6, precise), linearLatentCount: 1);

        DecoderResult result = new HybridSolver(options).Fit(model, new MlpEncoder(6, 1, precise), rows);

        // Two factors of the training rows; the encoder begins as the exact posterior, and the judge's draws cancel but for their second moments.
        Matrix<double> training = rows.SubMatrix(0, 1_800, 0, 6), heldOut = rows.SubMatrix(1_800, 200, 0, 6);
        FactorAnalysis analysis = FactorAnalysis.Learn(SufficientStatistics.Of(training), factorCount: 2);
        double evidence = heldOut.EnumerateRows().Average(row => analysis.Fit.Model.LogEvidence([.. row]));
        result.History[0].ValidationElbo.Should().BeApproximately(evidence, 0.02);
    }

    [Fact]
    public void LinearDecoderWithoutLinearLatents_ComesToProbabilisticPca()
    {
        Matrix<double> rows = LearningRows();
        var options = new DecoderOptions { ShuffleRows = false, NoiseVariances = VarianceLearning.Shared, RefinedRows = 0, MaxEpochs = 60, MaxThreads = 2 };
        var precise = new PerceptronOptions { Precision = NetworkPrecision.Bits64 };

        DecoderResult result = new HybridSolver(options).Fit(new DecoderModel(new MlpDecoder(2, 6, precise)), new MlpEncoder(6, 2, precise), rows);

        Matrix<double> training = rows.SubMatrix(0, 1_800, 0, 6);
        ProbabilisticPca best = ProbabilisticPca.Learn(SufficientStatistics.Of(training), 2);
        var learned = Matrix<double>.Build.Dense(6, 2, (k, a) => result.Decode([a == 0 ? 1 : 0, a == 1 ? 1 : 0])[k] - result.Decode([0, 0])[k]);
        var linear = new LinearGaussianModel(learned, result.Decode([0, 0]), result.Model.NoiseVariances.AsSpan(), new double[2], [1, 1]);
        double Mean(LinearGaussianModel model) => training.EnumerateRows().Average(row => model.LogEvidence([.. row]));
        Mean(linear).Should().BeApproximately(Mean(best.Model), 0.01);
    }

    private static Matrix<double> LearningRows()
    {
        var loadings = Matrix<double>.Build.DenseOfRowArrays([1, 0.2], [0.8, -0.5], [-0.6, 0.9], [0.3, 0.3], [0, 1], [-1, 0.4]);
        return new LinearGaussianModel(loadings, [1, 2, 3, 4, 5, 6], [0.3, 0.3, 0.3, 0.3, 0.3, 0.3], [0, 0], [1, 1]).Sample(2_000, seed: 4).Observations;
    }

    private static DecoderInference Inference(DecoderModel model, IEncoder encoder) => new(model, encoder);

    private static DecoderModel LinearModel()
    {
        var decoder = new MlpDecoder(1, Width, new PerceptronOptions { Precision = NetworkPrecision.Bits64 });
        decoder.Parameters.Span.Clear();
        for (int k = 0; k < Width; k++)
        {
            decoder.Parameters.Span[k] = Loadings[k, 0];
        }

        return new DecoderModel(decoder, Loadings.SubMatrix(0, Width, 1, 2), Offset, Noise);
    }

    /// <summary>Returns the gains of the first latent's posterior mean, and its posterior variance.</summary>
    private static (double[] Gains, double Variance) Posterior()
    {
        Matrix<double> covariance = (Loadings * Loadings.Transpose()) + Matrix<double>.Build.DenseOfDiagonalArray(Noise);
        Vector<double> gains = covariance.Solve(Loadings.Column(0));
        return ([.. gains], 1 - gains.DotProduct(Loadings.Column(0)));
    }

    private static MlpEncoder ExactEncoder()
    {
        (double[] gains, double variance) = Posterior();
        return Encoder(gains, variance, shift: 0);
    }

    private static MlpEncoder Encoder(double[] gains, double variance, double shift)
    {
        var encoder = new MlpEncoder(Width, 1, new PerceptronOptions { Precision = NetworkPrecision.Bits64 });
        Span<double> parameters = encoder.Parameters.Span;
        parameters.Clear();
        gains.CopyTo(parameters);
        parameters[2 * Width] = shift - gains.Zip(Offset, (gain, offset) => gain * offset).Sum();
        parameters[(2 * Width) + 1] = Math.Log(variance);
        return encoder;
    }
}
