using Xunit;

namespace VariationalInference.Tests;

/// <summary>A test of what Windows does not have, reported as skipped there.</summary>
internal sealed class UnixFactAttribute : FactAttribute
{
    /// <param name="folder">A folder that the system must have.</param>
    public UnixFactAttribute(string folder = "/")
    {
        Skip = OperatingSystem.IsWindows() ? "Windows has no such permissions, links and devices."
            : Directory.Exists(folder) ? null
            : $"This system has no {folder}.";
    }
}
