namespace VariationalInference;

/// <summary>The numbers that a tensor holds in a file. In memory all are double precision.</summary>
internal enum TensorType
{
    /// <summary>IEEE double precision, 8 bytes.</summary>
    F64,

    /// <summary>IEEE single precision, 4 bytes.</summary>
    F32,
}
