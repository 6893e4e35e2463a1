using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference.Benchmarks;

/// <summary>The same work with this library and with other tools, in rounds that take turns, so that a busy machine hits both alike.</summary>
internal static class SideBySide
{
    private const int TableRows = 10_000_000;
    private const int WideRows = 100_000;
    private const long StreamedRows = 100_000_000;

    public static int Run(string[] arguments)
    {
        CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
        if (arguments is ["--stream"])
        {
            return Stream();
        }

        if (arguments is not [string folder, .. string[] rest] || rest.Length > 2 || !Directory.Exists(folder))
        {
            Console.Error.WriteLine("usage: side-by-side FOLDER_OF_PEERS [ROUNDS [cavi|hybrid]]");
            return 2;
        }

        int rounds = rest.Length > 0 ? int.Parse(rest[0], CultureInfo.InvariantCulture) : 5;
        string part = rest.Length > 1 ? rest[1] : string.Empty;
        var peer = new Peer(Path.GetFullPath(folder));
        Console.WriteLine($"Processor: {Processor()}, {Environment.ProcessorCount} of its cores; .NET {Environment.Version}; {rounds} rounds.");
        Console.WriteLine();
        Console.WriteLine("| work | this library | compared with | ratio of medians |");
        Console.WriteLine("|---|---|---|---|");
        if (part != "hybrid")
        {
            Tables(peer, rounds);
            Wide(peer, rounds);
            ManyPatterns(rounds);
            SingleRows(peer, rounds);
            Allocations();
            Console.WriteLine($"| {StreamedRows:N0} rows streamed from a generator | {StreamedMemory()} | | |");
        }

        if (part != "cavi")
        {
            HybridSideBySide.Run(peer, rounds);
        }

        if (part != "hybrid")
        {
            Console.WriteLine();
            Scaling();
        }

        return 0;
    }

    private static void Tables(Peer peer, int rounds)
    {
        string? closedForm = peer.Compile("cavi.c");
        var sum = new GaussianSumModel(latentCount: 3, observationCount: 2, noiseVariance: 1);
        var general = new LinearGaussianModel(
            Matrix<double>.Build.DenseOfRowArrays([1.0, 0.5, -0.3], [0.2, 1.0, 1.0]), [0, 0], [1, 1], [0, 0, 0], [1, 1, 1]);
        double[] complete = Cells(TableRows, 2, missing: 0);
        double[] incomplete = Cells(TableRows, 2, missing: 0.1);
        var means = new double[3 * TableRows];
        foreach (int threads in new[] { 1, 2 })
        {
            Timing c = new(), numpy = new(), ours = new(), withMissing = new(), dense = new(), denseWithMissing = new();
            var solver = new CaviSolver(new CaviOptions { MaxThreads = threads });
            void Measure(Timing timing, LinearGaussianModel model, double[] cells) => timing.Measure(
                TableRows, () => solver.Solve(model, RowSpan.ColumnMajor(cells, 2), new CaviBuffers { ColumnMajorMeans = means }));

            for (int round = 0; round < rounds; round++)
            {
                if (closedForm is not null)
                {
                    IReadOnlyList<JsonElement> lines = peer.Run(closedForm, $"{threads}", $"{TableRows}", "1", "3");
                    c.Add(lines.Where(line => Kind(line).StartsWith("c_closed", StringComparison.Ordinal)).Min(line => Number(line, "ns_row")));
                }

                Measure(ours, sum, complete);
                Measure(withMissing, sum, incomplete);
                Measure(dense, general, complete);
                Measure(denseWithMissing, general, incomplete);
                if (threads == 1 && round < 2)
                {
                    AddSeconds(numpy, peer.RunPython("cavi_batch.py", "numpy", "1", $"{TableRows}", "1", "3"));
                    AddSeconds(numpy, peer.RunPython("cavi_batch.py", "numpy_chunk", "1", $"{TableRows}", "1", "3"));
                }
            }

            string work = $"sum, {TableRows:N0} rows, J = 3, K = 2, {threads} thread{(threads == 1 ? string.Empty : "s")}, a row";
            Row(work, ours, "closed form in C", c);
            Row(work, ours, "NumPy, coordinate ascent in lock step, the best of two ways", numpy, numpy.IsEmpty ? 0 : numpy.Min);
            Row("the same with 10 % of the cells missing", withMissing, "complete", ours);
            Row("general model, the same size", dense, "closed form in C", c);
            Row("the same with 10 % of the cells missing", denseWithMissing, "complete", dense);
        }
    }

    private static void Wide(Peer peer, int rounds)
    {
        LinearGaussianModel model = Random(latents: 50, observations: 20);
        double[] cells = Cells(WideRows, 20, missing: 0);
        var means = new double[50 * WideRows];
        var solver = new CaviSolver(new CaviOptions { MaxThreads = 1 });
        Timing ours = new(), product = new();
        for (int round = 0; round < rounds; round++)
        {
            foreach (JsonElement line in peer.RunPython(Path.Combine(AppContext.BaseDirectory, "product.py")))
            {
                product.Add(Number(line, "ns_row"));
            }

            ours.Measure(WideRows, () => solver.Solve(model, RowSpan.ColumnMajor(cells, 20), new CaviBuffers { ColumnMajorMeans = means }));
        }

        Row($"general, {WideRows:N0} rows, J = 50, K = 20, 1 thread, a row", ours, "the bare matrix product in OpenBLAS", product);
    }

