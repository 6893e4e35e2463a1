namespace VariationalInference;

/// <summary>The Gaussian posterior of each row: its means, and the lower triangle of its precision by rows.</summary>
internal sealed class RowStates
{
    private readonly double[][] _numbers;

    /// <param name="latents">The number of latents J.</param>
    /// <param name="rows">The number of rows, which begin at the prior.</param>
    public RowStates(int latents, int rows)
        : this(latents, new double[latents + PackedSymmetric.Length(latents)][])
    {
        for (int q = 0; q < _numbers.Length; q++)
        {
            _numbers[q] = new double[rows];
        }

        for (int j = 0; j < latents; j++)
        {
            Array.Fill(_numbers[latents + PackedSymmetric.At(j, j)], 1);
        }
    }

    private RowStates(int latents, double[][] numbers)
    {
        Latents = latents;
        _numbers = numbers;
    }

    public int Latents { get; }

    /// <summary>Gets how many numbers a row has.</summary>
    public int Width => _numbers.Length;

    /// <summary>Returns one of the numbers of all rows.</summary>
    public double[] this[int number] => _numbers[number];

    /// <summary>Copies all.</summary>
    public RowStates Copy() => new(Latents, [.. _numbers.Select(numbers => (double[])numbers.Clone())]);

    /// <summary>Copies the numbers of a row.</summary>
    public void Read(int row, Span<double> destination)
    {
        for (int q = 0; q < _numbers.Length; q++)
        {
            destination[q] = _numbers[q][row];
        }
    }

    /// <summary>Turns the latents: z becomes Tᵀz, with T by rows.</summary>
    public void Turn(double[] turn)
    {
        var row = new double[Width];
        var turned = new double[Width];
        for (int n = 0; n < _numbers[0].Length; n++)
        {
            Read(n, row);
            PackedSymmetric.Turn(Latents, turn, row, turned);
            for (int q = 0; q < Width; q++)
            {
                _numbers[q][n] = turned[q];
            }
        }
    }
}
