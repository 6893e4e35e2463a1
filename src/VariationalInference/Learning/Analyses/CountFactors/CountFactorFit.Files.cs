namespace VariationalInference;

/// <content>Saving and loading.</content>
public sealed partial class CountFactorFit : ISaved<CountFactorFit>
{
    static string ISaved<CountFactorFit>.Kind => "count_factor_fit";

    /// <summary>Loads a fit that <see cref="Save(string)"/> saved.</summary>
    /// <inheritdoc cref="SavedFile.Load{T}(string)"/>
    public static CountFactorFit Load(string path) => SavedFile.Load<CountFactorFit>(path);

    /// <summary>Loads a fit from a stream, from where it stands to its end.</summary>
    /// <inheritdoc cref="SavedFile.Load{T}(Stream)"/>
    public static CountFactorFit Load(Stream stream) => SavedFile.Load<CountFactorFit>(stream);

    /// <inheritdoc cref="SavedFile.Save{T}(T, string)"/>
    public void Save(string path) => SavedFile.Save(this, path);

    /// <inheritdoc cref="SavedFile.Save{T}(T, Stream)"/>
    public void Save(Stream stream) => SavedFile.Save(this, stream);

    void ISaved<CountFactorFit>.Write(ModelState state)
    {
        state.AddPart("learned", _learned);
        state.AddNumber("tolerance", _tolerance);
        state.AddTexts("column_names", _names);
    }

    static CountFactorFit ISaved<CountFactorFit>.Read(ModelState state)
    {
        var learned = state.ReadPart<SiteLearned>("learned");
        SiteColumn[] columns = learned.Parameters.Columns;
        bool overdispersed = columns[0].Likelihood is NegativeBinomialLikelihood;
        if (learned.Parameters.SharesLoadings || columns.Any(column => overdispersed
            ? column.Likelihood is not NegativeBinomialLikelihood || column.Learned is not [0]
            : column.Likelihood is not PoissonLikelihood))
        {
            throw new FormatException("learned has other columns than counts; all must be poisson, or all negative_binomial with a dispersion of its own.");
        }

        var options = new CountFactorOptions { Overdispersed = overdispersed, Tolerance = state.Number("tolerance") };
        return new CountFactorFit(learned, options, NameList.Of(state.Names("column_names"), columns.Length, "column_names", "one for each column"));
    }
}
