using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>The Gaussian posterior of each row: its means, and the lower triangle of its precision by rows.</summary>
internal sealed class RowStates : ISaved<RowStates>
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

    static string ISaved<RowStates>.Kind => "row_states";

    void ISaved<RowStates>.Write(ModelState state)
    {
        state.Add("latents", Latents);
        state.Add("numbers", [.. _numbers.SelectMany(numbers => numbers)], Width, _numbers[0].Length);
    }

    static RowStates ISaved<RowStates>.Read(ModelState state)
    {
        int latents = state.WholeNumber("latents");
        Matrix<double> numbers = state.Matrix("numbers");
        if (latents < 1 || latents + ((long)latents * (latents + 1L) / 2) != numbers.RowCount)
        {
            throw new FormatException(Guard.Text($"numbers have {numbers.RowCount} rows for {latents} latents; they must have the means and a triangle of each row."));
        }

        var states = new RowStates(latents, [.. numbers.EnumerateRows().Select(row => row.ToArray())]);
        var own = new double[states.Width];
        for (int n = 0; n < numbers.ColumnCount; n++)
        {
            states.Read(n, own);
            Guard.AllFinite(own, "numbers");
            if (!PackedSymmetric.TryFactor(latents, own.AsSpan(latents)))
            {
                throw new FormatException(Guard.Text($"The precision of row {n} is not positive definite; it must be."));
            }
        }

        return states;
    }

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
