using System.Collections.Immutable;
using System.Globalization;

namespace VariationalInference;

/// <summary>What makes a network what it is, as named tensors and texts: written to files, and read back from them.</summary>
/// <remarks>
/// <para>
/// <see cref="INetwork.Write"/> adds to one, <see cref="INetwork.Read"/> takes from one; the code that saves or loads creates it. Files hold it in the
/// safetensors format, texts in the metadata.
/// </para>
/// <para>What is not there, or is not what it should be, is a <see cref="FormatException"/>, which a loader turns into a <see cref="ModelFileException"/> that names the file.</para>
/// </remarks>
/// <example>
/// <code language="csharp">
/// var state = new ModelState();
/// state.Add("weight", [1, 2, 3, 4, 5, 6], shape: [2, 3]);
/// state.Add("units", 3);
/// Console.WriteLine(state.WholeNumber("units"));   // 3
/// Console.WriteLine(state.Values("weight", shape: [2, 3])[4]);   // 5
/// try
/// {
///     state.Values("bias");
/// }
/// catch (FormatException exception)
/// {
///     Console.WriteLine(exception.Message);   // tensor bias is missing; there must be one.
/// }
/// </code>
/// </example>
public sealed class ModelState
{
    // What files say themselves, beside the texts.
    private static readonly string[] Reserved = [ModelFile.VersionKey, ModelFile.KindKey, ContentHash.Key];

    private readonly Dictionary<string, TensorValues> _tensors = new(StringComparer.Ordinal);
    private readonly List<TensorValues> _orderedTensors = [];
    private readonly Dictionary<string, string> _texts = new(StringComparer.Ordinal);
    private readonly List<KeyValuePair<string, string>> _orderedTexts = [];

    /// <summary>Gets the tensors, in the order in which they were added.</summary>
    internal IReadOnlyList<TensorValues> Tensors => _orderedTensors;

    /// <summary>Gets the texts, in the order in which they were added.</summary>
    internal IReadOnlyList<KeyValuePair<string, string>> Texts => _orderedTexts;

    /// <summary>Adds a tensor.</summary>
    /// <param name="name">Its name; each may be there once.</param>
    /// <param name="values">Its numbers, row-major; they are copied. Numbers that are not finite are refused when the state is saved.</param>
    /// <param name="shape">Its shape, with as many elements as there are numbers. The default is a vector.</param>
    /// <exception cref="ArgumentException">The name is empty or there already, or the shape does not fit the numbers.</exception>
    public void Add(string name, ReadOnlySpan<double> values, params ReadOnlySpan<int> shape)
    {
        long count = shape.IsEmpty ? values.Length : 1;
        foreach (int size in shape)
        {
            Guard.AtLeast(size, 0, nameof(shape));
            count *= size;
        }

        if (count != values.Length || shape.Length > SafeTensors.MaxRank)
        {
            throw new ArgumentException(
                Guard.Text($"shape is {SafeTensors.Show(Long(shape))} for {values.Length} values; it must have as many elements, in at most {SafeTensors.MaxRank} dimensions."),
                nameof(shape));
        }

        Add(new TensorValues(name, shape.IsEmpty ? [values.Length] : Long(shape), values.ToArray()));
    }

    /// <summary>Adds a text.</summary>
    /// <param name="name">Its name, other than <c>format_version</c>, <c>kind</c> and <c>content_sha256</c>; each may be there once.</param>
    /// <param name="text">The text.</param>
    /// <exception cref="ArgumentNullException"><paramref name="text"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException">The name is empty, there already, or one that files need themselves.</exception>
    public void Add(string name, string text)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(text);
        if (Reserved.Contains(name) || !_texts.TryAdd(name, text))
        {
            throw Taken(name, "text");
        }

