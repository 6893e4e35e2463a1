using System.Collections.Immutable;

namespace VariationalInference;

/// <summary>What a <see cref="HybridSolver"/> amortizes, how it estimates gradients, and when it stops.</summary>
/// <remarks><threadsafety>Immutable, hence safe to share.</threadsafety></remarks>
/// <example>
/// <code language="csharp">
/// var options = new HybridOptions
/// {
///     AmortizedLatents = [0, 2],
///     Estimator = GradientEstimator.StickingTheLanding,
///     DrawCount = 4,
///     CoordinateSweeps = 1,   // one update for each step of the encoder
/// };
/// HybridOptions longer = options with { MaxEpochs = 1_000 };
/// Console.WriteLine(HybridOptions.FromJson(longer.ToJson()) == longer);   // True
/// </code>
/// </example>
public sealed record HybridOptions
{
    internal const double DefaultValidationFraction = 0.1;

    /// <summary>
    /// Gets the latents that the encoder serves, counted from 0, in the order of the encoder's outputs; coordinate ascent serves the rest.
    /// Range: at least one, none twice, each less than the model's number of latents.
    /// </summary>
    /// <value>The default is [0], the first latent.</value>
    public ImmutableArray<int> AmortizedLatents
    {
        get;
        init
        {
            AmortizedLatentsGuard.Require(value, nameof(AmortizedLatents));
            field = value;
        }
    } = [0];

    /// <summary>Gets the gradient estimator.</summary>
    /// <value>The default is <see cref="GradientEstimator.Analytic"/>, which has no sampling noise.</value>
    public GradientEstimator Estimator { get; init => field = Guard.Defined(value, nameof(Estimator)); } = GradientEstimator.Analytic;

    /// <summary>Gets the number of draws L a row and step; the analytic estimator takes none. Range: at least 1.</summary>
    /// <value>The default is 1.</value>
    public int DrawCount { get; init => field = Guard.AtLeast(value, 1, nameof(DrawCount)); } = 1;

    /// <summary>Gets the number of rows in a minibatch. Range: at least 1.</summary>
    /// <value>The default is 256.</value>
    public int BatchSize { get; init => field = Guard.AtLeast(value, 1, nameof(BatchSize)); } = 256;

    /// <summary>Gets the largest number of passes over the training rows. Range: at least 1.</summary>
    /// <value>The default is 500.</value>
    public int MaxEpochs { get; init => field = Guard.AtLeast(value, 1, nameof(MaxEpochs)); } = 500;

    /// <summary>
    /// Gets the number of sweeps of coordinate updates over the coordinate latents at each visit of a row, from where the last visit left them; 1
    /// alternates one sweep with one step of the encoder. Range: at least 1.
    /// </summary>
    /// <value>
    /// The default is <see langword="null"/>: the block is solved exactly, which makes the encoder's gradient that of the ELBO with the
    /// coordinate means at their best, and needs no state a row.
    /// </value>
    public int? CoordinateSweeps { get; init => field = value is int sweeps ? Guard.AtLeast(sweeps, 1, nameof(CoordinateSweeps)) : null; }

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
    public double GapTolerance { get; init => field = Guard.NonNegative(value, nameof(GapTolerance)); } = 1e-4;

    /// <summary>
    /// Gets the smallest improvement of the gap in an epoch that counts, relative to the size of the held-out ELBO; it must also be 1 % of
    /// the gap. After <see cref="Patience"/> epochs without one the learning rate falls, and in the end training stops. Range: at least 0.
    /// </summary>
    /// <value>The default is 1e-9.</value>
    public double ImprovementTolerance { get; init => field = Guard.NonNegative(value, nameof(ImprovementTolerance)); } = 1e-9;

    /// <summary>
    /// Gets the number of epochs in a row without an improvement that counts before the learning rate is halved and training goes on from the
    /// best parameters; training stops when it would fall below a thousandth of its start. Range: at least 1.
    /// </summary>
    /// <value>The default is 10.</value>
    public int Patience { get; init => field = Guard.AtLeast(value, 1, nameof(Patience)); } = 10;

