namespace VariationalInference.Samples;

/// <summary>
/// An encoder for replicate observations, whose order says nothing (deep sets, Zaheer et al. 2017): every observation goes through the same
/// small network, and what comes out is averaged. With u = (x − centre) / scale the same for all K observations of a row,
///     h = mean over k of tanh(w u_k + b),   m = V h + c,   μ_a = centre_a + scale_a m_a,   ρ_a = log variance_a + m_{A+a}.
/// The parameters are w and b, one a unit, then V, row-major, outputs × units, then c; their number does not depend on K.
/// </summary>
internal sealed class SetEncoder : IEncoder
{
    private readonly double[] _parameters;

    public SetEncoder(int observationCount, int latentCount, int units, int seed)
    {
        ObservationCount = observationCount;
        LatentCount = latentCount;
        Units = units;
        Scales = new SetScales(0, 1, new double[latentCount], [.. Enumerable.Repeat(1.0, latentCount)], new double[latentCount]);
        _parameters = new double[(2 * units) + (2 * latentCount * (units + 1))];
        var random = new Random(seed);
        for (int i = 0; i < _parameters.Length - (2 * latentCount); i++)
        {
            _parameters[i] = ((2 * random.NextDouble()) - 1) / (i < 2 * units ? 1 : Math.Sqrt(units));
        }
    }

    private SetEncoder(SetEncoder original)
    {
        ObservationCount = original.ObservationCount;
        LatentCount = original.LatentCount;
        Units = original.Units;
        Scales = original.Scales;
        IsCalibrated = original.IsCalibrated;
        _parameters = [.. original._parameters];
    }

    public string Kind => "set_encoder";

    public int ObservationCount { get; }

    public int LatentCount { get; }

    public int Units { get; }

    public Memory<double> Parameters => _parameters;

    public SetScales Scales { get; private set; }

    public bool IsCalibrated { get; private set; }

    /// <summary>Pools the location and scale of the observations: each on its own scale, they would not be alike any more.</summary>
    public void Calibrate(EncoderScales scales)
    {
        if (IsCalibrated)
        {
            return;
        }

        double centre = scales.InputMeans.Average();
        double variance = scales.InputMeans.Zip(scales.InputDeviations, (m, s) => ((m - centre) * (m - centre)) + (s * s)).Average();
        Scales = new SetScales(
            centre, Math.Sqrt(variance), [.. scales.OutputMeans], [.. scales.OutputDeviations], [.. scales.OutputVariances.Select(Math.Log)]);
        IsCalibrated = true;
    }

    public INetworkTape CreateTape(int capacity) => new SetTape(this, capacity);

    public IEncoder Clone() => new SetEncoder(this);

    public void Write(ModelState state)
    {
        state.Add("observations", ObservationCount);
        state.Add("latents", LatentCount);
        state.Add("units", Units);
        state.Add("parameters", _parameters);
        if (IsCalibrated)
        {
            state.Add("input_scale", [Scales.InputCentre, Scales.InputScale]);
            state.Add("output_scales", [.. Scales.MeanCentres, .. Scales.MeanScales, .. Scales.LogVarianceCentres], 3, LatentCount);
        }
    }

    public IEncoder Read(ModelState state)
    {
        var read = new SetEncoder(state.WholeNumber("observations"), state.WholeNumber("latents"), state.WholeNumber("units"), seed: 0);
        state.Values("parameters", read._parameters.Length).CopyTo(read._parameters);
        if (state.HasTensor("output_scales"))
        {
            ReadOnlySpan<double> inputs = state.Values("input_scale", 2);
            double[][] outputs = [.. state.Values("output_scales", 3, read.LatentCount).ToArray().Chunk(read.LatentCount)];
            read.Scales = new SetScales(inputs[0], inputs[1], outputs[0], outputs[1], outputs[2]);
            read.IsCalibrated = true;
        }

        return read;
    }

    public override string ToString() =>
        $"{nameof(SetEncoder)} of {ObservationCount} observations, {Units} units, {_parameters.Length} parameters";
}
