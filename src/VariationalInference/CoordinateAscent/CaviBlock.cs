namespace VariationalInference;

/// <summary>Buffers of the caller's own that receive the posteriors of a table of N rows. A buffer that is not set is not filled.</summary>
public readonly ref struct CaviBlock
{
    /// <summary>Gets where the posterior means go, N·J of them, column-major: the mean of latent j in row n is element jN + n.</summary>
    public Span<double> Means { get; init; }

    /// <summary>Gets where the mean-field variances go, N·J of them, column-major.</summary>
    public Span<double> Variances { get; init; }

    /// <summary>Gets where each row's error bound goes, N of them, in posterior standard deviations.</summary>
    public Span<double> ErrorBounds { get; init; }

    /// <summary>Gets where each row's ELBO goes, N of them, in nats.</summary>
    public Span<double> Elbos { get; init; }

    /// <summary>Gets where each row's exact log evidence goes, N of them, in nats.</summary>
    public Span<double> LogEvidences { get; init; }

    internal void Require(RowSpan rows, int latentCount, string name)
    {
        int rowCount = rows.RowCount;
        RequireLength(Means, (long)rowCount * latentCount, $"{name}.{nameof(Means)}", "one for each row and latent");
        RequireLength(Variances, (long)rowCount * latentCount, $"{name}.{nameof(Variances)}", "one for each row and latent");
        RequireLength(ErrorBounds, rowCount, $"{name}.{nameof(ErrorBounds)}", "one for each row");
        RequireLength(Elbos, rowCount, $"{name}.{nameof(Elbos)}", "one for each row");
        RequireLength(LogEvidences, rowCount, $"{name}.{nameof(LogEvidences)}", "one for each row");

        RequireApart(rows.Values, "rows", name, 0);
        RequireApart(Means, $"{name}.{nameof(Means)}", name, 1);
        RequireApart(Variances, $"{name}.{nameof(Variances)}", name, 2);
        RequireApart(ErrorBounds, $"{name}.{nameof(ErrorBounds)}", name, 3);
        RequireApart(Elbos, $"{name}.{nameof(Elbos)}", name, 4);

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
        RequireApart(known < 1, Means, nameof(Means), buffer);
        RequireApart(known < 2, Variances, nameof(Variances), buffer);
        RequireApart(known < 3, ErrorBounds, nameof(ErrorBounds), buffer);
        RequireApart(known < 4, Elbos, nameof(Elbos), buffer);
        RequireApart(known < 5, LogEvidences, nameof(LogEvidences), buffer);

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
