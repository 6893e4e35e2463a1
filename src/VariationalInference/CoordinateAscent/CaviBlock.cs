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

    internal void Require(int rowCount, int latentCount, string name)
    {
        RequireLength(Means, (long)rowCount * latentCount, $"{name}.{nameof(Means)}", "one for each row and latent");
        RequireLength(Variances, (long)rowCount * latentCount, $"{name}.{nameof(Variances)}", "one for each row and latent");
        RequireLength(ErrorBounds, rowCount, $"{name}.{nameof(ErrorBounds)}", "one for each row");
        RequireLength(Elbos, rowCount, $"{name}.{nameof(Elbos)}", "one for each row");
        RequireLength(LogEvidences, rowCount, $"{name}.{nameof(LogEvidences)}", "one for each row");

        void RequireLength(Span<double> buffer, long length, string buffername, string meaning)
        {
            if (!buffer.IsEmpty && buffer.Length != length)
            {
                throw new ArgumentException(
                    Guard.Text($"{buffername} has {buffer.Length} elements; it must have {length}, {meaning}, or none."), name);
            }
        }
    }
}
