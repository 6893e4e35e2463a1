namespace VariationalInference.Samples;

/// <summary>
/// A surface's heights at the corners of a grid of square cells, and where it crosses a level between them (marching squares). Along a cell's edge the
/// height is taken to be linear; a cell of four crossings is cut as two corners whose heights are alike would be.
/// </summary>
internal sealed class ContourGrid
{
    private readonly int _cells;
    private readonly (double X, double Y)[,] _corners;
    private readonly double[,] _heights;

    public ContourGrid(int cells, (double X, double Y) first, (double X, double Y) last, Func<(double X, double Y), double> height)
    {
        _cells = cells;
        _corners = new (double, double)[cells + 1, cells + 1];
        _heights = new double[cells + 1, cells + 1];
        for (int i = 0; i <= cells; i++)
        {
            for (int j = 0; j <= cells; j++)
            {
                _corners[i, j] = (first.X + ((last.X - first.X) * i / cells), first.Y + ((last.Y - first.Y) * j / cells));
                _heights[i, j] = height(_corners[i, j]);
            }
        }
    }

    /// <summary>Returns the pieces of a level's contour, in no particular order.</summary>
    public IEnumerable<((double X, double Y) From, (double X, double Y) To)> Segments(double level)
    {
        for (int i = 0; i < _cells; i++)
        {
            for (int j = 0; j < _cells; j++)
            {
                (double X, double Y)[] crossings = [.. Crossings(i, j, level)];
                for (int k = 0; k + 1 < crossings.Length; k += 2)
                {
                    yield return (crossings[k], crossings[k + 1]);
                }
            }
        }
    }

    /// <summary>Returns where the level crosses a cell's edges, going round it: none, two or four places.</summary>
    private IEnumerable<(double X, double Y)> Crossings(int i, int j, double level)
    {
        (int I, int J)[] round = [(i, j), (i + 1, j), (i + 1, j + 1), (i, j + 1), (i, j)];
        for (int k = 0; k < 4; k++)
        {
            double height = _heights[round[k].I, round[k].J];
            double next = _heights[round[k + 1].I, round[k + 1].J];
            if (height < level != next < level && double.IsFinite(height) && double.IsFinite(next))
            {
                double part = (level - height) / (next - height);
                (double X, double Y) from = _corners[round[k].I, round[k].J];
                (double X, double Y) to = _corners[round[k + 1].I, round[k + 1].J];
                yield return (from.X + (part * (to.X - from.X)), from.Y + (part * (to.Y - from.Y)));
            }
        }
    }
}
