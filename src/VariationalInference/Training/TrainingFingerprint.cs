namespace VariationalInference;

/// <summary>By what a training is recognised when it goes on: each part is a <see cref="BitFingerprint"/>.</summary>
/// <param name="Objective">That of the numbers that the objective takes as given, such as those of a model.</param>
/// <param name="Rows">That of the training rows.</param>
/// <param name="HeldOut">That of the held-out rows.</param>
internal readonly record struct TrainingFingerprint(UInt128 Objective, UInt128 Rows, UInt128 HeldOut);
