namespace VariationalInference;

/// <summary>How <see cref="VariationalEm"/> raises the bound; see <see cref="VariationalEmOptions.Method"/>.</summary>
public enum VariationalEmMethod
{
    /// <summary>
    /// A few EM iterations, then quasi-Newton steps on the bound over standard deviations, which can be zero, and at the end Newton steps.
    /// </summary>
    Accelerated,

    /// <summary>
    /// EM iterations only. Where a variance goes to zero they get there slower than any geometric series: tens of thousands of them may
    /// leave an error in the fourth digit.
    /// </summary>
    Plain,
}
