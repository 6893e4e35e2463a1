namespace VariationalInference;

/// <summary>Where training stands after an epoch.</summary>
/// <param name="Number">The number of epochs done; 0 is before the first.</param>
/// <param name="Stage">The stage that it was part of.</param>
/// <param name="MaxEpochs">The largest number of epochs.</param>
/// <param name="Objective">The mean objective of the rows visited; NaN when none was.</param>
/// <param name="Shortfall">The mean shortfall of these rows; NaN likewise.</param>
/// <param name="Loss">The loss on the held-out rows.</param>
/// <param name="LearningRate">The learning rate of the epoch to come.</param>
/// <param name="Elapsed">The time that training took so far.</param>
internal readonly record struct TrainingEpoch(
    int Number, int Stage, int MaxEpochs, double Objective, double Shortfall, double Loss, double LearningRate, TimeSpan Elapsed);
