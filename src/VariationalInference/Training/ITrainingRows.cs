namespace VariationalInference;

/// <summary>Some neighbouring rows of a training set, in memory.</summary>
internal interface ITrainingRows
{
    /// <summary>Gets the number of rows.</summary>
    int Count { get; }

    /// <summary>Gets the number of the first row among all of their kind, counted from 0.</summary>
    long First { get; }

    /// <summary>Adds every cell, in order; nothing that depends on where the rows were cut from the rest.</summary>
    void AddTo(BitFingerprint fingerprint);
}
