namespace VariationalInference;

/// <summary>A change of a model's parameters, one that is as likely as one standard error along a direction of its own.</summary>
/// <param name="Loadings">Of A, K×J, row-major.</param>
/// <param name="Offset">Of b, length K.</param>
/// <param name="NoiseVariances">Of r, length K.</param>
/// <param name="PriorMeans">Of m, length J.</param>
/// <param name="PriorVariances">Of s², length J.</param>
internal sealed record ParameterChange(
    double[] Loadings, double[] Offset, double[] NoiseVariances, double[] PriorMeans, double[] PriorVariances);
