namespace VariationalInference;

/// <summary>Goes on from a checkpoint, once it is known to be one of the same rows, objective and kind of training.</summary>
internal static class ResumedTraining
{
    /// <summary>Copies the state of a checkpoint, for a run that goes on from it.</summary>
    /// <param name="checkpoint">The state.</param>
    /// <param name="rowCount">The number of training rows of the run.</param>
    /// <param name="fingerprint">The fingerprint of the run.</param>
    /// <param name="objective">The run's objective, with the parameters of the state's last step.</param>
    /// <param name="optimizer">The run's optimiser.</param>
    /// <exception cref="ArgumentException">The state is not one of this run.</exception>
    public static TrainingState<TProgress> Of<TRows, TProgress>(
        TrainingState<TProgress> checkpoint,
        long rowCount,
        TrainingFingerprint fingerprint,
        TrainingObjective<TRows, TProgress> objective,
        Optimizer optimizer)
        where TRows : ITrainingRows
    {
        Require(
            checkpoint.RowCount == rowCount,
            Guard.Text($"The checkpoint was made with {checkpoint.RowCount} training rows; there are {rowCount} now, and they must be the same."),
            nameof(checkpoint));
        long carried = rowCount * objective.NumbersCarriedByRow;
        Require(
            checkpoint.Carried.Length == carried,
            Guard.Text($"The checkpoint holds {checkpoint.Carried.Length} {objective.CarriedName}, and there must be {carried}: {objective.CarriedOptions} must be as they were."),
            nameof(checkpoint));
        Require(
            checkpoint.Optimizer.Settings.Kind == optimizer.Kind,
            $"The checkpoint holds the state of {checkpoint.Optimizer.Settings.Kind}; Optimizer is {optimizer.Kind} and must be the same.",
            nameof(checkpoint));
        if (checkpoint.Fingerprint is { } known)
        {
            RequireSame(known, fingerprint, objective.GivenName, nameof(checkpoint));
        }

        objective.RequireSame(checkpoint);
        TrainingState<TProgress> state = checkpoint.Copy(fingerprint);
        state.Optimizer = optimizer.NewState(state.Current.Length);
        state.Optimizer.CopyFrom(checkpoint.Optimizer);
        return state;
    }

    private static void RequireSame(TrainingFingerprint known, TrainingFingerprint now, string given, string parameter)
    {
        Require(
            known.Objective == now.Objective,
            $"{given} are not those of the checkpoint; they must be the same to the last bit.",
            parameter);
        const string rows = "are not those of the checkpoint; every value and the rows' order must be the same, hence Seed, ShuffleRows and the share held out too.";
        Require(known.HeldOut == now.HeldOut, $"The held-out rows {rows}", parameter);
        Require(known.Rows == now.Rows, $"The training rows {rows}", parameter);
    }

    private static void Require(bool isSame, string message, string parameter)
    {
        if (!isSame)
        {
            throw new ArgumentException(message, parameter);
        }
    }
}