    private static void ManyPatterns(int rounds)
    {
        const int rows = 20_000;
        LinearGaussianModel model = Random(latents: 10, observations: 61);
        double[] complete = Cells(rows, 61, missing: 0), incomplete = Cells(rows, 61, missing: 0.1);
        var means = new double[10 * rows];
        foreach (int threads in new[] { 1, 2 })
        {
            var solver = new CaviSolver(new CaviOptions { MaxThreads = threads });
            Timing ours = new(), withMissing = new();
            void Measure(Timing timing, double[] cells) => timing.Measure(
                rows, () => solver.Solve(model, RowSpan.ColumnMajor(cells, 61), new CaviBuffers { ColumnMajorMeans = means }));

            for (int round = 0; round < rounds; round++)
            {
                Measure(ours, complete);
                Measure(withMissing, incomplete);
            }

            Row(
                $"general, {rows:N0} rows, J = 10, K = 61, 10 % of the cells missing, each row its own pattern, {threads} thread{(threads == 1 ? string.Empty : "s")}, a row",
                withMissing,
                "complete",
                ours);
        }
    }

    private static void SingleRows(Peer peer, int rounds)
    {
        double[] row = [1.3, 0.4], means = new double[3], variances = new double[3];
        var cases = new[] { 1, 1e-4 }.Select(noise => (
            Noise: noise,
            Sum: new GaussianSumModel(3, 2, noise),
            General: new LinearGaussianModel(
                Matrix<double>.Build.DenseOfRowArrays([1.0, 0.5, -0.3], [0.2, 1.0, 1.0]), [0, 0], [noise, noise], [0, 0, 0], [1, 1, 1]))).ToArray();
        var solvers = new[] { CaviMethod.Accelerated, CaviMethod.Direct }.ToDictionary(
            method => method, method => new CaviSolver(new CaviOptions { Method = method }));
        var ours = new Dictionary<(double Noise, bool IsSum, CaviMethod Method), Timing>();
        Timing python = new(), torch = new();
        for (int round = 0; round < rounds; round++)
        {
            if (round < 2)
            {
                foreach (JsonElement line in peer.RunPython("single_row.py").Where(line => Number(line, "s2") == 1))
                {
                    Timing? timing = Kind(line) switch { "python floats" => python, "torch mu[3]" => torch, _ => null };
                    timing?.Add(1e3 * Number(line, "us"));
                }
            }

            foreach ((double noise, GaussianSumModel sum, LinearGaussianModel general) in cases)
            {
                foreach ((CaviMethod method, CaviSolver solver) in solvers)
                {
                    Measure((noise, true, method), () => solver.Solve(sum, row, means, variances));
                    Measure((noise, false, method), () => solver.Solve(general, row, means, variances));
                }
            }
        }

        void Measure((double Noise, bool IsSum, CaviMethod Method) key, Func<CaviSummary> work)
        {
            ours.TryAdd(key, new Timing());
            ours[key].Measure(1000, () =>
            {
                for (int i = 0; i < 1000; i++)
                {
                    work();
                }
            });
        }

        Timing one = ours[(1, true, CaviMethod.Accelerated)];
        Row("sum, one row, σ² = 1, accelerated", one, "plain Python floats, plain sweeps", python);
        Row("sum, one row, σ² = 1, accelerated", one, "PyTorch, plain sweeps", torch);
        Row("sum, one row, σ² = 1e-4, accelerated", ours[(1e-4, true, CaviMethod.Accelerated)], "σ² = 1", one);
        Row("sum, one row, σ² = 1, direct", ours[(1, true, CaviMethod.Direct)], "accelerated", one);
        Timing general1 = ours[(1, false, CaviMethod.Accelerated)];
        Row("general, one row, σ² = 1, accelerated", general1, "plain Python floats, plain sweeps", python);
        Row("general, one row, σ² = 1e-4, accelerated", ours[(1e-4, false, CaviMethod.Accelerated)], "σ² = 1", general1);
        Row("general, one row, σ² = 1, direct", ours[(1, false, CaviMethod.Direct)], "accelerated", general1);
    }

