using System.Collections.Immutable;
using System.Numerics;

namespace VariationalInference;

/// <summary>The amortized and the coordinate block of rows whose loadings are so large that doubles lose what they leave open; see <see cref="ExtendedPrecision"/>.</summary>
/// <remarks>
/// With the coordinate columns first, [B_C B_A; I] = QR and z = Qᵀ[w; 0], the amortized means leave r = z_A − R_AA t_A: the amortization gap is ½‖r‖²,
/// the best coordinates are R_CC⁻¹(z_C − R_CA t_A), others lose ½‖R_CC Δ‖², and the rest of z is the least of ‖w − Bt‖² + ‖t‖².
/// </remarks>
internal sealed class ExtendedBlock
{
    private readonly ExtendedTriangle _triangle;
    private readonly double[] _priorMeans;
    private readonly double[] _priorDeviations;
    private readonly int _coordinateCount;

    public ExtendedBlock(SharedShape shape, ImmutableArray<int> coordinate, ImmutableArray<int> amortized)
    {
        _triangle = new ExtendedTriangle(shape.Loadings, [.. coordinate, .. amortized]);
        _coordinateCount = coordinate.Length;
        _priorMeans = [.. amortized.Select(j => shape.Prior.Means[j])];
        _priorDeviations = [.. amortized.Select(j => shape.Prior.Deviations[j])];
    }

    /// <summary>Solves the coordinate block of the row in one lane.</summary>
    /// <param name="lane">The lane.</param>
    /// <param name="whitened">w, with what rounding took off it behind.</param>
    /// <param name="means">The amortized means, in the latents' units.</param>
    /// <param name="best">Receives the best whitened coordinates.</param>
    /// <param name="state">Whitened coordinates that lose something, or none.</param>
    /// <returns>The least of ‖w − Bt‖² + ‖t‖², the amortization gap of the means, and what <paramref name="state"/> loses.</returns>
    public (double LeastSquares, double MeanGap, double CoordinateGap) Solve(
        int lane, ReadOnlySpan<Vector<double>> whitened, ReadOnlySpan<Vector<double>> means, Span<Vector<double>> best, ReadOnlySpan<Vector<double>> state)
    {
        int size = _triangle.Size;
        Span<double> w = stackalloc double[whitened.Length];
        for (int k = 0; k < w.Length; k++)
        {
            w[k] = whitened[k][lane];
        }

        using var projected = new ExtendedTriangle.Scratch(_triangle.Height);
        Span<DoubleDouble> z = projected.Span;
        _triangle.Project(w, z);
        double leastSquares = DoubleDouble.Dot(z[size..], z[size..]).High;
        for (int i = 0; i < means.Length; i++)
        {
            DoubleDouble t = (new DoubleDouble(means[i][lane]) - new DoubleDouble(_priorMeans[i])) / new DoubleDouble(_priorDeviations[i]);
            int column = _coordinateCount + i;
            for (int row = 0; row <= column; row++)
            {
                z[row] -= _triangle[row, column] * t;
            }
        }

        Span<DoubleDouble> left = z[_coordinateCount..size], coordinates = z[.._coordinateCount];
        double meanGap = 0.5 * DoubleDouble.Dot(left, left).High;
        _triangle.Solve(coordinates);
        for (int i = 0; i < best.Length; i++)
        {
            best[i] = best[i].WithElement(lane, coordinates[i].High);
        }

        double coordinateGap = 0;
        for (int row = 0; row < state.Length; row++)
        {
            var sum = default(DoubleDouble);
            for (int column = row; column < state.Length; column++)
            {
                sum += _triangle[row, column] * (new DoubleDouble(state[column][lane]) - coordinates[column]);
            }

            coordinateGap += 0.5 * sum.High * sum.High;
        }

        return (leastSquares, meanGap, coordinateGap);
    }
}
