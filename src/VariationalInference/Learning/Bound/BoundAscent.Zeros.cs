namespace VariationalInference;

/// <content>Standard deviations at zero, and noise variances at floors, which are a boundary at zero too.</content>
internal sealed partial class BoundAscent
{
    /// <summary>Prior deviations below this, in standard units, are tried at zero; own noise deviations below so much of a usual one.</summary>
    private const double NearZero = 1e-3;

    private const double NearNoNoise = 0.05;

    /// <summary>Whether the bound falls with a variance near zero is tried at this part of what is near.</summary>
    private const double Probe = 0.1;

    /// <summary>Gets the floors of the noise variances, none where they are null.</summary>
    public double[]? NoiseFloors => _noiseFloors;

    /// <summary>Puts standard deviations that are nearly zero there, where the bound falls with the variance.</summary>
    public void Settle()
    {
        double[] probe = [.. Vector];
        double nearNoNoise = _layout.NoiseCount == 1 ? NearZero : NearNoNoise * UsualNoise;
        double Near(int i) => i < _layout.MeanStart ? nearNoNoise : NearZero;
        int[] near = [.. Enumerable.Range(0, probe.Length).Where(i => _layout.IsDeviation(i) && Math.Abs(probe[i]) < Near(i) && probe[i] != 0)];
        if (near.Length == 0)
        {
            return;
        }

        foreach (int i in near)
        {
            probe[i] = Probe * Near(i);
        }

        var gradient = new double[probe.Length];
        if (!double.IsFinite(Evaluate(probe, gradient)))
        {
            return;
        }

        int[] falling = [.. near.Where(i => gradient[i] <= 0)];
        if (!TryZero(falling))
        {
            foreach (int i in falling)
            {
                TryZero([i]);
            }
        }
    }

    /// <summary>Returns the prior deviations at zero, but for one that is held, with whose variance the bound rises.</summary>
    public int[] RisingZeros()
    {
        int[] zeros = [.. Enumerable.Range(0, Vector.Length).Where(i => i >= _layout.DeviationStart && i != Held && Vector[i] == 0)];
        double[] probe = [.. Vector];
        foreach (int i in zeros)
        {
            probe[i] = Probe * NearZero;
        }

        var gradient = new double[probe.Length];
        return zeros.Length > 0 && double.IsFinite(Evaluate(probe, gradient)) ? [.. zeros.Where(i => gradient[i] > 0)] : [];
    }

    /// <summary>Returns the median of the noise deviations that are learned, no more than 1, which is where none is there.</summary>
    private double MedianNoise()
    {
        Span<double> rests = Vector.AsSpan(_layout.NoiseStart, _layout.NoiseCount);
        if (rests.Length == 0)
        {
            return 1;
        }

        var variances = new double[rests.Length];
        for (int i = 0; i < variances.Length; i++)
        {
            variances[i] = (_noiseFloors?[i] ?? 0) + (rests[i] * rests[i]);
        }

        Array.Sort(variances);
        double median = Math.Sqrt(variances[variances.Length / 2]);
        return median > 0 ? Math.Min(median, 1) : 1;
    }

    /// <summary>Lowers floors of noise variances: those that stand at them go along.</summary>
    public void Lower(double[] noiseFloors)
    {
        _noiseFloors = noiseFloors;
        var gradient = new double[Vector.Length];
        double value = Evaluate(Vector, gradient);
        Accept(Vector, gradient, value);
    }

    private bool TryZero(int[] parameters)
    {
        double[] settled = [.. Vector];
        foreach (int i in parameters)
        {
            settled[i] = 0;
        }

        var gradient = new double[settled.Length];
        double value = Evaluate(settled, gradient);
        if (parameters.Length == 0 || !(value >= Value - Rounding))
        {
            return parameters.Length == 0;
        }

        Accept(settled, gradient, value);
        return true;
    }

    /// <summary>Packs the free parameters; a noise variance r with the floor f stands as t = √(r − f), so that the floor is a boundary at zero.</summary>
    private double[] Pack(LearningPoint point)
    {
        double[] vector = _layout.Pack(point);
        for (int i = 0; _noiseFloors is not null && i < _layout.NoiseCount; i++)
        {
            double deviation = vector[_layout.NoiseStart + i];
            vector[_layout.NoiseStart + i] = Math.Sqrt(Math.Max((deviation * deviation) - _noiseFloors[i], 0));
        }

        return vector;
    }

    private void Unpack(double[] vector, LearningPoint point)
    {
        if (_noiseFloors is null)
        {
            _layout.Unpack(vector, point);
            return;
        }

        double[] deviations = [.. vector];
        for (int i = 0; i < _layout.NoiseCount; i++)
        {
            double rest = vector[_layout.NoiseStart + i];
            deviations[_layout.NoiseStart + i] = Math.Sqrt(_noiseFloors[i] + (rest * rest));
        }

        _layout.Unpack(deviations, point);
    }

    /// <summary>Returns the derivative of a parameter by what stands for it in the vector.</summary>
    private double Slope(int parameter, double value)
    {
        int i = parameter - _layout.NoiseStart;
        return _noiseFloors is null || i < 0 || i >= _layout.NoiseCount
            ? 1
            : value == 0 ? 0 : value / Math.Sqrt(_noiseFloors[i] + (value * value));
    }
}
