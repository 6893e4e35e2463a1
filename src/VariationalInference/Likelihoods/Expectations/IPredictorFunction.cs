namespace VariationalInference;

/// <summary>A function of a predictor.</summary>
internal interface IPredictorFunction
{
    double At(double predictor);
}

/// <summary>A function of a predictor that a delegate evaluates.</summary>
internal readonly struct PredictorFunction(Func<double, double> function) : IPredictorFunction
{
    public double At(double predictor) => function(predictor);
}
