using System.Numerics;
using System.Runtime.CompilerServices;

namespace VariationalInference;

/// <summary>A likelihood whose log density has e^η or e^−η beside what is linear, so that its expectations are closed: E[e^η] = e^(η̄ + w/2).</summary>
internal abstract class LogLinearLikelihood : Likelihood
{
    // A few vectors; a multiple of the elements of any.
    private const int BlockLength = 32;

    public sealed override bool IsLogConcave => true;

    /// <summary>Writes the logarithm z of the expected ratio of mean to value, or of value to mean, for each cell that is not missing.</summary>
    protected abstract void Ratios(in SiteBatch cells, Span<double> logRatios);

    /// <summary>Writes what z, e^z and e^z − 1 say of the cells.</summary>
    protected abstract void Sites(in SiteBatch cells, ReadOnlySpan<double> logRatios, ReadOnlySpan<double> ratios, ReadOnlySpan<double> excesses);

    protected sealed override double EvaluateLogDensity(double value, double predictor, double size) =>
        EvaluateExpectation(value, predictor, 0, size).Value;

    protected sealed override (double First, double Second) EvaluateDerivatives(double value, double predictor, double size)
    {
        SiteExpectation site = EvaluateExpectation(value, predictor, 0, size);
        return (site.Gradient, -site.Precision);
    }

    protected sealed override SiteExpectation EvaluateExpectation(double value, double mean, double variance, double size)
    {
        double expectation = 0, gradient = 0, precision = 0;
        EvaluateBlock(new SiteBatch
        {
            Values = new(in value),
            Sizes = new(in size),
            Means = new(in mean),
            Variances = new(in variance),
            Expectations = new(ref expectation),
            Gradients = new(ref gradient),
            Precisions = new(ref precision),
        });
        return new SiteExpectation(expectation, gradient, precision);
    }

    private protected sealed override void EvaluateBatch(in SiteBatch batch)
    {
        for (int i = 0; i < batch.Count; i += BlockLength)
        {
            EvaluateBlock(batch.Slice(i, Math.Min(BlockLength, batch.Count - i)));
        }
    }

    [SkipLocalsInit]
    private void EvaluateBlock(in SiteBatch cells)
    {
        Span<double> logRatios = stackalloc double[BlockLength], ratios = stackalloc double[BlockLength], excesses = stackalloc double[BlockLength];
        logRatios.Clear();
        Ratios(cells, logRatios);
        for (int i = 0; i < cells.Count; i += Vector<double>.Count)
        {
            (Vector<double> ratio, Vector<double> excess) = RepeatableFunctions.ExpAndExcess(new Vector<double>(logRatios[i..]));
            ratio.CopyTo(ratios[i..]);
            excess.CopyTo(excesses[i..]);
        }

        Sites(cells, logRatios, ratios, excesses);
    }
}
