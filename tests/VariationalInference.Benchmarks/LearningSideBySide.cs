using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference.Benchmarks;

/// <summary>Sufficient statistics beside the bare matrix product, factor analysis beside scikit-learn, and a file larger than memory may be.</summary>
internal static class LearningSideBySide
{
    private const int Rows = 10_000_000;
    private const int Columns = 16;
    private const int Factors = 10;
    private const int ChunkRows = 65_536;

    public static int Run(string[] arguments)
    {
        CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
        switch (arguments)
        {
            case ["--file", string file, string gigabytes]:
                return LearnFile(file, double.Parse(gigabytes, CultureInfo.InvariantCulture));
            case [string table] when File.Exists(table):
                Console.WriteLine("| work | this library | compared with | ratio of medians |");
                Console.WriteLine("|---|---|---|---|");
                var peer = new Peer(AppContext.BaseDirectory);
                Statistics(peer);
                FactorAnalyses(peer, Path.GetFullPath(table));
                return 0;
            default:
                Console.Error.WriteLine("usage: learning DIGITS.csv | learning --file PATH GIGABYTES");
                return 2;
        }
    }

    private static void Statistics(Peer peer)
    {
        ILookup<string, double> products = peer.RunPython("statistics.py", $"{Rows}", $"{Columns}")
            .ToLookup(line => line.GetProperty("kind").GetString()!, line => line.GetProperty("seconds").GetDouble());
        double[] cells = new double[Rows * Columns];
        var random = new Random(1);
        for (int i = 0; i < cells.Length; i++)
        {
            cells[i] = random.NextDouble();
        }

        foreach (int threads in new[] { 1, 2 })
        {
            foreach (bool columnMajor in new[] { true, false })
            {
                double[] ours = Seconds(() => SufficientStatistics.Of(
                    columnMajor ? RowSpan.ColumnMajor(cells, Columns) : RowSpan.RowMajor(cells, Columns), maxThreads: threads));
                string order = columnMajor ? "columns" : "rows";
                Row($"statistics of {Rows:N0} × {Columns} by {order}, {threads} thread(s)", ours, "XᵀX in OpenBLAS, 1 thread", [.. products[columnMajor ? "F" : "C"]]);
            }
        }
    }

    private static void FactorAnalyses(Peer peer, string path)
    {
        Matrix<double> table = ReadVarying(path, 64);
        foreach (string tolerance in new[] { "1e-2", "1e-6" })
        {
            IReadOnlyList<JsonElement> lines = peer.RunPython("factor_analysis.py", path, "64", $"{Factors}", tolerance);
            foreach (IGrouping<string, JsonElement> method in lines.GroupBy(line => line.GetProperty("kind").GetString()!))
            {
                double reached = method.First().GetProperty("loglik").GetDouble();
                foreach (int starts in new[] { 1, 8 })
                {
                    FactorAnalysis? result = null;
                    double[] ours = Seconds(() => result = FactorAnalysis.Learn(SufficientStatistics.Of(table, maxThreads: 1), Factors, starts));
                    Row(
                        $"factor analysis of digits, {Factors} factors, {starts} start(s), to {result!.Fit.Elbo:F3} nats ({result.Fit.StopReason}, {result.Fit.Iterations} iterations)",
                        ours,
                        $"scikit-learn, {method.Key}, tolerance {tolerance}, to {reached:F3} nats",
                        [.. method.Select(line => line.GetProperty("seconds").GetDouble())]);
                }
            }
        }
    }

    /// <summary>Writes a table of raw doubles unless it is there, then learns a model from it in chunks.</summary>
    private static int LearnFile(string path, double gigabytes)
    {
        long rows = (long)(gigabytes * 1e9 / Columns / sizeof(double));
        var truth = new LinearGaussianModel(
            Matrix<double>.Build.Dense(Columns, 2, (k, j) => j == 0 ? 1 : (k % 3) - 1.0),
            new double[Columns],
            Enumerable.Repeat(0.5, Columns).ToArray(),
            [0, 0],
            [1, 1]);
        if (!File.Exists(path))
        {
            double[] sample = truth.Sample(ChunkRows, seed: 1).Observations.ToRowMajorArray();
            using FileStream output = File.Create(path);
            for (long written = 0; written < rows; written += ChunkRows)
            {
                output.Write(MemoryMarshal.AsBytes(sample.AsSpan()));
            }
        }

        var clock = Stopwatch.StartNew();
        var builder = new SufficientStatisticsBuilder(Columns);
        var chunk = new double[ChunkRows * Columns];
        using (FileStream input = File.OpenRead(path))
        {
            Span<byte> bytes = MemoryMarshal.AsBytes(chunk.AsSpan());
            for (int read; (read = input.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false)) > 0;)
            {
                builder.Add(RowSpan.RowMajor(chunk.AsSpan(0, read / sizeof(double)), Columns));
            }
        }

        FactorAnalysis result = FactorAnalysis.Learn(builder.Build(), 2);
        Console.WriteLine(
            $"{new FileInfo(path).Length / 1e9:F2} GB, {builder.RowCount:N0} rows learned in {clock.Elapsed.TotalSeconds:F1} s: {result.Fit.StopReason}, noise variances {result.Fit.NoiseVariances.Min():F4} to {result.Fit.NoiseVariances.Max():F4} (true: 0.5); peak working set {Process.GetCurrentProcess().PeakWorkingSet64 / 1e6:F0} MB");
        return 0;
    }

    private static Matrix<double> ReadVarying(string path, int columns)
    {
        Matrix<double> table = Matrix<double>.Build.DenseOfRowArrays(File.ReadLines(path).Skip(1).Select(
            line => line.Split(',')[..columns].Select(cell => double.Parse(cell, CultureInfo.InvariantCulture)).ToArray()));
        return Matrix<double>.Build.DenseOfColumns(table.EnumerateColumns().Where(column => column.Maximum() > column.Minimum()));
    }

    private static double[] Seconds(Action work)
    {
        work();
        var seconds = new double[5];
        for (int i = 0; i < seconds.Length; i++)
        {
            var clock = Stopwatch.StartNew();
            work();
            seconds[i] = clock.Elapsed.TotalSeconds;
        }

        return seconds;
    }

    private static void Row(string work, double[] ours, string peer, double[] theirs)
    {
        string Text(double[] seconds) => $"{Median(seconds):F3} s ({seconds.Min():F3} to {seconds.Max():F3})";
        Console.WriteLine(theirs.Length == 0
            ? $"| {work} | {Text(ours)} | | |"
            : $"| {work} | {Text(ours)} | {peer}: {Text(theirs)} | {Median(theirs) / Median(ours):F2} |");
    }

    private static double Median(double[] values) => values.Order().ElementAt(values.Length / 2);
}
