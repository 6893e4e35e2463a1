namespace VariationalInference;

/// <summary>The precision of the own arithmetic of a <see cref="Perceptron"/>; rows, outputs, parameters and all inference are double precision.</summary>
public enum NetworkPrecision
{
    /// <summary>Single precision: about twice as fast, with outputs good to about 1e-6 of their scale.</summary>
    Bits32,

    /// <summary>Double precision.</summary>
    Bits64,
}