    /// <summary>
    /// Gets the share of the rows held out of training to measure the gap. Range: 0 &lt; share &lt; 1; at least one row is held out. Rows in
    /// chunks come with held-out rows of their own: there, another share than the default is refused.
    /// </summary>
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
    } = DefaultValidationFraction;

    /// <summary>Gets the seed of everything random in training: held-out rows, order of rows, draws. The same seed gives the same bits.</summary>
    /// <value>The default is 0.</value>
    public int Seed { get; init; }

    /// <summary>
    /// Gets a value indicating whether rows are visited in a new random order in each epoch and the held-out rows are drawn at random; of
    /// chunks, each one's rows are shuffled. Without, rows are visited in the table's order and its last rows are held out.
    /// </summary>
    /// <value>The default is <see langword="true"/>.</value>
    public bool ShuffleRows { get; init; } = true;

    /// <summary>
    /// Gets the file to which the state of training is saved every <see cref="CheckpointEpochs"/> epochs and at its end, replaced whole each
    /// time; see <see cref="HybridCheckpoint.Load(string, IEncoder?, Optimizer?)"/>. When it cannot be saved training goes on, and
    /// <see cref="HybridResult.CheckpointFailure"/> says why.
    /// </summary>
    /// <value>The default is <see langword="null"/>: the state is not saved.</value>
    public string? CheckpointPath { get; init => field = CheckpointFile.RequirePath(value, nameof(CheckpointPath)); }

    /// <summary>Gets the number of epochs from one checkpoint to the next. Range: at least 1.</summary>
    /// <value>The default is 10.</value>
    public int CheckpointEpochs { get; init => field = Guard.AtLeast(value, 1, nameof(CheckpointEpochs)); } = 10;

    /// <summary>Gets the largest number of threads; results do not depend on it. Range: at least 1.</summary>
    /// <value>The default is the number of processors.</value>
    public int MaxThreads { get; init => field = Guard.AtLeast(value, 1, nameof(MaxThreads)); } = Environment.ProcessorCount;

    /// <summary>Reads options that <see cref="ToJson"/> wrote.</summary>
    /// <param name="json">The text.</param>
    /// <param name="optimizer">
    /// An optimiser of the kind that the text names, of whatever settings. <see langword="null"/> for a kind of the library's own.
    /// </param>
    /// <returns>The options; those that the text leaves out have their defaults.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="json"/> is <see langword="null"/>.</exception>
    /// <exception cref="FormatException">
    /// The text is no JSON object, is of a newer version, or names an option that does not exist or a value out of its range; the message
    /// says which, and what is allowed.
    /// </exception>
    public static HybridOptions FromJson(string json, Optimizer? optimizer = null)
    {
        ArgumentNullException.ThrowIfNull(json);
        return HybridOptionsJson.Read(json, optimizer);
    }

    /// <summary>
    /// Writes the options as JSON, with the version of its format. <see cref="CheckpointPath"/> and <see cref="MaxThreads"/> are left out:
    /// they belong to a machine, and results do not depend on them.
    /// </summary>
    /// <returns>The text, an object.</returns>
    public string ToJson() => HybridOptionsJson.Write(this);

    /// <summary>Gets the part of the options that the training loop goes by.</summary>
    internal TrainingOptions Training => new()
    {
        BatchSize = BatchSize,
        MaxEpochs = MaxEpochs,
        Patience = Patience,
        Optimizer = Optimizer,
        Seed = Seed,
        ShuffleRows = ShuffleRows,
        CheckpointEpochs = CheckpointEpochs,
    };

    /// <summary>Lists the options.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => Guard.Text(
        $"HybridOptions {{ AmortizedLatents = {Wording.List(AmortizedLatents)}, Estimator = {Estimator}, DrawCount = {DrawCount}, BatchSize = {BatchSize}, MaxEpochs = {MaxEpochs}, CoordinateSweeps = {Wording.OrNull(CoordinateSweeps)}, NaturalGradient = {NaturalGradient}, Optimizer = {Optimizer}, GapTolerance = {GapTolerance}, ImprovementTolerance = {ImprovementTolerance}, Patience = {Patience}, ValidationFraction = {ValidationFraction}, Seed = {Seed}, ShuffleRows = {ShuffleRows}, CheckpointPath = {CheckpointPath ?? "null"}, CheckpointEpochs = {CheckpointEpochs}, MaxThreads = {MaxThreads} }}");

    /// <summary>Determines whether other options mean the same in every respect.</summary>
    /// <param name="other">The other options.</param>
    /// <returns>Whether they do.</returns>
    public bool Equals(HybridOptions? other) =>
        other is not null
        && AmortizedLatents.AsSpan().SequenceEqual(other.AmortizedLatents.AsSpan())
        && (Estimator, DrawCount, BatchSize, MaxEpochs, CoordinateSweeps, NaturalGradient, Optimizer)
            == (other.Estimator, other.DrawCount, other.BatchSize, other.MaxEpochs, other.CoordinateSweeps, other.NaturalGradient, other.Optimizer)
        && (GapTolerance, ImprovementTolerance, Patience, ValidationFraction, Seed, ShuffleRows)
            == (other.GapTolerance, other.ImprovementTolerance, other.Patience, other.ValidationFraction, other.Seed, other.ShuffleRows)
        && (CheckpointPath, CheckpointEpochs, MaxThreads) == (other.CheckpointPath, other.CheckpointEpochs, other.MaxThreads);

    /// <summary>Returns a hash code that equal options share.</summary>
    /// <returns>The hash code.</returns>
    public override int GetHashCode()
    {
        var hash = default(HashCode);
        foreach (int latent in AmortizedLatents)
        {
            hash.Add(latent);
        }

        hash.Add((Estimator, DrawCount, BatchSize, MaxEpochs, CoordinateSweeps, NaturalGradient, Optimizer));
        hash.Add((GapTolerance, ImprovementTolerance, Patience, ValidationFraction, Seed, ShuffleRows));
        hash.Add((CheckpointPath, CheckpointEpochs, MaxThreads));
        return hash.ToHashCode();
    }
}
