using System.Runtime.CompilerServices;

namespace VariationalInference;

/// <summary>A likelihood whose expectations are those of a fixed function of a shifted and scaled predictor, or of two such.</summary>
internal abstract class KernelLikelihood(SiteKernel kernel) : Likelihood
{
    // A few vectors of cells, so that what lies between the steps stays in the nearest cache; a multiple of SiteKernel.Padding.
    private const int BlockLength = 32;

    /// <summary>Gets the number of arguments that each cell has.</summary>
    protected virtual int Parts => 1;

    /// <summary>Writes the moments of the function's arguments, those of a cell's second part <paramref name="stride"/> behind those of its first.</summary>
    /// <remarks>All are 0 before; a missing cell needs none.</remarks>
    protected abstract void Arguments(in SiteBatch cells, int stride, Span<double> means, Span<double> variances);

    /// <summary>Writes what the function's expectations, and those of its derivatives, say of the cells.</summary>
    protected abstract void Sites(
        in SiteBatch cells, int stride, ReadOnlySpan<double> values, ReadOnlySpan<double> firsts, ReadOnlySpan<double> seconds);

    protected sealed override double EvaluateLogDensity(double value, double predictor, double size) =>
        EvaluateOne(value, predictor, 0, size, isPoint: true).Value;

    protected sealed override (double First, double Second) EvaluateDerivatives(double value, double predictor, double size)
    {
        SiteExpectation site = EvaluateOne(value, predictor, 0, size, isPoint: true);
        return (site.Gradient, -site.Precision);
    }

    protected sealed override SiteExpectation EvaluateExpectation(double value, double mean, double variance, double size) =>
        EvaluateOne(value, mean, variance, size, isPoint: false);

    private protected sealed override void EvaluateBatch(in SiteBatch batch)
    {
        for (int i = 0; i < batch.Count; i += BlockLength)
        {
            EvaluateBlock(batch.Slice(i, Math.Min(BlockLength, batch.Count - i)), isPoint: false);
        }
    }

    private SiteExpectation EvaluateOne(double value, double mean, double variance, double size, bool isPoint)
    {
        double expectation = 0, gradient = 0, precision = 0;
        EvaluateBlock(
            new SiteBatch
            {
                Values = new(in value),
                Sizes = new(in size),
                Means = new(in mean),
                Variances = new(in variance),
                Expectations = new(ref expectation),
                Gradients = new(ref gradient),
                Precisions = new(ref precision),
            },
            isPoint);
        return new SiteExpectation(expectation, gradient, precision);
    }

    /// <summary>Evaluates at most as many cells as fit into a block; at the means themselves, or in expectation.</summary>
    [SkipLocalsInit]
    private void EvaluateBlock(in SiteBatch cells, bool isPoint)
    {
        int stride = (cells.Count + SiteKernel.Padding - 1) / SiteKernel.Padding * SiteKernel.Padding, length = Parts * stride;
        Span<double> work = stackalloc double[5 * length];
        Span<double> means = work[..length], variances = work.Slice(length, length);
        Span<double> values = work.Slice(2 * length, length), firsts = work.Slice(3 * length, length), seconds = work.Slice(4 * length, length);
        work[..(2 * length)].Clear();
        Arguments(cells, stride, means, variances);
        if (isPoint)
        {
            kernel.Evaluate(means, values, firsts, seconds);
        }
        else
        {
            kernel.Expect(means, variances, values, firsts, seconds);
        }

        Sites(cells, stride, values, firsts, seconds);
    }
}
