using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace VariationalInference;

/// <summary>The ELBO of one Gaussian, its two terms and its gradient; in nats.</summary>
/// <remarks>
/// From <see cref="FixedFormElbo.Evaluate"/>.
/// <threadsafety>Immutable, hence safe to share.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp">
/// var model = new GaussianSumModel(latentCount: 3, observationCount: 2, noiseVariance: 1.0);
/// ElboEvaluation exact = new FixedFormElbo(model.Observe([1.2, 0.8])).Evaluate(model.Posterior([1.2, 0.8]));
/// Console.WriteLine(exact);   // ELBO -2.9937 = expectation -6.2775 + entropy 3.2839
/// </code>
/// </example>
[JsonConverter(typeof(ResultJsonConverter))]
public sealed class ElboEvaluation
{
    internal ElboEvaluation(double expectation, double entropy, ImmutableArray<double> gradient, int latentCount)
    {
        Expectation = expectation;
        Entropy = entropy;
        Gradient = gradient;
        MeanGradient = gradient[..latentCount];
    }

    /// <summary>Gets E_q[log p(x, z)].</summary>
    public double Expectation { get; }

    /// <summary>Gets the entropy of q.</summary>
    public double Entropy { get; }

    /// <summary>Gets the ELBO, the sum of the two.</summary>
    public double Elbo => Expectation + Entropy;

    /// <summary>Gets the gradient in q's parameters, in the order of <see cref="GaussianPosterior.CopyParameters"/>.</summary>
    public ImmutableArray<double> Gradient { get; }

    /// <summary>Gets the part of the gradient in the means, length J.</summary>
    public ImmutableArray<double> MeanGradient { get; }

    /// <summary>Writes out the sum, with five significant digits.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => Guard.Text($"ELBO {Elbo:G5} = expectation {Expectation:G5} + entropy {Entropy:G5}");
}
