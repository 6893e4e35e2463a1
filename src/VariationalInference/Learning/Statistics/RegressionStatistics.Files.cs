using System.Collections.Immutable;

namespace VariationalInference;

/// <content>Saving and loading.</content>
public sealed partial class RegressionStatistics : ISaved<RegressionStatistics>
{
    /// <summary>Two to this power is the largest exponent of a double, and two to its negative below the smallest.</summary>
    private const int LargestExponent = 1_100;

    static string ISaved<RegressionStatistics>.Kind => "regression_statistics";

    /// <summary>Loads statistics that <see cref="Save(string)"/> saved.</summary>
    /// <inheritdoc cref="SavedFile.Load{T}(string)"/>
    public static RegressionStatistics Load(string path) => SavedFile.Load<RegressionStatistics>(path);

    /// <summary>Loads statistics from a stream, from where it stands to its end.</summary>
    /// <inheritdoc cref="SavedFile.Load{T}(Stream)"/>
    public static RegressionStatistics Load(Stream stream) => SavedFile.Load<RegressionStatistics>(stream);

    /// <inheritdoc cref="SavedFile.Save{T}(T, string)"/>
    public void Save(string path) => SavedFile.Save(this, path);

    /// <inheritdoc cref="SavedFile.Save{T}(T, Stream)"/>
    public void Save(Stream stream) => SavedFile.Save(this, stream);

    /// <summary>Adds the upper triangle of the scaled factor, row by row, and the exponent of each column, NaN where it is zero.</summary>
    void ISaved<RegressionStatistics>.Write(ModelState state)
    {
        state.AddNames("latent_names", Latents);
        state.AddCount("observation_count", ObservationCount);
        state.AddCount("missing_count", MissingCount);
        state.Add("exponents", [.. Factor.Exponents.Select(exponent => exponent == TriangularFactor.Unset ? double.NaN : exponent)]);
        state.Add("triangle", [.. Enumerable.Range(0, Factor.Size).SelectMany(i => Factor.Entries[((i * Factor.Size) + i)..((i + 1) * Factor.Size)])]);
    }

    static RegressionStatistics ISaved<RegressionStatistics>.Read(ModelState state)
    {
        long observations = state.Count("observation_count"), missing = state.Count("missing_count");
        Require(
            missing <= long.MaxValue - observations && observations + missing >= 1,
            Guard.Text($"it has {observations} rows with observations and {missing} without; at least 1 is needed, and no more than {long.MaxValue}"));
        int[] exponents = [.. state.Vector("exponents").Select(Exponent)];
        int size = exponents.Length;
        Require(size >= 2, "it has no latents; at least 1 is needed");
        ImmutableArray<double> triangle = state.Vector("triangle", Moments.TriangleLength(size));
        var entries = new double[checked(size * size)];
        for (int i = 0, at = 0; i < size; i++)
        {
            Require(triangle[at] >= 0, "an element of the diagonal is negative");
            for (int j = i; j < size; j++, at++)
            {
                Require(double.IsFinite(triangle[at]), "a number is not finite");
                Require(
                    triangle[at] == 0 || (exponents[j] != TriangularFactor.Unset && i < observations),
                    "its triangle is not zero where it must be");
                entries[(i * size) + j] = triangle[at];
            }
        }

        return new RegressionStatistics(
            new TriangularFactor(entries, exponents),
            observations,
            missing,
            NameList.Of(state.NamesIfAny("latent_names"), size - 1, "latent_names", "one for each latent"));
    }

    private static int Exponent(double exponent)
    {
        Require(
            double.IsNaN(exponent) || (Math.Abs(exponent) <= LargestExponent && exponent == Math.Floor(exponent)),
            Guard.Text($"an exponent is {exponent}; it must be a whole number within ±{LargestExponent}, or NaN"));
        return double.IsNaN(exponent) ? TriangularFactor.Unset : (int)exponent;
    }

    private static void Require(bool condition, string complaint)
    {
        if (!condition)
        {
            throw new FormatException($"there are no valid statistics: {complaint}.");
        }
    }
}
