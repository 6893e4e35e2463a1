using System.Numerics.Tensors;

namespace VariationalInference;

/// <summary>Where the changes of two steps of a fixed point would combine to the smallest: Anderson's mixing of depth one.</summary>
/// <param name="state">A state, for its size.</param>
internal sealed class MixedSiteSecant(MixedSiteState state)
{
    /// <summary>A precision is left at least this part of what its cell says.</summary>
    private const double LeastPart = 0.3;

    private readonly MixedSiteState _lastChange = state.Copy();
    private readonly MixedSiteState _lastImage = state.Copy();
    private readonly MixedSiteState _difference = state.Copy();
    private bool _hasLast;

    /// <summary>Writes the next state from the present one and its change, and keeps both.</summary>
    /// <returns>Whether there was a step before.</returns>
    public bool Next(MixedSiteState present, MixedSiteState change, double[] variances, MixedSiteState next)
    {
        bool isReady = _hasLast;
        double weight = 0;
        if (isReady)
        {
            _difference.MoveFrom(change, _lastChange, -1);
            double length = Product(_difference, _difference, variances);
            weight = length > 0 ? Product(_difference, change, variances) / length : 0;
            next.MoveFrom(present, change, 1);
            _difference.MoveFrom(next, _lastImage, -1);
            next.MoveFrom(next, _difference, -weight);
            for (int i = 0; i < next.Precisions.Length; i++)
            {
                double target = present.Precisions[i] + change.Precisions[i];
                next.Precisions[i] = target > 0 ? Math.Max(next.Precisions[i], LeastPart * target) : target;
            }
        }

        change.CopyTo(_lastChange);
        _lastImage.MoveFrom(present, change, 1);
        _hasLast = true;
        return isReady;
    }

    /// <summary>Returns the product of two changes: of precisions times the variances of their predictors, and of whitened means.</summary>
    private static double Product(MixedSiteState x, MixedSiteState y, double[] variances)
    {
        double sum = TensorPrimitives.Dot<double>(x.First, y.First) + TensorPrimitives.Dot<double>(x.Rest, y.Rest);
        for (int i = 0; i < variances.Length; i++)
        {
            sum += 0.5 * x.Precisions[i] * y.Precisions[i] * variances[i] * variances[i];
        }

        return sum;
    }
}
