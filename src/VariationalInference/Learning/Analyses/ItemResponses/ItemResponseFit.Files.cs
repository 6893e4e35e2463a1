namespace VariationalInference;

/// <content>Saving and loading.</content>
public sealed partial class ItemResponseFit : ISaved<ItemResponseFit>
{
    static string ISaved<ItemResponseFit>.Kind => "item_response_fit";

    /// <summary>Loads a fit that <see cref="Save(string)"/> saved.</summary>
    /// <inheritdoc cref="SavedFile.Load{T}(string)"/>
    public static ItemResponseFit Load(string path) => SavedFile.Load<ItemResponseFit>(path);

    /// <summary>Loads a fit from a stream, from where it stands to its end.</summary>
    /// <inheritdoc cref="SavedFile.Load{T}(Stream)"/>
    public static ItemResponseFit Load(Stream stream) => SavedFile.Load<ItemResponseFit>(stream);

    /// <inheritdoc cref="SavedFile.Save{T}(T, string)"/>
    public void Save(string path) => SavedFile.Save(this, path);

    /// <inheritdoc cref="SavedFile.Save{T}(T, Stream)"/>
    public void Save(Stream stream) => SavedFile.Save(this, stream);

    void ISaved<ItemResponseFit>.Write(ModelState state)
    {
        state.AddPart("learned", _learned);
        state.AddNumber("tolerance", _options.Tolerance);
        state.AddTexts("item_names", _names);
    }

    static ItemResponseFit ISaved<ItemResponseFit>.Read(ModelState state)
    {
        var learned = state.ReadPart<SiteLearned>("learned");
        SiteColumn[] columns = learned.Parameters.Columns;
        foreach (SiteColumn column in columns)
        {
            bool isItem = column.Likelihood is OrdinalLikelihood
                ? column.Learned.SequenceEqual(Enumerable.Range(1, column.Parameters.Length - 1))
                : column.Likelihood is BernoulliLikelihood;
            if (!isItem)
            {
                throw new FormatException($"learned has a {column.Likelihood.Kind}; items must be bernoulli_logit or ordinal, with all gaps learned.");
            }
        }

        var options = new ItemResponseOptions { EqualDiscriminations = learned.Parameters.SharesLoadings, Tolerance = state.Number("tolerance") };
        return new ItemResponseFit(learned, options, NameList.Of(state.Names("item_names"), columns.Length, "item_names", "one for each item"));
    }
}
