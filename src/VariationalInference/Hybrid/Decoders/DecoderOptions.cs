namespace VariationalInference;

/// <summary>How <see cref="HybridSolver"/> trains a <see cref="DecoderModel"/> with an encoder, what it learns, and when it stops.</summary>
/// <remarks><threadsafety>Immutable, hence safe to share.</threadsafety></remarks>
/// <example>
/// <code language="csharp">
/// var options = new DecoderOptions { NoiseVariances = VarianceLearning.Shared, MaxEpochs = 100, Seed = 1 };
/// Console.WriteLine(options.Optimizer.LearningRate);   // 0.002
/// Console.WriteLine(options == (options with { DrawCount = 2 }));   // False
/// </code>
/// </example>
public sealed record DecoderOptions
{
    internal const double DefaultLearningRate = 0.002;

    /// <summary>Gets how the gradient in the encoder's outputs is estimated; <see cref="GradientEstimator.Analytic"/> is refused: no decoder has one.</summary>
    /// <value>The default is <see cref="GradientEstimator.StickingTheLanding"/>, whose noise vanishes as the encoder comes to the posterior.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is <see cref="GradientEstimator.Analytic"/>, or none of the known.</exception>
    public GradientEstimator Estimator
    {
        get;
        init
        {
            field = Guard.Defined(value, nameof(Estimator)) != GradientEstimator.Analytic ? value : throw new ArgumentOutOfRangeException(
                nameof(Estimator), value, "Estimator is Analytic; it must be Reparameterized or StickingTheLanding: behind a decoder there is no closed form.");
        }
    } = GradientEstimator.StickingTheLanding;

    /// <summary>Gets the number of draws L a row and step. Range: at least 1.</summary>
    /// <value>The default is 1.</value>
    public int DrawCount { get; init => field = Guard.AtLeast(value, 1, nameof(DrawCount)); } = 1;

    /// <summary>
    /// Gets the divergence from its prior, in nats, that a latent of a row may have for nothing in training ("free bits"): where a row's divergence is
    /// below, its gradient is left out, so that a latent which does not help yet is not driven back to its prior. The ELBO that training reports and
    /// is judged by counts the whole divergence. Range: at least 0; larger than 0 takes an amortized prior of independent latents.
    /// </summary>
    /// <value>The default is 0: every divergence counts.</value>
    public double FreeNats { get; init => field = Guard.NonNegative(value, nameof(FreeNats)); }

    /// <summary>Gets the number of rows in a minibatch. Range: at least 1.</summary>
    /// <value>The default is <see langword="null"/>: a hundredth of the training rows, but 64 to 256.</value>
    public int? BatchSize { get; init => field = value is int size ? Guard.AtLeast(size, 1, nameof(BatchSize)) : null; }

    /// <summary>Gets the largest number of passes over the training rows. Range: at least 1.</summary>
    /// <value>The default is 500.</value>
    public int MaxEpochs { get; init => field = Guard.AtLeast(value, 1, nameof(MaxEpochs)); } = 500;

    /// <summary>
    /// Gets the number of epochs of each of the stages in which training looks for a better start than the factor analysis of the rows: one that finds
    /// loadings, one that begins anew with them. They take place where networks are new and numbers are to be chosen, and cost as many epochs once or twice.
    /// 0 looks for none. Range: at least 0.
    /// </summary>
    /// <value>The default is <see langword="null"/>: so many that a stage takes 3,000 steps, but at most 30.</value>
    public int? ExploringEpochs { get; init => field = value is int epochs ? Guard.AtLeast(epochs, 0, nameof(ExploringEpochs)) : null; }

    /// <summary>Gets the optimiser.</summary>
    /// <value>The default is <see cref="Adam"/> with a learning rate of 0.002.</value>
    public Optimizer Optimizer
    {
        get;
        init
        {
            ArgumentNullException.ThrowIfNull(value, nameof(Optimizer));
            field = value;
        }
    } = new Adam { LearningRate = DefaultLearningRate };

