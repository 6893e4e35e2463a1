using System.Text.Json.Serialization;

namespace VariationalInference;

/// <summary>The shape of every type that is written as JSON.</summary>
internal static partial class JsonShapes
{
    private static readonly Dictionary<Type, JsonConverter> Shapes = [];

    static JsonShapes()
    {
        AddPlain();
        AddPosteriors();
        AddInference();
        AddLearning();
        AddMixedModels();
        AddPredictions();
    }

    /// <summary>Gets the types.</summary>
    public static IReadOnlyCollection<Type> Types => Shapes.Keys;

    public static JsonConverter? Find(Type type) => Shapes.GetValueOrDefault(type);

    public static JsonShape<T> Of<T>() => (JsonShape<T>)Shapes[typeof(T)];

    private static void Add<T>(Action<JsonFields, T> write, Func<JsonSource, T>? read = null) => Shapes.Add(typeof(T), new JsonShape<T>(write, read));
}
