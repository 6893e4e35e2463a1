namespace VariationalInference;

/// <summary>What rounding to doubles does.</summary>
internal static class DoublePrecision
{
    /// <summary>Half the distance from 1 to the next double: an operation's result is off by no more than this part of it.</summary>
    public const double UnitRoundoff = 1.1102230246251565e-16;
}