    /// <summary>
    /// Gets the number of epochs in a row without an improvement of the held-out ELBO before the learning rate is halved and training goes on from
    /// the best parameters; at the third time it stops. An improvement counts when it is larger than <see cref="ImprovementTolerance"/>. Range: at
    /// least 1.
    /// </summary>
    /// <value>The default is 15.</value>
    public int Patience { get; init => field = Guard.AtLeast(value, 1, nameof(Patience)); } = 15;

    /// <summary>
    /// Gets the smallest improvement of the held-out ELBO that counts, in standard errors of that ELBO over the held-out rows. The draws that it is
    /// measured with never change, so that much smaller differences than one standard error are real. Range: at least 0.
    /// </summary>
    /// <value>The default is 0.01.</value>
    public double ImprovementTolerance { get; init => field = Guard.NonNegative(value, nameof(ImprovementTolerance)); } = 0.01;

    /// <summary>Gets the share of the rows held out of training. Range: 0 &lt; share &lt; 1; at least two rows are held out.</summary>
    /// <value>The default is 0.1.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is not strictly between 0 and 1.</exception>
    public double ValidationFraction
    {
        get;
        init
        {
            field = value is > 0 and < 1 ? value : throw new ArgumentOutOfRangeException(
                nameof(ValidationFraction), value, Guard.Text($"ValidationFraction is {value}; it must lie strictly between 0 and 1."));
        }
    } = HybridOptions.DefaultValidationFraction;

    /// <summary>Gets the number of fixed draws, in opposite pairs, with which the held-out ELBO is measured after each epoch. Range: at least 1 pair.</summary>
    /// <value>The default is 4 pairs.</value>
    public int JudgePairs { get; init => field = Guard.AtLeast(value, 1, nameof(JudgePairs)); } = 4;

    /// <summary>
    /// Gets the number of draws a held-out row with which the result is judged at the end: its ELBO, and the importance-weighted bound of as many
    /// draws. Range: 2 to 100,000.
    /// </summary>
    /// <value>The default is 200.</value>
    public int FinalDraws { get; init => field = RequireDraws(value, nameof(FinalDraws)); } = 200;

    /// <summary>
    /// Gets the number of held-out rows that are refined at the end to measure the amortization gap, the first ones; all, if there are not so many.
    /// 0 measures none. Range: at least 0.
    /// </summary>
    /// <value>The default is 32.</value>
    public int RefinedRows { get; init => field = Guard.AtLeast(value, 0, nameof(RefinedRows)); } = 32;

    /// <summary>Gets a value indicating whether the loadings are learned.</summary>
    /// <value>The default is <see langword="true"/>.</value>
    public bool Loadings { get; init; } = true;

    /// <summary>Gets a value indicating whether the offset is learned.</summary>
    /// <value>The default is <see langword="true"/>.</value>
    public bool Offset { get; init; } = true;

    /// <summary>Gets whether noise variances are learned, and how many different ones there are.</summary>
    /// <value>The default is <see cref="VarianceLearning.Each"/>, one for each observation.</value>
    public VarianceLearning NoiseVariances { get; init => field = Guard.Defined(value, nameof(NoiseVariances)); } = VarianceLearning.Each;

    /// <summary>
    /// Gets the smallest noise variance that is learned, in the observations' own units. A column that hardly varies raises the bound without limit
    /// as its noise variance goes to zero; what the data were rounded to is the natural floor: a variance of w²/12 for a step of w. Range: positive
    /// and finite.
    /// </summary>
    /// <value>The default is <see langword="null"/>: 1e-4 of the mean variance of the columns.</value>
    public double? NoiseFloor { get; init => field = value is double floor ? Guard.Positive(floor, nameof(NoiseFloor)) : null; }

    /// <summary>Gets a value indicating whether the decoder's parameters θ are learned.</summary>
    /// <value>The default is <see langword="true"/>.</value>
    public bool Decoder { get; init; } = true;

    /// <summary>Gets the seed of everything random in training: held-out rows, order of rows, draws. The same seed gives the same bits.</summary>
    /// <value>The default is 0.</value>
    public int Seed { get; init; }

