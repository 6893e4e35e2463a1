namespace VariationalInference;

/// <summary>Buffers of the caller's own that receive the posteriors of a table of N rows. A buffer that is not set is not filled.</summary>
/// <remarks>
/// Take it where posteriors go to memory that is there already, such as a mapped file or the buffer of the next stage;
/// <see cref="CaviTable"/> brings memory of its own.
/// <threadsafety>Buffers are written by several threads during a call; nobody else may use them meanwhile.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp">
/// var model = new GaussianSumModel(latentCount: 3, observationCount: 2, noiseVariance: 1.0);
/// double[] rows = [1.2, 0.8, 0.1, -0.3];
/// var means = new double[2 * 3];
/// var bounds = new double[2];
/// var buffers = new CaviBuffers { ColumnMajorMeans = means, ErrorBounds = bounds };
/// new CaviSolver().Solve(model, RowSpan.RowMajor(rows, columnCount: 2), buffers);
/// Console.WriteLine($"latent 0: {means[0]:F5}, {means[1]:F5}");   // latent 0: 0.28571, -0.02857
/// </code>
/// </example>
public readonly ref struct CaviBuffers
{
    /// <summary>Gets where the posterior means go, N·J of them, column-major: the mean of latent j in row n is element jN + n.</summary>
    public Span<double> ColumnMajorMeans { get; init; }

    /// <summary>Gets where the exact posterior variances go, N·J of them, column-major.</summary>
    public Span<double> ColumnMajorVariances { get; init; }

    /// <summary>Gets where the mean-field variances go, at most the exact ones, N·J of them, column-major.</summary>
    public Span<double> ColumnMajorMeanFieldVariances { get; init; }

    /// <summary>Gets where each row's error bound goes, N of them, in posterior standard deviations.</summary>
    public Span<double> ErrorBounds { get; init; }

    /// <summary>Gets where each row's ELBO goes, N of them, in nats.</summary>
    public Span<double> Elbos { get; init; }

    /// <summary>Gets where each row's exact log evidence goes, N of them, in nats.</summary>
    public Span<double> LogEvidences { get; init; }

    /// <summary>Returns the names of the buffers that are set.</summary>
    /// <returns>The text.</returns>
    public override string ToString()
    {
        List<string> names = [];
        AddIfSet(ColumnMajorMeans, "means");
        AddIfSet(ColumnMajorVariances, "variances");
        AddIfSet(ColumnMajorMeanFieldVariances, "mean-field variances");
        AddIfSet(ErrorBounds, "error bounds");
        AddIfSet(Elbos, "ELBOs");
        AddIfSet(LogEvidences, "log evidences");
        return names.Count == 0 ? "no buffers" : "buffers for " + string.Join(", ", names);

        void AddIfSet(Span<double> buffer, string name)
        {
            if (!buffer.IsEmpty)
            {
                names.Add(name);
            }
        }
    }

    internal void Require(RowSpan rows, int latentCount, string name)
    {
        int rowCount = rows.RowCount;
        RequireLength(ColumnMajorMeans, (long)rowCount * latentCount, $"{name}.{nameof(ColumnMajorMeans)}", "one for each row and latent");
        RequireLength(ColumnMajorVariances, (long)rowCount * latentCount, $"{name}.{nameof(ColumnMajorVariances)}", "one for each row and latent");
        RequireLength(
            ColumnMajorMeanFieldVariances, (long)rowCount * latentCount, $"{name}.{nameof(ColumnMajorMeanFieldVariances)}", "one for each row and latent");
        RequireLength(ErrorBounds, rowCount, $"{name}.{nameof(ErrorBounds)}", "one for each row");
        RequireLength(Elbos, rowCount, $"{name}.{nameof(Elbos)}", "one for each row");
        RequireLength(LogEvidences, rowCount, $"{name}.{nameof(LogEvidences)}", "one for each row");

        RequireApart(rows.Values, "rows", name, 0);
        RequireApart(ColumnMajorMeans, $"{name}.{nameof(ColumnMajorMeans)}", name, 1);
        RequireApart(ColumnMajorVariances, $"{name}.{nameof(ColumnMajorVariances)}", name, 2);
        RequireApart(ColumnMajorMeanFieldVariances, $"{name}.{nameof(ColumnMajorMeanFieldVariances)}", name, 3);
        RequireApart(ErrorBounds, $"{name}.{nameof(ErrorBounds)}", name, 4);
        RequireApart(Elbos, $"{name}.{nameof(Elbos)}", name, 5);

        void RequireLength(Span<double> buffer, long length, string bufferName, string meaning)
        {
            if (!buffer.IsEmpty && buffer.Length != length)
            {
                throw new ArgumentException(
                    Guard.Text($"{bufferName} has {buffer.Length} elements; it must have {length}, {meaning}, or none."), name);
            }
        }
    }

    /// <summary>Requires that a buffer shares no memory with the buffers after the first few.</summary>
    private void RequireApart(ReadOnlySpan<double> buffer, string bufferName, string name, int known)
    {
        RequireApart(known < 1, ColumnMajorMeans, nameof(ColumnMajorMeans), buffer);
        RequireApart(known < 2, ColumnMajorVariances, nameof(ColumnMajorVariances), buffer);
        RequireApart(known < 3, ColumnMajorMeanFieldVariances, nameof(ColumnMajorMeanFieldVariances), buffer);
        RequireApart(known < 4, ErrorBounds, nameof(ErrorBounds), buffer);
        RequireApart(known < 5, Elbos, nameof(Elbos), buffer);
        RequireApart(known < 6, LogEvidences, nameof(LogEvidences), buffer);

        void RequireApart(bool applies, ReadOnlySpan<double> other, string otherName, ReadOnlySpan<double> first)
        {
            if (applies && first.Overlaps(other))
            {
                throw new ArgumentException(
                    Guard.Text($"{name}.{otherName} shares memory with {bufferName}; each needs memory of its own."), name);
            }
        }
    }
}
