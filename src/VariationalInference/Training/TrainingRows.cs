using System.Collections;

namespace VariationalInference;

/// <summary>The rows to train on, read from the start in every epoch: parts that stay in memory, or chunks that do not.</summary>
internal sealed class TrainingRows<TRows> : IEnumerable<TRows>
    where TRows : ITrainingRows
{
    private readonly IEnumerable<TRows> _parts;

    /// <summary>Reads all rows once, to count them and to know them again.</summary>
    /// <param name="parts">The rows, in parts.</param>
    /// <param name="stayInMemory">Whether every enumeration gives the same objects, so that no epoch need compare them.</param>
    /// <param name="meet">Is shown each part.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    /// <exception cref="OperationCanceledException">The reading was cancelled.</exception>
    public TrainingRows(IEnumerable<TRows> parts, bool stayInMemory, Action<TRows> meet, CancellationToken cancellationToken = default)
    {
        _parts = parts;
        StayInMemory = stayInMemory;
        using var fingerprint = new BitFingerprint();
        foreach (TRows rows in parts)
        {
            cancellationToken.ThrowIfCancellationRequested();
            meet(rows);
            rows.AddTo(fingerprint);
            Count += rows.Count;
        }

        Fingerprint = fingerprint.Value();
    }

    /// <summary>Gets the number of rows.</summary>
    public long Count { get; }

    /// <summary>Gets the fingerprint of all cells, as they were at the first reading.</summary>
    public UInt128 Fingerprint { get; }

    public bool StayInMemory { get; }

    public IEnumerator<TRows> GetEnumerator() => _parts.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
