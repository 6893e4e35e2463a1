namespace VariationalInference.Samples;

/// <summary>The rectangle that data are drawn in, with the scales along its sides.</summary>
internal sealed record PlotArea(Scale X, Scale Y)
{
    public double Left => X.Start;

    public double Right => X.End;

    public double Top => Y.End;

    public double Bottom => Y.Start;

    public bool CanPlace((double X, double Y) point) => X.CanPlace(point.X) && Y.CanPlace(point.Y);

    public bool Shows((double X, double Y) point) => X.Shows(point.X) && Y.Shows(point.Y);

    public (double X, double Y) Place((double X, double Y) point) => (X.Place(point.X), Y.Place(point.Y));
}
