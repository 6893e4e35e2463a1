using System.Diagnostics;
using System.Text.Json;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference.Benchmarks;

/// <summary>Training steps and inference of the hybrid, with PyTorch in its best setting on the same work.</summary>
internal static class HybridSideBySide
{
    private const int Rows = 65_536;
    private const int Samples = 3;

    private static readonly (string Net, int Observations, int Width)[] Nets = [("2-32-32-2", 2, 32), ("16-256-256-2", 16, 256)];

    public static void Run(Peer peer, int rounds)
    {
        TimeToGap(peer, Math.Max(rounds, 3));
        foreach ((string net, int observations, int width) in Nets)
        {
            Training(peer, Math.Min(rounds, 3), net, observations, width);
            Inference(peer, Math.Min(rounds, 3), net, observations, width);
        }

        Allocations();
    }

    /// <summary>From a table in memory to an exact gap of 1e-3 nats a row on the tenth of it that is held out.</summary>
    private static void TimeToGap(Peer peer, int runs)
    {
        const int rows = 100_000;
        var model = new GaussianSumModel();
        Matrix<double>[] tables = [.. Enumerable.Range(1, runs).Select(seed => model.Sample(rows, seed).Observations)];
        string script = Path.Combine(AppContext.BaseDirectory, "time_to_gap.py");
        foreach (GradientEstimator estimator in new[] { GradientEstimator.Analytic, GradientEstimator.Reparameterized })
        {
            Timing torch = new();
            Dictionary<int, Timing> ours = [];
            foreach (int threads in new[] { 1, 2 })
            {
                string name = estimator == GradientEstimator.Analytic ? "analytic" : "reparameterized";
                foreach (JsonElement line in peer.RunTorch(threads, script, name, $"{runs}"))
                {
                    torch.Add(1e9 * SideBySide.Number(line, "seconds"));
                }

                // The first fits of a process are slower, until all code that they use is compiled for good.
                for (int warmUp = 0; warmUp < 10; warmUp++)
                {
                    Fit(threads, seed: 1);
                }

                for (int seed = 1; seed <= runs; seed++)
                {
                    Add(ours, threads, 1e9 * Fit(threads, seed));
                }
            }

            foreach ((int threads, Timing timing) in ours)
            {
                SideBySide.Row(
                    $"held-out gap of 1e-3, σ² = 1, N = 100,000, {estimator}, {threads} thread{(threads == 1 ? string.Empty : "s")}",
                    timing,
                    "PyTorch, the faster of 1 and 2 threads",
                    torch,
                    torch.IsEmpty ? null : torch.Min);
            }

            double Fit(int threads, int seed)
            {
                var options = new HybridOptions { GapTolerance = 1e-3, Estimator = estimator, MaxThreads = threads, Seed = seed };
                var encoder = new MlpEncoder(2, 1, [32, 32], seed: seed);
                var clock = Stopwatch.StartNew();
                HybridResult result = new HybridSolver(options).Fit(model, encoder, tables[seed - 1]);
                return result.Converged ? clock.Elapsed.TotalSeconds : double.NaN;
            }
        }
    }

    private static void Training(Peer peer, int rounds, string net, int observations, int width)
    {
        var model = new GaussianSumModel(latentCount: 3, observations, noiseVariance: 1);
        Matrix<double> data = model.Sample(Rows, seed: 1).Observations;
        int[] batches = [64, 256, 1024, 8192];
        var ours = new Dictionary<(int Batch, int Threads), Timing>();
        var torch = new Dictionary<(int Batch, int Threads), Timing>();
        var torchSharp = new Dictionary<(int Batch, int Threads), Timing>();
        string section = width == 32 ? "train:small" : "train:big";
        for (int round = 0; round < rounds; round++)
        {
            foreach (int threads in new[] { 1, 2 })
            {
                foreach (JsonElement line in peer.RunTorch(threads, "torch_hybrid.py", section, "3").Where(
                    line => Is(line, "train") && SideBySide.Number(line, "L") == 1))
                {
                    Add(torch, ((int)SideBySide.Number(line, "B"), threads), 1e3 * SideBySide.Number(line, "us_step"));
                }

                foreach (JsonElement line in peer.RunTorchSharp(threads, section, "3"))
                {
                    Add(torchSharp, ((int)SideBySide.Number(line, "B"), threads), 1e3 * SideBySide.Number(line, "us_step"));
                }

                foreach (int batch in batches)
                {
                    foreach (double time in StepTimes(model, data, observations, width, batch, threads))
                    {
                        Add(ours, (batch, threads), time);
                    }
                }
            }
        }

        foreach (int threads in new[] { 1, 2 })
        {
            foreach (int batch in batches)
            {
                Faster(
                    $"training step {net} tanh, batch {batch:N0}, {Threads(threads)}",
                    ours[(batch, threads)],
                    ("PyTorch", torch.GetValueOrDefault((batch, threads)) ?? new Timing()),
                    ("TorchSharp", torchSharp.GetValueOrDefault((batch, threads)) ?? new Timing()));
            }
        }
    }

