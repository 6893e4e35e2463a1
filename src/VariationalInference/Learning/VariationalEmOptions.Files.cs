namespace VariationalInference;

/// <content>Saving and loading, as a part of what was learned.</content>
public sealed partial record VariationalEmOptions : ISaved<VariationalEmOptions>
{
    static string ISaved<VariationalEmOptions>.Kind => "variational_em_options";

    /// <summary>Adds every option but the number of threads, which is the machine's.</summary>
    void ISaved<VariationalEmOptions>.Write(ModelState state)
    {
        state.AddMember("noise_variances", NoiseVariances);
        state.AddMember("prior_variances", PriorVariances);
        state.AddWholeNumbers("prior_variance_groups", PriorVarianceGroups);
        state.AddFlag("prior_means", PriorMeans);
        state.AddFlag("offset", Offset);
        state.AddFlag("loadings", Loadings);
        state.AddMember("family", Family);
        state.AddMember("method", Method);
        state.AddNumber("tolerance", Tolerance);
        if (NoiseFloor is double floor)
        {
            state.AddNumber("noise_floor", floor);
        }

        state.AddNumber("gradient_tolerance", GradientTolerance);
        state.Add("max_iterations", MaxIterations);
        state.Add("starts", Starts);
        state.Add("seed", Seed);
    }

    static VariationalEmOptions ISaved<VariationalEmOptions>.Read(ModelState state) => new()
    {
        NoiseVariances = state.Member<VarianceLearning>("noise_variances"),
        PriorVariances = state.Member<VarianceLearning>("prior_variances"),
        PriorVarianceGroups = state.WholeNumbers("prior_variance_groups", least: -1),
        PriorMeans = state.Flag("prior_means"),
        Offset = state.Flag("offset"),
        Loadings = state.Flag("loadings"),
        Family = state.Member<PosteriorFamily>("family"),
        Method = state.Member<VariationalEmMethod>("method"),
        Tolerance = state.Number("tolerance"),
        NoiseFloor = state.HasTensor("noise_floor") ? state.Number("noise_floor") : null,
        GradientTolerance = state.Number("gradient_tolerance"),
        MaxIterations = state.WholeNumber("max_iterations"),
        Starts = state.WholeNumber("starts"),
        Seed = state.WholeNumber("seed"),
    };
}
