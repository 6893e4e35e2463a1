namespace VariationalInference;

/// <summary>What training improves: it owns the parameters, makes the shards that give gradients in them, and judges them on held-out rows.</summary>
/// <remarks>Parameters come in blocks of fixed lengths. To the optimiser, to states and to gradients they are one vector, block after block.</remarks>
/// <typeparam name="TRows">What holds the rows.</typeparam>
/// <typeparam name="TProgress">What is reported of an epoch.</typeparam>
internal abstract class TrainingObjective<TRows, TProgress>
    where TRows : ITrainingRows
{
    /// <summary>Gets the number of blocks of parameters.</summary>
    public abstract int BlockCount { get; }

    /// <summary>Gets the fingerprint of the numbers that the objective takes as given.</summary>
    public abstract UInt128 Fingerprint { get; }

    /// <summary>Gets what these numbers are, in the plural, to begin a sentence with.</summary>
    public abstract string GivenName { get; }

    /// <summary>Gets the fingerprint of the held-out rows.</summary>
    public abstract UInt128 HeldOutFingerprint { get; }

    /// <summary>Gets how many numbers the objective carries with a training row from one visit to the next.</summary>
    public abstract int NumbersCarriedByRow { get; }

    /// <summary>Gets what these numbers are, in the plural.</summary>
    public abstract string CarriedName { get; }

    /// <summary>Gets the options, more than one, that decide how many these are.</summary>
    public abstract string CarriedOptions { get; }

    /// <summary>Gets the number of parameters in all blocks.</summary>
    public int ParameterCount
    {
        get
        {
            int count = 0;
            for (int block = 0; block < BlockCount; block++)
            {
                count += Block(block).Length;
            }

            return count;
        }
    }

    /// <summary>Returns a block of parameters, to be read and written.</summary>
    public abstract Memory<double> Block(int block);

    /// <summary>Called after parameters were written, before workers or judgements use them.</summary>
    public abstract void Prepare();

    /// <summary>Makes a worker for one thread.</summary>
    /// <param name="capacity">The largest number of rows in a shard.</param>
    /// <param name="carried">What is carried with all rows, in the rows' order.</param>
    public abstract ITrainingWorker<TRows> NewWorker(int capacity, double[] carried);

    /// <summary>Judges the parameters on the held-out rows; not finite when they cannot be judged.</summary>
    public abstract TrainingJudgement Judge();

    /// <summary>Determines whether a loss is small enough for training to end.</summary>
    public abstract bool IsGoodEnough(double loss);

    /// <summary>Returns by how much an epoch must improve on a loss for it to count.</summary>
    public abstract double RequiredImprovement(double loss);

    /// <summary>Says that parameters which were never trained have a loss that is not finite.</summary>
    public abstract Exception Unjudgeable(double loss);

    /// <summary>Describes an epoch.</summary>
    public abstract TProgress Describe(in TrainingEpoch epoch);

    /// <summary>Requires that a checkpoint is one of this objective, beyond what fingerprints say.</summary>
    /// <param name="checkpoint">The checkpoint; the parameters are those of its last step, and are left so.</param>
    /// <exception cref="ArgumentException">It is not.</exception>
    public abstract void RequireSame(TrainingState<TProgress> checkpoint);

    /// <summary>Gets the stage that training begins in.</summary>
    public virtual int FirstStage => 0;

    /// <summary>Determines whether training in a stage may get worse for a while without anything being wrong.</summary>
    public virtual bool IsExploring(int stage) => false;

    /// <summary>Called between epochs: goes over to another stage if it is time to, and writes the parameters to go on from.</summary>
    /// <param name="state">Where training stands; its stage is changed.</param>
    /// <returns><see langword="true"/> if parameters were written: training goes on from there as if it had just begun.</returns>
    public virtual bool ChangeStage(TrainingState<TProgress> state) => false;

    /// <summary>Reads all parameters.</summary>
    public void CopyParametersTo(Span<double> values)
    {
        for (int block = 0; block < BlockCount; block++)
        {
            Span<double> parameters = Block(block).Span;
            parameters.CopyTo(values);
            values = values[parameters.Length..];
        }
    }

    /// <summary>Writes all parameters.</summary>
    public void SetParameters(ReadOnlySpan<double> values)
    {
        for (int block = 0; block < BlockCount; block++)
        {
            Span<double> parameters = Block(block).Span;
            values[..parameters.Length].CopyTo(parameters);
            values = values[parameters.Length..];
        }
    }
}
