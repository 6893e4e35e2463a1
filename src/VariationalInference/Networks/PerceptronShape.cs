using System.Collections.Immutable;

namespace VariationalInference;

/// <summary>The shape of a perceptron, inferred from the names and shapes of the tensors in its file.</summary>
internal sealed class PerceptronShape
{
    private readonly PerceptronConvention _convention;
    private readonly Dictionary<string, TensorValues> _tensors;
    private readonly HashSet<string> _found = new(StringComparer.Ordinal);
    private readonly List<int> _widths = [];
    private readonly bool _acceptsMissing;
    private readonly bool _linearPath;

    /// <exception cref="FormatException">The tensors are not those of a perceptron.</exception>
    public PerceptronShape(IReadOnlyList<TensorValues> tensors, bool acceptsMissing, PerceptronConvention convention)
    {
        _acceptsMissing = acceptsMissing;
        _convention = convention;
        _tensors = tensors.ToDictionary(tensor => tensor.Name, StringComparer.Ordinal);
        Prefix = _tensors.ContainsKey(PerceptronTensors.Weight(string.Empty, 0)) ? string.Empty : PerceptronTensors.Prefix;

        FindLayers();
        _linearPath = _tensors.ContainsKey(PerceptronTensors.LinearPath);
        if (_linearPath)
        {
            FindLinearPath();
        }

        if (convention.Scales.Any(_tensors.ContainsKey))
        {
            foreach (string scale in convention.Scales)
            {
                CheckShape(scale, ScaleCount(scale));
            }
        }

        if (_tensors.Keys.FirstOrDefault(name => !_found.Contains(name)) is { } stranger)
        {
            throw Failure(
                $"tensor {SafeTensors.Show(stranger)} has no place in {convention.Noun} of {LayerCount} layers; it may have their weights and biases, at even places from 0 on, {PerceptronTensors.LinearPath} and scales.");
        }
    }

    /// <summary>Gets what stands before the places of the layers in their names.</summary>
    public string Prefix { get; }

    private int LayerCount => _widths.Count - 1;

    private int InputCount => _acceptsMissing ? _widths[0] / 2 : _widths[0];

    /// <summary>Gets the number of outputs of each part.</summary>
    private int PartLength => _widths[^1] / _convention.Parts;

    /// <summary>Creates the perceptron; its weights are to be overwritten.</summary>
    public Perceptron Create(Activation activation, NetworkPrecision precision) => new(
        InputCount,
        _widths[^1],
        PartLength,
        new PerceptronOptions
        {
            HiddenWidths = [.. _widths[1..^1]],
            Activation = activation,
            LinearPath = _linearPath,
            Precision = precision,
            AcceptsMissing = _acceptsMissing,
        });

    /// <summary>Returns a scale that changes nothing.</summary>
    public ImmutableArray<double> Identity(string scale) =>
        [.. Enumerable.Repeat(PerceptronTensors.IsPositive(scale) ? 1.0 : 0.0, ScaleCount(scale))];

    private int ScaleCount(string scale) => _convention.OutputScales.Contains(scale) ? PartLength : InputCount;

    private void FindLayers()
    {
        for (int l = 0; l == 0 || _tensors.ContainsKey(PerceptronTensors.Weight(Prefix, l)); l++)
        {
            string name = PerceptronTensors.Weight(Prefix, l);
            TensorValues weight = Find(name);
            if (weight.Shape is not [> 0, > 0] || (l > 0 && weight.Shape[1] != _widths[^1]))
            {
                string inputs = l > 0 ? Guard.Text($"{_widths[^1]}") : "inputs";
                throw Failure($"{name} has the shape {SafeTensors.Show(weight.Shape)}; it must be [outputs, {inputs}], none of them 0.");
            }

            if (l == 0)
            {
                _widths.Add((int)weight.Shape[1]);
            }

            _widths.Add((int)weight.Shape[0]);
            CheckShape(PerceptronTensors.Bias(Prefix, l), weight.Shape[0]);
        }

        if (_acceptsMissing && _widths[0] % 2 != 0)
        {
            throw Failure($"the first layer has {_widths[0]} inputs; they must be even, a value and a mark for each observation that may be missing.");
        }

        if (_widths[^1] % _convention.Parts != 0)
        {
            throw Failure($"the last layer has {_widths[^1]} outputs; they must be even, a mean and a log-variance for each latent.");
        }
    }

    private void FindLinearPath()
    {
        if (LayerCount == 1)
        {
            throw Failure($"{PerceptronTensors.LinearPath} stands beside a single layer; it must have hidden layers to stand beside.");
        }

        CheckShape(PerceptronTensors.LinearPath, PartLength, _widths[0]);
    }

    private TensorValues Find(string name)
    {
        _found.Add(name);
        return _tensors.GetValueOrDefault(name) ?? throw Failure($"tensor {name} is missing; {_convention.Noun} must have it.");
    }

    private void CheckShape(string name, params ReadOnlySpan<long> expected)
    {
        TensorValues tensor = Find(name);
        if (!tensor.Shape.AsSpan().SequenceEqual(expected))
        {
            throw Failure(
                $"{name} has the shape {SafeTensors.Show(tensor.Shape)}; it must be {SafeTensors.Show(expected.ToArray())}.");
        }
    }

    private static FormatException Failure(FormattableString problem) => new(Guard.Text(problem));
}
