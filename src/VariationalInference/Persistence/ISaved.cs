namespace VariationalInference;

/// <summary>What is saved to files of a kind and loaded from them.</summary>
/// <typeparam name="TSelf">The type itself.</typeparam>
internal interface ISaved<TSelf>
    where TSelf : class, ISaved<TSelf>
{
    /// <summary>Gets the kind that files say in their metadata.</summary>
    static abstract string Kind { get; }

    /// <summary>Makes an object of a state, which may say anything.</summary>
    /// <exception cref="FormatException">Something is missing, or not what it should be.</exception>
    /// <exception cref="ArgumentException">A value is outside its range.</exception>
    static abstract TSelf Read(ModelState state);

    /// <summary>Adds all that <see cref="Read"/> needs.</summary>
    void Write(ModelState state);
}
