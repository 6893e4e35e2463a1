namespace VariationalInference;

/// <content>The scan along each variance, whose bound may have several optima, one of them at zero.</content>
internal sealed partial class LearningSearch
{
    /// <summary>Deviations in standard units, from none to far more than the data have.</summary>
    private static readonly double[] Grid = [0, 0.003, 0.01, 0.03, 0.1, 0.2, 0.4, 0.8, 1.6, 4, 12];

    /// <summary>Points of a scan are climbed to this gradient, in nats a row, or to <see cref="ScanNats"/> in all.</summary>
    private const double ScanTolerance = 1e-5;

    /// <summary>In standard units, in which the bound curves by a nat or more, less is missing than its square.</summary>
    private const double ScanNats = 1e-2;

    /// <summary>Where a prior deviation goes on from that would rise from zero, in standard units.</summary>
    private const double OffZero = 0.1;

    private const int ScanIterations = 40;
    private const int MostScans = 3;

    /// <summary>An optimum found by the scan counts as another if it is higher by this many nats.</summary>
    private const double Higher = 1e-9;

    /// <summary>
    /// Follows the bound, maximised over the other parameters, along each variance, and climbs from each of its peaks; begins anew where that
    /// leads higher. Free loadings have many starts instead.
    /// </summary>
    private void Scan()
    {
        LearningLayout layout = _problem.Layout;
        if (_options.Loadings || layout.NoiseCount + layout.DeviationCount == 0)
        {
            return;
        }

        if (!FinishesAll)
        {
            Finish(Best());
        }

        int[] scanned = [.. Enumerable.Range(0, layout.Count).Where(i => layout.IsDeviation(i) && !(i < layout.MeanStart && layout.NoiseCount > 1))];
        for (int scan = 0; scan < MostScans; scan++)
        {
            BoundAscent best = Best();
            foreach (int parameter in scanned)
            {
                ScanAlong(parameter, best);
            }

            if (!IsHigher(Best().Value, best))
            {
                return;
            }
        }
    }

    /// <summary>Starts anew with those prior deviations off zero that would rise from it; by themselves they would stay, for want of a gradient.</summary>
    private BoundAscent Awake(BoundAscent ascent)
    {
        int[] rising = ascent.RisingZeros();
        if (rising.Length == 0)
        {
            return ascent;
        }

        double[] vector = [.. ascent.Vector];
        foreach (int i in rising)
        {
            vector[i] = OffZero;
        }

        return Ascent(ascent.PointAt(vector), Floors.Values, _cancellationToken, ascent.Held);
    }

    private bool IsHigher(double value, BoundAscent than) => value > than.Value + (Higher / _problem.RowCount) + (1e2 * than.Rounding);

    private void ScanAlong(int parameter, BoundAscent best)
    {
        var profile = new BoundAscent?[Grid.Length];
        double[] vector = [.. best.Vector];
        for (int i = 0; i < Grid.Length; i++)
        {
            vector[parameter] = Grid[i];
            BoundAscent ascent = Awake(Ascent(best.PointAt(vector), Floors.Values, _cancellationToken, parameter));
            if (double.IsFinite(ascent.Value))
            {
                ascent.Climb(Math.Max(ScanTolerance, ScanNats / _problem.RowCount), ScanIterations);
                vector = [.. ascent.Vector];
                profile[i] = ascent;
            }
        }

        double ValueAt(int i) => i < 0 || i >= Grid.Length ? double.NegativeInfinity : profile[i]?.Value ?? double.NegativeInfinity;
        double here = Math.Abs(best.Vector[parameter]);
        for (int i = 0; i < Grid.Length; i++)
        {
            // The peak next to the optimum that is known leads to it, unless that is a saddle at a boundary, above which there is more.
            bool isKnown = (i == 0 ? -1 : Grid[i - 1]) <= here && here <= (i + 1 < Grid.Length ? Grid[i + 1] : double.PositiveInfinity)
                && !IsHigher(ValueAt(i), best);
            if (profile[i] is BoundAscent peak && !isKnown && ValueAt(i) >= ValueAt(i - 1) && ValueAt(i) > ValueAt(i + 1))
            {
                BoundAscent ascent = Ascent(peak.Point, Floors.Values, _cancellationToken);
                ascent.Climb(RaceTolerance, RaceIterations);
                Finish(ascent);
                _ascents.Add(ascent);
            }
        }
    }
}