    private static void Allocations()
    {
        var model = new GaussianSumModel();
        double[] row = [1.3, 0.4], means = new double[3], variances = new double[3];
        var solver = new CaviSolver(new CaviOptions { MaxThreads = 1 });
        double[] cells = Cells(TableRows, 2, missing: 0.1);
        var block = new double[3 * TableRows];
        double single = Bytes(1_000_000, count =>
        {
            for (int i = 0; i < count; i++)
            {
                solver.Solve(model, row, means, variances);
            }
        });
        double table = Bytes(TableRows, count => solver.Solve(
            model, RowSpan.RowMajor(cells.AsSpan(0, 2 * count), 2), new CaviBuffers { ColumnMajorMeans = block.AsSpan(0, 3 * count) }));
        Console.WriteLine($"| allocated, a row: single-row call; table into buffers | {single:F4} bytes; {table:F4} bytes | | |");

        static double Bytes(int count, Action<int> work)
        {
            work(1000);
            long before = GC.GetAllocatedBytesForCurrentThread();
            work(count);
            return (double)(GC.GetAllocatedBytesForCurrentThread() - before) / count;
        }
    }

    /// <summary>Shows what a row of a table costs by N, J and K.</summary>
    private static void Scaling()
    {
        Console.WriteLine("| general model, complete, 1 thread | expected order | a row | multiply-adds a ns |");
        Console.WriteLine("|---|---|---|---|");
        foreach ((int rows, int latents, int observations) in new[]
        {
            (100, 3, 2), (10_000, 3, 2), (1_000_000, 3, 2), (100_000, 10, 5), (100_000, 10, 20), (100_000, 50, 20), (100_000, 100, 40), (100_000, 200, 100),
        })
        {
            LinearGaussianModel model = Random(latents, observations);
            double[] cells = Cells(rows, observations, missing: 0);
            var means = new double[rows * latents];
            var solver = new CaviSolver(new CaviOptions { MaxThreads = 1 });
            var timing = new Timing();
            timing.Measure(rows, () => solver.Solve(model, RowSpan.ColumnMajor(cells, observations), new CaviBuffers { ColumnMajorMeans = means }));
            Console.WriteLine(
                $"| N = {rows:N0}, J = {latents}, K = {observations} | JK = {latents * observations} | {timing} | {latents * observations / timing.Median:F1} |");
        }
    }

    private static int Stream()
    {
        const int chunkRows = 1 << 16;
        var model = new GaussianSumModel();
        double total = 0;
        long rows = 0;
        foreach (CaviTable chunk in new CaviSolver().SolveChunks(model, Chunks()))
        {
            total += chunk.Means[0, 0];
            rows += chunk.RowCount;
        }

        using var process = Process.GetCurrentProcess();
        Console.WriteLine($"{{\"rows\": {rows}, \"peak\": {process.PeakWorkingSet64}, \"total\": {total:R}}}");
        return 0;

        static IEnumerable<Matrix<double>> Chunks()
        {
            var random = new Random(1);
            for (long done = 0; done < StreamedRows; done += chunkRows)
            {
                yield return Matrix<double>.Build.Dense(
                    (int)Math.Min(chunkRows, StreamedRows - done), 2, (_, _) => random.NextDouble());
            }
        }
    }

    private static string StreamedMemory()
    {
        string program = Environment.ProcessPath!;
        string[] arguments = Path.GetFileNameWithoutExtension(program) == "dotnet"
            ? [typeof(SideBySide).Assembly.Location, "side-by-side", "--stream"]
            : ["side-by-side", "--stream"];
        JsonElement line = new Peer(AppContext.BaseDirectory).Run(program, arguments)[0];
        return $"{Number(line, "peak") / 1e6:F0} MB resident at most";
    }

    internal static void Row(string work, Timing ours, string other, Timing theirs, double? reference = null) => Console.WriteLine(
        theirs.IsEmpty
            ? $"| {work} | {ours} | {other}: absent | |"
            : $"| {work} | {ours} | {other}: {theirs} | {(reference ?? theirs.Median) / ours.Median:G3} |");

    private static void AddSeconds(Timing timing, IReadOnlyList<JsonElement> lines)
    {
        foreach (JsonElement line in lines)
        {
            timing.Add(1e9 * Number(line, "secs") / Number(line, "N"));
        }
    }

    private static string Kind(JsonElement line) => line.GetProperty("kind").GetString()!;

    internal static double Number(JsonElement line, string name) => line.GetProperty(name).GetDouble();

    private static LinearGaussianModel Random(int latents, int observations) => new(
        Matrix<double>.Build.Random(observations, latents, 1),
        new double[observations],
        [.. Enumerable.Repeat(1.0, observations)],
        new double[latents],
        [.. Enumerable.Repeat(1.0, latents)]);

    private static double[] Cells(int rows, int columns, double missing)
    {
        var random = new Random(1);
        var cells = new double[rows * columns];
        for (int i = 0; i < cells.Length; i++)
        {
            cells[i] = random.NextDouble() < missing ? double.NaN : (6 * random.NextDouble()) - 3;
        }

        return cells;
    }

    private static string Processor() => File.Exists("/proc/cpuinfo")
        ? File.ReadLines("/proc/cpuinfo").First(line => line.StartsWith("model name", StringComparison.Ordinal)).Split(": ")[1]
        : System.Runtime.InteropServices.RuntimeInformation.ProcessArchitecture.ToString();
}
