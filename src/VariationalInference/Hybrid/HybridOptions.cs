using System.Collections.Immutable;

namespace VariationalInference;

/// <summary>What a <see cref="HybridSolver"/> amortizes, how it estimates gradients, and when it stops.</summary>
public sealed class HybridOptions
{
    /// <summary>
    /// Gets the latents that the encoder serves, counted from 0, in the order of the encoder's outputs; coordinate ascent serves the rest.
    /// Range: at least one, none twice, each less than the model's number of latents.
    /// </summary>
    /// <value>The default is [0], the source document's Z₁.</value>
    public ImmutableArray<int> AmortizedLatents
    {
        get;
        init
        {
            if (value.IsDefaultOrEmpty)
            {
                throw new ArgumentException(
                    "AmortizedLatents is empty; it must name at least 1 latent.", nameof(AmortizedLatents));
            }

            for (int i = 0; i < value.Length; i++)
            {
                Guard.AtLeast(value[i], 0, nameof(AmortizedLatents));
                if (value.AsSpan(0, i).Contains(value[i]))
                {
                    throw new ArgumentException(
                        Guard.Text($"AmortizedLatents names latent {value[i]} twice; each may be named once."), nameof(AmortizedLatents));
                }
            }

            field = value;
        }
    } = [0];

    /// <summary>Gets the gradient estimator.</summary>
    /// <value>The default is <see cref="GradientEstimator.Analytic"/>, which has no sampling noise.</value>
    public GradientEstimator Estimator
    {
        get;
        init
        {
            if (!Enum.IsDefined(value))
            {
                throw new ArgumentOutOfRangeException(
                    nameof(Estimator), value, Guard.Text($"Estimator is {(int)value}; it must be a member of GradientEstimator."));
            }

            field = value;
        }
    } = GradientEstimator.Analytic;

    /// <summary>Gets the number of draws L a row and step; the analytic estimator takes none. Range: at least 1.</summary>
    /// <value>The default is 1.</value>
    public int DrawCount
    {
        get;
        init
        {
            Guard.AtLeast(value, 1, nameof(DrawCount));
            field = value;
        }
    } = 1;

    /// <summary>Gets the number of rows in a minibatch. Range: at least 1.</summary>
    /// <value>The default is 256.</value>
    public int BatchSize
    {
        get;
        init
        {
            Guard.AtLeast(value, 1, nameof(BatchSize));
            field = value;
        }
    } = 256;

    /// <summary>Gets the largest number of passes over the training rows. Range: at least 1.</summary>
    /// <value>The default is 500.</value>
    public int MaxEpochs
    {
        get;
        init
        {
            Guard.AtLeast(value, 1, nameof(MaxEpochs));
            field = value;
        }
    } = 500;

    /// <summary>
    /// Gets the number of sweeps (5-2) over the coordinate latents at each visit of a row, from where the last visit left them; 1 is the
    /// source document's alternation. Range: at least 1.
    /// </summary>
    /// <value>
    /// The default is <see langword="null"/>: the block is solved exactly, which makes the encoder's gradient that of the ELBO with the
    /// coordinate means at their best, and needs no state a row.
    /// </value>
    public int? CoordinateSweeps
    {
        get;
        init
        {
            if (value is int sweeps)
            {
                Guard.AtLeast(sweeps, 1, nameof(CoordinateSweeps));
            }

            field = value;
        }
    }

    /// <summary>
    /// Gets a value indicating whether gradients in the encoder's means are multiplied by diag(P)P⁻¹, with P the curvature of the ELBO in
    /// these means: the same optimum, reached at a rate that does not depend on how strongly the latents are coupled. With one amortized
    /// latent it makes no difference.
    /// </summary>
    /// <value>The default is <see langword="true"/>.</value>
    public bool NaturalGradient { get; init; } = true;

    /// <summary>Gets the optimiser.</summary>
    /// <value>The default is <see cref="Adam"/> with its defaults.</value>
    public Optimizer Optimizer
    {
        get;
        init
        {
            ArgumentNullException.ThrowIfNull(value, nameof(Optimizer));
            field = value;
        }
    } = new Adam();

    /// <summary>Gets the amortization gap on held-out rows, in nats a row, at which training has converged. Range: at least 0.</summary>
    /// <value>The default is 1e-4.</value>
    public double GapTolerance
    {
        get;
        init
        {
            Guard.NonNegative(value, nameof(GapTolerance));
            field = value;
        }
    } = 1e-4;

    /// <summary>
    /// Gets the number of epochs in a row whose gap is not at least 1 % below the best before the learning rate is halved and
    /// training goes on from the best parameters;
    /// training stops when it would fall below a thousandth of its start. Range: at least 1.
    /// </summary>
    /// <value>The default is 10.</value>
    public int Patience
    {
        get;
        init
        {
            Guard.AtLeast(value, 1, nameof(Patience));
            field = value;
        }
    } = 10;

    /// <summary>Gets the share of the rows held out of training to measure the gap. Range: 0 &lt; share &lt; 1; at least one row is held out.</summary>
    /// <value>The default is 0.1.</value>
    public double ValidationFraction
    {
        get;
        init
        {
            if (!(value > 0 && value < 1))
            {
                throw new ArgumentOutOfRangeException(
                    nameof(ValidationFraction), value, Guard.Text($"ValidationFraction is {value}; it must lie strictly between 0 and 1."));
            }

            field = value;
        }
    } = 0.1;

    /// <summary>Gets the seed of everything random in training: held-out rows, order of rows, draws. The same seed gives the same bits.</summary>
    /// <value>The default is 0.</value>
    public int Seed { get; init; }

    /// <summary>Gets the largest number of threads; results do not depend on it. Range: at least 1, or −1 for one a processor.</summary>
    /// <value>The default is −1.</value>
    public int MaxDegreeOfParallelism
    {
        get;
        init
        {
            if (value is not -1 and < 1)
            {
                throw new ArgumentOutOfRangeException(
                    nameof(MaxDegreeOfParallelism),
                    value,
                    Guard.Text($"MaxDegreeOfParallelism is {value}; it must be at least 1, or -1 for one a processor."));
            }

            field = value;
        }
    } = -1;
}
