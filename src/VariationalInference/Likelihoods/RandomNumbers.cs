namespace VariationalInference;

/// <summary>Random numbers of one seed, the same on every run, thread and processor: SplitMix64 (Steele, Lea and Flood, 2014).</summary>
/// <remarks>What a likelihood of one's own draws from. <threadsafety>One thread at a time.</threadsafety></remarks>
/// <param name="seed">The seed.</param>
/// <example>
/// <code language="csharp"><![CDATA[
/// var random = new RandomNumbers(seed: 1);
/// int heads = 0;
/// for (int toss = 0; toss < 1_000; toss++)
/// {
///     heads += random.NextUniform() < 0.5 ? 1 : 0;
/// }
///
/// Console.WriteLine(heads is > 450 and < 550);   // True
/// ]]></code>
/// </example>
public sealed class RandomNumbers(int seed)
{
    /// <summary>2⁻⁵³: a double's 53 digits of a random word.</summary>
    private const double Unit = 1.0 / (1L << 53);

    private ulong _state = (uint)seed;

    /// <summary>Returns a uniform number in (0, 1].</summary>
    /// <returns>The number.</returns>
    public double NextUniform()
    {
        _state += 0x9E3779B97F4A7C15;
        ulong word = _state;
        word = (word ^ (word >> 30)) * 0xBF58476D1CE4E5B9;
        word = (word ^ (word >> 27)) * 0x94D049BB133111EB;
        return (((word ^ (word >> 31)) >> 11) + 1) * Unit;
    }

    /// <summary>Returns a standard normal number, by the polar method of Marsaglia and Bray (1964).</summary>
    /// <returns>The number.</returns>
    public double NextNormal()
    {
        double x, square;
        do
        {
            x = (2 * NextUniform()) - 1;
            double y = (2 * NextUniform()) - 1;
            square = (x * x) + (y * y);
        }
        while (!(square is > 0 and < 1));

        return x * Math.Sqrt(-2 * RepeatableFunctions.Log(square) / square);
    }

    /// <summary>Returns a gamma number of scale 1, by Marsaglia and Tsang (2000).</summary>
    /// <param name="shape">Its shape, which is its mean. Range: positive and finite.</param>
    /// <returns>The number; 0 where it is below double precision, as with a shape of less than 0.01 it may be.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="shape"/> is outside its range.</exception>
    public double NextGamma(double shape)
    {
        Guard.Positive(shape, nameof(shape));

        // A shape of less than one is that of one more, times a power of a uniform number.
        double power = shape < 1 ? RepeatableFunctions.Exp(RepeatableFunctions.Log(NextUniform()) / shape) : 1;
        double d = (shape < 1 ? shape + 1 : shape) - (1.0 / 3);
        double c = 1 / Math.Sqrt(9 * d);
        while (true)
        {
            double normal = NextNormal();
            double root = 1 + (c * normal);
            double cube = root * root * root;
            if (cube > 0
                && RepeatableFunctions.Log(NextUniform()) < (0.5 * normal * normal) + d - (d * cube) + (d * RepeatableFunctions.Log(cube)))
            {
                return d * cube * power;
            }
        }
    }

    /// <summary>Says what it is.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => Guard.Text($"random numbers of seed {seed}");
}
