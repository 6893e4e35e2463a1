namespace VariationalInference;

/// <summary>How parameters do on the held-out rows.</summary>
/// <param name="Loss">By what they are compared: smaller is better. An objective to be maximised is judged by its negative.</param>
/// <param name="LargestLoss">The largest loss of a single row.</param>
internal readonly record struct TrainingJudgement(double Loss, double LargestLoss);
