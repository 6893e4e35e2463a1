using System.Text.Json.Serialization;

namespace VariationalInference;

/// <summary>The four terms of the ELBO, and its constant; all in nats.</summary>
/// <remarks>
/// From <see cref="FixedFormElbo.Terms(MeanFieldGaussian)"/>; textbooks often leave the constant out.
/// <threadsafety>Immutable, hence safe to share.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp">
/// var model = new GaussianSumModel(latentCount: 3, observationCount: 2, noiseVariance: 1.0);
/// var elbo = new FixedFormElbo(model.Observe([1.2, 0.8]));
/// ElboTerms terms = elbo.Terms(elbo.StationaryPoint());
/// Console.WriteLine(terms);
/// // ELBO -3.6687 = data fit -0.060408 + prior -0.12245 + uncertainty cost -1.5 + spread -1.6479 + constant -0.33788
/// </code>
/// </example>
[JsonConverter(typeof(ResultJsonConverter))]
public readonly record struct ElboTerms
{
    /// <summary>Gets −½ Σ_k (x_k − b_k − (Aμ)_k)²/r_k: how well the means explain the observations.</summary>
    public required double DataFit { get; init; }

    /// <summary>Gets −½ Σ_j (μ_j − m_j)²/s_j²: how far the means are from the prior's.</summary>
    public required double Prior { get; init; }

    /// <summary>Gets −½ Σ_j Λ_jj v_j: what wide factors cost.</summary>
    public required double UncertaintyCost { get; init; }

    /// <summary>Gets ½ Σ_j log v_j: what wide factors earn.</summary>
    public required double Spread { get; init; }

    /// <summary>Gets −½ Σ_k log 2πr_k − ½ Σ_j log s_j² + J/2: everything that depends on neither means nor variances.</summary>
    public required double Constant { get; init; }

    /// <summary>Gets the sum of the five, the ELBO itself.</summary>
    public double Total => DataFit + Prior + UncertaintyCost + Spread + Constant;

    /// <summary>Writes out the sum, with five significant digits.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => Guard.Text(
        $"ELBO {Total:G5} = data fit {DataFit:G5} + prior {Prior:G5} + uncertainty cost {UncertaintyCost:G5} + spread {Spread:G5} + constant {Constant:G5}");
}
