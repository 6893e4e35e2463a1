namespace VariationalInference;

/// <summary>How unsure learned parameters are, in the data's units: the inverse of the observed information as a sum of squares of changes.</summary>
internal static class LearnedChanges
{
    /// <param name="problem">What was learned.</param>
    /// <param name="information">The information at what was learned.</param>
    /// <param name="observations">The number of columns of the table, K.</param>
    public static ParameterChange[] Of(LearningProblem problem, LearningInformation information, int observations)
    {
        if (information.Directions is null)
        {
            throw new InvalidOperationException("The bound has no finite curvature at these parameters; how unsure they are is not known.");
        }

        return [.. information.Directions.Select(direction => InUnits(problem, direction, observations))];
    }

    private static ParameterChange InUnits(LearningProblem problem, double[] direction, int observations)
    {
        LearningUnits units = problem.Units;
        int latents = units.LatentScales.Length;
        var point = new LearningPoint(problem.Columns.Count, latents);
        problem.Layout.Unpack(direction, point);
        var change = new ParameterChange(
            new double[observations * latents], new double[observations], new double[observations], new double[latents], new double[latents]);
        for (int j = 0; j < latents; j++)
        {
            change.PriorMeans[j] = point.Means[j] * units.LatentScales[j];
            change.PriorVariances[j] = point.Deviations[j] * units.LatentScales[j] * units.LatentScales[j];
        }

        for (int k = 0; k < observations; k++)
        {
            double scale = units.Scales[k];
            int place = problem.PlaceOf(k);
            if (place < 0)
            {
                // A shared noise variance goes to columns without cells, too.
                change.NoiseVariances[k] = problem.Layout.NoiseCount == 1 && problem.EmptyColumns.Contains(k) ? point.Noise[0] * scale * scale : 0;
                continue;
            }

            change.NoiseVariances[k] = point.Noise[place] * scale * scale;
            change.Offset[k] = point.Offset[place] * scale;
            for (int j = 0; j < latents; j++)
            {
                double loading = point.Loadings[(place * latents) + j] * scale / units.LatentScales[j];
                change.Loadings[(k * latents) + j] = loading;
                change.Offset[k] -= units.OffsetMovesWithLoadings ? loading * units.ReferenceMeans[j] : 0;
            }
        }

        return change;
    }
}
