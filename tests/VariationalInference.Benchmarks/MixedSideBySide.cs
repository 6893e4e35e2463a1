using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using MathNet.Numerics.Distributions;

namespace VariationalInference.Benchmarks;

/// <summary>Mixed models beside R's lme4, in turns: a large crossed design, and a small one with correlated slopes.</summary>
internal static class MixedSideBySide
{
    private const int Rows = 70_000;
    private const int FirstLevels = 3_000;
    private const int SecondLevels = 1_100;

    public static int Run(int rounds, string sleepstudy)
    {
        CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
        string[][] lines = [.. File.ReadLines(sleepstudy).Skip(1).Select(line => line.Split(','))];
        double[] days = [.. lines.Select(line => double.Parse(line[1], CultureInfo.InvariantCulture))];
        MixedModel sleep = new MixedModel("Reaction", lines.Select(line => double.Parse(line[0], CultureInfo.InvariantCulture)).ToArray())
            .Fixed("Days", days).Random("Subject", lines.Select(line => line[2]).ToArray(), slopes: [("Days", days)]);
        string table = Path.Combine(Path.GetTempPath(), $"crossed{Environment.ProcessId}.csv");
        MixedModel crossed = Simulate(table);
        var peer = new Peer(AppContext.BaseDirectory);
        Console.WriteLine("| round | work | this library | lme4 | ratio | log likelihoods |");
        Console.WriteLine("|---|---|---|---|---|---|");
        Fit(sleep, 400);
        Fit(crossed, 1);
        for (int round = 1; round <= rounds; round++)
        {
            JsonElement[] theirs = [.. peer.Run("Rscript", "mixed.R", table, Path.GetFullPath(sleepstudy))];
            Row(round, "70,000 rows, 3,000 and 1,100 crossed levels", Fit(crossed, 1), theirs, "crossed");
            Row(round, "sleepstudy, correlated slopes", Fit(sleep, 100), theirs, "sleepstudy");
        }

        File.Delete(table);
        return 0;
    }

    private static (double Seconds, double LogLikelihood) Fit(MixedModel model, int times)
    {
        var watch = Stopwatch.StartNew();
        double logLikelihood = 0;
        for (int i = 0; i < times; i++)
        {
            logLikelihood = model.Fit(new MixedModelOptions { Restricted = true }).LogLikelihood;
        }

        return (watch.Elapsed.TotalSeconds / times, logLikelihood);
    }

    private static void Row(int round, string work, (double Seconds, double LogLikelihood) ours, JsonElement[] theirs, string kind)
    {
        JsonElement peer = theirs.FirstOrDefault(line => line.GetProperty("kind").GetString() == kind);
        if (peer.ValueKind == JsonValueKind.Undefined)
        {
            Console.WriteLine($"| {round} | {work} | {1e3 * ours.Seconds:G3} ms | absent | | {ours.LogLikelihood:F6} |");
            return;
        }

        double seconds = peer.GetProperty("seconds").GetDouble();
        Console.WriteLine(
            $"| {round} | {work} | {1e3 * ours.Seconds:G3} ms | {1e3 * seconds:G3} ms | {seconds / ours.Seconds:G3} | {ours.LogLikelihood:F6}, {peer.GetProperty("loglik").GetDouble():F6} |");
    }

    /// <summary>Draws the large design, and writes it to a file for the other tool.</summary>
    private static MixedModel Simulate(string path)
    {
        var random = new Random(1);
        double[] first = Draws(random, FirstLevels), second = Draws(random, SecondLevels);
        var response = new double[Rows];
        var covariate = new double[Rows];
        var firsts = new int[Rows];
        var seconds = new int[Rows];
        using var file = new StreamWriter(path);
        file.WriteLine("y,x,first,second");
        for (int i = 0; i < Rows; i++)
        {
            (firsts[i], seconds[i], covariate[i]) = (random.Next(FirstLevels), random.Next(SecondLevels), random.Next(2));
            response[i] = 3 + (0.3 * covariate[i]) + (0.5 * first[firsts[i]]) + (0.5 * second[seconds[i]]) + Normal.Sample(random, 0, 1.2);
            file.WriteLine($"{response[i]:R},{covariate[i]},{firsts[i]},{seconds[i]}");
        }

        return new MixedModel("y", response).Fixed("x", covariate).Random("first", firsts).Random("second", seconds);
    }

    private static double[] Draws(Random random, int count) => [.. Enumerable.Range(0, count).Select(_ => Normal.Sample(random, 0, 1))];
}