        _orderedTexts.Add(new KeyValuePair<string, string>(name, text));
    }

    /// <summary>Adds a whole number, as a text.</summary>
    /// <param name="name">Its name; each text may be there once.</param>
    /// <param name="number">The number.</param>
    /// <exception cref="ArgumentException">The name is empty, there already, or one that files need themselves.</exception>
    public void Add(string name, int number) => Add(name, number.ToString(CultureInfo.InvariantCulture));

    /// <summary>Determines whether there is a tensor of a name.</summary>
    /// <param name="name">The name.</param>
    /// <returns>Whether there is.</returns>
    public bool HasTensor(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        return _tensors.ContainsKey(name);
    }

    /// <summary>Gets the shape of a tensor.</summary>
    /// <param name="name">Its name.</param>
    /// <returns>The size of each dimension.</returns>
    /// <exception cref="FormatException">There is no such tensor.</exception>
    public ImmutableArray<long> Shape(string name) => Tensor(name).Shape;

    /// <summary>Gets the numbers of a tensor.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="shape">The shape that it must have. The default is any.</param>
    /// <returns>The numbers, row-major.</returns>
    /// <exception cref="FormatException">There is no such tensor, or it has another shape.</exception>
    public ReadOnlySpan<double> Values(string name, params ReadOnlySpan<int> shape)
    {
        TensorValues tensor = Tensor(name);
        return shape.IsEmpty || tensor.Shape.SequenceEqual(Long(shape))
            ? tensor.Values.Span
            : throw new FormatException($"{name} has the shape {SafeTensors.Show(tensor.Shape)}; it must be {SafeTensors.Show(Long(shape))}.");
    }

    /// <summary>Gets a text.</summary>
    /// <param name="name">Its name.</param>
    /// <returns>The text.</returns>
    /// <exception cref="FormatException">There is no such text.</exception>
    public string Text(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        return _texts.GetValueOrDefault(name) ?? throw new FormatException($"{name} is missing; there must be one.");
    }

    /// <summary>Gets a whole number that was added as one.</summary>
    /// <param name="name">Its name.</param>
    /// <returns>The number.</returns>
    /// <exception cref="FormatException">There is no such number, or something else of that name.</exception>
    public int WholeNumber(string name)
    {
        string text = Text(name);
        return int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number)
            ? number
            : throw new FormatException($"{name} is {SafeTensors.Show(text)}; it must be a whole number of 32 bits.");
    }

    /// <summary>Says what is there.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => $"{Wording.Count(_tensors.Count, "tensor")}, {Wording.Count(_texts.Count, "text")}";

    /// <summary>Adds a tensor whose numbers are not copied.</summary>
    internal void Add(TensorValues tensor)
    {
        ArgumentException.ThrowIfNullOrEmpty(tensor.Name, "name");
        if (tensor.Name == SafeTensors.MetadataKey || !_tensors.TryAdd(tensor.Name, tensor))
        {
            throw Taken(tensor.Name, "tensor");
        }

        _orderedTensors.Add(tensor);
    }

    /// <summary>Gets a text, or what stands for it where it is missing.</summary>
    internal string Text(string name, string otherwise) => _texts.GetValueOrDefault(name, otherwise);

    /// <summary>Requires that every number can be read back: what could not be loaded again must not replace what can.</summary>
    /// <exception cref="InvalidOperationException">A number is not finite.</exception>
    internal static void RequireFinite(IEnumerable<TensorValues> tensors)
    {
        foreach (TensorValues tensor in tensors)
        {
            ReadOnlySpan<double> values = tensor.Values.Span;
            for (int i = 0; i < values.Length; i++)
            {
                if (!double.IsFinite(values[i]))
                {
                    throw new InvalidOperationException(
                        Guard.Text($"{tensor.Name}[{i}] is {values[i]}; it must be finite to be saved."));
                }
            }
        }
    }

    private static ArgumentException Taken(string name, string what) =>
        new($"name is {name}, which is taken; each {what} must have a name of its own.", nameof(name));

    private TensorValues Tensor(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        return _tensors.GetValueOrDefault(name) ?? throw new FormatException($"tensor {name} is missing; there must be one.");
    }

    private static ImmutableArray<long> Long(ReadOnlySpan<int> shape)
    {
        var sizes = ImmutableArray.CreateBuilder<long>(shape.Length);
        foreach (int size in shape)
        {
            sizes.Add(size);
        }

        return sizes.MoveToImmutable();
    }
}
