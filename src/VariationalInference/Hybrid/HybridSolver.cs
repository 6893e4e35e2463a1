using MathNet.Numerics;
using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.Random;

namespace VariationalInference;

/// <summary>
/// Hybrid inference, section 5: an encoder serves some latents, q_φ(z_a | x) = N(μ_φ(x), σ²_φ(x)) by equation (5-1), closed-form coordinate
/// updates (5-2) serve the rest, and the encoder is trained by stochastic gradients (5-3), (5-4) of the ELBO in alternation with them.
/// </summary>
/// <remarks>
/// <para>
/// At each visit of a minibatch the coordinate latents are updated with E[z_a] = μ_φ(x), then the encoder takes a step uphill. Sampling
/// enters the gradients only: ELBO, evidence and gaps are closed-form, and log p(x) = ELBO + approximation gap + amortization gap. So
/// training is judged, on held-out rows, by the exact amortization gap, and the result can say how far from the optimum it is. Both the
/// parameters and their running average over steps are measured after each epoch. The learning rate falls when the gap does not; the
/// parameters with the smallest gap are kept, however training ends.
/// </para>
/// <para>Rows must be complete. Training keeps the rows, O(NK); a result keeps nothing of them.</para>
/// <threadsafety>A solver holds only its options and is safe to share.</threadsafety>
/// </remarks>
/// <example>
/// <code>
/// var model = new GaussianSumModel(latentCount: 3, observationCount: 2, noiseVariance: 1.0);
/// var encoder = new MlpEncoder(observationCount: 2, latentCount: 1, hiddenWidths: [32, 32], seed: 1);
/// HybridResult hybrid = new HybridSolver().Fit(model, encoder, model.Sample(20_000, seed: 1).Observations);
/// MeanFieldGaussian q = hybrid.Infer([1.2, 0.8]);
/// </code>
/// </example>
public sealed class HybridSolver
{
    private readonly HybridOptions _options;

    /// <summary>Initializes a new instance of the <see cref="HybridSolver"/> class.</summary>
    /// <param name="options">What to amortize and how to train; <see langword="null"/> for the defaults.</param>
    public HybridSolver(HybridOptions? options = null) => _options = options ?? new HybridOptions();

    /// <summary>Trains a copy of an encoder on rows of observations.</summary>
    /// <param name="model">The model.</param>
    /// <param name="encoder">The encoder to start from; it is not changed.</param>
    /// <param name="rows">The observations, N×K with N ≥ 2, all finite; a share of them is held out.</param>
    /// <param name="progress">Is told after each epoch, from the training thread; epoch 0 is the untrained encoder.</param>
    /// <param name="cancellationToken">Ends training at the next minibatch; the best parameters so far are returned.</param>
    /// <returns>The trained encoder with its gaps, converged or not.</returns>
    /// <exception cref="ArgumentException">The encoder does not fit the model or the options, or the rows are out of range.</exception>
    /// <exception cref="NonFiniteValueException">The untrained encoder's outputs, or a row's evidence, are not finite.</exception>
    public HybridResult Fit(
        LinearGaussianModel model,
        IEncoder encoder,
        Matrix<double> rows,
        IProgress<HybridProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        RowTable.Require(model, rows, nameof(rows), allowMissing: false);
        ArgumentNullException.ThrowIfNull(encoder);
        if (rows.RowCount < 2)
        {
            throw new ArgumentException("rows has 1 row; it must have at least 2, one to train on and one to hold out.", nameof(rows));
        }

        RequireFit(model, encoder);

        int[] order = [.. Enumerable.Range(0, rows.RowCount)];
        Combinatorics.SelectPermutationInplace(order, new Xoshiro256StarStar(StreamSeed.Of(_options.Seed, 0, 0), threadSafe: false));
        int heldOut = Math.Clamp((int)Math.Round(_options.ValidationFraction * rows.RowCount), 1, rows.RowCount - 1);
        var validation = new HybridRows(model, rows, order.AsSpan(0, heldOut));
        var training = new HybridRows(model, rows, order.AsSpan(heldOut));

        var block = new AmortizedBlock(model.Structure.Complete, _options.AmortizedLatents);
        IEncoder trained = encoder.Clone();
        trained.Calibrate(Scales(training, block, model.ObservationCount));
        using var run = new HybridTraining(training, validation, block, _options, trained, progress, cancellationToken);
        HybridStopReason reason = run.Run();
        return new HybridResult(model, trained, block)
        {
            StopReason = reason,
            Converged = run.BestGap <= _options.GapTolerance,
            History = run.History,
            BestEpoch = run.BestEpoch,
            AmortizationGap = run.BestGap,
            ValidationLogEvidence = validation.LogEvidence,
        };
    }

    private void RequireFit(LinearGaussianModel model, IEncoder encoder)
    {
        foreach (int latent in _options.AmortizedLatents)
        {
            if (latent >= model.LatentCount)
            {
                throw new ArgumentException(
                    Guard.Text($"AmortizedLatents names latent {latent}; the model has {model.LatentCount}, counted from 0."), nameof(model));
            }
        }

        if (encoder.ObservationCount != model.ObservationCount || encoder.LatentCount != _options.AmortizedLatents.Length)
        {
            throw new ArgumentException(
                Guard.Text($"encoder maps {encoder.ObservationCount} observations to {encoder.LatentCount} latents; it must map {model.ObservationCount} to {_options.AmortizedLatents.Length}."),
                nameof(encoder));
        }
    }

    /// <summary>
    /// Input scales from the training rows; output scales from the model: exact posterior means vary about the prior mean with the part of
    /// the prior variance that the posterior variance leaves, and the factors' variances are near 1/Λ_aa. These are where training starts
    /// from; it needs none of them.
    /// </summary>
    private static EncoderScales Scales(HybridRows training, AmortizedBlock block, int width)
    {
        var means = new double[width];
        var squares = new double[width];
        for (int n = 0; n < training.Count; n++)
        {
            ReadOnlySpan<double> row = training.Observations(n);
            for (int k = 0; k < width; k++)
            {
                double difference = row[k] - means[k];
                means[k] += difference / (n + 1);
                squares[k] += difference * (row[k] - means[k]);
            }
        }

        PosteriorShape shape = block.Shape;
        return new EncoderScales(
            [.. means],
            [.. squares.Select(sum => sum > 0 ? Math.Sqrt(sum / training.Count) : 1)],
            [.. block.Amortized.Select(j => shape.Prior.Means[j])],
            [.. block.Amortized.Select(j => ExplainedDeviation(shape, j))],
            [.. block.Amortized.Select(j => shape.MeanFieldVariances[j])]);
    }

    private static double ExplainedDeviation(PosteriorShape shape, int latent)
    {
        double explained = shape.Prior.Variances[latent] - shape.Covariance[latent, latent];
        return explained > 0 ? Math.Sqrt(explained) : shape.Prior.Deviations[latent];
    }
}