    private static string Threads(int count) => $"{count} thread{(count == 1 ? string.Empty : "s")}";

    /// <summary>Prints a row that compares with the fastest of the tools that were there.</summary>
    private static void Faster(string work, Timing ours, params (string Name, Timing Timing)[] tools)
    {
        (string Name, Timing Timing)[] present = [.. tools.Where(tool => !tool.Timing.IsEmpty).OrderBy(tool => tool.Timing.Median)];
        if (present.Length == 0)
        {
            SideBySide.Row(work, ours, "none of the other tools", new Timing());
            return;
        }

        string others = string.Concat(present[1..].Select(tool => $"; {tool.Name} {Timing.Text(tool.Timing.Median)}"));
        SideBySide.Row(work, ours, present[0].Name + others, present[0].Timing);
    }

    /// <summary>Times steps as the difference of a long and a short run, so that what a run costs once does not count.</summary>
    private static double[] StepTimes(GaussianSumModel model, Matrix<double> data, int observations, int width, int batch, int threads)
    {
        var encoder = new MlpEncoder(observations, 1, new PerceptronOptions { HiddenWidths = [width, width], Seed = 1, LinearPath = false });
        int epochs = width == 32 ? 6 : 2;
        Fit(1);
        return [.. Enumerable.Range(0, Samples).Select(_ => (-Fit(1) + Fit(1 + epochs)) * 1e9 / epochs / Math.Ceiling(0.999 * Rows / batch))];

        double Fit(int count)
        {
            var options = new HybridOptions
            {
                BatchSize = batch,
                MaxEpochs = count,
                GapTolerance = 0,
                Estimator = GradientEstimator.Reparameterized,
                CoordinateSweeps = 1,
                ValidationFraction = 0.001,
                MaxThreads = threads,
                Optimizer = new Adam { LearningRate = 1e-3 },
            };
            var clock = Stopwatch.StartNew();
            new HybridSolver(options).Fit(model, encoder, data);
            return clock.Elapsed.TotalSeconds;
        }
    }

