namespace VariationalInference;

/// <summary>A likelihood's parameter on a scale without ends: as it is, by its logarithm above a lower end, or by its log odds between two.</summary>
internal static class FreeParameter
{
    /// <summary>Returns where a parameter is on that scale.</summary>
    public static double Of(LikelihoodParameter parameter) => (double.IsFinite(parameter.Lower), double.IsFinite(parameter.Upper)) switch
    {
        (false, false) => parameter.Value,
        (true, false) => Math.Log(parameter.Value - parameter.Lower),
        (false, true) => -Math.Log(parameter.Upper - parameter.Value),
        _ => Math.Log((parameter.Value - parameter.Lower) / (parameter.Upper - parameter.Value)),
    };

    /// <summary>Returns the value at a place on that scale, and its slope there.</summary>
    public static (double Value, double Slope) At(LikelihoodParameter parameter, double place)
    {
        double growth = Math.Exp(place);
        switch (double.IsFinite(parameter.Lower), double.IsFinite(parameter.Upper))
        {
            case (false, false):
                return (place, 1);
            case (true, false):
                return (parameter.Lower + growth, growth);
            case (false, true):
                return (parameter.Upper - (1 / growth), 1 / growth);
            default:
                double share = 1 / (1 + (1 / growth)), width = parameter.Upper - parameter.Lower;
                return (parameter.Lower + (width * share), width * share * (1 - share));
        }
    }
}
