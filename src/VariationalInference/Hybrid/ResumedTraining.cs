namespace VariationalInference;

/// <summary>Goes on from a checkpoint, once it is known to be one of the same rows, model and kind of training.</summary>
internal static class ResumedTraining
{
    /// <summary>Copies the state of a checkpoint, for a run that goes on from it.</summary>
    /// <param name="checkpoint">The state.</param>
    /// <param name="rowCount">The number of training rows of the run.</param>
    /// <param name="complete">The block of complete rows.</param>
    /// <param name="evaluation">The held-out rows of the run.</param>
    /// <param name="encoder">The run's encoder, with the parameters of the state's last step.</param>
    /// <param name="options">The options of the run.</param>
    /// <exception cref="ArgumentException">The state is not one of this run.</exception>
    public static TrainingState Of(
        TrainingState checkpoint, long rowCount, AmortizedBlock complete, HybridEvaluation evaluation, IEncoder encoder, HybridOptions options)
    {
        if (checkpoint.RowCount != rowCount)
        {
            throw new ArgumentException(
                Guard.Text($"The checkpoint was made with {checkpoint.RowCount} training rows; there are {rowCount} now, and they must be the same."),
                nameof(checkpoint));
        }

        const double sameEvidence = 1e-9;
        if (!(Math.Abs(evaluation.LogEvidence - checkpoint.LogEvidence) <= sameEvidence * Math.Max(1, Math.Abs(checkpoint.LogEvidence))))
        {
            throw new ArgumentException(
                Guard.Text($"The held-out rows have a mean log evidence of {evaluation.LogEvidence} and had {checkpoint.LogEvidence} at the checkpoint; the model, the rows, Seed, ShuffleRows and ValidationFraction must be the same."),
                nameof(checkpoint));
        }

        long coordinates = options.CoordinateSweeps is null ? 0 : rowCount * complete.Coordinate.Length;
        if (checkpoint.Coordinates.Length != coordinates)
        {
            throw new ArgumentException(
                Guard.Text($"The checkpoint holds {checkpoint.Coordinates.Length} coordinate means, and there must be {coordinates}: CoordinateSweeps and AmortizedLatents must be as they were."),
                nameof(checkpoint));
        }

        if (checkpoint.Optimizer.Settings.Kind != options.Optimizer.Kind)
        {
            throw new ArgumentException(
                $"The checkpoint holds the state of {checkpoint.Optimizer.Settings.Kind}; Optimizer is {options.Optimizer.Kind} and must be the same.",
                nameof(checkpoint));
        }

        RequireSameGap(checkpoint, evaluation, encoder);
        TrainingState state = checkpoint.Copy();
        state.Optimizer = options.Optimizer.NewState(state.Current.Length);
        state.Optimizer.CopyFrom(checkpoint.Optimizer);
        return state;
    }

    /// <summary>Requires that the best parameters do here what they did there: the run builds on their gap, and reports it.</summary>
    /// <exception cref="ArgumentException">They do not.</exception>
    private static void RequireSameGap(TrainingState checkpoint, HybridEvaluation evaluation, IEncoder encoder)
    {
        // Far above what single precision differs by from one processor to another.
        const double sameGap = 0.01;
        const double rounding = 1e-6;
        checkpoint.Best.CopyTo(encoder.Parameters);
        double gap = evaluation.Gaps().Mean;
        checkpoint.Current.CopyTo(encoder.Parameters);
        if (!(Math.Abs(gap - checkpoint.BestGap) <= (sameGap * gap) + rounding))
        {
            throw new ArgumentException(
                Guard.Text($"The best parameters of the checkpoint have a mean amortization gap of {gap} on the held-out rows and had {checkpoint.BestGap}; the model, the encoder, the rows and AmortizedLatents must be the same."),
                nameof(checkpoint));
        }
    }
}