    /// <summary>
    /// Gets a value indicating whether rows are visited in a new random order in each epoch and the held-out rows are drawn at random. Without, rows
    /// are visited in the table's order and its last rows are held out.
    /// </summary>
    /// <value>The default is <see langword="true"/>.</value>
    public bool ShuffleRows { get; init; } = true;

    /// <summary>
    /// Gets the file to which the state of training is saved every <see cref="CheckpointEpochs"/> epochs and at its end, replaced whole each
    /// time; see <see cref="DecoderCheckpoint.Load(string, IEncoder?, IDecoder?, Optimizer?)"/>. When it cannot be saved training goes on, and
    /// <see cref="DecoderResult.CheckpointFailure"/> says why.
    /// </summary>
    /// <value>The default is <see langword="null"/>: the state is not saved.</value>
    public string? CheckpointPath { get; init => field = CheckpointFile.RequirePath(value, nameof(CheckpointPath)); }

    /// <summary>Gets the number of epochs from one checkpoint to the next. Range: at least 1.</summary>
    /// <value>The default is 50.</value>
    public int CheckpointEpochs { get; init => field = Guard.AtLeast(value, 1, nameof(CheckpointEpochs)); } = 50;

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
    public static DecoderOptions FromJson(string json, Optimizer? optimizer = null)
    {
        ArgumentNullException.ThrowIfNull(json);
        return DecoderOptionsJson.Read(json, optimizer);
    }

    /// <summary>
    /// Writes the options as JSON, with the version of its format. <see cref="CheckpointPath"/> and <see cref="MaxThreads"/> are left out:
    /// they belong to a machine, and results do not depend on them.
    /// </summary>
    /// <returns>The text, an object.</returns>
    public string ToJson() => DecoderOptionsJson.Write(this);

    /// <summary>Lists the options.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => Guard.Text(
        $"DecoderOptions {{ Estimator = {Estimator}, DrawCount = {DrawCount}, FreeNats = {FreeNats}, BatchSize = {Wording.OrNull(BatchSize)}, MaxEpochs = {MaxEpochs}, ExploringEpochs = {Wording.OrNull(ExploringEpochs)}, Optimizer = {Optimizer}, Patience = {Patience}, ImprovementTolerance = {ImprovementTolerance}, ValidationFraction = {ValidationFraction}, JudgePairs = {JudgePairs}, FinalDraws = {FinalDraws}, RefinedRows = {RefinedRows}, Loadings = {Loadings}, Offset = {Offset}, NoiseVariances = {NoiseVariances}, NoiseFloor = {Wording.OrNull(NoiseFloor)}, Decoder = {Decoder}, Seed = {Seed}, ShuffleRows = {ShuffleRows}, CheckpointPath = {CheckpointPath ?? "null"}, CheckpointEpochs = {CheckpointEpochs}, MaxThreads = {MaxThreads} }}");

    /// <summary>Requires a number of draws of which a standard error can be told, and that go through a network all at once.</summary>
    internal static int RequireDraws(int value, string name)
    {
        const int least = 2, most = 100_000;
        return value is >= least and <= most
            ? value
            : throw new ArgumentOutOfRangeException(name, value, Guard.Text($"{name} is {value}; it must be at least {least} and at most {most}."));
    }

    /// <summary>Gets the part of the options that the training loop goes by.</summary>
    /// <param name="rows">The number of training rows.</param>
    internal TrainingOptions Training(long rows) => new()
    {
        BatchSize = BatchSizeFor(rows),
        MaxEpochs = MaxEpochs,
        Patience = Patience,
        SmallestRateFactor = SmallestRateFactor,
        Optimizer = Optimizer,
        Seed = Seed,
        ShuffleRows = ShuffleRows,
        CheckpointEpochs = CheckpointEpochs,
    };

    /// <summary>Returns the number of rows in a minibatch of so many training rows.</summary>
    internal int BatchSizeFor(long rows) => BatchSize ?? (int)Math.Clamp(rows / BatchShare, SmallestBatch, LargestBatch);

    private const int BatchShare = 100;
    private const int SmallestBatch = 64;
    private const int LargestBatch = 256;

    // Two halvings are taken; the third, to an eighth, ends training.
    private const double SmallestRateFactor = 0.2;
}