    private static void Inference(Peer peer, int rounds, string net, int observations, int width)
    {
        var model = new GaussianSumModel(latentCount: 3, observations, noiseVariance: 1);
        Matrix<double> data = model.Sample(Rows, seed: 1).Observations;
        double[] cells = data.ToRowMajorArray();
        var encoder = new MlpEncoder(observations, 1, new PerceptronOptions { HiddenWidths = [width, width], Seed = 1, LinearPath = false });
        HybridResult trained = new HybridSolver(new HybridOptions { MaxEpochs = 1 }).Fit(model, encoder, data.SubMatrix(0, 2000, 0, observations));
        const int tileRows = 1024;
        (INetworkTape Tape, double[] Outputs)[] passes =
            [.. Enumerable.Range(0, 2).Select(_ => (trained.Encoder.CreatePreparedTape(tileRows), new double[2 * tileRows]))];
        using var onnx = new OnnxPeer([observations, width, width, 2], cells);
        double[] row = cells[..observations];
        Timing one = new(), torchOne = new(), torchSharpOne = new(), onnxOne = new();
        Dictionary<int, Timing> many = [], table = [], torchMany = [], torchSharpMany = [], onnxMany = [];
        for (int round = 0; round < rounds; round++)
        {
            foreach (int threads in new[] { 1, 2 })
            {
                foreach (JsonElement line in peer.RunTorch(threads, "torch_hybrid.py", "infer", "3").Where(
                    line => Is(line, "infer") && IsNet(line, net) && line.GetProperty("dtype").GetString() == "float32"))
                {
                    AddCall(line, threads, torchOne, torchMany);
                }

                foreach (JsonElement line in peer.RunTorchSharp(threads, "infer", "3").Where(line => IsNet(line, net)))
                {
                    AddCall(line, threads, torchSharpOne, torchSharpMany);
                }

                Measure(onnxMany, threads, () => onnx.Run(threads, Rows));
                Measure(many, threads, () => Forward(threads));
                HybridInference inference = new(model, trained.Encoder, trained.AmortizedLatents) { MaxThreads = threads };
                Measure(table, threads, () => inference.Infer(data));
            }

            onnxOne.Measure(1, () => onnx.Run(threads: 1, rows: 1));
            one.Measure(1, () => trained.Infer(row));
        }

        Faster($"hybrid posterior of one row, {net}, 1 thread; the others' forward pass alone", one, ("PyTorch", torchOne), ("TorchSharp", torchSharpOne), ("ONNX Runtime", onnxOne));
        foreach (int threads in new[] { 1, 2 })
        {
            Faster(
                $"forward pass of 65,536 rows, {net}, {Threads(threads)}, a row",
                many[threads],
                ("PyTorch", torchMany.GetValueOrDefault(threads) ?? new Timing()),
                ("TorchSharp", torchSharpMany.GetValueOrDefault(threads) ?? new Timing()),
                ("ONNX Runtime", onnxMany[threads]));
            SideBySide.Row($"hybrid posteriors of a table of 65,536 rows, {net}, {Threads(threads)}, a row", table[threads], "the forward pass alone", many[threads]);
        }

        static bool IsNet(JsonElement line, string net) => line.GetProperty("net").GetString() == net;

        static void AddCall(JsonElement line, int threads, Timing single, Dictionary<int, Timing> rows)
        {
            double call = 1e3 * SideBySide.Number(line, "us_call");
            switch ((int)SideBySide.Number(line, "B"))
            {
                case 1:
                    single.Add(call);
                    break;
                case Rows:
                    Add(rows, threads, call / Rows);
                    break;
            }
        }

        static void Measure(Dictionary<int, Timing> timings, int threads, Action call)
        {
            timings.TryAdd(threads, new Timing());
            timings[threads].Measure(Rows, call);
        }

        void Forward(int threads)
        {
            if (threads == 1)
            {
                ForwardPart(passes[0], 0, Rows);
                return;
            }

            Parallel.For(0, threads, part => ForwardPart(passes[part], part * Rows / threads, Rows / threads));
        }

        void ForwardPart((INetworkTape Tape, double[] Outputs) pass, int start, int count)
        {
            for (int first = start; first < start + count; first += tileRows)
            {
                pass.Tape.Forward(cells.AsSpan(first * observations, tileRows * observations), pass.Outputs);
            }
        }
    }

    private static void Allocations()
    {
        var model = new GaussianSumModel();
        Matrix<double> data = model.Sample(20_000, seed: 1).Observations;
        long Bytes(int epochs)
        {
            var options = new HybridOptions { MaxEpochs = epochs, GapTolerance = 0, Patience = 1000, BatchSize = 64, MaxThreads = 2 };
            long before = GC.GetTotalAllocatedBytes(precise: true);
            new HybridSolver(options).Fit(model, new MlpEncoder(2, 1, [32, 32], seed: 1), data);
            return GC.GetTotalAllocatedBytes(precise: true) - before;
        }

        Bytes(2);
        double epochSteps = Math.Ceiling(18_000.0 / 64);
        Console.WriteLine($"| allocated, a training step (with an epoch's share of its evaluation) | {(Bytes(22) - Bytes(2)) / 20.0 / epochSteps:F1} bytes | | |");
    }

    private static bool Is(JsonElement line, string tag) => line.GetProperty("tag").GetString() == tag;

    private static void Add<TKey>(Dictionary<TKey, Timing> timings, TKey key, double nanoseconds)
        where TKey : notnull
    {
        timings.TryAdd(key, new Timing());
        timings[key].Add(nanoseconds);
    }
}
