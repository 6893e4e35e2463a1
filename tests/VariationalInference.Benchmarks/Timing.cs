using System.Diagnostics;

namespace VariationalInference.Benchmarks;

/// <summary>Times of one piece of work, in nanoseconds a unit.</summary>
internal sealed class Timing
{
    private readonly List<double> _samples = [];

    public double Min => _samples.Min();

    public double Max => _samples.Max();

    public double Median => _samples.Order().ElementAt(_samples.Count / 2);

    public bool IsEmpty => _samples.Count == 0;

    public void Add(double nanoseconds) => _samples.Add(nanoseconds);

    /// <summary>Runs the work until it is warm, then takes samples of at least 0.1 s each.</summary>
    /// <param name="units">What one run of the work does, in units.</param>
    /// <param name="work">The work.</param>
    /// <param name="samples">The number of samples.</param>
    public void Measure(double units, Action work, int samples = 3)
    {
        const double warmUp = 0.3;
        const double sample = 0.1;
        long runs = 0;
        var clock = Stopwatch.StartNew();
        while (clock.Elapsed.TotalSeconds < warmUp)
        {
            work();
            runs++;
        }

        long repeats = Math.Max(1, (long)(runs * sample / clock.Elapsed.TotalSeconds));
        for (int i = 0; i < samples; i++)
        {
            clock.Restart();
            for (long repeat = 0; repeat < repeats; repeat++)
            {
                work();
            }

            Add(clock.Elapsed.TotalSeconds * 1e9 / repeats / units);
        }
    }

    public override string ToString() => $"{Text(Median)} ({Text(Min)} to {Text(Max)})";

    /// <summary>Writes a time in the unit that reads best.</summary>
    public static string Text(double nanoseconds) => nanoseconds switch
    {
        < 1e3 => FormattableString.Invariant($"{nanoseconds:G3} ns"),
        < 1e6 => FormattableString.Invariant($"{nanoseconds / 1e3:G3} µs"),
        _ => FormattableString.Invariant($"{nanoseconds / 1e6:G3} ms"),
    };
}
