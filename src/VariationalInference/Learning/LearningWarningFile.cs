using System.Collections.Immutable;

namespace VariationalInference;

/// <summary>Warnings in files: kinds, messages and places as lists.</summary>
internal static class LearningWarningFile
{
    public static void Write(ModelState state, ImmutableArray<LearningWarning> warnings)
    {
        state.AddTexts("warning_kinds", warnings.Select(warning => warning.Kind.ToString()));
        state.AddTexts("warning_messages", warnings.Select(warning => warning.Message));
        state.AddWholeNumbers("warning_index_counts", warnings.Select(warning => warning.Indices.Length));
        state.AddWholeNumbers("warning_indices", warnings.SelectMany(warning => warning.Indices));
    }

    public static ImmutableArray<LearningWarning> Read(ModelState state)
    {
        ImmutableArray<string> kinds = state.Names("warning_kinds"), messages = state.Names("warning_messages");
        ImmutableArray<int> counts = state.WholeNumbers("warning_index_counts", least: 0, kinds.Length);
        ImmutableArray<int> indices = state.WholeNumbers("warning_indices", least: 0);
        if (messages.Length != kinds.Length || counts.Sum(count => (long)count) != indices.Length)
        {
            throw new FormatException("warning_kinds, warning_messages and warning_indices have different lengths; they must belong together.");
        }

        var warnings = ImmutableArray.CreateBuilder<LearningWarning>(kinds.Length);
        for (int i = 0, at = 0; i < kinds.Length; at += counts[i], i++)
        {
            warnings.Add(new LearningWarning(ModelStateValues.MemberOf<LearningWarningKind>("warning_kinds", kinds[i]), messages[i], indices.Slice(at, counts[i])));
        }

        return warnings.MoveToImmutable();
    }
}
