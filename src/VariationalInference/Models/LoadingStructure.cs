using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>How latents reach observations, x = Az + b + ε, and how a row reduces to whitened observations w = Bt + noise.</summary>
internal abstract class LoadingStructure
{
    protected LoadingStructure(GaussianPrior prior, int observationCount)
    {
        Prior = prior;
        ObservationCount = observationCount;
    }

    public GaussianPrior Prior { get; }

    public int ObservationCount { get; }

    /// <summary>Gets the shape of the posterior of every complete row.</summary>
    public abstract SharedShape Complete { get; }

    /// <summary>Returns how tables of complete rows are solved; computed once.</summary>
    /// <exception cref="OperationCanceledException">The work was cancelled.</exception>
    public abstract RowReduction Reduction(CancellationToken cancellationToken);

    /// <summary>Gets a value indicating whether the cells of a row are replicates, which their mean stands for.</summary>
    public virtual bool HasReplicates => false;

    /// <summary>Returns a model of the same loadings, without offset, with one noise variance and independent latents.</summary>
    /// <exception cref="NotSupportedException">The cells of a row are no replicates.</exception>
    public virtual LinearGaussianModel ModelOf(double noiseVariance, ReadOnlySpan<double> priorMeans, ReadOnlySpan<double> priorVariances) =>
        throw new NotSupportedException("Only replicates have one noise variance by their structure.");

    public abstract Matrix<double> Loadings();

    /// <summary>Returns the shape of the posterior of rows with missing cells.</summary>
    public abstract SharedShape ShapeOf(MissingPattern pattern);

    /// <summary>Conditions on a row that has been checked: NaN or finite.</summary>
    /// <param name="row">The observations x, length K.</param>
    /// <param name="whitened">
    /// Receives w in its first <see cref="PosteriorShape.Rank"/> elements, and behind them its digits beyond a double where there is room and they
    /// count. Length: at least K, at best 2K.
    /// </param>
    public abstract ConditionedRow Condition(ReadOnlySpan<double> row, Span<double> whitened);

    /// <summary>Writes Az.</summary>
    public abstract void Predict(ReadOnlySpan<double> latents, Span<double> observations);

    protected static void RequireFinite(ReadOnlySpan<double> loadings)
    {
        double sum = 0;
        foreach (double value in loadings)
        {
            sum += value * value;
        }

        if (!double.IsFinite(sum))
        {
            throw new ArgumentException(
                "The ratios of prior variances to noise variances are beyond double precision; rescale the latents or the observations.");
        }
    }

    protected static void RequireFinitePredictions(ReadOnlySpan<(double High, double Low)> predictions)
    {
        foreach ((double high, double low) in predictions)
        {
            if (!double.IsFinite(high) || !double.IsFinite(low))
            {
                throw new ArgumentException(
                    "The observations that the prior means predict are beyond double precision; rescale the latents or the observations.");
            }
        }
    }

    protected static ConditionedRow Conditioned(SharedShape shape, ReadOnlySpan<double> whitened, double unexplained)
    {
        double square = ShortVectors.SquaredNorm(whitened[..shape.Rank]) + unexplained;
        if (!double.IsFinite(square))
        {
            Guard.ThrowNonFinite("the squared residual of the prior prediction", square, row: 0, iteration: 0);
        }

        return new ConditionedRow(shape, unexplained, Math.Sqrt(square));
    }
}
