namespace VariationalInference.Samples;

/// <summary>What a reader of estimates must know of the fit and of the data that they come from, in lines.</summary>
internal static class FitLines
{
    /// <summary>Writes whether the fit is one, which maxima the likelihood has, and what is wrong.</summary>
    public static void Write(SampleOutput output, MixedModelFit fit)
    {
        string likelihood = fit.Options.Restricted ? "Restricted log likelihood" : "Log likelihood";
        output.WriteLine($"{likelihood} {Format.Nats(fit.LogLikelihood)}; {Convergence(fit)}.");
        if (fit.LogLikelihoods.Length > 1)
        {
            string[] lower = [.. fit.LogLikelihoods.Skip(1).Select(value => Format.Small(fit.LogLikelihood - value))];
            output.WriteLine($"The likelihood has {fit.LogLikelihoods.Length} maxima. The highest is kept; the others are lower by {string.Join(", ", lower)} nats.");
        }

        Write(output, fit.Warnings);
    }

    /// <summary>Writes what is wrong.</summary>
    public static void Write(SampleOutput output, IEnumerable<LearningWarning> warnings)
    {
        foreach (LearningWarning warning in warnings)
        {
            output.WriteLine($"Warning: {warning}");
        }
    }

    /// <summary>Returns what is said of measurements that are missing, after how many there are.</summary>
    public static string Missing(int count) => count switch
    {
        0 => string.Empty,
        1 => "; 1 more is missing",
        _ => $"; {count} more are missing",
    };

    private static string Convergence(MixedModelFit fit) => fit switch
    {
        { IsUnbounded: true } => "it has no limit, and no number here is an estimate",
        { Converged: true } => "converged, within 1E-09 nats of the maximum",
        _ => $"not converged, it may rise by {Format.Small(fit.RemainingNats)} nats",
    };
}
