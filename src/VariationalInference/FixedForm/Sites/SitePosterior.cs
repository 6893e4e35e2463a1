using System.Numerics.Tensors;

namespace VariationalInference;

/// <summary>A Gaussian posterior by its sites: precision λ and pull h of each cell, V⁻¹ = I + BᵀΛB and V⁻¹τ = Bᵀh in whitened coordinates; with its ELBO.</summary>
/// <remarks>
/// The best posterior has the sites that its own predictors ask for, λ_k and g_k + λ_k(Bτ)_k: a fixed point, and a step of any length towards it is one
/// along the natural gradient (Khan and Lin, 2017).
/// </remarks>
internal sealed class SitePosterior
{
    private readonly SiteSystem _system;
    private readonly double[] _square;
    private readonly double[] _expectations;
    private readonly double[] _image;
    private readonly double[] _predictors;
    private readonly double[] _gradients;

    public SitePosterior(SiteSystem system)
    {
        _system = system;
        int cells = system.CellCount, latents = system.LatentCount;
        Precisions = new double[cells];
        Pulls = new double[cells];
        BestPrecisions = new double[cells];
        BestPulls = new double[cells];
        Variances = new double[cells];
        Means = new double[latents];
        _square = new double[latents * latents];
        _expectations = new double[cells];
        _image = new double[cells];
        _predictors = new double[cells];
        _gradients = new double[cells];
    }

    /// <summary>Gets the sites' precisions λ; write them before <see cref="TryEvaluate"/>.</summary>
    public double[] Precisions { get; }

    /// <summary>Gets the sites' pulls h; write them before <see cref="TryEvaluate"/>.</summary>
    public double[] Pulls { get; }

    /// <summary>Gets the precisions that the predictors ask for.</summary>
    public double[] BestPrecisions { get; }

    /// <summary>Gets the pulls that the predictors ask for.</summary>
    public double[] BestPulls { get; }

    /// <summary>Gets the variances w of the predictors.</summary>
    public double[] Variances { get; }

    /// <summary>Gets τ.</summary>
    public double[] Means { get; }

    /// <summary>Gets the lower factor of V⁻¹.</summary>
    public LowerFactor Factor { get; private set; } = null!;

    /// <summary>Gets the ELBO, in nats.</summary>
    public double Elbo { get; private set; }

    /// <summary>Gets what the ELBO may be off by, from rounding.</summary>
    public double ElboRounding { get; private set; }

    /// <summary>Gets ‖∇‖ of the ELBO in τ and in a root of V.</summary>
    public double GradientNorm { get; private set; }

    /// <summary>Evaluates the posterior of the sites that were written.</summary>
    /// <returns>Whether it is one: V⁻¹ is positive definite, and the ELBO is finite.</returns>
    public bool TryEvaluate()
    {
        int latents = _system.LatentCount;
        Elbo = double.NaN;
        _system.Square(Precisions, ridge: 1, _square);
        if (LowerFactor.OfLowerTriangle(_square, latents) is not { } factor)
        {
            return false;
        }

        Factor = factor;
        _system.TransposedImage(Pulls, Means);
        factor.Solve(Means);
        factor.SolveTransposed(Means);
        _system.Image(Means, _image);
        _image.CopyTo(_predictors, 0);
        _system.AddStart(_predictors);
        _system.Variances(factor, Variances);
        if (_system.CellCount > 0 && !(TensorPrimitives.IsFiniteAll<double>(_predictors) && TensorPrimitives.IsFiniteAll<double>(Variances)))
        {
            return false;
        }

        _system.Expect(_predictors, Variances, _expectations, _gradients, BestPrecisions);
        double likelihood = TensorPrimitives.Sum<double>(_expectations), squares = TensorPrimitives.SumOfSquares<double>(Means);
        double trace = Trace(factor);
        Elbo = likelihood - (0.5 * (trace + squares - latents + factor.LogDeterminantOfSquare));
        ElboRounding = DoublePrecision.UnitRoundoff * (8 + Math.Sqrt(_system.CellCount))
            * (TensorPrimitives.SumOfMagnitudes<double>(_expectations) + trace + squares + latents + Math.Abs(factor.LogDeterminantOfSquare));
        for (int i = 0; i < _gradients.Length; i++)
        {
            BestPulls[i] = _gradients[i] + (BestPrecisions[i] * _image[i]);
        }

        GradientNorm = Norm();
        return double.IsFinite(Elbo) && double.IsFinite(GradientNorm);
    }

    /// <summary>Computes ‖∇‖: Bᵀg − τ in the means, and Bᵀ(Λ − Λ̂)B C in any root C of V.</summary>
    private double Norm()
    {
        int latents = _system.LatentCount;
        var slope = new double[latents];
        _system.TransposedImage(_gradients, slope);
        TensorPrimitives.Subtract(slope, Means, slope);
        double square = TensorPrimitives.SumOfSquares<double>(slope);

        var change = new double[Precisions.Length];
        TensorPrimitives.Subtract(Precisions, BestPrecisions, change);
        _system.Square(change, ridge: 0, _square);
        var column = new double[latents];
        for (int j = 0; j < latents; j++)
        {
            for (int i = 0; i < latents; i++)
            {
                column[i] = i >= j ? _square[(i * latents) + j] : _square[(j * latents) + i];
            }

            Factor.Solve(column);
            square += TensorPrimitives.SumOfSquares<double>(column);
        }

        return Math.Sqrt(square);
    }

    /// <summary>Computes tr V.</summary>
    private static double Trace(LowerFactor factor)
    {
        var column = new double[factor.Size];
        double trace = 0;
        for (int j = 0; j < factor.Size; j++)
        {
            Array.Clear(column);
            column[j] = 1;
            factor.Solve(column);
            trace += TensorPrimitives.SumOfSquares<double>(column.AsSpan(j));
        }

        return trace;
    }

    /// <summary>Returns the posterior in the latents' units.</summary>
    public MultivariateGaussian ToGaussian(IReadOnlyList<string> latentNames)
    {
        int latents = _system.LatentCount;
        var means = new double[latents];
        _system.Prior.Unwhiten(Means, means);
        var root = MathNet.Numerics.LinearAlgebra.Matrix<double>.Build.Dense(latents, latents);
        var column = new double[latents];
        for (int j = 0; j < latents; j++)
        {
            Array.Clear(column);
            column[j] = 1;
            _system.Prior.ScaleTransposed(column);
            Factor.Solve(column);
            root.SetColumn(j, column);
        }

        return new MultivariateGaussian([.. means], DenseCovariance.Of(LowerFactor.OfRoot(root))) { LatentNames = latentNames };
    }
}
