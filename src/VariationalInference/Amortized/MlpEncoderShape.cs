namespace VariationalInference;

/// <summary>The shape of an encoder, told from the names and shapes of the tensors in its file, before any of its numbers are read.</summary>
internal sealed class MlpEncoderShape
{
    private readonly string? _fileName;
    private readonly Dictionary<string, TensorEntry> _tensors;
    private readonly HashSet<string> _found = new(StringComparer.Ordinal);
    private readonly List<int> _widths = [];
    private readonly bool _acceptsMissing;
    private readonly bool _linearPath;

    /// <exception cref="ModelFileException">The tensors are not those of an encoder.</exception>
    public MlpEncoderShape(IReadOnlyList<TensorEntry> tensors, bool acceptsMissing, string? fileName)
    {
        _acceptsMissing = acceptsMissing;
        _fileName = fileName;
        _tensors = tensors.ToDictionary(tensor => tensor.Name, StringComparer.Ordinal);
        Prefix = _tensors.ContainsKey(MlpEncoderTensors.Weight(string.Empty, 0)) ? string.Empty : MlpEncoderTensors.Prefix;

        FindLayers();
        _linearPath = _tensors.ContainsKey(MlpEncoderTensors.LinearPath);
        if (_linearPath)
        {
            FindLinearPath();
        }

        if (MlpEncoderTensors.Scales.Any(_tensors.ContainsKey))
        {
            FindScales();
        }

        if (_tensors.Keys.FirstOrDefault(name => !_found.Contains(name)) is { } stranger)
        {
            throw Failure(
                $"tensor {SafeTensors.Show(stranger)} has no place in an encoder of {LayerCount} layers; it may have their weights and biases, at even places from 0 on, {MlpEncoderTensors.LinearPath} and scales.");
        }
    }

    /// <summary>Gets what stands before the places of the layers in their names.</summary>
    public string Prefix { get; }

    private int LayerCount => _widths.Count - 1;

    private int ObservationCount => _acceptsMissing ? _widths[0] / 2 : _widths[0];

    private int LatentCount => _widths[^1] / 2;

    /// <summary>Creates the encoder; its weights are to be overwritten.</summary>
    public MlpEncoder CreateEncoder(Activation activation, NetworkPrecision precision) =>
        new(ObservationCount, LatentCount, new PerceptronOptions
        {
            HiddenWidths = [.. _widths[1..^1]],
            Activation = activation,
            LinearPath = _linearPath,
            Precision = precision,
            AcceptsMissing = _acceptsMissing,
        });

    private void FindLayers()
    {
        for (int l = 0; l == 0 || _tensors.ContainsKey(MlpEncoderTensors.Weight(Prefix, l)); l++)
        {
            string name = MlpEncoderTensors.Weight(Prefix, l);
            TensorEntry weight = Find(name);
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
            CheckShape(MlpEncoderTensors.Bias(Prefix, l), weight.Shape[0]);
        }

        if (_acceptsMissing && _widths[0] % 2 != 0)
        {
            throw Failure($"the first layer has {_widths[0]} inputs; they must be even, a value and a mark for each observation that may be missing.");
        }

        if (_widths[^1] % 2 != 0)
        {
            throw Failure($"the last layer has {_widths[^1]} outputs; they must be even, a mean and a log-variance for each latent.");
        }
    }

    private void FindLinearPath()
    {
        if (LayerCount == 1)
        {
            throw Failure($"{MlpEncoderTensors.LinearPath} stands beside a single layer; it must have hidden layers to stand beside.");
        }

        CheckShape(MlpEncoderTensors.LinearPath, LatentCount, _widths[0]);
    }

    private void FindScales()
    {
        CheckShape(MlpEncoderTensors.InputMeans, ObservationCount);
        CheckShape(MlpEncoderTensors.InputDeviations, ObservationCount);
        CheckShape(MlpEncoderTensors.OutputMeans, LatentCount);
        CheckShape(MlpEncoderTensors.OutputDeviations, LatentCount);
        CheckShape(MlpEncoderTensors.OutputVariances, LatentCount);
    }

    private TensorEntry Find(string name)
    {
        _found.Add(name);
        return _tensors.GetValueOrDefault(name) ?? throw Failure($"tensor {name} is missing; the encoder must have it.");
    }

    private void CheckShape(string name, params ReadOnlySpan<long> expected)
    {
        TensorEntry tensor = Find(name);
        if (!tensor.Shape.AsSpan().SequenceEqual(expected))
        {
            throw Failure(
                $"{name} has the shape {SafeTensors.Show(tensor.Shape)}; it must be {SafeTensors.Show(expected.ToArray())}.");
        }
    }

    private ModelFileException Failure(FormattableString problem) => new(_fileName, problem);
}
