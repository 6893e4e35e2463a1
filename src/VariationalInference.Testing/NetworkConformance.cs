using System.Collections.Immutable;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference.Testing;

/// <summary>Examines whether a network does what <see cref="INetwork"/> and <see cref="INetworkTape"/> ask of it.</summary>
/// <remarks>
/// <para>
/// Examined are: that there are parameters, and that their number and values change by nobody's hand but the caller's; that
/// <see cref="INetworkTape.Forward"/> writes every output, finite, and nothing beside them, for no row, one row and as many as the
/// capacity; that the same rows give the same bits when repeated, in batches of any size and on any tape; that a backward pass agrees with
/// central differences, adds to what it finds, can be repeated, and does not depend on other tapes; that gradients in the inputs, where
/// <see cref="INetwork.HasInputGradients"/> says that there are any, agree with central differences too; that lengths that do not fit, and a
/// backward pass before any forward pass, are refused; that a tape reads the parameters as they are, and a prepared one as they were at the last
/// <see cref="INetwork.Prepare"/>; and that a clone is the same and independent.
/// </para>
/// <para>
/// What rests on something that was found violated is not examined: put that right and check again. A network without violations is not
/// proved right; it has passed on these rows, with these parameters.
/// </para>
/// <threadsafety>Stateless, hence safe to share; the network under examination is not.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp"><![CDATA[
/// var network = new Perceptron(3, 5, new PerceptronOptions { HiddenWidths = [8], Precision = NetworkPrecision.Bits64 });
/// Matrix<double> rows = Matrix<double>.Build.Random(10, 3, seed: 1);
/// Console.WriteLine(NetworkConformance.Check(network, rows).Length);   // 0
/// ]]></code>
/// </example>
public static class NetworkConformance
{
    /// <summary>Examines a network on rows of inputs.</summary>
    /// <param name="network">
    /// The network. Its parameters are written during the check, and put back before it returns; nobody else may use it meanwhile.
    /// </param>
    /// <param name="rows">
    /// The inputs, a row each, at least 2, all finite and such as it will meet; a dozen rows that differ will do. On a kink of the network, where it
    /// has no derivative, gradients cannot be compared.
    /// </param>
    /// <param name="options">How gradients are compared; <see langword="null"/> for the defaults.</param>
    /// <returns>What was violated, a sentence each that says what was found and what is allowed; empty for a network that conforms.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="network"/> or <paramref name="rows"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException">
    /// <paramref name="rows"/> does not fit the network, has fewer than 2 rows, or holds a value that is not finite.
    /// </exception>
    public static ImmutableArray<string> Check(INetwork network, Matrix<double> rows, ConformanceOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(network);
        double[] cells = ConformanceRows.Of(rows, network.InputCount, acceptsMissing: false);
        return new ConformanceRun(network, encoder: null, cells, rows.RowCount, options ?? new ConformanceOptions()).Run();
    }
}
