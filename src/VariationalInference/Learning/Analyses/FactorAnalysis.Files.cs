namespace VariationalInference;

/// <content>Saving and loading.</content>
public sealed partial class FactorAnalysis : ISaved<FactorAnalysis>
{
    private FactorAnalysis(ModelState state)
        : this(state.ReadPart<VariationalEmResult>("fit"))
    {
        _columns = state.WholeNumber("varying_columns");
        if (_columns < 0 || _columns > Uniquenesses.Length)
        {
            throw new FormatException(Guard.Text($"varying_columns is {_columns}; it must be 0 to {Uniquenesses.Length}."));
        }

        RowCount = state.Count("row_count");
        ExactFit = state.HasTensor("exact_fit.statistic")
            ? new FactorFitTest
            {
                Statistic = state.Number("exact_fit.statistic"),
                DegreesOfFreedom = DegreesOfFreedom,
                PValue = state.Number("exact_fit.p_value"),
            }
            : null;
    }

    static string ISaved<FactorAnalysis>.Kind => "factor_analysis";

    /// <summary>Loads an analysis that <see cref="Save(string)"/> saved.</summary>
    /// <inheritdoc cref="SavedFile.Load{T}(string)"/>
    public static FactorAnalysis Load(string path) => SavedFile.Load<FactorAnalysis>(path);

    /// <summary>Loads an analysis from a stream, from where it stands to its end.</summary>
    /// <inheritdoc cref="SavedFile.Load{T}(Stream)"/>
    public static FactorAnalysis Load(Stream stream) => SavedFile.Load<FactorAnalysis>(stream);

    /// <inheritdoc cref="SavedFile.Save{T}(T, string)"/>
    public void Save(string path) => SavedFile.Save(this, path);

    /// <inheritdoc cref="SavedFile.Save{T}(T, Stream)"/>
    public void Save(Stream stream) => SavedFile.Save(this, stream);

    void ISaved<FactorAnalysis>.Write(ModelState state)
    {
        state.AddPart("fit", Fit);
        state.Add("varying_columns", _columns);
        state.AddCount("row_count", RowCount);
        if (ExactFit is FactorFitTest test)
        {
            state.AddNumber("exact_fit.statistic", test.Statistic);
            state.AddNumber("exact_fit.p_value", test.PValue);
        }
    }

    static FactorAnalysis ISaved<FactorAnalysis>.Read(ModelState state) => new(state);
}
