using System.Collections.Immutable;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>The log joint of a row of a <see cref="LinearModel"/>: cells with any likelihoods of predictors that are linear in the latents.</summary>
/// <remarks><threadsafety>Immutable, hence safe to share.</threadsafety></remarks>
/// <example>
/// <code language="csharp"><![CDATA[
/// var model = new LinearModel(Matrix<double>.Build.Dense(2, 1, 1), Likelihood.Poisson(), GaussianPrior.Independent(count: 1));
/// PredictorLogJoint joint = model.Observe([1, 2]);
/// Console.WriteLine($"{joint.Value([0.5]):F5}");   // -3.53453
/// ]]></code>
/// </example>
public sealed class PredictorLogJoint : ILogJoint
{
    private readonly double[] _loadings;
    private readonly double[] _offset;
    private readonly double[] _values;
    private readonly double[] _sizes;
    private readonly Likelihood[] _likelihoods;
    private readonly GaussianPrior _prior;
    private readonly double _constant;

    /// <param name="loadings">A.</param>
    /// <param name="offset">b.</param>
    /// <param name="likelihoods">The likelihoods, one a cell.</param>
    /// <param name="prior">The prior of the latents.</param>
    /// <param name="row">The cells, checked; NaN where missing.</param>
    /// <param name="sizes">Their trials or exposures; empty for 1 each.</param>
    internal PredictorLogJoint(
        Matrix<double> loadings, ImmutableArray<double> offset, ImmutableArray<Likelihood> likelihoods, GaussianPrior prior, ReadOnlySpan<double> row, ReadOnlySpan<double> sizes)
    {
        _prior = prior;
        var observed = new List<int>();
        for (int k = 0; k < row.Length; k++)
        {
            if (!double.IsNaN(row[k]))
            {
                observed.Add(k);
            }
        }

        int latents = prior.Count;
        _loadings = new double[observed.Count * latents];
        _offset = new double[observed.Count];
        _values = new double[observed.Count];
        _sizes = new double[observed.Count];
        _likelihoods = new Likelihood[observed.Count];
        for (int i = 0; i < observed.Count; i++)
        {
            int k = observed[i];
            (_values[i], _sizes[i], _offset[i], _likelihoods[i]) = (row[k], sizes.IsEmpty ? 1 : sizes[k], offset[k], likelihoods[k]);
            for (int j = 0; j < latents; j++)
            {
                _loadings[(i * latents) + j] = loadings[k, j];
            }
        }

        _constant = -0.5 * ((latents * Math.Log(2 * Math.PI)) + prior.LogDeterminant);
    }

    /// <inheritdoc/>
    public int LatentCount => _prior.Count;

    /// <summary>Gets the number of observed (not missing) cells of the row.</summary>
    public int ObservedCount => _values.Length;

    /// <inheritdoc/>
    /// <exception cref="ArgumentException"><paramref name="latents"/> has another length, or a value that is not finite.</exception>
    public double Value(ReadOnlySpan<double> latents)
    {
        Require(latents);
        var whitened = new double[LatentCount];
        _prior.Whiten(latents, whitened);
        double sum = _constant - (0.5 * LowerTriangles.Dot(whitened, whitened));
        for (int i = 0; i < _values.Length; i++)
        {
            double predictor = Predictor(i, latents);
            sum += double.IsFinite(predictor) ? _likelihoods[i].LogDensity(_values[i], predictor, _sizes[i]) : double.NegativeInfinity;
        }

        return sum;
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">A length is wrong, or a value is not finite.</exception>
    public void Gradient(ReadOnlySpan<double> latents, Span<double> destination)
    {
        Require(latents);
        Guard.Length(destination.Length, LatentCount, nameof(destination), "one for each latent");
        _prior.Whiten(latents, destination);
        _prior.ToLatents(destination);
        for (int j = 0; j < destination.Length; j++)
        {
            destination[j] = -destination[j];
        }

        for (int i = 0; i < _values.Length; i++)
        {
            double slope = _likelihoods[i].Derivatives(_values[i], Predictor(i, latents), _sizes[i]).First;
            LowerTriangles.AddScaled(_loadings.AsSpan(i * LatentCount, LatentCount), slope, destination);
        }
    }

    /// <summary>Names the size.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => $"log joint of {Wording.Count(LatentCount, "latent")} and {Wording.Count(ObservedCount, "observed cell")}";

    private double Predictor(int cell, ReadOnlySpan<double> latents) =>
        _offset[cell] + LowerTriangles.Dot(_loadings.AsSpan(cell * LatentCount, LatentCount), latents);

    private void Require(ReadOnlySpan<double> latents)
    {
        Guard.Length(latents.Length, LatentCount, nameof(latents), "one for each latent");
        Guard.AllFinite(latents, nameof(latents));
    }
}
