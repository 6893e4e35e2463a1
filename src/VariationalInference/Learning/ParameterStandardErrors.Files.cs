namespace VariationalInference;

/// <content>Saving and loading, as a part of what was learned.</content>
public sealed partial class ParameterStandardErrors : ISaved<ParameterStandardErrors>
{
    private ParameterStandardErrors(ModelState state)
    {
        NoiseVariances = state.Vector("noise_variances");
        Offset = state.Vector("offset", NoiseVariances.Length);
        PriorMeans = state.Vector("prior_means");
        PriorVariances = state.Vector("prior_variances", PriorMeans.Length);
        _loadings = state.Matrix("loadings", NoiseVariances.Length, PriorMeans.Length);
    }

    static string ISaved<ParameterStandardErrors>.Kind => "parameter_standard_errors";

    void ISaved<ParameterStandardErrors>.Write(ModelState state)
    {
        state.Add("noise_variances", NoiseVariances.AsSpan());
        state.Add("offset", Offset.AsSpan());
        state.Add("prior_means", PriorMeans.AsSpan());
        state.Add("prior_variances", PriorVariances.AsSpan());
        state.AddMatrix("loadings", _loadings);
    }

    static ParameterStandardErrors ISaved<ParameterStandardErrors>.Read(ModelState state) => new(state);

    /// <summary>Requires those of so many observations and latents.</summary>
    internal void RequireSize(int observations, int latents)
    {
        if ((_loadings.RowCount, _loadings.ColumnCount) != (observations, latents))
        {
            throw new FormatException(
                Guard.Text($"standard_errors.loadings are {_loadings.RowCount}×{_loadings.ColumnCount}; they must be {observations}×{latents}."));
        }
    }
}
