namespace VariationalInference;

/// <summary>The function between the layers of a <see cref="Perceptron"/>, applied to each unit by itself.</summary>
public enum Activation
{
    /// <summary>The hyperbolic tangent: smooth, within ±1. The weights before it start with the Glorot &amp; Bengio (2010) range.</summary>
    Tanh,

    /// <summary>The rectifier max(u, 0), with derivative 0 at u = 0. The weights before it start with the He et al. (2015) range.</summary>
    Relu,

    /// <summary>u · sigmoid(u), a smooth rectifier. The weights before it start with the He et al. (2015) range.</summary>
    Silu,
}
